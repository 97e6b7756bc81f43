#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Outputs and syslog-ng, by unix datagrams, UDP and TCP: it is not there yet, it gets a flood, is killed amid
# another one and comes again. What was sent is what it has, each id once.
. "$(dirname "$0")/../lib/lab.sh"
need jq
. "$(dirname "$0")/../lib/receivers.sh"
[ -x "$SYSLOG_NG" ] || { skip syslog-ng.sh "no syslog-ng here, nor unpacked by packaging/dependencies.sh"; exit 0; }
lab_up
MAC=$(in_namespace host ip -o link show host0 | sed 's/.*ether \([^ ]*\).*/\1/')
lab_sysctl host net.ipv4.conf.host0.rp_filter=0 net.ipv4.conf.all.rp_filter=0
flood() { traffic peer flood peer0 "$MAC" $HOST4 "$@"; } # PORTS SOURCES COUNT
UNIX=unix://$LAB/log UDP=udp://$PEER4:514 TCP=tcp://$PEER4:601
policy outputs >/dev/null <<END
outputs:
  - {syslog: '$UNIX', format: json}
  - {syslog: '$UDP', format: json}
  - {syslog: '$TCP', format: json}
END
guard "$LAB/outputs.yaml"
syslog_ng_starts || not_ok "syslog-ng starts" "$(cat "$LAB/syslog-ng.log")"
flood 9000,9001 40 5000
settles "unix" "$UNIX" "$LAB/got.unix"
settles "TCP" "$TCP" "$LAB/got.tcp"
settles "UDP" "$UDP" "$LAB/got.udp"
n=$(counted)
flood 9002,9003 40 20000 &
FLOOD=$!
more() { [ "$(counted)" -gt "$n" ]; }
within 5 more
stop syslog-ng KILL
wait $FLOOD
syslog_ng_starts
settles "killed amid a flood: unix" "$UNIX" "$LAB/got.unix"
settles "killed amid a flood: TCP" "$TCP" "$LAB/got.tcp"
holds "in order" in_order "$LAB/got.tcp"
unguard
