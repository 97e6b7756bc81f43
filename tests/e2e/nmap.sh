#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What nmap learns about the first 1,024 ports, by seven ways to scan and both families, is the
# allowlist and nothing else - with a dozen older listeners on ports that are closed. And what the events say
# of a scan of all ports: who it was, in a few lines. Long: NMAP_TIMING= (as slow as nmap is by itself).
#
# attach: xdp tc
. "$(dirname "$0")/../lib/lab.sh"
need nmap
lab_up
echo_server servers host 21,23,25,53,79,80,110,111,139,143,443,993 53,67,111,123,137,161,500
MANY=1-1024

# scan RANGE OPTION…: the ports of which an answer proves something, as PORT:STATE, and many:STATE for
# those that nmap sums up. Filtered, and open|filtered, mean that nothing came back.
scan() {
	peer nmap -n -Pn -p "$1" --min-rate 3000 --max-retries 1 --initial-rtt-timeout 50ms --max-rtt-timeout 80ms \
		-oX - "${@:2}" 2>/dev/null |
		grep -oE 'portid="[0-9]+"><state state="[a-z|]+|<extraports state="[a-z|]+" count="[0-9]+' |
		sed -E 's/portid="([0-9]+)"><state state="/\1:/; s/<extraports state="([a-z|]+)" count="([0-9]+)/many:\1/' |
		grep -E ':(open|closed|unfiltered)$' | paste -sd' '
}
TCP='21:open 23:open 25:open 53:open 79:open 80:open 110:open 111:open 139:open 143:open 443:open 993:open'
# The controls: unguarded, each way of scanning sees what is there.
has() { if [[ " $2 " == *" $1"* ]]; then ok "$3"; else not_ok "$3" "found '${2:0:200}'"; fi; }
has "many:closed $TCP" "$(scan $MANY -sS $HOST4)" "without a guard: SYN scan sees every listener"
has "many:closed $TCP" "$(scan $MANY -sT $HOST4)" "without a guard: connect scan"
has "many:closed $TCP" "$(scan $MANY -6 -sS $HOST6)" "without a guard: SYN scan, IPv6"
has "many:closed" "$(scan $MANY -sF $HOST4)" "without a guard: FIN scan sees closed ports"
has "many:closed" "$(scan $MANY -sN $HOST4)" "without a guard: NULL scan"
has "many:closed" "$(scan $MANY -sX $HOST4)" "without a guard: Xmas scan"
has "many:unfiltered" "$(scan $MANY -sA $HOST4)" "without a guard: ACK scan sees that nothing is filtered"
has "53:open" "$(scan 40-60 -sU $HOST4)" "without a guard: UDP scan sees a server"
[ -z "${LAB_UNGUARDED:-}" ] || exit $LAB_FAILED

guard "$(rules 'allow 80/tcp' 'allow 53/udp' | policy allowlist)"
# shellcheck disable=SC2086 # options, or none
quiet peer nmap -n -Pn -p- ${NMAP_TIMING---min-rate 20000 --max-retries 0} $HOST4
within 4 adds_up
verdicts() { jq -s "map(select(.kind == \"verdict\")$1)" "$EVENTS"; }
lines=$(verdicts '' | jq length)
holds "a scan of all ports is at most 20 lines: $lines for $(told) probes" [ "$lines" -le 20 ]
same "each of which names who it was" "$(verdicts '.remote.ip' | jq -c unique)" "[\"$PEER4\"]"
same "SYN scan" "$(scan $MANY -sS $HOST4)" 80:open
same "SYN scan, IPv6" "$(scan $MANY -6 -sS $HOST6)" 80:open
same "connect scan" "$(scan $MANY -sT $HOST4)" 80:open
same "connect scan, IPv6" "$(scan $MANY -6 -sT $HOST6)" 80:open
same "UDP scan" "$(scan $MANY -sU $HOST4)" 53:open
same "UDP scan, IPv6" "$(scan $MANY -6 -sU $HOST6)" 53:open
for way in F N X; do
	# An allowed port tells no one that it is closed: what listens does not answer these.
	same "-s$way scan" "$(scan $MANY -s$way $HOST4)" ''
	same "-s$way scan, IPv6" "$(scan $MANY -6 -s$way $HOST6)" ''
done
same "ACK scan" "$(scan $MANY -sA $HOST4)" 80:unfiltered
same "ACK scan, IPv6" "$(scan $MANY -6 -sA $HOST6)" 80:unfiltered
within 4 adds_up
same "every refused probe is in an event's count, or counted as lost" $(($(told) + $(lost))) "$(counted)"
