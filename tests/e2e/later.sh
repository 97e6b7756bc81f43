#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Programs that no device here wants are loaded once the agent has said that it is ready: they come, they are held
# like all others, whoever finds one missing loads it, and where that fails it is told.
. "$(dirname "$0")/../lib/lab.sh"
lab_up
programs=(pg_in_xdp pg_in_tc pg_out_tc pg_in_l3 pg_out_l3)

is_there() { [ -e "$BPFFS/portguard/$LAB_NAME/$1" ]; }
all_there() { local p; for p in "${programs[@]}"; do is_there "$p" || return 1; done; }
# A start that was killed as soon as it was ready leaves this.
take_away() { local p; for p; do rm "$BPFFS/portguard/$LAB_NAME/$p"; done; }
guards() { pg status --json | jq -e --arg d "$1" '[.hooks[] | select(.target == $d and .attached) | .hook] | sort == ["flows", "inbound"]' >/dev/null; }
has_event() { jq -e "select(.kind == \"health\") | select($1)" "$EVENTS" >/dev/null; }

cat >"$LAB/policy.yaml" <<-YAML
	version: 1
	interfaces: [host0]
	attach: ${LAB_ATTACH:-auto}
	rules: [allow 80/tcp]
YAML
sed 's/host0/host0, tun5/' "$LAB/policy.yaml" >"$LAB/tunnel.yaml"

LAB_CHOICE='' guard "$LAB/policy.yaml"
holds "what no device wants comes, too" within 5 all_there
pg status >/dev/null # once the agent has given the lock back
take_away pg_in_l3
holds "what has come is held: a pin that is removed is made again" within 5 is_there pg_in_l3
holds "and that is told" within 5 has_event '.action == "tamper" and (.text | contains("pg_in_l3"))'

kill -9 "$AGENT"
wait "$AGENT" 2>/dev/null
take_away pg_in_l3 pg_out_l3
fails "an agent was killed before they came" all_there
if in_namespace host ip tuntap add dev tun5 mode tun 2>/dev/null; then
	in_namespace host ip link set tun5 up
	holds "a device that wants them comes" quiet pg apply "$LAB/tunnel.yaml"
	holds "it is guarded" guards tun5
	holds "and they are there" all_there
	holds "back to the other policy" quiet pg apply "$LAB/policy.yaml"
else
	skip "a device that wants them" "no tun here"
fi

take_away pg_in_l3 pg_out_l3 2>/dev/null
LAB_CHOICE='' guard "$LAB/policy.yaml"
holds "the next agent finds them missing" within 5 all_there

kill -9 "$AGENT"
wait "$AGENT" 2>/dev/null
take_away pg_in_l3 pg_fragments # of the latter no program can be made any more
LAB_CHOICE='' guard "$LAB/policy.yaml"
holds "where they cannot be loaded it is told" within 5 has_event '.action == "degraded" and (.text | contains("programs for devices"))'
holds "and the agent guards what is there" guards host0
