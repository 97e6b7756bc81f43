#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Which sockets are in which scope, as policies come and go: cgroups that were there before, that come
# later, that are removed while a socket lives; what explain, ports and mode say of scopes; and the agent, which
# puts back what somebody takes away.
. "$(dirname "$0")/../lib/lab.sh"
lab_up
need jq bpftool
web=$LAB_CGROUP/system.slice/lab-web.service db=$LAB_CGROUP/system.slice/lab-db.service
mkdir -p "$web" "$db"
policy scoped >/dev/null <<'END'
rules: [allow 80/tcp, deny in 445/tcp]
scopes:
  - {name: db, unit: lab-db.service, rules: [allow 5432/tcp]}
  - {name: web, unit: lab-web.service, rules: [allow 443/tcp, allow bind 444/tcp, allow in 444/tcp from 10.77.0.2, allow 445/tcp]}
END
policy fewer >/dev/null <<'END'
rules: [allow 80/tcp]
scopes:
  - {name: web, unit: lab-web.service, rules: [allow 443/tcp, allow 446/tcp]}
END
policy none >/dev/null <<<'rules: [allow 80/tcp]'
bind_in() { run_in "$1" host "$PYTHON" "$LAB_ROOT/tests/lib/traffic.py" bind tcp 0.0.0.0 "$2"; }
# binds_in NAME CGROUP OPEN-PORT CLOSED-PORT
binds_in() { same "$1" "$(bind_in "$2" "$3") $(bind_in "$2" "$4")" 'OPEN EPERM'; }
hook() { status -r '.hooks[] | select(.hook == "scopes") | "\(.target) \(.attached) \(.via)"'; }
status() { pg --json status | jq -r "${@: -1}"; }

# --- cgroups ------------------------------------------------------------------------------------

guard "$LAB/none.yaml"
same "no scopes, no hook" "$(hook)" ''
binds_in "no scope: the host's rules" "$web" 80 443
exits "scopes come" 0 '' apply "$LAB/scoped.yaml"
same "and the hook" "$(hook)" 'cgroup_mkdir true raw_tp'
binds_in "a cgroup that was there" "$web" 443 80
binds_in "another scope's" "$db" 5432 443
mkdir "$web/worker" "$LAB_CGROUP/system.slice/lab-web.socket" "$LAB_CGROUP/plain" "$LAB_CGROUP/plain/lab-web.service"
binds_in "one that comes later, below it" "$web/worker" 443 80
binds_in "the service's socket unit" "$LAB_CGROUP/system.slice/lab-web.socket" 443 80
binds_in "a name below a plain cgroup claims nothing" "$LAB_CGROUP/plain/lab-web.service" 80 443
exits "a rule more" 0 '' allow --scope web 8443/tcp
binds_in "is there at once" "$web/worker" 8443 80
exits "a rule of the host" 0 '' allow 81/tcp
binds_in "changes nothing for scopes" "$web" 443 81
binds_in "but for the host" "$LAB_CGROUP/plain" 81 443

# --- a trial ------------------------------------------------------------------------------------

exits "a policy on trial" 0 '' try --timeout 60s "$LAB/fewer.yaml"
binds_in "has other numbers" "$web" 446 80
binds_in "and one scope less" "$db" 80 5432
mkdir "$web/on-trial"
exits "rolled back" 0 '' rollback
binds_in "the former policy has its own" "$db" 5432 80
binds_in "for what came meanwhile, too" "$web/on-trial" 443 446
exits "another policy" 0 '' apply --exact "$LAB/fewer.yaml"
binds_in "its scopes" "$web/on-trial" 446 444

# --- sockets that outlive their cgroup ----------------------------------------------------------

mkdir "$web/gone"
mkfifo "$LAB/bind"
start late host "$PYTHON" -c '
import socket, sys
cgroup, rest, way = sys.argv[1:]
def move(to):
    with open(to + "/cgroup.procs", "w") as f: f.write("0")
move(cgroup)
s = socket.socket()
move(rest)
print("made", flush=True)
open(way + "/bind").read()
for port in 5432, 80, 443:
    try:
        s.bind(("0.0.0.0", port))
        print("bound", port, flush=True)
        break
    except PermissionError:
        print("refused", port, flush=True)
print("done", flush=True)
' "$web/gone" "$LAB_CGROUP_TOP/rest" "$LAB"
within 5 says made "$LAB/late.log"
holds "the cgroup goes" within 5 rmdir "$web/gone"
exits "numbers change" 0 '' apply "$LAB/scoped.yaml"
echo now >"$LAB/bind"
within 5 says "done" "$LAB/late.log"
same "its socket has its scope still" "$(paste -sd, "$LAB/late.log")" 'made,refused 5432,refused 80,bound 443,done'
stop late

# --- what is said -------------------------------------------------------------------------------

explained() { run --json explain "$@"; jq -r '"\(.verdict) \(.reason) \(.scope) \(.hook)"' <<<"$OUT"; }
same "explain of a scope" "$(explained --scope web in 443/tcp)" 'allow rule web deliver'
same "another port" "$(explained --scope web bind 80/tcp)" 'deny no-rule web bind'
same "what it does not answer is the host's" "$(explained --scope web out 80/tcp)" 'allow default host connect'
same "the host's deny is final" "$(explained --scope web in 445/tcp)" 'deny rule host inbound'
same "the host itself" "$(explained in 80/tcp)" 'allow rule host inbound'
exits "an unknown scope" 65 "did you mean 'web'" explain --scope wbe in 80/tcp
run explain --scope web in 80/tcp
holds "what would help" grep -qx 'to open it: portguard allow --scope web 80/tcp' <<<"$OUT"
exits "the mode of a scope" 0 '' mode --scope web audit
same "is told" "$(explained --scope web bind 80/tcp)" 'audit no-rule web bind'
same "and the host's stays" "$(explained bind 82/tcp)" 'deny no-rule host bind'
exits "back" 0 '' mode --scope web enforce
run_in "$web" host "$PYTHON" "$LAB_ROOT/tests/lib/traffic.py" serve 443,444 '' >"$LAB/web.log" 2>&1 &
within 5 says ready "$LAB/web.log"
# IPv6 sockets take no IPv4, and so nobody whom 444 is for.
same "ports knows the scopes of sockets" \
	"$(pg --json ports | jq -r '[.ports[] | "\(.local.port) \(.scope) \(.bind.verdict) \(.in.verdict)"] | unique | join("|")')" \
	'443 web allow allow|444 web allow deny|444 web allow depends'

# --- a login by a socket of a scope -------------------------------------------------------------

start talk peer "$PYTHON" "$LAB_ROOT/tests/lib/traffic.py" talk tcp $HOST4 443 "$LAB/talked"
within 5 test -s "$LAB/talked"
port=$(in_namespace host ss -Htn state established 'sport = :443' | awk '{ sub(/.*:/, "", $4); print $4 }' | head -1)
export SSH_CONNECTION="$PEER4 $port $HOST4 443"
exits "its port in the scope stays open" 78 'port 443/tcp of the login session' remove --scope web 443/tcp
exits "and the scope is named" 78 'allow --scope web 443/tcp from 10.77.0.2' remove --scope web 443/tcp
exits "another scope's rule is none of it" 0 '' remove --scope db 5432/tcp
exits "nor is one of the host, but a deny" 0 '' remove 80/tcp
exits "which is final" 78 "'deny in 443/tcp' closes it" deny in 443/tcp
unset SSH_CONNECTION
stop talk
exits "all of it again" 0 '' apply --exact "$LAB/scoped.yaml"

# --- tampering ----------------------------------------------------------------------------------

pins=$BPFFS/portguard/$LAB_NAME
cgroup_key() { stat -c %i "$1" | xargs printf '%016x' | grep -o .. | tac | paste -sd' '; }
# shellcheck disable=SC2046 # its bytes are words
entry() { bpftool map "$1" pinned "$pins/pg_cgroups" key hex $(cgroup_key "$2"); }
has_entry() { quiet entry lookup "$1"; }
tamper() { says "changed by somebody else: $1" "$LAB/agent.err"; }
holds "a removed entry" entry delete "$db"
holds "is put back" within 12 has_entry "$db"
binds_in "and means the same" "$db" 5432 80
# The first span of each slot, whichever is in force: 5432 of the scope db.
for part in 0 8; do
	bpftool map update pinned "$pins/pg_part_spans_$part" key 0 0 0 0 value 0x38 0x15 0x38 0x15 0 0 0 0
done
holds "spans that somebody else writes" within 5 tamper 'the ports of the policy in force'
written_again() { [ "$(bind_in "$db" 5432)" = OPEN ]; }
holds "are written again" within 5 written_again
same "all is well" "$(status .degraded)" null
agent_ends TERM

# --- another build ------------------------------------------------------------------------------

"$PYTHON" - "$PORTGUARD" "$LAB/next" <<-'END'
	import os, sys
	text = open(sys.argv[1], "rb").read()
	open(sys.argv[2], "wb").write(text.replace(b"Dual BSD/GPL\0", b"Dual MIT/GPL\0"))
	os.chmod(sys.argv[2], 0o755)
END
mkdir_program() { bpftool -j link show pinned "$pins/link_mkdir" | jq '.prog_id // .[0].prog_id'; }
before=$(mkdir_program) now=$PORTGUARD
PORTGUARD=$LAB/next
exits "takes over" 0 '' up -c "$LAB/scoped.yaml" --cgroup "$LAB_CGROUP" -i host0
holds "with programs of its own" test "$(mkdir_program)" -gt "$before"
same "that see cgroups come" "$(hook)" 'cgroup_mkdir true raw_tp'
mkdir "$db/under-next"
binds_in "and give them their scopes" "$db/under-next" 5432 80
binds_in "those from before have theirs" "$web/worker" 445 80
same "once" "$(bpftool link show -j | jq '[.[] | select(.tp_name? == "cgroup_mkdir" and .prog_id == '"$before"')] | length')" 0
PORTGUARD=$now
exits "and back" 0 '' up -c "$LAB/scoped.yaml" --cgroup "$LAB_CGROUP" -i host0

# --- the end ------------------------------------------------------------------------------------

exits "no scopes any more" 0 '' apply --exact "$LAB/none.yaml"
binds_in "the host's rules again" "$db" 80 5432
exits "another change" 0 '' allow 83/tcp
holds "nothing is attached" not quiet ls "$pins/link_mkdir" "$pins/link_release"
