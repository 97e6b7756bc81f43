#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# kill -9 at random points of apply, allow and remove: what is in force is always the policy from before
# or the one after, never a mix and never nothing, and the next command works; with an agent, which
# finds what was cut short, and without one. KILLS=500 for the long run; SEED=… for the same dice.
. "$(dirname "$0")/../lib/lab.sh"
need jq
KILLS=${KILLS:-60}
SEED=${SEED:-$RANDOM$RANDOM}
lab_up
echo "# seed $SEED, $KILLS times"
probe_serve 80,81,82,83,84,85,86,87
a=$(policy a <<-'END'
	sets: {near: [10.77.0.0/24, "fd77::/64"]}
	rules: [allow 80/tcp, allow 82/tcp, allow in 83/tcp from @near, deny in 1000-1999/tcp, allow bind 9001/tcp]
END
)
b=$(policy b <<-'END'
	sets: {near: [10.77.0.2]}
	rules: [allow in 80/tcp from @near, allow 83-84/tcp, deny in 82/tcp, allow 2000-2999/udp, allow bind 9001/tcp at 0.0.0.0]
END
)
kills() { # NAME TIMES
	probe from-outside peer 100 open=$HOST4/80/$PEER4 closed=$HOST4/81/$PEER4 closed=$HOST4/81/$OTHER4
	probe processes host 50 bind-open=9001 bind-closed=9004
	admin "$PYTHON" "$LAB_ROOT/tests/lib/kill.py" "$SEED" "$2" "$a" "$b" $HOST4 $PEER4 \
		"nsenter --net=$LAB/peer $PYTHON $LAB_ROOT/tests/lib/kill.py dial" -- \
		"$PORTGUARD" --instance "$LAB_NAME" --bpffs "$BPFFS" >"$LAB/kills" 2>&1
	grep '^#' "$LAB/kills"
	same "$1: the one policy or the other, $2 times" "$(grep -v '^#' "$LAB/kills")" "done $2"
	probed from-outside 10
	probed processes 10
	same "$1: every hook is attached" "$(status '[.hooks[].attached] | all')" true
}
guard "$a"
kills "with an agent" $((KILLS / 2))
holds "with an agent: nothing is amiss in the end" within 5 test "$(status .degraded)" = null
agent_ends KILL
kills "without one" $((KILLS - KILLS / 2))
