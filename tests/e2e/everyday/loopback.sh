# shellcheck shell=bash disable=SC2034,SC2086,SC2154 # lab.sh and lib.sh are elsewhere, their addresses have no blanks
# SPDX-License-Identifier: GPL-2.0-only
#
# What a machine says to itself: services on loopback addresses, and its own services reached from itself.
subject "This machine itself, and ssh"
redis_up() { # NAME PORT ADDRESS…
	want redis-server
	serves "$1" host redis-server --port "$2" --bind "${@:3}" --save '' --dir /run --protected-mode no
	within 4 listens "$2" || { tail -n 3 "$LAB/$1.log"; return 1; }
}
redis_says() { tells PONG host timeout 2 redis-cli -h "$1" -p "$2" ping; }
redis_local() { redis_up redis 6379 127.0.0.1 && redis_says 127.0.0.1 6379; }
works 'service on 127.0.0.1: redis' redis_local 'allow bind any at 127.0.0.0/8'
redis_local6() { redis_up redis6 6378 ::1 && redis_says ::1 6378; }
works 'service on ::1: redis' redis_local6 'allow bind any at ::1'
redis_everywhere() {
	local address
	redis_up redis-all 6377 '*' '-::*' || return
	for address in 127.0.0.1 ::1 127.9.9.9 $HOST4 $HOST6; do redis_says $address 6377 || return; done
}
works 'own service by 127.0.0.1, ::1 and the own addresses: redis' redis_everywhere 'allow bind 6377/tcp'
local_only() {
	runs local-late host "$PYTHON" "$NET" late 7400
	answers local-late || return
	net host idle tcp 127.0.0.1 7400 client 0 && net host idle udp ::1 7400 client 0 &&
		net host idle udp $HOST4 7400 client 0
}
works 'TCP and UDP between programs of this machine' local_only 'allow bind 7400'

keys() {
	[ -f "$LAB/key" ] && return
	ssh-keygen -q -t ed25519 -N '' -f "$LAB/key.$BASHPID" && cp "$LAB/key.$BASHPID.pub" "$LAB/authorized" &&
		chmod 600 "$LAB/authorized" && mv "$LAB/key.$BASHPID" "$LAB/key"
}
loopback_begin() {
	keys
	ssh-keygen -q -t ed25519 -N '' -f "$LAB/host-key"
	# A key file must lie where nobody else can write: the directory of the lab is root's.
	cat >"$LAB/sshd.conf" <<-END
		HostKey $LAB/host-key
		AuthorizedKeysFile $LAB/authorized
		StrictModes no
		UsePAM no
		PidFile none
		X11Forwarding yes
		X11DisplayOffset 10
		XAuthLocation /bin/true
		PermitRootLogin yes
	END
}
sshd_up() { # NAME PART PORT
	want sshd
	serves "$1" "$2" sh -c 'mkdir -p /run/sshd; exec "$@"' sh "$(command -v sshd)" -D -e -p "$3" -f "$LAB/sshd.conf"
	within 3 in_namespace "$2" sh -c "ss -Htln 'sport = :$3' | grep -q ."
}
ssh_by() { # PART PORT ADDRESS WORDS…
	DISPLAY=:1 "$1" timeout -s KILL 30 ssh -F none -i "$LAB/key" -p "$2" -o StrictHostKeyChecking=no \
		-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o ConnectTimeout=2 "root@$3" "${@:4}" </dev/null
}
ssh_in() { sshd_up sshd-22 host 22 && tells came ssh_by peer 22 $HOST4 echo came && tells came ssh_by peer 22 $HOST6 echo came; }
works 'ssh server on port 22: sshd (a failsafe port)' ssh_in
x11_forward() { sshd_up sshd-22 host 22 && tells 'localhost:1[0-9]' ssh_by peer 22 $HOST4 -X 'echo $DISPLAY'; }
alone=1 works 'ssh -X: sshd listens on 127.0.0.1:6010' x11_forward \
	'allow bind 6010-6020/tcp at 127.0.0.0/8' 'allow bind 6010-6020/tcp at ::1'
tunnel_open() { net host idle tcp 127.0.0.1 7410 client 0; }
ssh_tunnel() {
	sshd_up sshd-far peer 2222
	runs ssh-far peer "$PYTHON" "$NET" late 7411
	answers ssh-far
	runs ssh-l host ssh -F none -i "$LAB/key" -p 2222 -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
		-o ExitOnForwardFailure=yes -N -4 -L 7410:127.0.0.1:7411 root@$PEER4
	within 3 tunnel_open
}
works 'ssh -L: a port of this machine is carried elsewhere' ssh_tunnel 'allow bind 7410/tcp at 127.0.0.0/8'
