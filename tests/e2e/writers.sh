#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Many writers at once: a hundred allows and removes, each of which takes effect or says why not; the
# list afterwards is exactly what the exit codes promised. First come, first served; who cannot be
# served in time is told so; readers that never end do not keep a writer out.
. "$(dirname "$0")/../lib/lab.sh"
need jq
lab_up
guard "$(policy base <<<'rules: []')"
milliseconds() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); }
rule_ports() { pg --json list | jq -r '.rules[] | select(.origin == "runtime").text' | grep -o '[0-9]*/tcp'; }
# hold NAME: takes that lock and keeps it until it is stopped.
hold() {
	start "$1" admin "$PYTHON" -c 'import fcntl, os, signal, sys
os.makedirs(os.path.dirname(sys.argv[1]), 0o700, exist_ok=True)
f = open(sys.argv[1], "w")
fcntl.flock(f, fcntl.LOCK_EX)
print("ready", flush=True)
signal.pause()' "$2"
	within 5 says ready "$LAB/$1.log"
}

# It takes as long as a command waits; meanwhile the rest.
hold forever "/run/portguard/$LAB_NAME-b/lock"
(
	begun=$(milliseconds)
	admin "$PORTGUARD" --instance "$LAB_NAME-b" --bpffs "$BPFFS" up -c "$LAB/base.yaml" --cgroup "$LAB_CGROUP" -i host0 2>"$LAB/busy.err"
	echo "$? $((($(milliseconds) - begun) / 1000))" >"$LAB/busy"
) &

# --- a hundred at once --------------------------------------------------------------------------

for ((i = 3000; i < 3050; i++)); do pg allow "$i/tcp" 2>/dev/null; done
begun=$(milliseconds)
# shellcheck disable=SC2016 # that shell's
admin sh -c '
	cd "$1"
	shift
	i=0
	while [ $i -lt 50 ]; do
		{ "$@" allow $((4000 + i))/tcp 2>$i.err; echo "allow $((4000 + i)) $?" >allow.$i; } &
		{ "$@" remove $((3000 + i))/tcp 2>$i.err; echo "remove $((3000 + i)) $?" >remove.$i; } &
		i=$((i + 1))
	done
	wait' sh "$LAB" "$PORTGUARD" --instance "$LAB_NAME" --bpffs "$BPFFS"
echo "# a hundred writers: $(($(milliseconds) - begun)) ms"
cat "$LAB"/allow.* "$LAB"/remove.* >"$LAB/codes"
same "each of a hundred writers says what came of it" "$(wc -l <"$LAB/codes")" 100
same "it is done, or busy" "$(awk '$3 != 0 && $3 != 75' "$LAB/codes")" ''
same "the list is what they promised" "$(rule_ports | sort -n)" "$(
	awk '$1 == "allow" && $3 == 0 || $1 == "remove" && $3 != 0 { print $2 "/tcp" }' "$LAB/codes" | sort -n)"

# --- first come, first served -------------------------------------------------------------------

pg remove 4000-4049/tcp 2>/dev/null
for i in $(rule_ports); do pg remove "$i"; done
inode=$(stat -c %i "/run/portguard/$LAB_NAME/lock")
waiting() { [ "$(grep -c -- "-> .*:$inode " /proc/locks)" = "$1" ]; }
PIDS=()
comes() { # COMMAND…: and waits
	exec_pg "$@" >"$LAB/came.${#PIDS[@]}" 2>&1 &
	PIDS+=($!)
	within 5 waiting ${#PIDS[@]}
}
agent_ends TERM # it looks after the guard under the same lock: one waiter more, now and then
hold holder "/run/portguard/$LAB_NAME/lock"
for i in 5007 5001 5004 5002 5006; do comes allow $i/tcp; done
comes list
for i in 5003 5005; do comes allow $i/tcp; done
holds "eight commands wait" waiting 8
stop holder
wait "${PIDS[@]}"
same "they were served in the order in which they came" "$(rule_ports | tr '\n' ' ')" \
	'5007/tcp 5001/tcp 5004/tcp 5002/tcp 5006/tcp 5003/tcp 5005/tcp '
same "a reader among them, too" "$(grep -c 'allow 500' "$LAB/came.5")" 5

# One after the other, and always some: without a turnstile a writer never finds the lock free.
for i in 1 2 3 4; do
	# shellcheck disable=SC2016 # that shell's
	start reader$i admin sh -c 'while "$@" --json status >/dev/null; do :; done' sh \
		"$PORTGUARD" --instance "$LAB_NAME" --bpffs "$BPFFS"
done
for i in 6001 6002 6003; do exits "readers without end keep no writer out" 0 '' allow $i/tcp; done
for i in 1 2 3 4; do stop reader$i; done

# Whoever dies in the queue, or with the lock, leaves no trace.
hold holder "/run/portguard/$LAB_NAME/lock"
PIDS=()
for i in 7001 7002 7003; do comes allow $i/tcp; done
{ kill -9 "${PIDS[0]}" && wait "${PIDS[0]}"; } 2>/dev/null
within 5 waiting 2
stop holder KILL
wait "${PIDS[@]:1}"
same "one that is killed while it waits, and one that holds" "$(rule_ports | grep 700 | tr '\n' ' ')" '7002/tcp 7003/tcp '

# --- not in time --------------------------------------------------------------------------------

holds "the wait ends" within 20 test -s "$LAB/busy"
read -r code seconds <"$LAB/busy"
same "busy: the exit code" "$code" 75
holds "not before ten seconds" test "$seconds" -ge 9
holds "it names who holds the lock" says "(pid $(cat "$LAB/forever.pid"))" "$LAB/busy.err"
holds "and says what to do" says 'try again' "$LAB/busy.err"
