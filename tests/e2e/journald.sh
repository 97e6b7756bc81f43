#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# journald: a real one, by hand, in a mount namespace in which /run is its own and the agent's, so that this
# machine's journal sees nothing. Fields as journalctl shows them, names that an attacker chose, journald
# killed amid a flood, and what a policy without `outputs:` does.
. "$(dirname "$0")/../lib/lab.sh"
. "$(dirname "$0")/../lib/receivers.sh"
need jq
journald_is_here || { skip journald.sh "no systemd-journald here"; exit 0; }
lab_up

journald_for_portguard
binds_of() { # PORT COUNT
	host "$PYTHON" -c 'import socket, sys
for _ in range(int(sys.argv[2])):
    try: socket.socket().bind(("0.0.0.0", int(sys.argv[1])))
    except PermissionError: pass' "$@"
}
in_journal() { journal | jq -se "any(.[]; $1)" >/dev/null; }

# --- a policy that says nothing of outputs ------------------------------------------------------

printf 'version: 1\ninterfaces: [host0]\nfailsafe: []\nessentials: []\n' >"$LAB/silent.yaml"
guard "$LAB/silent.yaml"
same "no journald, no outputs: no error" "$(status '[.outputs[].name] | map(select(. == "journald"))')" '[]'
holds "status is sound" [ "$(status .degraded)" = null ]
journald_starts || not_ok "journald starts" "$(cat "$LAB/journald.log")"
has_journald() { [ -n "$(figure journald sent)" ]; }
holds "as soon as it is there it is the output" within 4 has_journald
binds_of 7000 1
holds "and gets what is refused" within 5 in_journal '.all.PORTGUARD_LOCAL_PORT == "7000"'
printf 'outputs: []\n' | cat "$LAB/silent.yaml" - >"$LAB/none.yaml"
run apply "$LAB/none.yaml"
none() { [ "$(status '[.outputs[].name]')" = "[\"$EVENTS\"]" ]; }
holds "outputs: [] is none" within 4 none

# --- fields -------------------------------------------------------------------------------------

policy journald >/dev/null <<<'outputs: [{journald: true}]'
run apply "$LAB/journald.yaml"
within 4 has_journald
hostile=$LAB/$'a\nPRIORITY=0 \e[31m\xff'
cp -L "$PYTHON" "$hostile"
start hostile host "$hostile" -IS -c 'import signal, socket
try: socket.socket().bind(("0.0.0.0", 7060))
except PermissionError: signal.pause()'
holds "a hostile name" within 5 in_journal '.all.PORTGUARD_LOCAL_PORT == "7060"'
of_hostile() { journal | jq -r "select(.all.PORTGUARD_LOCAL_PORT == \"7060\") | .all | $1"; }
stop hostile
same "forges no field" "$(of_hostile .PRIORITY)" 4
same "and is escaped" "$(of_hostile .PORTGUARD_COMM)" $'a\\x0aPRIORITY=0 \\x1b['
same "native names" "$(of_hostile '[.PORTGUARD_VERDICT, .PORTGUARD_HOOK, .PORTGUARD_REASON, .PORTGUARD_PROTO, .PORTGUARD_LOCAL_IP, .PORTGUARD_SCOPE] | join(" ")')" \
	"deny bind no-rule tcp 0.0.0.0 host"
holds "the message is for people" grep -q '^deny bind 7060/tcp at 0.0.0.0 by ' <(of_hostile .MESSAGE)

# --- journald dies ------------------------------------------------------------------

stop journald KILL
for port in {7100..7130}; do binds_of "$port" 3; done
has_queued() { [ "$(figure journald queued)" -gt 0 ]; }
holds "without journald events wait" within 4 has_queued
same "status says why" "$(figure journald error)" '"nobody reads /run/systemd/journal/socket"'
journald_starts
within 10 is_settled journald
journal >"$LAB/got.journald"
# What was told before this output began has the first one's figures.
same "a journald that was killed gets it all" "$(refusals_in <(jq -c "select(.all.PORTGUARD_LOCAL_PORT | . != null and (tonumber) >= 7060)" "$LAB/got.journald"))" 94
holds "nothing is lost" [ "$(figure journald lost)" = 0 ]
unguard
