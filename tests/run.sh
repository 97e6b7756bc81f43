#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# run.sh [--install] unit|bpf|e2e...: builds and runs these kinds of tests, twice as many at a time as
# there are CPUs (most wait for silence), and ends with one line, `N passed, N failed`. Tests are
# found by pattern: what is in build/tests/unit and build/tests/bpf (Criterion), and executables in
# tests/e2e/*.sh, which print `ok NAME`, `not ok NAME: why` or `skip NAME: why`. One whose second comment
# block says `# attach: xdp tc` runs once for each, with LAB_ATTACH set. V=1 names the cases that pass,
# too.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
: "${MAKE:=make}" "${BUILD:=build}" "${V:=}" "${JOBS:=$(($(nproc) * 2))}" "${LIMIT:=300}"
export BUILD

bold='' dim='' red='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	bold=$'\e[1m' dim=$'\e[2m' red=$'\e[31m' plain=$'\e[0m'
fi
passed=0 failed=0 skipped=0 started=$SECONDS
out=$(mktemp -d "${TMPDIR:-/tmp}/portguard-tests.XXXXXX")
running=()

clean_up() {
	trap '' INT TERM HUP
	[ ${#running[@]} -eq 0 ] || kill -TERM "${running[@]}" 2>/dev/null
	wait
	rm -rf "$out"
	# What root built for a user is that user's.
	[ ! -e "$BUILD" ] || chown -R --reference=. "$BUILD" 2>/dev/null
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP

heading() { printf '%s%s%s\n' "$bold" "$1" "$plain"; }
summary() {
	printf '\n%s%d s%s\n' "$dim" $((SECONDS - started)) "$plain"
	printf '%d passed, %d failed%s\n' "$passed" "$failed" "$([ "$skipped" = 0 ] || echo ", $skipped skipped")"
}
# What cannot even begin is one failure.
give_up() {
	failed=$((failed + 1))
	echo "${red}not ok${plain} $1"
	summary
	exit 1
}

# One job: its lines go to $out/NUMBER. A program that dies without a word is a failed case.
job() { # FILE NAME ATTACH COMMAND...
	local file=$1 name=$2 attach=$3 begun=$SECONDS status
	LAB_ATTACH=$attach timeout --kill-after=30 "$LIMIT" "${@:4}" >"$file" 2>"$file.err" </dev/null
	status=$?
	if [ $status -ne 0 ] && ! grep -q '^not ok' "$file"; then
		echo "not ok $name: exit $status: $(tail -n 3 "$file.err" | tr '\n' ' ')" >>"$file"
	elif [ $status -eq 0 ] && ! grep -qE '^(ok|skip)' "$file"; then
		echo "not ok $name: it said nothing: $(tail -n 3 "$file.err" | tr '\n' ' ')" >>"$file"
	fi
	echo $((SECONDS - begun)) >"$file.time"
}

# Criterion's TAP has no spaces where the protocol has some: `ok - suite::test`, `not ok - suite::test`.
report() { # FILE NAME
	local file=$1 good bad missed
	good=$(grep -c '^ok' "$file") bad=$(grep -c '^not ok' "$file") missed=$(grep -cE '^skip|^ok.*# SKIP' "$file")
	good=$((good - $(grep -cE '^ok.*# SKIP' "$file")))
	passed=$((passed + good)) failed=$((failed + bad)) skipped=$((skipped + missed))
	printf '  %-28s %4d ok%s%s %s%s s%s\n' "$2" "$good" "$([ "$bad" = 0 ] || printf ', %s%d failed%s' "$red" "$bad" "$plain")" \
		"$([ "$missed" = 0 ] || echo ", $missed skipped")" "$dim" "$(cat "$file.time")" "$plain"
	grep -hE "^not ok|^skip${V:+|^ok}" "$file" | sed "s/^/      /"
	# What stands below a failed case of Criterion says where and why.
	[ "$bad" = 0 ] || grep -h '^ \{2,\}' "$file" | head -n 20 | sed 's/^/    /'
}

# Runs the lines `NAME|ATTACH|COMMAND` of stdin, at most JOBS at a time, and reports them as they end.
run_all() {
	local name attach command number=0 pid alive
	local -A names=()
	while IFS='|' read -r name attach command; do
		number=$((number + 1))
		# shellcheck disable=SC2086 # a command and its options
		job "$out/$number" "$name" "$attach" $command 2>/dev/null &
		running+=($!)
		names[$!]="$number|$name${attach:+ ($attach)}"
		while [ ${#running[@]} -ge "$JOBS" ]; do reap; done
	done
	while [ ${#running[@]} -gt 0 ]; do reap; done
}
reap() {
	wait -n -p pid "${running[@]}" || :
	alive=()
	for number_name in "${running[@]}"; do [ "$number_name" = "$pid" ] || alive+=("$number_name"); done
	running=("${alive[@]}")
	report "$out/${names[$pid]%%|*}" "${names[$pid]#*|}"
}

criterion() { # DIRECTORY
	local program
	for program in "$1"/*.c; do
		[ ! -e "$program" ] || echo "$(basename "$program" .c)||$BUILD/${program%.c} --tap --jobs 1"
	done
}
e2e() {
	local script attach
	for script in tests/e2e/*.sh; do
		[ -x "$script" ] || continue
		for attach in $(sed -n '1,15s/^# attach: //p' "$script" | grep . || echo -); do
			echo "$(basename "$script" .sh)|${attach#-}|$script"
		done
	done
}

if [ "${1:-}" = --install ]; then
	shift
	heading "Packages"
	packaging/dependencies.sh build export test || give_up "packages: what building needs could not be installed"
fi
heading "Build"
if "$MAKE" -j"$(nproc)" all tests >"$out/make" 2>&1; then
	echo "  $BUILD/portguard, and the tests"
else
	tail -n 30 "$out/make"
	give_up "build: make all tests"
fi
for kind; do
	case $kind in
	unit) heading "Unit tests"; run_all < <(criterion tests/unit) ;;
	bpf) heading "BPF programs, packet by packet"; run_all < <(criterion tests/bpf) ;;
	e2e) heading "End to end: real programs in namespaces of their own"; run_all < <(e2e) ;;
	*) echo "run.sh: unknown kind of tests '$kind'" >&2; exit 64 ;;
	esac
done
summary
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
