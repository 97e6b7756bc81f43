#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Rules with an end, as commands add, list, take away and save them. What they do to
# sockets is the business of other tests.
. "$(dirname "$0")/../lib/lab.sh"
need jq
lab_up

policy plain >/dev/null <<<'rules: [allow 80/tcp]'
# Without an agent, which would read the file again when its directory changes.
exits "up" 0 '' up -c "$LAB/plain.yaml" --cgroup "$LAB_CGROUP" -i host0
rows() { pg list --json | jq -r '.rules[] | select(.number).text' | paste -sd'|'; }
lacks() { ! grep -q "$@"; }
ends() { pg list --json | jq -c ".rules[] | select(.text == \"$1\").expires_in"; }

# --- an end --------------------------------------------------------------------------------------

exits "a rule with an end" 0 '' allow 90/tcp for 2h
same "list says how many seconds are left" "$(ends 'allow 90/tcp for 2h' | grep -cE '^7(200|1[89][0-9])$')" 1
same "others have none" "$(ends 'allow 80/tcp')" null
holds "list has a column of what is left" grep -qE ' (2h|1h59m) +allow 90/tcp for 2h$' <(pg list)
exits "is not to be kept" 64 '--permanent' allow --permanent 91/tcp for 2h
exits "save" 0 '' save
holds "leaves it out" lacks 'allow 90' "$LAB/policy.d/90-local.yaml"
exits "the same sentence begins its time anew" 0 '' allow 90/tcp for 120m
same "and is one rule" "$(rows)" 'allow 80/tcp|allow 90/tcp for 2h'
exits "remove finds it without its time" 0 '' remove allow 90/tcp
same "and it is gone" "$(rows)" 'allow 80/tcp'
exits "a short one" 0 '' reject 92/tcp for 1s
within 5 eval '[ "$(ends "reject 92/tcp for 1s")" = 0 ]'
holds "ends" grep -qE ' ended +reject 92/tcp for 1s$' <(pg list)
exits "and goes at the next change" 0 '' allow 93/tcp
same "out of the list" "$(rows)" 'allow 80/tcp|allow 93/tcp'

