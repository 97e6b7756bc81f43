#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Rules of `out` as a user meets them: added, listed, typed again, explained, compared, saved, removed.
. "$(dirname "$0")/../lib/lab.sh"
need jq
lab_up
guard "$(rules 'allow 80/tcp' 'deny out 25/tcp' | policy out)"

texts() { pg --json list | jq -c '[.rules[] | select(.number) | .text]'; }
explains() { # NAME CODE "VERDICT REASON RULE" WORDS…
	run --json explain out "${@:4}"
	same "$1" "$CODE $(jq -r '"\(.verdict) \(.reason) \(.rule) \(.hook)"' <<<"$OUT")" "$2 $3 connect"
}
tells() { # NAME PATTERN WORDS…
	run explain out "${@:3}"
	holds "$1" grep -q -- "$2" <<<"$OUT"
}

# --- added and listed ---------------------------------------------------------------------------

exits "a deny to a prefix" 0 '' deny out 443/tcp to 192.0.2.0/24
exits "an allow to an address" 0 '' allow out 25 to $PEER4
exits "to, without out" 65 'out before the ports' allow 80 to $PEER4
exits "from, with out" 65 'out cannot ask it' allow out 80 from $PEER4
exits "on, with out" 65 'out cannot ask it' allow out 80 on host0
same "list says them as they are typed" "$(texts)" \
	"[\"allow 80/tcp\",\"deny out 25/tcp\",\"deny out 443/tcp to 192.0.2.0/24\",\"allow out 25 to $PEER4\"]"
before=$(texts)
mapfile -t typed < <(jq -r '.[]' <<<"$before")
for text in "${typed[@]}"; do
	exits "typed again, it is the same rule: $text" 0 '' "${text%% *}" "${text#* }"
done
same "and nothing has changed" "$(texts)" "$before"

# --- explained ----------------------------------------------------------------------------------

explains "the default" 0 'allow default null' 80/tcp
explains "a deny of a port" 1 'deny rule deny out 25/tcp' 25/tcp to 198.51.100.1
explains "which an allow does not lift" 1 'deny rule deny out 25/tcp' 25/tcp to $PEER4
explains "the other protocol" 0 "allow rule allow out 25 to $PEER4" 25/udp to $PEER4
explains "a deny to a prefix, within" 1 'deny rule deny out 443/tcp to 192.0.2.0/24' 443/tcp to 192.0.2.9
explains "and outside" 0 'allow default null' 443/tcp to 192.0.3.9
explains "over IPv6" 0 'allow default null' 443/tcp to 2001:db8::1
explains "loopback is not out" 0 'allow default null' 25/tcp to 127.0.0.1
explains "over IPv6 neither" 0 'allow default null' 25/tcp to ::1
tells "what is denied is lifted by its rule" 'portguard remove deny out 25/tcp$' 25/tcp
tells "what is allowed is closed by a deny to there" 'portguard deny out 80/tcp to 192.0.2.9$' 80/tcp to 192.0.2.9

# --- the default --------------------------------------------------------------------------------

policy out >/dev/null <<<$'default: {out: deny}\nrules:\n  - allow 80/tcp\n  - allow out domain'
exits "diff sees the default" 1 '' diff "$LAB/out.yaml"
run diff "$LAB/out.yaml"
holds "and says it" grep -qx '+ default: out: deny' <<<"$OUT"
run apply --exact --dry-run "$LAB/out.yaml"
holds "so does apply --dry-run" grep -qx '+ allow out 53' <<<"$OUT"
exits "apply refuses nothing for what goes out" 0 '' apply --exact "$LAB/out.yaml"
explains "out is closed" 1 'deny no-rule null' 80/tcp to $PEER4
explains "but for what a rule allows" 0 'allow rule allow out 53' 53/udp to $PEER4
tells "and what would open it is said" "portguard allow out 80/tcp to $PEER4\$" 80/tcp to $PEER4
tells "over IPv6 too" "portguard allow out 80/tcp to $PEER6\$" 80/tcp to $PEER6

# --- saved and removed --------------------------------------------------------------------------

exits "an allow is saved" 0 '' allow --permanent out 80/tcp to $PEER4
holds "as a sentence" grep -qF "\"allow out 80/tcp to $PEER4\"" "$LAB/policy.d/90-local.yaml"
exits "and checked" 0 '' check "$LAB/out.yaml"
exits "it goes without its verb" 0 '' remove out 80/tcp to $PEER4
exits "once" 1 'no such rule' remove out 80/tcp to $PEER4
exits "without out another rule is meant" 1 'no such rule' remove domain
exits "with out it is there" 0 '' remove allow out domain
same "only bind and in are left" "$(texts)" '["allow 80/tcp"]'

# --- failsafe -----------------------------------------------------------------------------------

policy failsafe >/dev/null <<<$'version: 1\ninterfaces: [host0]\nrules:\n  - deny out 22/tcp'
exits "a policy with a failsafe port" 0 '' apply --exact "$LAB/failsafe.yaml"
same "an out rule does not shadow it" "$(pg --json list | jq -c '[.rules[] | select(.origin == "failsafe").text]')" '["allow 22/tcp"]'
run --json explain in 22/tcp
same "and it passes" "$CODE $(jq -r .reason <<<"$OUT")" "0 failsafe"
unguard
exit $LAB_FAILED
