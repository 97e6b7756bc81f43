# shellcheck shell=bash disable=SC2086,SC2154 # what lab.sh sets
# SPDX-License-Identifier: GPL-2.0-only
#
# The frame of the everyday programs. A file of this directory has one subject: it defines functions that
# run a program on the guarded host and succeed when it works, and says with `works` what each needs.
#
#   works NAME FUNCTION [LINE…]   LINE: a rule, or a line of the policy file, without which it does not work
#   given=LINE works …            a policy line that makes it harder and is there all the time
#   alone=1 works …               disturbs others, or is disturbed: never side by side with them
#   SUBJECT_begin                 optional: servers on the other side, up from the first case to the last
#
# Each case runs unguarded first (it must work); then under a policy that says nothing but `version: 1`
# (it must work if it needs nothing, and must fail if it says that it needs something); then with its lines.
# A function that returns 77 is skipped, its last line of output being the reason. Several run at once.
EVERYDAY=$(dirname "${BASH_SOURCE[0]}")
NET=$EVERYDAY/net.py
NAMES=() FUNCTIONS=() NEEDS=() GIVEN=() ALONE=() TITLES=() SUBJECTS=()

subject() { TITLE=$1; } # what the cases of this file are about
works() {
	TITLES+=("$TITLE")
	NAMES+=("$1") FUNCTIONS+=("$2") GIVEN+=("${given:-}") ALONE+=("${alone:-}")
	NEEDS+=("$(printf '%s\n' "${@:3}")")
}

# --- what cases are made of ------------------------------------------------------------------------

STARTED=()
# serves NAME host|peer|… COMMAND…: a server, until its case ends.  For all cases: in SUBJECT_begin.
serves() { STARTED+=("$1"); daemon "$@"; }
runs() { STARTED+=("$1"); start "$@"; } # likewise, without places of its own to write to
net() { "$1" timeout -s KILL 12 "$PYTHON" "$NET" "${@:2}"; }
# answers NAME: the server of that name, a net.py, has said that it is ready.
answers() { within 5 says ready "$LAB/$1.log"; }
skipped() { echo "$*"; exit 77; }
want() { command -v "$1" >/dev/null || skipped "no $1 here"; }
# The command says that, whatever its exit code.
tells() { # PATTERN COMMAND…
	local got
	got=$("${@:2}" </dev/null 2>&1)
	echo "$got"
	grep -qE -- "$1" <<<"$got"
}

# --- running them ------------------------------------------------------------------------------------

# strict [LINE…]: the path of a policy with the defaults and these lines.
strict() {
	local line lines=() rules=()
	for line; do
		case $line in
		'') ;;
		allow*) rules+=("$line") ;;
		*) lines+=("$line") ;;
		esac
	done
	{
		echo 'version: 1'
		printf '%s\n' "${lines[@]}"
		[ ${#rules[@]} -eq 0 ] || rules "${rules[@]}"
	} | policy strict
}

# attempt PHASE NUMBER: one case; 0, 1 or 77 goes to $LAB/PHASE.NUMBER, its output beside it.
attempt() {
	(
		STARTED=()
		local one
		trap 'for one in "${STARTED[@]}"; do stop "$one" || stop "$one" KILL; done' EXIT
		"${FUNCTIONS[$2]}"
	) >"$LAB/$1.$2.log" 2>&1 </dev/null
	echo $? >"$LAB/$1.$2"
}

# attempts PHASE NUMBER…: at most four at a time, those that must be alone after the others.
attempts() {
	local number running=0
	for number in "${@:2}"; do
		[ -z "${ALONE[$number]}" ] || continue
		[ $running -lt "${JOBS:-4}" ] || { wait -n || :; running=$((running - 1)); }
		attempt "$1" "$number" &
		JOB_PIDS+=($!)
		running=$((running + 1))
	done
	[ ${#JOB_PIDS[@]} -eq 0 ] || wait "${JOB_PIDS[@]}"
	JOB_PIDS=()
	for number in "${@:2}"; do [ -z "${ALONE[$number]}" ] || attempt "$1" "$number"; done
}
JOB_PIDS=()

outcome() { cat "$LAB/$1.$2" 2>/dev/null || echo 1; }
last_words() { grep -v '^$' "$LAB/$1.$2.log" | tail -n 3; }
needs() { paste -sd '~' <<<"${NEEDS[$1]}" | sed 's/~/; /g'; }

# verdict PHASE NUMBER WORDS: it worked.  refusal: it did not, as it should.
verdict() {
	case $(outcome "$1" "$2") in
	0) ok "${NAMES[$2]}: $3" ;;
	*) not_ok "${NAMES[$2]}: $3" "$(last_words "$1" "$2")" ;;
	esac
}
refusal() {
	case $(outcome "$1" "$2") in
	0) not_ok "${NAMES[$2]}: $3" "it works all the same" ;;
	*) ok "${NAMES[$2]}: $3" ;;
	esac
}

unguarded() {
	local number
	attempts open "${!NAMES[@]}"
	for number in "${!NAMES[@]}"; do
		case $(outcome open "$number") in
		77) skip "${NAMES[$number]}" "$(last_words open "$number" | tail -n 1)" ;;
		*) verdict open "$number" 'without a guard' ;;
		esac
	done
}

# Under `version: 1` alone.
strictly() {
	local number those=()
	for number; do [ -n "${GIVEN[$number]}" ] || those+=("$number"); done
	attempts strict "${those[@]}"
	for number in "${those[@]}"; do
		if [ -n "${NEEDS[$number]}" ]; then
			refusal strict "$number" 'fails under a strict default'
		else
			verdict strict "$number" 'needs nothing'
		fi
	done
}

# With what each needs, those that need the same side by side.
with_needs() {
	local number key
	local -A groups=()
	for number; do
		[ -z "${NEEDS[$number]}${GIVEN[$number]}" ] || groups["${GIVEN[$number]}"$'\n'"${NEEDS[$number]}"]+=" $number"
	done
	for key in "${!groups[@]}"; do
		mapfile -t lines <<<"$key"
		run apply "$(strict "${lines[@]}")"
		[ "$CODE" = 0 ] || not_ok "a policy is applied: ${lines[*]}" "$ERR"
		# shellcheck disable=SC2086 # numbers
		attempts with ${groups[$key]}
	done
	for number; do
		[ -z "${NEEDS[$number]}" ] || verdict with "$number" "works with: $(needs "$number")"
		[ -n "${NEEDS[$number]}" ] || [ -z "${GIVEN[$number]}" ] || verdict with "$number" "works with ${GIVEN[$number]}"
	done
}

# The rows of docs/everyday.md, under its headings.
row() {
	local needed=nothing
	# shellcheck disable=SC2001 # each of several lines
	[ -z "${NEEDS[$1]}" ] || needed=$(sed 's/.*/`&`/' <<<"${NEEDS[$1]}" | paste -sd ' ')
	echo "| ${NAMES[$1]}${GIVEN[$1]:+ (under \`${GIVEN[$1]}\`)} | $needed |"
}
table() {
	local number title=
	for number in "${!NAMES[@]}"; do
		[ "$title" = "${TITLES[$number]}" ] ||
			printf '\n### %s\n\n| what | needs |\n|---|---|\n' "${TITLES[$number]}"
		title=${TITLES[$number]}
		row "$number"
	done
}
documented() {
	local number
	for number in "${!NAMES[@]}"; do
		grep -qxF -- "$(row "$number")" "$LAB_ROOT/docs/everyday.md" || { row "$number"; return 1; }
	done
}

# everyday SUBJECT…: their cases, all three rounds. `--table`: prints their rows, and runs nothing.
everyday() {
	local subject number those=()
	for subject; do
		# shellcheck source=/dev/null # the subjects
		. "$EVERYDAY/$subject.sh"
		SUBJECTS+=("$subject")
	done
	only_some
	[ -z "${TABLE:-}" ] || { table; exit 0; }
	lab_up
	more_networks
	for subject in "${SUBJECTS[@]}"; do
		[ "$(type -t "${subject}_begin")" != function ] || "${subject}_begin" >"$LAB/begin.log" 2>&1 ||
			not_ok "$subject: its servers are up" "$(tail -n 3 "$LAB/begin.log")"
	done
	unguarded
	[ -z "${LAB_UNGUARDED:-}" ] || exit $LAB_FAILED
	for number in "${!NAMES[@]}"; do [ "$(outcome open "$number")" = 77 ] || those+=("$number"); done
	guard "$(strict)" -i host1 -i host2 -i host3
	strictly "${those[@]}"
	with_needs "${those[@]}"
	[ -n "${ONLY:-}" ] || holds "docs/everyday.md has these rows: \`${0##*/} --table\`" documented
}
# ONLY=PATTERN leaves the cases whose name fits.
only_some() {
	local number
	[ -n "${ONLY:-}" ] || return 0
	for number in "${!NAMES[@]}"; do
		[[ ${NAMES[$number]} =~ $ONLY ]] || unset "NAMES[$number]"
	done
}

# Beside the lab's cable: three more for address configuration, a network behind the peer with a smaller
# MTU, and a container behind the host's NAT.
#   far 10.79.0.2 fd79::2 === (MTU 1300) peer          host === inner 10.78.0.2, masqueraded
more_networks() {
	local n
	lab_sysctl host net.ipv6.conf.default.accept_dad=0
	lab_sysctl peer net.ipv6.conf.default.accept_dad=0
	for n in 1 2 3; do lab_link host host$n peer peer$n; done
	lab_namespace far
	lab_link peer peer9 far eth0
	in_namespace peer ip link set peer9 mtu 1300
	lab_address peer peer9 10.79.0.1/24 fd79::1/64
	lab_address far eth0 10.79.0.2/24 fd79::2/64
	lab_sysctl peer net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	in_namespace far ip route add default via 10.79.0.1
	in_namespace far ip -6 route add default via fd79::1
	in_namespace host ip route add 10.79.0.0/24 via $PEER4
	in_namespace host ip -6 route add fd79::/64 via $PEER6
	# What the host sends to any group goes by the cable.
	in_namespace host ip route add 224.0.0.0/4 dev host0
	in_namespace peer ip route add 224.0.0.0/4 dev peer0
	lab_namespace inner
	lab_link host inner0 inner eth0
	lab_address host inner0 10.78.0.1/24
	lab_address inner eth0 10.78.0.2/24
	in_namespace inner ip route add default via 10.78.0.1
	lab_sysctl host net.ipv4.ip_forward=1
}
far() { run_in "$LAB_CGROUP_TOP/rest" far "$@"; }
