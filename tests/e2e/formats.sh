#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Formats: every event there can be, and those of a real agent, in every format: held against the schemas
# of ECS and OCSF, read back by readers that share nothing with the writers, and compared with the native
# line. And colour: on a terminal alone, and not where somebody says so.
. "$(dirname "$0")/../lib/lab.sh"
need jq python3
FORMATS=(json text ecs ocsf cef leef syslog) # as in the table of formats

check() { "$PYTHON" "$LAB_ROOT/tests/lib/formats.py" "$LAB_ROOT/tests/schema" "${FORMATS[@]}"; }
# say PREFIX <LINES: each `ok` or `not ok` of formats.py with the prefix.
say() {
	local verdict name
	while IFS= read -r verdict; do
		name=${verdict#*ok }
		case $verdict in
		ok*) ok "$1: $name" ;;
		*) not_ok "$1: ${name%%:*}" "${name#*: }" ;;
		esac
	done
}
say "every event" < <("$BUILD/tests/lib/every_event" | check 2>&1)

lab_up
guard "$(printf 'events: {number: 4711}\n%s\n' "$(rules 'allow 80/tcp')" | policy formats)"
fails "bind is refused" binds tcp 0.0.0.0 7001
fails "bind is refused, IPv6" binds udp :: 7002
same "inbound is dropped" "$(dial tcp $HOST4 7091 0.2)" silent
arrived() { pg events --format json --hook inbound | grep -q '"port":7091'; }
within 5 arrived
LINES=$(pg events --format json | grep -c .)
for format in "${FORMATS[@]}"; do
	pg events --format "$format" | head -n "$LINES" >"$LAB/lines.$format"
done
say "a real agent's" < <(paste -d '\n' "${FORMATS[@]/#/$LAB/lines.}" | check 2>&1)
same "the number of structured data is the policy's" "$(grep -c '\[portguard@4711 ' "$LAB/lines.syslog")" "$LINES"
same "filters hold in any format" "$(pg events --format cef --hook inbound --port 7091 | sed 's/.*|inbound denied|.* dpt=7091 .*/one/' | sort -u)" one
exec_pg events -f --format leef >"$LAB/followed" 2>"$LAB/follow.err" &
FOLLOWER=$!
followed() { binds tcp 0.0.0.0 7003; says '|bind:no-rule|^|.*^dstPort=7003^' "$LAB/followed"; }
holds "events -f speaks any format" within 5 followed
kill $FOLLOWER 2>/dev/null
lines_of_number() { binds tcp 0.0.0.0 7004; pg events --format syslog --port 7004 | grep -q "\[portguard@$1 "; }
pg apply "$(printf 'events: {number: 815}\n%s\n' "$(rules 'allow 80/tcp')" | policy formats)" >/dev/null
holds "another number holds from the next second on" within 5 lines_of_number 815
exits "an unknown format, and the nearest" 64 'did you mean ecs' events --format ec

# colored WORD…: of environment and options, on a terminal.
colored() {
	# shellcheck disable=SC2016 # python's
	run_in "$LAB_CGROUP_TOP/rest" host env -u NO_COLOR TERM=xterm "$@" "$PYTHON" -c 'import pty, sys; pty.spawn(sys.argv[1:])' \
		"$PORTGUARD" --instance "$LAB_NAME" --bpffs "$BPFFS" events ${OPTION:+"$OPTION"} </dev/null | grep -q $'\e\[31mdeny\e\[0m bind 7001/tcp'
}
holds "colour on a terminal" colored
holds "an empty NO_COLOR says nothing" colored NO_COLOR=
fails "NO_COLOR" colored NO_COLOR=1
fails "a dumb terminal" colored TERM=dumb
OPTION=--no-color fails "--no-color" colored
same "no escape in a pipe" "$(TERM=xterm pg events --format text | grep -c $'\e')" 0
