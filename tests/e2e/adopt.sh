#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The kernel is the state: whatever becomes of the agent, enforcement stays, the next agent adopts
# what is pinned, and counters, rules and numbers go on where they were.
#
# attach: xdp tc
. "$(dirname "$0")/../lib/lab.sh"
need jq
lab_up
echo_server servers host 80,81 ''
same "without a guard, 81 answers" "$(dial tcp $HOST4 81)" OPEN
guard "$(rules 'allow 80/tcp' | policy adopt)"
run allow 82/tcp
enforced() { [ "$(dial tcp $HOST4 81) $(dial tcp $HOST4 80)" = "silent OPEN" ]; }
state() { status '[.generation, .mode]' && pg list --json | jq -c '[.rules[].text]'; }
# All counters; none may go back, and a late segment may still be counted.
counts() { status '[.counters[][]]' && pg list --json | jq -c '[.rules[].hits]'; }
none_less() { jq -ens --argjson a "$1" --argjson b "$2" '[$a, $b] | transpose | all(.[0] <= .[1])' >/dev/null; }
kept() { none_less "$(head -n 1 <<<"$1")" "$(head -n 1 <<<"$2")" && none_less "$(tail -n 1 <<<"$1")" "$(tail -n 1 <<<"$2")"; }
holds "81 is silent, 80 answers" enforced

for signal in TERM INT KILL SEGV; do
	within 3 adds_up
	before=$(state) counted=$(counts)
	agent_ends $signal
	same "SIG$signal: nothing changed" "$(state)" "$before"
	holds "SIG$signal: no counter went back" kept "$counted" "$(counts)"
	same "SIG$signal: status says that no agent runs" "$(status .agent)" '{"running":false,"pid":null}'
	holds "SIG$signal: enforcement stays" enforced
	fails "SIG$signal: bind is refused" binds tcp 0.0.0.0 90
	before=$(status .generation)
	guard "$LAB/adopt.yaml"
	same "SIG$signal: the next agent adopts the generation" "$(status .generation)" "$before"
	same "SIG$signal: and the runtime rules" "$(pg list --json | jq -r '[.rules[] | select(.number).text] | join("|")')" 'allow 80/tcp|allow 82/tcp'
	same "SIG$signal: once each" "$(status '[.hooks[] | select(.attached) | [.hook, .target]] | length == (unique | length)')" true
	holds "SIG$signal: it enforces" enforced
done
hits=$(pg list --json | jq '.rules[0].hits')
agent_ends KILL
guard "$LAB/adopt.yaml"
quiet dial tcp $HOST4 80
holds "counters went on, not back" test "$(pg list --json | jq '.rules[0].hits')" -gt "$hits"

# A policy that changed while no agent ran is in force when the next one is ready.
agent_ends KILL
rules 'allow 81/tcp' | policy adopt >/dev/null
guard "$LAB/adopt.yaml"
same "the next agent takes the policy's new text" "$(dial tcp $HOST4 81) $(dial tcp $HOST4 80)" "OPEN silent"
# SIGHUP reads it again; a mistake in it changes nothing.
rules 'allow 80/tcp' | policy adopt >/dev/null
kill -HUP "$AGENT"
holds "SIGHUP reloads" within 3 enforced
rules 'alow 81/tcp' | policy adopt >/dev/null
kill -HUP "$AGENT"
within 3 says 'adopt.yaml:' "$LAB/agent.err"
holds "a mistake leaves the running policy" enforced
