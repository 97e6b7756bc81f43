#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What comes by a guarded device was judged there, and deliver leaves most of it unparsed. Two things are its own
# all the same: a port that the kernel chose for a socket is no door, whatever the rules open; and where out is
# restricted a server may answer whom it was let hear.
#
# attach: xdp tc
. "$(dirname "$0")/../lib/lab.sh"
lab_up
echo_server far peer 7 7
echo_server near host 7777 7777

# Unconnected sockets, of both families, that have asked the peer: PORTS. It ends where the peer is not heard.
talk() {
	start talker host "$PYTHON" "$LAB_ROOT/tests/e2e/attacks/talker.py" $PEER4 $PEER6 $OTHER4 $OTHER6 $HOST4 $HOST6
	within 5 says ready "$LAB/talker.log" || { not_ok "a socket hears whom it asked" "$(cat "$LAB/talker.log")"; exit 1; }
	mapfile -t PORTS < <(awk -F'\t' '$3 ~ /asks$/ { print $5 }' "$LAB/talker.log")
}
strangers() { echo "$(dial udp $HOST4 "${PORTS[0]}") $(dial udp $HOST6 "${PORTS[1]}")"; }
server() { echo "$(dial udp $HOST4 7777) $(dial udp $HOST6 7777)"; }

talk
same "without a guard a stranger reaches a port that the kernel chose" "$(strangers)" 'OPEN OPEN'
stop talker KILL
# Not 4500: what IPsec brings in inbound does not see, and then no device counts as judged.
guard "$(rules 'allow in 7000-65535/udp' | policy wide)"
talk
same "though a rule opens them all, a port that the kernel chose hears no stranger" "$(strangers)" 'silent silent'
same "one that its program chose does" "$(server)" 'OPEN OPEN'
stop talker KILL

policy narrow >/dev/null <<<$'default: {out: deny}\nrules:\n  - allow 7777/udp'
exits "out is closed" 0 '' apply --exact "$LAB/narrow.yaml"
same "what is begun here does not leave" "$(traffic host dial udp $PEER4 7) $(traffic host dial udp $PEER6 7)" 'EPERM EPERM'
same "what a server was asked it answers" "$(server)" 'OPEN OPEN'
