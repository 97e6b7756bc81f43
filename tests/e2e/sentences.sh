#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Rules of scopes and rules with an end, as commands add, list, take away and save them. What they do to
# sockets is the business of other tests.
. "$(dirname "$0")/../lib/lab.sh"
need jq
lab_up

policy scoped >/dev/null <<'END'
version: 1
rules: [allow 80/tcp]
scopes:
  - {name: web, unit: lab-nginx.service, rules: [allow bind 443/tcp]}
  - {container: lab-ci-*}
END
# Without an agent, which would read the file again when its directory changes.
exits "up" 0 '' up -c "$LAB/scoped.yaml" --cgroup "$LAB_CGROUP" -i host0
rows() { pg list --json | jq -r '.rules[] | select(.number) | "\(.scope): \(.text)"' | paste -sd'|'; }
lacks() { ! grep -q "$@"; }
ends() { pg list --json | jq -c ".rules[] | select(.text == \"$1\").expires_in"; }

# --- scopes --------------------------------------------------------------------------------------

same "list says whose rules they are" "$(rows)" 'host: allow 80/tcp|web: allow bind 443/tcp'
exits "an unknown scope" 65 "unknown scope 'wbe': did you mean 'web'" allow --scope wbe 81/tcp
exits "allow of a scope" 0 'until reboot' allow --scope web 81/tcp
exits "likewise, of one named by its selector" 0 '' deny --scope 'lab-ci-*' out 25/tcp
exits "the host is no scope" 0 '' allow --scope host 82/tcp
same "they are there" "$(rows)" \
	'host: allow 80/tcp|web: allow bind 443/tcp|web: allow 81/tcp|lab-ci-*: deny out 25/tcp|host: allow 82/tcp'
holds "list has a column of scopes" grep -qE '^ *no\. .* scope +rule$' <(pg list)
exits "a scope's rule is none of the host's" 1 '' remove allow 81/tcp
exits "nor of another's" 1 "in scope lab-ci" remove --scope 'lab-ci-*' 81/tcp
exits "remove of a scope" 0 '' remove --scope web 81/tcp
exits "a number needs no scope" 64 'leave --scope out' remove --scope web 1
exits "remove by number" 0 '' remove "$(pg list --json | jq '.rules[] | select(.text == "allow 82/tcp").number')"
exits "--dry-run" 0 '' allow --dry-run --scope web 83/tcp
same "says what would change" "$OUT" '+ [web] allow 83/tcp'
exits "save" 0 '' save
exits "what was saved is right" 0 '' check "$LAB/scoped.yaml"
exits "and adds to the scope" 0 '' apply "$LAB/scoped.yaml"
same "as a rule of the file" \
	"$(pg list --json | jq -r '.rules[] | select(.scope == "lab-ci-*") | "\(.text) \(.origin)"')" 'deny out 25/tcp file'
exits "--permanent" 0 '' allow --permanent --scope web 84/tcp
holds "is saved at once" grep -q 'allow 84/tcp' "$LAB/policy.d/90-local.yaml"
exits "remove --permanent" 0 '' remove --permanent --scope web 84/tcp
holds "takes it out again" lacks 'allow 84/tcp' "$LAB/policy.d/90-local.yaml"
same "of which no file has anything more to say" "$ERR" ''
exits "remove of what a person's file says" 0 "files still have 'allow 80/tcp': the next apply brings it back" \
	remove --permanent allow 80/tcp
same "is done all the same" "$(rows)" 'web: allow bind 443/tcp|lab-ci-*: deny out 25/tcp'
exits "and comes back" 0 '' apply "$LAB/scoped.yaml"
run --json remove allow 80/tcp
same "with --json nothing is said on stderr" "$CODE$ERR" 0
run apply "$LAB/scoped.yaml"
rm -r "$LAB/policy.d"
run allow --scope web 85/tcp
policy other >/dev/null <<'END'
version: 1
rules: [allow 80/tcp]
END
exits "a scope that goes" 0 'gone with its scope: \[web\] allow 85/tcp' apply "$LAB/other.yaml"
same "takes its rules along" "$(rows)" 'host: allow 80/tcp'

# --- an end --------------------------------------------------------------------------------------

exits "a rule with an end" 0 '' allow 90/tcp for 2h
same "list says how many seconds are left" "$(ends 'allow 90/tcp for 2h' | grep -cE '^7(200|1[89][0-9])$')" 1
same "others have none" "$(ends 'allow 80/tcp')" null
holds "list has a column of what is left" grep -qE ' (2h|1h59m) +allow 90/tcp for 2h$' <(pg list)
exits "is not to be kept" 64 '--permanent' allow --permanent 91/tcp for 2h
exits "save" 0 '' save
holds "leaves it out" lacks 'allow 90' "$LAB/policy.d/90-local.yaml"
exits "the same sentence begins its time anew" 0 '' allow 90/tcp for 120m
same "and is one rule" "$(rows)" 'host: allow 80/tcp|host: allow 90/tcp for 2h'
exits "remove finds it without its time" 0 '' remove allow 90/tcp
same "and it is gone" "$(rows)" 'host: allow 80/tcp'
exits "a short one" 0 '' reject 92/tcp for 1s
within 5 eval '[ "$(ends "reject 92/tcp for 1s")" = 0 ]'
holds "ends" grep -qE ' ended +reject 92/tcp for 1s$' <(pg list)
exits "and goes at the next change" 0 '' allow 93/tcp
same "out of the list" "$(rows)" 'host: allow 80/tcp|host: allow 93/tcp'

