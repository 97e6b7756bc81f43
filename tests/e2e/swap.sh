#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Swaps: two policies take turns while connections are made without a break to a port that both allow,
# none of which is refused, and to one that neither allows, none of which is accepted; likewise for
# what processes bind. What only one of them allows is open or closed as the last one says.
# SWAPS=1000 for the long run.
#
# attach: xdp tc
. "$(dirname "$0")/../lib/lab.sh"
need jq
SWAPS=${SWAPS:-200}
lab_up
probe_serve 80,81,82,83
# Every kind of answer: plain ports, ranges, addresses, and defaults that differ.
one=$(policy one <<-'END'
	sets: {there: [192.0.2.0/24, 10.77.0.0/24]}
	rules:
	  - allow 80/tcp
	  - allow 82/tcp
	  - allow in 83/tcp from 10.77.0.2
	  - allow 1000-2000/udp
	  - allow bind 9001-9003/tcp
	  - allow bind 9005/tcp
END
)
other=$(policy other <<-'END'
	sets: {there: [10.77.0.2, 198.51.100.0/24]}
	rules:
	  - allow in 80/tcp from @there
	  - allow bind 80/tcp
	  - deny in 82/tcp
	  - allow in 83/tcp from @there
	  - allow 3000-4000/udp
	  - allow bind 9001/tcp at 0.0.0.0
	  - deny bind 9005/tcp
	  - allow out 80/tcp
END
)
guard "$one"
probe from-outside peer 600 open=$HOST4/80/$PEER4 closed=$HOST4/81/$PEER4 open=$HOST4/83/$PEER4 closed=$HOST4/83/$OTHER4
probe processes host 200 bind-open=9001 bind-closed=9004
begun=${EPOCHREALTIME/[.,]/}
# shellcheck disable=SC2016 # that shell's
admin sh -c '
	n=$1 one=$2 other=$3
	shift 3
	while [ $n -gt 0 ]; do
		"$@" apply "$other" && "$@" apply "$one" || exit
		n=$((n - 2))
	done' sh "$SWAPS" "$one" "$other" "$PORTGUARD" --instance "$LAB_NAME" --bpffs "$BPFFS" >"$LAB/swaps" 2>&1
same "$SWAPS swaps are done" "$? $(grep -c '^applied' "$LAB/swaps")" "0 $SWAPS"
echo "# $SWAPS swaps: $(((${EPOCHREALTIME/[.,]/} - begun) / 1000)) ms"
probed from-outside 20
probed processes 20
asked() { local port out=; for port; do run explain in "$port/tcp" from $PEER4; out+=$CODE; done; echo "$out"; }
same "then the last one holds" "$(asked 80 81 82 83)" 0100
pg apply "$other" >/dev/null
same "and the other when it is applied" "$(asked 80 81 82 83)" 0110
same "nothing took it for tampering" "$(grep -c '"action":"tamper"' "$EVENTS")" 0
