# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# lab.sh, sourced by the end-to-end tests: a throw-away machine (the host) that portguard guards, and
# one neighbour (the peer) on the other end of a cable. Each is a network namespace; the host's
# processes live in a cgroup of their own, pins in a bpffs of its own, the instance has a name of its
# own. All of it goes when the test ends, however it ends; the machine itself is never guarded.
#
#   host 10.77.0.1 fd77::1 on host0  ===  peer0: 10.77.0.2 10.77.0.3 fd77::2 fd77::3
#
# A test prints `ok NAME`, `not ok NAME: why`, `skip NAME: why`; LAB_ATTACH=xdp|tc goes into its policies.
set -u
LAB_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$LAB_ROOT/$BUILD ;; esac
PORTGUARD=${PORTGUARD:-$BUILD/portguard}
PYTHON=$([ -x /usr/bin/python3 ] && echo /usr/bin/python3 || command -v python3 || echo /usr/bin/python3) # may come yet
: "${LAB_ATTACH:=}"
HOST4=10.77.0.1 HOST6=fd77::1 PEER4=10.77.0.2 PEER6=fd77::2 OTHER4=10.77.0.3 OTHER6=fd77::3
LAB_FAILED=0 LAB_PARTS=() AGENT=
# One pipe that nobody writes to: reading it with a time limit is how the lab waits.
exec {LAB_IDLE}<> <(:)

# --- verdicts -----------------------------------------------------------------------------------

ok() { echo "ok ${LAB_ATTACH:+$LAB_ATTACH: }$1"; }
not_ok() { LAB_FAILED=1; echo "not ok ${LAB_ATTACH:+$LAB_ATTACH: }$1: $(tr '\n\r\033' ' ' <<<"${*:2}" | cut -c1-400)"; }
skip() { echo "skip ${LAB_ATTACH:+$LAB_ATTACH: }$1: ${*:2}"; }
# same NAME GOT WANTED
same() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "got '$2', wanted '$3'"; fi; }
# holds NAME COMMAND…: COMMAND succeeds.  fails NAME COMMAND…: it does not.
holds() { if "${@:2}"; then ok "$1"; else not_ok "$1" "not so: ${*:2}"; fi; }
fails() { if "${@:2}"; then not_ok "$1" "should not be so: ${*:2}"; else ok "$1"; fi; }
quiet() { "$@" >/dev/null 2>&1; }
not() { ! "$@"; }
# need PROGRAM…: the test is skipped where one is missing.
need() {
	local program
	for program; do
		command -v "$program" >/dev/null || { skip "$LAB_NAME" "no $program here"; exit 0; }
	done
}

# --- waiting ------------------------------------------------------------------------------------

pause() { read -rt 0.03 -u "$LAB_IDLE" || :; }
PATIENCE=${PATIENCE:-5}
# wait_for SECONDS COMMAND…: until COMMAND succeeds; fails when the time is over.
wait_for() {
	local end=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000))
	until "${@:2}"; do
		[ "${EPOCHREALTIME/[.,]/}" -lt $end ] || return 1
		pause
	done
}
# within SECONDS COMMAND…: COMMAND succeeds in that time on a machine at rest, and in PATIENCE times that
# on one that does much else besides.
within() { wait_for $(($1 * PATIENCE)) "${@:2}"; }
# never_in SECONDS COMMAND…: for so long COMMAND does not succeed.
never_in() { ! wait_for "$@"; }
gone() { ! kill -0 "$1" 2>/dev/null; }
says() { grep -qs -- "$1" "$2"; }

# --- the machine --------------------------------------------------------------------------------

# The first cgroup2 mount in which a cgroup can be made.
lab_cgroup() {
	local mount
	while read -r mount; do
		mkdir "$mount/$LAB_NAME" 2>/dev/null && { echo "$mount/$LAB_NAME"; return; }
	done < <(awk '$3 == "cgroup2" { print $2 }' /proc/mounts)
	return 1
}

lab_up() {
	[ "$(id -u)" = 0 ] || { skip "${0##*/}" "needs root"; exit 0; }
	LAB_NAME=$(basename "$0" .sh | tr -c 'a-z0-9\n' - | cut -c1-16)-${LAB_ATTACH:+$LAB_ATTACH-}$$
	LAB=$(mktemp -d "${TMPDIR:-/tmp}/portguard-$LAB_NAME.XXXXXX")
	chmod 755 "$LAB"
	LAB_CGROUP_TOP=
	trap lab_down EXIT
	trap 'not_ok "${0##*/}" "interrupted after $SECONDS s"; exit 1' INT TERM HUP
	LAB_CGROUP_TOP=$(lab_cgroup) || { skip "${0##*/}" "no cgroup v2 in which a cgroup can be made"; exit 0; }
	LAB_CGROUP=$LAB_CGROUP_TOP/guarded EVENTS=$LAB/events.jsonl BPFFS=$LAB/bpf
	mkdir "$LAB_CGROUP" "$LAB_CGROUP_TOP/rest" "$BPFFS"
	mount -t bpf bpf "$BPFFS"
	lab_namespace host
	lab_namespace peer
	lab_link host host0 peer peer0
	lab_address host host0 $HOST4/24 $HOST6/64
	lab_address peer peer0 $PEER4/24 $OTHER4/24 $PEER6/64 $OTHER6/64
	in_namespace peer ip address change $OTHER6/64 dev peer0 preferred_lft 0 # not what answers come from
}

# Namespaces are held by a file of ours, not by a name that all of the machine sees.
lab_namespace() {
	: >"$LAB/$1"
	unshare --net="$LAB/$1" true
	LAB_PARTS+=("$1")
	in_namespace "$1" ip link set lo up
	# Answers of a closed port are counted by tests: none may be held back.
	lab_sysctl "$1" net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0 \
		net.ipv4.ping_group_range="0 2147483647" 2>/dev/null
}
# By /proc itself: sysctl(8) is in a package that a small Debian lacks.
lab_sysctl() { # PART NAME=VALUE…
	local setting
	for setting in "${@:2}"; do
		# shellcheck disable=SC2016 # the inner shell's
		in_namespace "$1" sh -c 'echo "$2" >"/proc/sys/$1"' sh "$(tr . / <<<"${setting%%=*}")" "${setting#*=}"
	done
}
lab_link() { # PART DEVICE PART DEVICE
	in_namespace "$1" ip link add "$2" type veth peer name "$4" netns "$LAB/$3"
	in_namespace "$1" ip link set "$2" up
	in_namespace "$3" ip link set "$4" up
}
lab_address() { # PART DEVICE ADDRESS…
	local address
	lab_sysctl "$1" "net.ipv6.conf.$2.accept_dad=0" # addresses are there at once
	for address in "${@:3}"; do in_namespace "$1" ip address add "$address" dev "$2"; done
}

lab_kill() {
	[ -n "$LAB_CGROUP_TOP" ] || return 0
	{ echo 1 >"$LAB_CGROUP_TOP/cgroup.kill"; } 2>/dev/null ||	# from 5.14
		find "$LAB_CGROUP_TOP" -name cgroup.procs -exec sh -c 'cat "$@" | xargs -r kill -9' sh {} +
}
lab_remove_cgroup() {
	[ -n "$LAB_CGROUP_TOP" ] || return 0
	find "$LAB_CGROUP_TOP" -depth -type d -exec rmdir {} + 2>/dev/null
	[ ! -d "$LAB_CGROUP_TOP" ]
}
lab_down() {
	local part
	trap '' INT TERM HUP
	{
		if [ -d "${BPFFS:-}/portguard" ]; then
			[ -z "$AGENT" ] || kill "$AGENT"
			[ -z "$AGENT" ] || within 3 gone "$AGENT"
			timeout 10 nsenter --net="$LAB/host" "$PORTGUARD" --instance "$LAB_NAME" --bpffs "$BPFFS" down --purge
		fi
		lab_kill
		wait
		within 5 lab_remove_cgroup
		for part in "${LAB_PARTS[@]}"; do umount -l "$LAB/$part"; done
		while umount "$BPFFS"; do :; done
		rm -rf --one-file-system "$LAB" "/run/portguard/$LAB_NAME"* "/var/lib/portguard/$LAB_NAME"*
		rmdir /run/portguard /var/lib/portguard
	} >/dev/null 2>&1
	exit $LAB_FAILED
}

# --- running things in it -----------------------------------------------------------------------

in_namespace() { nsenter --net="$LAB/$1" -- "${@:2}"; }
# run_in CGROUP PART COMMAND…  exec_in: this shell becomes it, so that with & behind it $! is its pid.
exec_in() { echo "$BASHPID" >"$1/cgroup.procs" && exec nsenter --net="$LAB/$2" -- "${@:3}"; }
run_in() { (exec_in "$@"); }
host() { run_in "$LAB_CGROUP" host "$@"; }
peer() { run_in "$LAB_CGROUP_TOP/rest" peer "$@"; }
inner() { run_in "$LAB_CGROUP" inner "$@"; }	# a container's namespace, where a test made one
# Outside the guarded cgroup, on the guarded host: an administrator's shell.
admin() { run_in "$LAB_CGROUP_TOP/rest" host "$@"; }
# start NAME host|peer|inner COMMAND…: in the background, output in $LAB/NAME.log, pid in $LAB/NAME.pid.
start() {
	rm -f "$LAB/$1.pid"
	"$2" sh -c 'echo $$ >"$0"; exec "$@"' "$LAB/$1.pid" "${@:3}" >"$LAB/$1.log" 2>&1 &
	within 5 test -s "$LAB/$1.pid"
}
# daemon NAME host|peer COMMAND…: likewise, with /run and other places that daemons write to of its own.
daemon() {
	# shellcheck disable=SC2016 # expanded by that shell
	start "$1" "$2" unshare --mount sh -c '
		for dir in /run /var/spool /var/lib/misc; do mount -t tmpfs -o mode=755 none $dir; done
		exec "$@"' sh "${@:3}"
}
stop() { # NAME [SIGNAL]
	local pid
	pid=$(cat "$LAB/$1.pid") || return
	kill "-${2:-TERM}" "$pid" 2>/dev/null
	within 5 gone "$pid"
}
listens() { in_namespace host ss -Htuln "sport = :$1" | grep -q .; }     # PORT
# What traffic.py says: OPEN, silent, or an errno.
traffic() { "$1" "$PYTHON" "$LAB_ROOT/tests/lib/traffic.py" "${@:2}"; } # host|peer COMMAND…
dial() { traffic peer dial "$@"; }                                      # tcp|udp ADDRESS PORT [SECONDS]
reaches() { [ "$(dial "$@")" = OPEN ]; }
binds() { [ "$(traffic host bind "$@")" = OPEN ]; }                     # tcp|udp ADDRESS PORT
# many_binds PORT COUNT: so many calls, one after the other.
many_binds() {
	host "$PYTHON" -c 'import socket, sys
for _ in range(int(sys.argv[2])):
    try: socket.socket().bind(("0.0.0.0", int(sys.argv[1])))
    except PermissionError: pass' "$@"
}
# echo_server NAME host|peer TCP-PORTS UDP-PORTS: answers on all of them, IPv4 and IPv6, until the end.
echo_server() {
	start "$1" "$2" "$PYTHON" "$LAB_ROOT/tests/lib/traffic.py" serve "$3" "$4"
	within 5 says ready "$LAB/$1.log"
}

# --- portguard ----------------------------------------------------------------------------------

pg() { (exec_pg "$@"); }
exec_pg() { exec_in "$LAB_CGROUP_TOP/rest" host "$PORTGUARD" --instance "$LAB_NAME" --bpffs "$BPFFS" "$@"; }
# run COMMAND…: portguard with its output in OUT, its messages in ERR, its exit code in CODE.
# shellcheck disable=SC2034 # OUT is for tests
run() {
	pg "$@" >"$LAB/out" 2>"$LAB/err" </dev/null
	CODE=$?
	OUT=$(cat "$LAB/out") ERR=$(cat "$LAB/err")
}
# exits NAME CODE PATTERN COMMAND…: with that code; PATTERN (grep -E, may be empty) is in the messages.
exits() {
	run "${@:4}"
	if [ "$CODE" != "$2" ]; then
		not_ok "$1" "exit $CODE instead of $2: $ERR"
	elif [ -n "$3" ] && ! grep -qE -- "$3" <<<"$ERR"; then
		not_ok "$1" "'$3' is not in: $ERR"
	elif [ "$CODE" -gt 1 ] && ! grep -qE '^(portguard: |[^ ]+:[0-9]+:[0-9]+: )' <<<"$ERR"; then
		not_ok "$1" "no message begins as it should: $ERR"
	else
		ok "$1"
	fi
}
# policy NAME <<END: writes a policy file and prints its path. Unless the text has a version of its own
# it begins with the lab's interface, no failsafe port and no essentials: every port closed but what is said;
# and without outputs, or this machine's own journald would be told of the lab.
policy() {
	local text
	text=$(cat)
	{
		grep -q '^version:' <<<"$text" || printf 'version: 1\ninterfaces: [host0]\nfailsafe: []\nessentials: []\n'
		grep -q '^\(version\|outputs\):' <<<"$text" || echo 'outputs: []'
		[ -z "$LAB_ATTACH" ] || grep -q '^attach:' <<<"$text" || echo "attach: $LAB_ATTACH"
		printf '%s\n' "$text"
	} >"$LAB/$1.yaml"
	echo "$LAB/$1.yaml"
}
rules() { echo "rules:"; printf "  - '%s'\n" "$@"; }

# agent POLICY [OPTION…]: starts the agent and returns as soon as it speaks; AGENT is its pid.
# LAB_CHOICE= leaves the interfaces to the policy.
agent() {
	: >"$LAB/agent.err"
	# shellcheck disable=SC2086 # an option and its value, or nothing
	exec_pg run -c "$1" --cgroup "$LAB_CGROUP" ${LAB_CHOICE--i host0} --event-log "$EVENTS" "${@:2}" >"$LAB/agent.out" 2>"$LAB/agent.err" &
	AGENT=$!
	agent_speaks() { says 'portguard: ready' "$LAB/agent.err" || gone "$AGENT"; }
	within 10 agent_speaks
}
# guard POLICY [OPTION…]: the same; without a ready agent there is nothing to test.
guard() {
	agent "$@"
	says 'portguard: ready' "$LAB/agent.err" && return
	not_ok "the agent gets ready" "$(cat "$LAB/agent.err")"
	exit 1
}
unguard() { # ends the agent and takes everything down
	agent_ends TERM
	pg down >/dev/null 2>&1
}
agent_ends() {
	[ -n "$AGENT" ] || return 0
	kill "-$1" "$AGENT" 2>/dev/null
	{ within 5 gone "$AGENT"; wait "$AGENT"; } 2>/dev/null
	AGENT=
}
# A figure out of `status --json`, by a jq expression.
status() { pg --json status | jq -c "$1"; }
# Refusals as the events tell them, as the counters do, and what was lost on the way.
told() { jq -s 'map(select(.kind == "verdict" and .verdict != "allow").count) | add // 0' "$EVENTS"; }
counted() { status '[.counters[] | .deny + .audit] | add // 0'; }
lost() { status .events.lost; }
adds_up() { [ $(($(told) + $(lost))) = "$(counted)" ]; }

# --- attempts without a break -------------------------------------------------------------------

# probe_serve PORTS: accepts on them.  probe NAME host|peer RATE TARGET…: see prober.py.
probe_serve() { start probe-server host "$PYTHON" "$LAB_ROOT/tests/lib/prober.py" serve "$1"; within 5 says ready "$LAB/probe-server.log"; }
probe() {
	start "$1" "$2" "$PYTHON" "$LAB_ROOT/tests/lib/prober.py" probe "${@:3}"
	within 10 says ready "$LAB/$1.log"
}
# probed NAME LEAST: ends it; each target was tried LEAST times, and never did the wrong thing happen.
probed() {
	local line
	within 15 stop "$1" && within 15 says '^{' "$LAB/$1.log"
	while read -r line; do
		case $line in
		enough*) ok "$1: never wrong: ${line#enough }" ;;
		*) not_ok "$1: $line" "$(tail -n 3 "$LAB/$1.log")" ;;
		esac
	done < <(sed -n '/^{/p' "$LAB/$1.log" | jq -r --argjson least "$2" 'to_entries[] |
		(if .value.wrong == 0 and .value.tried >= $least then "enough" else "wrong" end) +
		" \(.key): \(.value.wrong) of \(.value.tried) \(.value.how | tojson)"')
	says '^{' "$LAB/$1.log" || not_ok "$1 says what it found" "$(tail -n 3 "$LAB/$1.log")"
}
