#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What is not a plain TCP or UDP packet: datagrams in fragments, echo requests and their rate, other IP
# protocols, neighbour discovery - which has no ports and must always work - and forwarded packets.
#
# attach: xdp tc
. "$(dirname "$0")/../lib/lab.sh"
lab_up
HEAR=$LAB_ROOT/tests/lib/traffic.py
echo_server servers host 80 53,54
start gre host "$PYTHON" "$HEAR" raw-hear 47 "$LAB/gre.count"
start sctp host "$PYTHON" "$HEAR" raw-hear 132 "$LAB/sctp.count"
within 5 says ready "$LAB/gre.log"
within 5 says ready "$LAB/sctp.log"
heard() { tr -dc 0-9 <"$LAB/$1.count"; }
sent() { local n; n=$(heard "$2"); traffic peer raw-send $HOST4 "$3"; "$1" 1 more "$2" "${n:-0}"; }
hears() { sent within "$@"; } # NAME PROTOCOL
is_deaf() { sent never_in "$@"; }
more() { [ "$(heard "$1")" -gt "$2" ] 2>/dev/null; }
big() { traffic peer big "$@"; }
forget_neighbours() { in_namespace peer ip neighbour flush dev peer0; in_namespace host ip neighbour flush dev host0; }

for address in $HOST4 $HOST6; do
	same "without a guard, a fragmented datagram to $address" "$(big "$address" 54 4000)" OPEN
	same "without a guard, 60 pings of $address" "$(traffic peer ping "$address" 60)" 60
done
holds "without a guard, GRE comes in" hears gre 47
holds "without a guard, SCTP comes in" hears sctp 132

# A second network behind the host, to which it forwards.
lab_namespace inner
lab_link host inner0 inner eth0
lab_address host inner0 10.78.0.1/24
lab_address inner eth0 10.78.0.2/24
in_namespace inner ip route add default via 10.78.0.1
lab_sysctl host net.ipv4.ip_forward=1
in_namespace peer ip route add 10.78.0.0/24 via $HOST4
echo_server behind inner 80,81 ''
same "without a guard, the peer reaches a host behind" "$(dial tcp 10.78.0.2 81)" OPEN
[ -z "${LAB_UNGUARDED:-}" ] || exit $LAB_FAILED

guard "$({ rules 'allow 53/udp' 'allow 80/tcp'; echo 'icmp: {echo: 10/s}'; } | policy protocols)"
for address in $HOST4 $HOST6; do
	same "fragments to an allowed port of $address" "$(big "$address" 53 4000)" OPEN
	same "many fragments to it" "$(big "$address" 53 40000)" OPEN
	same "fragments to a closed port of $address" "$(big "$address" 54 4000)" silent
	n=$(traffic peer ping "$address" 60)
	holds "pings of $address are answered at their rate ($n of 60)" test "$n" -ge 5 -a "$n" -le 30
done
holds "GRE is dropped" is_deaf gre 47
holds "SCTP is dropped" is_deaf sctp 132
forget_neighbours
same "neighbours are found again, IPv4" "$(dial tcp $HOST4 80)" OPEN
same "neighbours are found again, IPv6" "$(dial tcp $HOST6 80)" OPEN
same "packets for others meet the host's rules: allowed" "$(dial tcp 10.78.0.2 80)" OPEN
same "and closed" "$(dial tcp 10.78.0.2 81)" silent
same "a host behind is a client" "$(traffic inner dial tcp $PEER4 9 0.3)" ECONNREFUSED

exits "another policy" 0 '' apply "$(policy other <<'END'
icmp: {echo: deny}
protocols: [{gre: {from: 10.77.0.2}}]
forward: allow
END
)"
same "echo: deny" "$(traffic peer ping $HOST4 5)$(traffic peer ping $HOST6 5)" 00
holds "GRE from that peer comes in" hears gre 47
holds "SCTP does not" is_deaf sctp 132
same "forward: allow" "$(dial tcp 10.78.0.2 81)" OPEN
same "is for other hosts alone" "$(dial tcp $HOST4 80)" silent
exits "echo is allowed where nothing is said" 0 '' apply "$(policy third <<<'forward: deny')"
same "every ping is answered" "$(traffic peer ping $HOST4 60) $(traffic peer ping $HOST6 60)" "60 60"
