#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# attach: xdp tc
#
# A trial: without `confirm` the former policy is back at the deadline, even if every process of
# portguard died; meanwhile nobody else changes anything. confirm keeps it, rollback ends it at once.
. "$(dirname "$0")/../lib/lab.sh"
need jq
lab_up
echo_server servers host 80,81 53,54
before=$(rules 'allow 80/tcp' 'allow 53/udp' | policy before)
after=$(rules 'allow 81/tcp' 'allow 54/udp' | policy after)
closed=$(policy closed <<<'rules: []')
seen() { echo "$(dial tcp $HOST4 80) $(dial tcp $HOST4 81)"; }
guard "$before"
same "before" "$(seen)" "OPEN silent"

# --- confirm and rollback -----------------------------------------------------------------------

exits "confirm without a trial says no" 1 'no policy is on trial' confirm
exits "rollback without a trial says no" 1 'no policy is on trial' rollback
same "status knows of none" "$(status .try)" null
exits "try returns at once" 0 '' try "$after"
same "the tried policy is in force" "$(seen)" "silent OPEN"
holds "status tells how long" quiet jq -e '.try.remaining_s > 50 and .try.remaining_s <= 60' <(pg --json status)
for change in 'allow 90' 'deny 81' 'remove 81/tcp' "apply $before" "try $closed" 'mode audit' 'mode off' save \
	"up -c $before --cgroup $LAB_CGROUP -i host0"; do
	# shellcheck disable=SC2086 # several words
	exits "meanwhile '${change%% *}' has to wait" 75 'portguard confirm' $change
done
exits "list shows what is in force" 0 '' list
holds "that is the tried one" grep -q '81/tcp' <<<"$OUT"
exits "rollback goes back" 0 '' rollback
same "the former policy is back" "$(seen)" "OPEN silent"
same "and listed" "$(pg --json list | jq -r '[.rules[] | select(.number).text] | join("|")')" 'allow 80/tcp|allow 53/udp'
exits "once" 1 '' rollback
exits "changes go on" 0 '' allow 90/tcp
exits "try again" 0 '' try --timeout 1h "$after"
exits "confirm keeps it" 0 '' confirm
same "it stays" "$(seen)" "silent OPEN"
same "with what was added by hand" "$(pg --json list | jq -r '[.rules[] | select(.number).text] | join("|")')" \
	'allow 81/tcp|allow 54/udp|allow 90/tcp'
exits "and can be changed" 0 '' remove 90/tcp
exits "nothing to try" 0 '' try "$after"
same "is no trial" "$(status .try)" null
exits "a bad file changes nothing" 66 '' try "$LAB/none.yaml"
exits "nor does a bad time" 64 'want 1s to 1d' try --timeout 2w "$before"
exits "back to the first" 0 '' apply --exact "$before"

# --- the deadline -------------------------------------------------------------------------------

# back PORT: until UDP PORT answers, asked every 5 milliseconds, for 10 seconds.
back() {
	peer "$PYTHON" -c 'import select, socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
begun = time.monotonic()
while time.monotonic() - begun < 10:
    s.sendto(b"?", (sys.argv[1], int(sys.argv[2])))
    if select.select([s], [], [], 0.005)[0]:
        break' $HOST4 "$1"
}
milliseconds() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); }
# comes_back NAME [COMMAND]: after try --timeout 2s of what closes everything, and then COMMAND; on a machine
# that is too busy to see it closed, after a longer one.
comes_back() {
	local begun tried took seconds
	for seconds in 2 4 8; do
		begun=$(milliseconds)
		pg try --timeout ${seconds}s "$closed" >/dev/null || not_ok "$1" "try failed"
		tried=$(milliseconds)
		[ -z "${2:-}" ] || "$2"
		[ $(($(milliseconds) - begun)) -ge $((seconds * 750)) ] || break
		quiet pg rollback
	done
	back 53
	took=$(($(milliseconds) - begun))
	# The deadline lies between the command's begin and its end.
	if [ $took -gt $((seconds * 1000 - 100)) ] && [ $took -lt $((tried - begun + seconds * 1000 + 500 * PATIENCE)) ]; then
		ok "$1"
	else
		not_ok "$1" "after $took ms, of which try took $((tried - begun))"
	fi
	echo "# $1: after $took ms"
}
comes_back "the agent or no agent, the former policy is back at the deadline"
same "with all of it" "$(seen)" "OPEN silent"
within 2 says '"action":"rollback"' "$EVENTS"
holds "an event says so" says '"action":"rollback"' "$EVENTS"
kill_all() { agent_ends KILL; }
comes_back "though every process of portguard was killed" kill_all
same "whoever reads sees the former policy" "$(pg --json list | jq -r '[.rules[] | select(.number).text] | join("|")')" \
	'allow 80/tcp|allow 53/udp'
exits "confirm comes too late" 1 'the time is up' confirm
exits "a change settles it" 0 '' allow 81/tcp
same "and builds on the former policy" "$(seen)" "OPEN OPEN"

# --- on a terminal ------------------------------------------------------------------------------

cat >"$LAB/terminal.py" <<'END'
"""terminal.py BEFORE AFTER COMMAND…: runs it on a terminal, types BEFORE at once and AFTER when it asks."""
import os, pty, select, sys
pid, terminal = pty.fork()
if not pid:
    os.execvp(sys.argv[3], sys.argv[3:])
os.write(terminal, sys.argv[1].encode())
said = b""
asked = 0
while select.select([terminal], [], [], 20)[0]:
    try:
        data = os.read(terminal, 4096)
    except OSError:
        break
    said += data
    if said.count(b"Enter: keep it") > asked and asked < len(sys.argv[2]):
        os.write(terminal, {"e": b"\n", "n": b"no\n", "c": b"\3"}[sys.argv[2][asked]])
        asked += 1
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), said.count(b"Enter: keep it"), flush=True)
END
typed() { # BEFORE AFTER: exit code, how often it asked, and what is open then
	echo "$(admin "$PYTHON" "$LAB/terminal.py" "$1" "$2" "$PORTGUARD" --instance "$LAB_NAME" --bpffs "$BPFFS" try --timeout 3s "$after") $(seen)"
	pg apply --exact "$before" >/dev/null
}
pg apply --exact "$before" >/dev/null
same "Enter keeps it" "$(typed '' e)" "0 1 silent OPEN"
same "Ctrl-C goes back" "$(typed '' c)" "0 1 OPEN silent"
same "a word is no Enter" "$(typed '' nc)" "0 2 OPEN silent"
same "nor does it spoil the next one" "$(typed '' ne)" "0 2 silent OPEN"
same "what was typed before it asked is no answer" "$(typed $'\n\n' '')" "1 1 OPEN silent"

# --- an agent that begins during a trial --------------------------------------------------------

exits "a trial" 0 '' try --timeout 1m "$after"
agent "$before"
holds "an agent that begins adopts it" says 'portguard: ready' "$LAB/agent.err"
same "the trial goes on" "$(seen)" "silent OPEN"
exits "confirmed" 0 '' confirm
same "and stays" "$(seen)" "silent OPEN"
exits "a trial may be taken down" 0 '' try "$before"
unguard

exit $LAB_FAILED
