# shellcheck shell=bash disable=SC2034,SC2086,SC2154 # lab.sh and lib.sh are elsewhere, their addresses have no blanks
# SPDX-License-Identifier: GPL-2.0-only
#
# The path: echo requests, routes that are traced and recorded, packets too big for a link further on.
subject "The path"
path_begin() {
	runs path-give far "$PYTHON" "$NET" give 7500 400000
	runs path-swallow far "$PYTHON" "$NET" swallow 7501
	runs path-answer peer "$PYTHON" "$NET" answer 7502
	answers path-give && answers path-swallow && answers path-answer
}
pings() { host ping -n -c 2 -i 0.2 -W 1 $PEER4 && peer ping -n -c 1 -W 1 $HOST4; }
pings6() { host ping -6 -n -c 2 -i 0.2 -W 1 $PEER6 && peer ping -6 -n -c 1 -W 1 $HOST6; }
raw_pings() { net host icmp $PEER4 && net host icmp $PEER6; }
works 'ping, out and in' pings
works 'ping -6, out and in' pings6
works 'echo requests by raw ICMP and ICMPv6 sockets' raw_pings
records_route() { tells 'RR:' host ping -n -R -c 1 -W 1 $PEER4 && tells 'RR:' peer ping -n -R -c 1 -W 1 $HOST4; }
works 'IP options: ping -R (record route), out and in' records_route
options_in() {
	runs path-options host "$PYTHON" "$NET" give 7510 100
	answers path-options && net peer options $HOST4 7510
}
works 'IP options on a TCP connection in' options_in 'allow 7510/tcp'
traces() { # WORDS…
	want traceroute
	tells '^ *2 +(10\.79\.0\.2|fd79::2)' host timeout 6 traceroute -n -q 1 -w 1 -m 4 "$@"
}
traces_udp() { traces 10.79.0.2 && traces -6 fd79::2; }
traces_icmp() { traces -I 10.79.0.2; }
traces_tcp() { traces -T -p 7500 10.79.0.2; }
works 'traceroute by UDP, IPv4 and IPv6' traces_udp
works 'traceroute -I, by ICMP' traces_icmp
works 'traceroute -T, by TCP (a raw TCP socket)' traces_tcp 'default: {raw: allow}'

forget_mtu() { in_namespace host ip route flush cache; in_namespace host ip -6 route flush cache; }
sends_far() { # ADDRESS: the host's packets are too big for the second link, and it learns so
	forget_mtu
	net host put "$1" 7501 400000 && in_namespace host ip route get "$1" | grep -o 'mtu 1300'
}
sends_far4() { sends_far 10.79.0.2; }
sends_far6() { sends_far fd79::2; }
alone=1 works 'path MTU discovery as a client, IPv4 (fragmentation needed)' sends_far4
alone=1 works 'path MTU discovery as a client, IPv6 (packet too big)' sends_far6
serves_far() {
	runs path-own host "$PYTHON" "$NET" give 7511 400000
	answers path-own || return
	forget_mtu
	net far take $HOST4 7511 400000 && net far take $HOST6 7511 400000 &&
		in_namespace host ip route get 10.79.0.2 | grep -o 'mtu 1300'
}
alone=1 works 'path MTU discovery as a server, IPv4 and IPv6' serves_far 'allow 7511/tcp'
big_datagrams() { [ "$(traffic host big $PEER4 7502 20000)$(traffic host big $PEER6 7502 20000)" = OPENOPEN ]; }
works 'UDP question and answer of 20 kB in fragments, IPv4 and IPv6' big_datagrams
refused_at_once() {
	# A closed port of the peer is a refusal, not silence: ICMP errors come back to UDP sockets.
	local proto address
	for proto in udp tcp; do
		for address in $PEER4 $PEER6; do
			[ "$(traffic host dial $proto $address 9 1)" = ECONNREFUSED ] || return
		done
	done
}
works 'a closed port elsewhere says so at once (RST, ICMP unreachable)' refused_at_once
