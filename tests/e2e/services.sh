#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The services of "Locking Down Ports Under Linux" with their real daemons and clients: its exclusive
# mail server, its exclusive web server, finger that "should fail" - on a server that is a client, too.
#
# attach: xdp tc
. "$(dirname "$0")/../lib/lab.sh"
need nginx xinetd in.fingerd finger rpcbind rpcinfo smtpd dovecot dnsmasq dig curl jq
lab_up

cat >"$LAB/xinetd.conf" <<-END
	service finger
	{
		socket_type = stream
		protocol    = tcp
		wait        = no
		user        = nobody
		server      = $(command -v in.fingerd)
	}
END
cat >"$LAB/smtpd.conf" <<-END
	listen on 0.0.0.0 port 25 hostname mail.example
	action "deliver" maildir "$LAB/mail"
	match from any for any action "deliver"
END
cat >"$LAB/dovecot.conf" <<-END
	protocols = imap
	base_dir = /run/dovecot
	log_path = /dev/stderr
	ssl = no
	disable_plaintext_auth = no
	mail_location = maildir:$LAB/imap
	passdb {
	  driver = static
	  args = nopassword=y
	}
	userdb {
	  driver = static
	  args = uid=nobody gid=nogroup home=$LAB
	}
	service imap-login {
	  inet_listener imap {
	    port = 143
	  }
	  inet_listener imaps {
	    port = 0
	  }
	}
END
web() { # FILE LISTEN TEXT
	printf 'daemon off; pid /run/nginx.pid; error_log stderr;\nevents {}\n' >"$LAB/$1"
	printf 'http { access_log off; server { %s location / { return 200 "%s\\n"; } } }\n' "$2" "$3" >>"$LAB/$1"
}
web web.conf 'listen 80; listen [::]:80;' 'the page'
web far.conf "listen $PEER4:8080;" 'the far page'

begin() {
	case $1 in
	xinetd) daemon xinetd host xinetd -dontfork -stayalive -f "$LAB/xinetd.conf" -pidfile /run/xinetd.pid ;;
	rpcbind) daemon rpcbind host rpcbind -f ;;
	smtpd) daemon smtpd host smtpd -d -f "$LAB/smtpd.conf" ;;
	dovecot) daemon dovecot host dovecot -F -c "$LAB/dovecot.conf" ;;
	nginx) daemon nginx host nginx -p "$LAB" -c "$LAB/web.conf" ;;
	dnsmasq) daemon dnsmasq host dnsmasq -k -C /dev/null --no-resolv --no-hosts --user=root --address=/test/192.0.2.1 ;;
	esac
}
asks() { # NAME ANSWER CLIENT…: NAME, if the client in the other namespace gets that answer
	peer timeout -s KILL 2 "${@:3}" </dev/null 2>&1 | grep -q -- "$2" && echo "$1"
}
answering() {
	{
		asks 25 '^214' curl -sS smtp://$HOST4 &
		asks 53/tcp 192.0.2.1 dig +tcp +tries=1 +time=1 +short @$HOST4 name.test &
		asks 53/udp 192.0.2.1 dig +notcp +tries=1 +time=1 +short @$HOST4 name.test &
		asks 79 Login: finger root@$HOST4 &
		asks 80 'the page' curl -sS http://$HOST4 &
		asks 80/ipv6 'the page' curl -gsS "http://[$HOST6]" &
		asks 111/tcp portmapper rpcinfo -p $HOST4 &
		asks 111/udp ready rpcinfo -n 111 -u $HOST4 100000 2 &
		asks 143 INBOX curl -sS imap://$HOST4/ -u user:word &
		wait
	} 2>/dev/null | sort -V | xargs
}
ALL='25 53/tcp 53/udp 79 80 80/ipv6 111/tcp 111/udp 143'
all_answer() { [ "$(answering)" = "$ALL" ]; }
# answer NAME WHICH: these answer, and no other does. Where one is missing all are asked again: the machine
# may do much else besides.
answer() {
	local got more
	for _ in 1 2 3; do
		got=$(answering)
		more=$(comm -13 <(tr ' ' '\n' <<<"$2" | sort) <(tr ' ' '\n' <<<"$got" | sort))
		if [ -n "$more" ] || [ "$got" = "$2" ]; then break; fi
	done
	same "$1" "$got" "$2"
}
far_answers() { peer curl -s --max-time 1 http://$PEER4:8080 | grep -q far; }
is_client() { # NAME: the guarded host asks, and answers come back to ports chosen at random
	same "$1: curl gets its page" "$(host curl -sS --max-time 15 http://$PEER4:8080 2>&1)" 'the far page'
	same "$1: dig gets its answer by UDP" "$(host dig +notcp +tries=1 +time=15 +short @$PEER4 name.test)" 192.0.2.2
	same "$1: dig gets its answer by TCP" "$(host dig +tcp +tries=1 +time=15 +short @$PEER4 name.test)" 192.0.2.2
	same "$1: dig gets its answer by IPv6" "$(host dig +tries=1 +time=15 +short @$PEER6 name.test)" 192.0.2.2
}

for service in xinetd rpcbind smtpd dovecot nginx dnsmasq; do begin $service; done
daemon far-dns peer dnsmasq -k -C /dev/null --no-resolv --no-hosts --user=root --address=/test/192.0.2.2 \
	--listen-address=$PEER4,$PEER6 --bind-interfaces
daemon far-web peer nginx -p "$LAB" -c "$LAB/far.conf"
within 10 all_answer
answer "without a guard every service answers" "$ALL"
holds "the neighbour's page is up" within 5 far_answers
[ "$LAB_FAILED" = 0 ] || exit 1
[ -z "${LAB_UNGUARDED:-}" ] || exit 0

guard "$(rules 'allow 25,143/tcp comment "exclusive mail server"' | policy mail)"
answer "exclusive mail server: 25 and 143 alone" '25 143'
is_client "mail server"

exits "the web profile is applied" 0 '' apply "$(rules 'allow 80/tcp' | policy web)"
answer "exclusive web server: 80 alone" '80 80/ipv6'
is_client "web server"

exits "allow 79/tcp" 0 '' allow 79/tcp
answer "finger answers at once" '79 80 80/ipv6'
exits "remove 79/tcp" 0 '' remove 79/tcp
answer "finger: you should fail" '80 80/ipv6'

# A daemon that is started under guard does not get a port that is not allowed, and the event says which.
refusal() { # PROGRAM PORT
	pg events --format json | jq -es --arg comm "$1" --argjson port "$2" --argjson pid "$(cat "$LAB/$1.pid")" \
		'any(.[]; .kind == "verdict" and .hook == "bind" and .verdict == "deny" and .reason == "no-rule"
			and .local.port == $port and .comm == $comm and .pid == $pid)' >/dev/null
}
for case in xinetd:79 dnsmasq:53; do
	stop "${case%:*}"
	begin "${case%:*}"
	holds "${case%:*} is refused port ${case#*:}, and an event names it" within 5 refusal "${case%:*}" "${case#*:}"
	fails "${case%:*} does not listen" listens "${case#*:}"
done
stop xinetd
exits "allow finger, by its service's name" 0 '' allow finger
begin xinetd
holds "xinetd gets port 79 now" within 5 listens 79
answer "nothing else is open" '79 80 80/ipv6'

unguard
begin dnsmasq
holds "taken down, every service answers again" within 10 all_answer
