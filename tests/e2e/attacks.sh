#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Every way round the guard that is known, tried first without a guard, where it must succeed, and then
# with one, where it must fail. The ways are lines of tables: of tests/lib/{attack,outward,doors,identity}.c and
# of the scripts in attacks/. --table prints a table of what came out instead (see attacks/table.sh).
#
# attach: xdp tc
. "$(dirname "$0")/../lib/lab.sh"
HERE=$LAB_ROOT/tests/e2e/attacks
lab_up
# shellcheck source=tests/e2e/attacks/lab.sh
. "$HERE/lab.sh"
# shellcheck source=tests/e2e/attacks/judge.sh
. "$HERE/judge.sh"
told_of() { quiet jq -es "any(.[]; $1)" "$EVENTS"; } # JQ-CONDITION

GROUPS_STRICT="sockets identity packets flood doors deliver stranger"
attack_lab
# Each group is tried without a guard, and then again with one. Those of `out` need a policy of their own.
for phase in free strict out; do
	case $phase in
	strict) guard "$(strict_policy)" ;;
	out) run apply "$(out_policy)" ;;
	esac
	tried=$LAB/$([ $phase = free ] && echo free || echo guarded)
	for group in $([ $phase = out ] || echo "$GROUPS_STRICT") $([ $phase = strict ] || echo out); do
		"try_$group" $phase >>"$tried.results" 2>>"$LAB/trouble"
	done
	[ $phase != strict ] || controls >"$LAB/controls"
	[ -z "${LAB_UNGUARDED:-}" ] || { cat "$LAB/free.results" "$LAB/trouble"; exit; }
done
if [ "${1:-}" = --table ]; then
	table_rows
	exit
fi
judge_all
cat "$LAB/controls"
same "no attack's program had trouble" "$(cat "$LAB/trouble")" ""
holds "each refusal is told or counted as lost" within 5 adds_up
for hook in bind socket connect send inbound deliver; do
	holds "refusals of $hook are told" told_of ".hook == \"$hook\" and .verdict == \"deny\""
done
# A kernel that cannot refuse a listen says at least that there was one.
holds "what listens where it may not is told" told_of \
	'.hook == "listen" and (.verdict == "deny" or (.verdict == "audit" and .reason == "unenforced"))'
