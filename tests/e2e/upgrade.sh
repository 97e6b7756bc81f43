#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Another build of portguard takes over: its programs replace those that are pinned, over the same maps,
# or, where the layout of the tables is an older one, over tables made anew. A thousand connections a
# second notice nothing, what is open stays open, and nothing that was counted is lost. The other build
# is this one with a word of its BPF object changed. Taking over may be killed at any point, too.
# OLD=FILE: begin with that older portguard instead; KILLS=200 for a long run.
#
# attach: xdp tc
. "$(dirname "$0")/../lib/lab.sh"
need jq bpftool
TAMPER=$BUILD/tests/lib/tamper
NOW=$PORTGUARD KILLS=${KILLS:-12}
lab_up
NEXT=$LAB/portguard-next PINS=$BPFFS/portguard/$LAB_NAME
"$PYTHON" - "$NOW" "$NEXT" <<-'END' || { not_ok "another build" "the BPF object has no licence"; exit 1; }
	import os, sys
	text = open(sys.argv[1], "rb").read()
	other = text.replace(b"Dual BSD/GPL\0", b"Dual MIT/GPL\0")
	open(sys.argv[2], "wb").write(other)
	os.chmod(sys.argv[2], 0o755)
	sys.exit(other == text)
END

echo_server servers host 8080 8081
echo_server peer-servers peer 9101 9102
probe_serve 80,81,82,83
base=$(policy base <<-'END'
	sets: {friends: [10.77.0.2, 192.0.2.0/24]}
	rules:
	  - allow 80,8080/tcp
	  - allow in 82/tcp from @friends
	  - allow 8081/udp
	  - allow bind 9001/tcp
END
)
programs() { for link in "$PINS"/link_*; do echo "$(basename "$link") $(bpftool -j link show pinned "$link" 2>/dev/null | jq -r '.prog_id // .[0].prog_id')"; done; }
replaced() { # BEFORE: how many links run the same program as then, of how many
	comm -12 <(sort <<<"$1") <(programs | sort) | wc -l
}
counters() { status '.counters | map_values(.deny + .audit) | add'; }
hits() { pg --json list | jq "[.rules[] | select(.text == \"$1\").hits] | add"; }
figure() { tr -d ' ' <"$LAB/$1"; }
grows() { local was; was=$(figure "$1"); more() { [ "$(figure "$1")" -gt "$was" ]; }; within 5 more "$1"; }
open_connections() { # of each kind: in, out and answered, by TCP and by UDP
	start talk-in peer "$PYTHON" "$LAB_ROOT/tests/lib/traffic.py" talk tcp $HOST4 8080 "$LAB/talk-in"
	start talk-out host "$PYTHON" "$LAB_ROOT/tests/lib/traffic.py" talk tcp $PEER4 9101 "$LAB/talk-out"
	start ask-out host "$PYTHON" "$LAB_ROOT/tests/lib/traffic.py" talk udp $PEER4 9102 "$LAB/ask-out"
	for name in talk-in talk-out ask-out; do within 5 test -s "$LAB/$name"; done
}
probes() {
	probe from-outside peer 1000 open=$HOST4/80/$PEER4 closed=$HOST4/81/$PEER4 open=$HOST4/82/$PEER4 closed=$HOST4/82/$OTHER4
	probe processes host 200 bind-open=9001 bind-closed=9004
}
judged() { # NAME
	probed from-outside 50
	probed processes 20
	for name in talk-in talk-out ask-out; do holds "$1: what is open goes on: $name" grows $name; done
	same "$1: every hook is attached" "$(status '[.hooks[].attached] | all')" true
	same "$1: the rules are the same, with the one added by hand" "$(asked)" 01001
	holds "$1: no tampering is seen" not grep -q '"action":"tamper"' "$EVENTS"
	[ -z "$AGENT" ] || holds "$1: what was refused and what was told agree" within 10 adds_up
	[ ! -e "${PINS}_next" ] || not_ok "$1: nothing lies about" "$(ls "${PINS}_next")"
}
asked() { local port out=; for port in 80 81 82 83 84; do run explain in "$port/tcp" from $PEER4; out+=$CODE; done; echo "$out"; }
# takes_over NAME BUILD: the agent ends, that of the other build begins.
takes_over() {
	agent_ends TERM
	PORTGUARD=$2
	agent "$base"
	holds "$1: the new agent gets ready" says 'portguard: ready' "$LAB/agent.err"
}
# What was counted and told, to compare.
note() { before=$(programs) denied=$(counters) seq=$(jq -s 'map(.seq) | max' "$EVENTS") uses=$(hits 'allow 80,8080/tcp') generation=$(status .generation); }
goes_on() { # NAME
	holds "$1: counters go on" test "$(counters)" -ge "$denied"
	holds "$1: those of rules, too" test "$(hits 'allow 80,8080/tcp')" -ge "$uses" -a "$uses" -gt 0
	same "$1: events are numbered on" "$(jq -s "map(select(.seq == $seq + 1)) | length" "$EVENTS")" 1
	holds "$1: the generation stays" test "$(status .generation)" -eq "$generation"
}

# --- another build, and back --------------------------------------------------------------------

# One that does not know `outputs:` begins without: else it would be degraded, and let nobody in.
began=$base
if [ -n "${OLD:-}" ] && ! PORTGUARD=$OLD quiet pg up -c "$base" --cgroup "$LAB_CGROUP" -i host0; then
	began=$LAB/began.yaml
	grep -v '^outputs:' "$base" >"$began"
fi
PORTGUARD=${OLD:-$NOW} guard "$began"
PORTGUARD=${OLD:-$NOW} pg allow 83/tcp 2>/dev/null
open_connections
probes
if [ -n "${OLD:-}" ]; then
	PORTGUARD=$OLD
	note
	[ "$began" = "$base" ] || generation=$((generation + 1)) # that line is another policy
	takes_over "an old release" "$NOW"
	goes_on "an old release"
fi
for build in "$NEXT" "$NOW"; do
	name="to ${build##*/}"
	note
	PORTGUARD=$build exits "$name: while an agent of another build runs" 75 "pid $AGENT" up -c "$base" --cgroup "$LAB_CGROUP" -i host0
	same "$name: that changes nothing" "$(programs)" "$before"
	takes_over "$name" "$build"
	same "$name: every link runs a new program" "$(replaced "$before")" 0
	goes_on "$name"
done
note
takes_over "the same build" "$NOW"
same "the same build again replaces nothing" "$(programs)" "$before"
judged "another build"

# --- other layouts ------------------------------------------------------------------------------

probes
note
agent_ends KILL # it would undo this
"$TAMPER" "$PINS" layout newer
exits "a newer layout: commands" 69 'a newer version.*layout' allow 84/tcp
holds "and what to do" grep -q 'portguard down' <<<"$ERR"
exits "a newer layout: run" 69 'a newer version.*layout' run -c "$base" --cgroup "$LAB_CGROUP" -i host0
exits "a newer layout: up" 69 'a newer version.*layout' up -c "$base" --cgroup "$LAB_CGROUP" -i host0
same "which change nothing" "$(programs)" "$before"
"$TAMPER" "$PINS" layout older
exits "an older layout: commands" 69 'an older version.*layout' allow 84/tcp
holds "and what to do" grep -q 'portguard run' <<<"$ERR"
takes_over "an older layout" "$NOW"
same "an older layout: every link runs a new program" "$(replaced "$before")" 0
goes_on "an older layout"
judged "an older layout"
pg allow 84/tcp 2>/dev/null
same "and commands work" "$(asked)" 01000
exits "a trial" 0 '' try --timeout 1h "$(rules 'allow 80,8080/tcp' | policy tried)"
same "is in force" "$(asked)" 01100
agent_ends KILL
"$TAMPER" "$PINS" layout older
takes_over "an older layout's trial" "$NOW"
same "an older layout's trial ends: the former policy" "$(asked)" 01000
holds "and that is told" within 2 grep -q '"action":"rollback".*another version' "$EVENTS"
agent_ends TERM

# --- killed in the middle -----------------------------------------------------------------------

probes
finished=0 begun=${EPOCHREALTIME/[.,]/}
PORTGUARD=$NEXT pg up -c "$base" --cgroup "$LAB_CGROUP" -i host0 >/dev/null
took=$(((${EPOCHREALTIME/[.,]/} - begun) / 1000))
echo "# a takeover: $took ms"
for ((i = 0; i < KILLS; i++)); do
	build=$NEXT
	[ $((i % 4)) -lt 2 ] || build=$NOW
	[ $((i % 5)) != 0 ] || "$TAMPER" "$PINS" layout older
	PORTGUARD=$build exec_pg up -c "$base" --cgroup "$LAB_CGROUP" -i host0 >"$LAB/up" 2>&1 &
	after=$((RANDOM % (took + took / 4) + 1))
	read -rt "$((after / 1000)).$(printf %03d $((after % 1000)))" -u "$LAB_IDLE"
	{ kill -9 $!; wait $!; } 2>/dev/null
	[ $? = 137 ] || finished=$((finished + 1))
done
echo "# $KILLS takeovers, of which $finished were done before they were killed"
PORTGUARD=$NEXT exits "after kills: up of the next build" 0 '' up -c "$base" --cgroup "$LAB_CGROUP" -i host0
before=$(programs)
PORTGUARD=$NOW exits "and of this one" 0 '' up -c "$base" --cgroup "$LAB_CGROUP" -i host0
same "which runs by every link" "$(replaced "$before")" 0
same "with all rules" "$(asked)" 01000
pg remove 84/tcp
judged "after kills" # without an agent nobody tells
"$TAMPER" "$PINS" layout newer
exits "down works on a newer layout, as the message says" 0 '' down
holds "and takes all away" binds tcp 0.0.0.0 9004
