# shellcheck shell=bash disable=SC2034,SC2086,SC2154 # lab.sh and lib.sh are elsewhere, their addresses have no blanks
# SPDX-License-Identifier: GPL-2.0-only
#
# A machine's own tools: firewalls, activated sockets, captures.
subject "The machine's own tools"
machine_begin() { :; }
lists_tables() { # iptables|ip6tables
	want "$1-legacy"
	host "$1-legacy" -w 2 -L -n && host "$1-legacy" -w 2 -A OUTPUT -p tcp --dport 9 -j DROP &&
		host "$1-legacy" -w 2 -D OUTPUT -p tcp --dport 9 -j DROP
}
legacy4() { lists_tables iptables; }
legacy6() { lists_tables ip6tables; }
works 'iptables-legacy -L and -A (a raw socket of protocol 255)' legacy4
works 'ip6tables-legacy -L and -A' legacy6
given='default: {out: deny, raw: allow}' works 'iptables-legacy where out is restricted' legacy4
nft_lists() { want nft; host nft list ruleset; }
works 'nft list ruleset' nft_lists
shows_sockets() { host ss -tulnp && host ip address; }
works 'ss and ip (netlink)' shows_sockets
captures() {
	want tcpdump
	runs capture host tcpdump -i host0 -n -U -c 1 -w "$LAB/capture.$BASHPID" icmp
	within 3 says 'listening on' "$LAB/capture.log"
	peer ping -n -c 1 -W 1 $HOST4
	within 3 test -s "$LAB/capture.$BASHPID"
}
works 'tcpdump (a packet socket)' captures

activates() {
	want systemd-socket-activate
	runs activated host systemd-socket-activate -l 7800 "$PYTHON" "$NET" activated
	within 3 listens 7800
	net peer once $HOST4 7800
}
activated_by_other() {
	want systemd-socket-activate
	# The socket is made outside the guarded cgroup: it may be bound, the interface asks all the same.
	runs activated-out admin systemd-socket-activate -l 7801 "$PYTHON" "$NET" activated
	within 3 listens 7801
	net peer once $HOST4 7801
}
works 'activated service: its socket comes as descriptor 3' activates 'allow 7800/tcp'
works 'activated service whose socket is made outside the guarded cgroup' activated_by_other 'allow in 7801/tcp'
