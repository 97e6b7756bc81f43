#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A boot at which the policy file cannot be read: the last policy in force holds, as its files said it -
# without what a reboot forgets, which is rules added by hand, a mode that was typed, and panic; and a
# rule with a time begins it anew. `down` leaves of an instance what a reboot leaves of it.
. "$(dirname "$0")/../lib/lab.sh"
need jq
lab_up
echo_server servers host 80,81,82,83 ''
VAR=/var/lib/portguard/$LAB_NAME
asked() { local port out=; for port; do run explain in "$port/tcp" from $PEER4; out+=$CODE; done; echo "$out"; }
reboot() { # FILE: with that for a policy
	unguard
	agent "$1"
}
policy good <<-'END' >/dev/null
	sets: {blocked: {file: blocked.txt}}
	rules:
	  - allow 80/tcp
	  - deny in 81/tcp from @blocked
	  - allow 81/tcp
END
echo "$PEER4" >"$LAB/blocked.txt"
printf 'rules: [' >"$LAB/wrong.yaml"

guard "$LAB/good.yaml"
written=$(cksum <"$VAR/policy.image")
pg allow 82/tcp 2>/dev/null
same "what is added by hand is not for the next boot" "$(cksum <"$VAR/policy.image")" "$written"
pg mode audit
same "nor is a mode that was typed" "$(cksum <"$VAR/policy.image")" "$written"
pg allow 83/tcp 2>/dev/null
same "nor is it with the next rule" "$(cksum <"$VAR/policy.image")" "$written"
rm "$LAB/blocked.txt"
reboot "$LAB/wrong.yaml"
same "a wrong file: the last policy, sets included, and nothing by hand" "$(asked 80 81 82 83) $(status .mode)" '0111 "enforce"'
holds "it says so" grep -q 'last policy' <(status .degraded)
same "on the wire" "$(dial tcp $HOST4 80) $(dial tcp $HOST4 81) $(dial tcp $HOST4 82)" "OPEN silent silent"
reboot "$LAB/good.yaml"
same "a set's file that is gone is a wrong file" "$(asked 80 81 82 83)" 0111
holds "that is named" grep -q blocked.txt <(status .degraded)
echo 192.0.2.1 >"$LAB/blocked.txt"
open() { reaches tcp $HOST4 81; }
holds "once it is back, the file is in force" within 10 open
same "and nothing is degraded" "$(status .degraded)" null

# A policy that was half written when the machine went down is none.
unguard
head -c 40 "$VAR/policy.image" >"$VAR/half" && mv "$VAR/half" "$VAR/policy.image"
agent "$LAB/wrong.yaml"
same "a damaged one is not used: failsafe and essentials alone" "$(asked 80 81 82)" 111
holds "which is said" grep -q 'essentials and failsafe' <(status .degraded)
unguard

# --- times --------------------------------------------------------------------------------------

rules 'allow 80/tcp' 'allow 82/tcp for 1h' | policy timed >/dev/null
run check "$LAB/timed.yaml"
if [ $CODE = 0 ]; then
	guard "$LAB/timed.yaml"
	pg allow 83/tcp for 1h 2>/dev/null
	left() { pg --json list | jq "[.rules[] | select(.text | contains(\"$1\")).expires_in] | add // 0 | floor"; }
	holds "a rule with a time has it" test "$(left 82)" -gt 3500 -a "$(left 82)" -le 3600
	reboot "$LAB/wrong.yaml"
	same "after a boot that of the file is there, that by hand is not" "$(asked 80 82 83)" 001
	holds "its time begins anew" test "$(left 82)" -gt 3500 -a "$(left 82)" -le 3600
else
	skip "rules with a time" "$ERR"
fi
