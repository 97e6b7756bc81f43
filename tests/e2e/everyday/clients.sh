# shellcheck shell=bash disable=SC2034,SC2086,SC2154 # lab.sh and lib.sh are elsewhere, their addresses have no blanks
# SPDX-License-Identifier: GPL-2.0-only
#
# A server is also a client: the web, git, the time, logs, figures - and services of these kinds.
subject "Clients, and services of their kind"
clients_begin() {
	runs late-peer peer "$PYTHON" "$NET" late 7600
	runs many peer "$PYTHON" "$NET" answer 7601 $PEER4 $OTHER4 $PEER6 $OTHER6
	answers late-peer && answers many || return
	openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=peer.test -days 2 -keyout "$LAB/tls.key" \
		-out "$LAB/tls.crt" 2>/dev/null
	{
		printf 'daemon off; pid /run/nginx.pid; error_log stderr;\nevents {}\nhttp { access_log off; server {\n'
		printf ' listen %s;\n' 80 '[::]:80' '443 ssl http2' '[::]:443 ssl http2'
		printf ' ssl_certificate %s; ssl_certificate_key %s;\n' "$LAB/tls.crt" "$LAB/tls.key"
		printf ' location / { return 200 "the page\\n"; } } }\n'
	} >"$LAB/web.conf"
	daemon web peer nginx -p "$LAB" -c "$LAB/web.conf"
	if command -v git >/dev/null; then
		git -c init.defaultBranch=main init -q --bare "$LAB/repo.git"
		daemon git peer git daemon --reuseaddr --export-all --base-path="$LAB" --listen=$PEER4 "$LAB"
	fi
	if command -v chronyd >/dev/null; then
		printf 'local stratum 3\nallow all\ncmdport 0\npidfile /run/chronyd.pid\n' >"$LAB/chrony-peer.conf"
		daemon chrony-peer peer chronyd -x -d -u root -f "$LAB/chrony-peer.conf"
	else
		runs chrony-peer peer "$PYTHON" "$NET" ntp-server
	fi
	runs log-peer peer "$PYTHON" "$NET" syslog "$LAB/peer.syslog"
	! command -v snmpd >/dev/null || snmp_agent peer
	within 4 page_is_up
}
page_is_up() { peer curl -s --max-time 1 http://$PEER4 >/dev/null; }
page() { tells 'the page' host curl -gsS --max-time 3 "$@"; }
http() { page http://$PEER4 && page "http://[$PEER6]"; }
https() { page -k https://$PEER4 && page -k --http2 "https://[$PEER6]"; }
kept_alive() { host curl -gsS --max-time 4 -w '%{num_connects}\n' http://$PEER4/1 http://$PEER4/2 | grep -x 0; }
happy() { page --resolve name.test:80:fd77::dead,$PEER4 http://name.test; }
works 'web client: curl, IPv4 and IPv6' http
works 'web client: curl by HTTPS and HTTP/2' https
works 'web client: a connection kept for the next question' kept_alive
works 'happy eyeballs: the IPv6 address is dead, IPv4 answers' happy
clones() {
	want git
	local dir=$LAB/clone.$BASHPID
	host timeout 6 git clone -q git://$PEER4/repo.git "$dir" && [ -d "$dir/.git" ]
}
works 'git clone' clones

asks_time() { net host ntp $PEER4 0 && net host ntp $PEER6 0; }
works 'time client from a port that the kernel chooses (SNTP)' asks_time
asks_time_123() { net host ntp $PEER4 123; }
works 'time client from port 123, as ntpd has it' asks_time_123 'allow bind 123/udp'
chrony_asks() {
	want chronyd
	serves chronyd host chronyd -x -d -Q -u root -t 8 "server $PEER4 iburst maxsamples 1" 'cmdport 0'
	within 9 says 'System clock wrong by' "$LAB/chronyd.log" || { cat "$LAB/chronyd.log"; false; }
}
works 'time client: chronyd' chrony_asks
chrony_commands() {
	want chronyd
	printf 'local stratum 3\nbindcmdaddress 127.0.0.1\nport 0\n' >"$LAB/chrony-cmd.conf"
	serves chrony-cmd host chronyd -x -d -4 -u root -f "$LAB/chrony-cmd.conf"
	within 3 chronyc_asks || { cat "$LAB/chrony-cmd.log"; false; }
}
chronyc_asks() { host timeout 2 chronyc -h 127.0.0.1 tracking; }
works 'chronyc speaks to its chronyd on 127.0.0.1:323' chrony_commands 'allow bind 323/udp at 127.0.0.0/8'
serves_time() {
	want chronyd
	printf 'local stratum 3\nallow all\ncmdport 0\n' >"$LAB/chrony-own.conf"
	serves chrony-own host chronyd -x -d -u root -f "$LAB/chrony-own.conf"
	within 2 listens 123
	net peer ntp $HOST4 0 && net peer ntp $HOST6 0
}
alone=1 works 'time server: chronyd' serves_time 'allow 123/udp'

logs_out() {
	host logger -d -n $PEER4 -P 514 "out $BASHPID" && within 2 says "out $BASHPID" "$LAB/peer.syslog"
}
works 'syslog by UDP to a collector: logger' logs_out
logs_in() {
	runs log-own host "$PYTHON" "$NET" syslog "$LAB/own.syslog.$BASHPID" 5140
	answers log-own || return
	peer logger -d -n $HOST4 -P 5140 'came in' && within 1 says 'came in' "$LAB/own.syslog.$BASHPID"
}
works 'collector of syslog by UDP' logs_in 'allow 5140/udp'

snmp_agent() { # host|peer
	echo 'rocommunity public' >"$LAB/snmpd.conf"
	daemon "snmp-$1" "$1" env HOME="$LAB" snmpd -f -Lo -C -c "$LAB/snmpd.conf" -p /run/snmpd.pid \
		-I system_mib,sysORTable udp:161
}
walks() { tells 'OID|STRING|Timeticks' "$1" timeout 5 snmpget -v2c -c public -t 1 -r 3 "$2" .1.3.6.1.2.1.1.3.0; }
snmp_asks() { want snmpget; want snmpd; walks host $PEER4; }
snmp_answers() {
	want snmpget; want snmpd
	STARTED+=(snmp-host)
	snmp_agent host
	within 3 listens 161
	walks peer $HOST4
}
works 'SNMP question (an unconnected socket): snmpget' snmp_asks
works 'SNMP agent: snmpd' snmp_answers 'allow 161/udp'

asks_several() { net host several 7601 $PEER4 $OTHER4 $PEER6 $OTHER6; }
works 'one unconnected UDP socket, several servers (QUIC, BitTorrent, games)' asks_several
asks_connected() { net host connected $PEER4 7601 && net host connected $PEER6 7601; }
works 'connected UDP socket' asks_connected
fixed_source() { net host connected $PEER4 7601 7610; }
works 'connected UDP socket from a port of its own' fixed_source 'allow bind 7610/udp'
opens_fast() {
	lab_sysctl peer net.ipv4.tcp_fastopen=3
	net host fast-open $PEER4 7600
}
works 'TCP Fast Open client' opens_fast
multipath() { net host mptcp $PEER4 7600; }
works 'MPTCP client' multipath
