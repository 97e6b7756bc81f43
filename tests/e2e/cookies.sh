#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# SYN cookies: while the kernel sends them it has no socket for the segment that ends a handshake. A port that
# only a limit opens is reached all the same, by as many as the limit says, and by no segment that is forged
# or brought again.
#
# attach: xdp tc
. "$(dirname "$0")/../lib/lab.sh"
need jq
lab_up
STRANGER4=10.77.0.9 STRANGER6=fd77::9 # nobody's: no kernel resets what is sent in their name
for address in $STRANGER4 $STRANGER6; do
	in_namespace host ip neighbour add "$address" dev host0 lladdr "$(in_namespace peer ip -j link show peer0 | jq -r '.[0].address')"
done
MAC=$(in_namespace host ip -j link show host0 | jq -r '.[0].address')
stranger() { peer "$PYTHON" "$LAB_ROOT/tests/lib/cookie.py" peer0 "$MAC" "$@"; } # OWN TARGET PORT
lab_sysctl host net.ipv4.tcp_syncookies=2 # always
echo_server servers host 80,81,82,83,84 ''
echo_server remote peer 8080 ''
same "without a guard a cookie is good for many connections" "$(stranger $STRANGER4 $HOST4 80)" "echo echo echo silent"

guard "$(rules 'limit 1/m burst 3 80/tcp' 'limit 1/m burst 2 81/tcp' 'limit 1/m burst 2 per source 82/tcp' 'limit 1/m burst 2 84/tcp' 'allow 83/tcp' | policy limits)"
dials() { for _ in $(seq "$1"); do dial tcp "${@:2}"; done | paste -sd' '; } # TIMES ADDRESS PORT
same "as many as the limit says come in" "$(dials 4 $HOST4 80)" "OPEN OPEN OPEN silent"
same "by IPv6, and from each source" "$(dials 3 $HOST6 82)" "OPEN OPEN silent"
same "a port that is allowed is as it was" "$(dials 1 $HOST4 83) $(dials 1 $HOST6 83)" "OPEN OPEN"
same "whoever brings a cookie again needs another token, and a forged one is nothing" \
	"$(stranger $STRANGER4 $HOST4 81)" "echo echo silent silent"
same "likewise by IPv6" "$(stranger $STRANGER6 $HOST6 84)" "echo echo silent silent"
same "no flow is begun by who only knocks" "$(status .flows)" 0
same "connections that this host begins go on" "$(traffic host dial tcp $PEER4 8080)" OPEN
holds "what was refused is told" within 5 adds_up
same "and the limit counts connections" "$(pg --json list | jq '[.rules[] | select(.text == "limit 1/m burst 3 80/tcp").hits][0]')" 4
