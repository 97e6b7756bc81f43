#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Outputs and real receivers: rsyslog by unix datagrams, UDP and TCP, files with rotation. Each is stopped and
# killed amid a flood, and so is the agent: what every output sent is what its receiver has, each id once, and
# what it did not get is counted. Long: KILLS=20.
. "$(dirname "$0")/../lib/lab.sh"
need jq rsyslogd
lab_up
. "$(dirname "$0")/../lib/receivers.sh"
MAC=$(in_namespace host ip -o link show host0 | sed 's/.*ether \([^ ]*\).*/\1/')
lab_sysctl host net.ipv4.conf.host0.rp_filter=0 net.ipv4.conf.all.rp_filter=0
flood() { traffic peer flood peer0 "$MAC" $HOST4 "$@"; } # PORTS SOURCES COUNT
binds_of() { # PORT COUNT
	host "$PYTHON" -c 'import socket, sys
for _ in range(int(sys.argv[2])):
    try: socket.socket().bind(("0.0.0.0", int(sys.argv[1])))
    except PermissionError: pass' "$@"
}
UNIX=unix://$LAB/log UDP=udp://$PEER4:514 TCP=tcp://$PEER4:601 FILE=$LAB/out.jsonl FEW=$LAB/few.jsonl
policy outputs >/dev/null <<END
outputs:
  - {syslog: 'unix://$LAB/log', format: json}
  - {syslog: 'udp://$PEER4:514', format: json}
  - {syslog: 'tcp://$PEER4:601', format: json, buffer: 4M}
  - {file: '$FILE', rotate: 64K, keep: 100}
  - {file: '$FEW', max: 3/s, hooks: [bind]}
END

# --- nobody is there yet ------------------------------------------------------------------------

guard "$LAB/outputs.yaml"
binds_of 7001 10
has_queued() { [ "$(figure "$1" queued)" -gt 0 ]; }
holds "without a receiver events wait: unix" within 4 has_queued "$UNIX"
holds "TCP" within 4 has_queued "$TCP"
same "status says why" "$(figure "$UNIX" error)" "\"there is no socket $LAB/log\""
same "TCP, too" "$(figure "$TCP" error)" '"Connection refused"'
holds "in words for people" grep -q 'there is no socket' <(pg status)
rsyslog_starts || not_ok "rsyslog starts" "$(cat "$LAB/rsyslog.log")"
settles "unix, late" "$UNIX" "$LAB/got.unix"
settles "TCP, late" "$TCP" "$LAB/got.tcp"
settles "UDP, late" "$UDP" "$LAB/got.udp"
same "and has no trouble any more" "$(status '[.outputs[].error] | unique')" '[null]'
holds "start was told to all, before verdicts" [ "$(jq -s -r '.[0].action' "$LAB/got.tcp")" = start ]

# --- a flood, with everybody there --------------------------------------------------------------

flood 9000,9001,9002 40 12000
binds_of 7002 500
for port in {7011..7030}; do binds_of "$port" 1; done
for output in "unix $UNIX $LAB/got.unix" "UDP $UDP $LAB/got.udp" "TCP $TCP $LAB/got.tcp"; do
	# shellcheck disable=SC2086 # three words
	settles $output
done
all_files() { cat "$FILE".* "$FILE" >"$LAB/got.file" 2>/dev/null; }
all_files
settles "a file" "$FILE" "$LAB/got.file"
holds "which was rotated" test -s "$FILE.1"
same "and is no larger than it may be" "$(find "$LAB" -name 'out.jsonl*' -size +64k)" ''
same "each line once" "$(jq .seq "$LAB/got.file" | sort | uniq -d)" ''
settles "a file with a filter and max:" "$FEW" "$FEW"
same "has what it asked for" "$(jq -s -c 'map(select(.kind == "verdict") | .hook) | unique' "$FEW")" '["bind"]'
holds "change and health pass" quiet jq -se 'any(.[]; .kind == "health")' "$FEW"
holds "max: cut some, which are lost" [ "$(figure "$FEW" lost)" -gt 0 ]
holds "the rest was filtered" [ "$(figure "$FEW" filtered)" -ge 12000 ]

# --- receivers, and the agent, stop and die amid a flood ----------------------------------------

# UDP is not asked here: of what a receiver that dies has not read yet nobody is told.
amid_a_flood() { # NAME COMMAND…
	local n
	n=$(counted)
	flood 9000,9001,9002 60 20000 &
	FLOOD=$!
	binds_of 7003 500 &
	BINDS=$!
	more() { [ "$(counted)" -gt "$n" ]; }
	within 5 more
	"${@:2}"
	wait $FLOOD $BINDS
	settles "$1: unix" "$UNIX" "$LAB/got.unix"
	settles "$1: TCP" "$TCP" "$LAB/got.tcp"
	all_files
	settles "$1: file" "$FILE" "$LAB/got.file"
}
hold_and_kill() {
	kill -STOP "$(cat "$LAB/rsyslog.pid")"
	binds_of 7005 50
	holds "a receiver that stands still makes events wait" within 3 has_queued "$UNIX"
	kill -CONT "$(cat "$LAB/rsyslog.pid")"
	binds_of 7004 50
	stop rsyslog KILL
	agent_ends KILL
	binds_of 7006 50
	guard "$LAB/outputs.yaml"
	rsyslog_starts
}
for ((i = 0; i < ${KILLS:-1}; i++)); do
	amid_a_flood "kill -9 of receiver and agent, $i" hold_and_kill
done
holds "TCP keeps the order" in_order "$LAB/got.tcp"
same "in a file each line is there once, all the same" "$(jq .seq "$LAB/got.file" | sort | uniq -d)" ''

# --- outputs that change, and go ----------------------------------------------------------------

holds "UDP settles, too" within 5 is_settled "$UDP"
stop rsyslog
lost_by_udp=$(($(figure "$UDP" sent) - $(refusals_in "$LAB/got.udp")))
binds_of 7006 50
holds "with the receiver gone events wait: TCP" within 4 has_queued "$TCP"
holds "UDP" within 4 has_queued "$UDP"
sed -i "s|buffer: 4M|buffer: 8M, max: 1000/s|; /unix:/d" "$LAB/outputs.yaml"
holds "check says the policy is good" quiet pg check "$LAB/outputs.yaml"
run diff "$LAB/outputs.yaml"
holds "diff shows what changes" grep -q '^+ outputs: {syslog: "tcp://10.77.0.2:601", format: json, buffer: 8M, max: 1000/s}' <<<"$OUT"
within 5 is_told "$UNIX"
queued=$(figure "$TCP" queued)
waited=$(figure "$UNIX" queued)
run apply "$LAB/outputs.yaml"
unix_is_gone() { [ -z "$(figure "$UNIX" sent)" ]; }
holds "an output that was taken away is gone" within 4 unix_is_gone
holds "and what waited for it is told" within 3 says "$waited refusals that waited for outputs that are no more" "$EVENTS"
holds "what waits for one that changed goes on waiting" [ "$(figure "$TCP" queued)" -ge "$queued" ]
rsyslog_starts
settles "and is sent" "$TCP" "$LAB/got.tcp"
holds "UDP, too" within 10 is_settled "$UDP"
same "whole" "$(($(figure "$UDP" sent) - $(refusals_in "$LAB/got.udp")))" "$lost_by_udp"

# --- rotation by others, and standard output ----------------------------------------------------

mv "$FEW" "$FEW.old"
kill -USR1 "$AGENT"
holds "SIGUSR1 opens files anew" within 3 test -e "$FEW"
policy stdout >/dev/null <<END
outputs:
  - {stdout: true}
  - {file: '$LAB/missing/x'}
  - {syslog: '$UDP'}
  - {syslog: '$UNIX', format: cef}
END
run apply "$LAB/stdout.yaml"
binds_of 7007 5
holds "standard output gets events" within 4 says '"port":7007' "$LAB/agent.out"
holds "syslog's own format is what syslog gets: the sentence" within 4 says '^.*deny bind 7007/tcp at 0.0.0.0' "$LAB/got.udp"
holds "and CEF, in one header alone" within 4 says '^ *CEF:0|portguard|portguard|.*|bind:no-rule|.*7007' "$LAB/got.unix"
same "a missing directory is named" "$(figure "$LAB/missing/x" error)" "\"the directory $LAB/missing is missing\""
unguard
