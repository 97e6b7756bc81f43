#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Scopes in force: which sockets a unit, a cgroup and a private network namespace mean, what of it the host's
# rules still say, and that names claim nothing where others choose them. Cgroups made later are the
# kernel's business: the agent is stopped while they come.
#
# attach: xdp tc
. "$(dirname "$0")/../lib/lab.sh"
need jq bpftool
lab_up
MOUNT=${LAB_CGROUP_TOP%"/$LAB_NAME"}
TOP=${LAB_CGROUP#"$MOUNT"}

# in_cgroup PATH COMMAND…: a process of the host that begins in a cgroup below the enforcement root.
in_cgroup() {
	mkdir -p "$LAB_CGROUP/$1"
	run_in "$LAB_CGROUP/$1" host "${@:2}"
}
tries() { in_cgroup "$1" "$PYTHON" "$LAB_ROOT/tests/lib/traffic.py" bind "${3:-tcp}" 0.0.0.0 "$2"; } # PATH PORT [PROTO]
# binds_in NAME PATH PORT OPEN|EPERM
binds_in() { same "$1" "$(tries "$2" "$3")" "$4"; }
serve_in() { # NAME PATH TCP-PORTS UDP-PORTS
	part_of_host() { in_cgroup "$CGROUP" "$@"; }
	CGROUP=$2 start "$1" part_of_host "$PYTHON" "$LAB_ROOT/tests/lib/traffic.py" serve "$3" "$4"
	within 5 says ready "$LAB/$1.log"
}
number_of() { stat -c %i "$LAB_CGROUP/$1"; }
number_bytes() { local n=$1; for _ in 1 2 3 4 5 6 7 8; do echo $((n & 255)); n=$((n >> 8)); done; }
entries() { bpftool -j map dump pinned "$BPFFS/portguard/$LAB_NAME/pg_cgroups" | jq -r '.[].formatted.key'; }
has_entry() { entries | grep -qx "$1"; }

# --- without a guard ------------------------------------------------------------------------------

binds_in "without a guard a unit binds" system.slice/web.service 8080 OPEN
serve_in web system.slice/web.service 8085,8081 8085
serve_in bare . 8088 8088
holds "and is reached" reaches tcp $HOST4 8085

# --- units ----------------------------------------------------------------------------------------

policy units >/dev/null <<END
rules: [allow 80/tcp]
scopes:
  - {unit: web.service, rules: [allow 8080, allow 8085, allow out 9999]}
  - {unit: 'job@*.service', rules: [allow 9000/tcp]}
END
guard "$LAB/units.yaml"
binds_in "a unit's scope lets it bind" system.slice/web.service 8080 OPEN
binds_in "what the host's rules allow is not asked" system.slice/web.service 80 EPERM
binds_in "nobody else may" system.slice/other.service 8080 EPERM
binds_in "who has no scope asks the host's rules" system.slice/other.service 80 OPEN
binds_in "the enforcement root's own processes too" . 80 OPEN
binds_in "a socket unit is part of its service" system.slice/web.socket 8080 OPEN
binds_in "a cgroup of the unit" system.slice/web.service/worker 8080 OPEN
binds_in "a template's instance, by a pattern" system.slice/job@7.service 9000 OPEN
binds_in "that is no other template's" system.slice/jobs@7.service 9000 EPERM
kill -STOP "$AGENT"
binds_in "made while the agent stands still" system.slice/late.slice/web.service 8080 OPEN
binds_in "an instance, likewise" system.slice/job@8.service 9000 OPEN
binds_in "likewise, nobody else's" system.slice/later.service 8080 EPERM
kill -CONT "$AGENT"

# --- packets --------------------------------------------------------------------------------------

holds "a packet for the unit's socket is let in" reaches tcp $HOST4 8085
holds "by IPv6 and UDP" reaches udp $HOST6 8085
same "a port that its rules do not name" "$(dial tcp $HOST4 8081)" silent
same "a port that no scope's rules name" "$(dial tcp $HOST4 8088)" silent
exits "the host may bind where a scope may" 0 '' allow bind 9001/tcp
run allow --scope web.service 9001/tcp
serve_in hosts . 9001 ''
same "what inbound lets pass for a scope is not for the host's socket" "$(dial tcp $HOST4 9001)" silent
run remove --scope web.service 9001/tcp
run remove bind 9001/tcp
exits "a deny of the host's is final" 0 '' deny in 8085/tcp
same "for the scope's socket too" "$(dial tcp $HOST4 8085)" silent
run remove deny in 8085/tcp
holds "and is lifted" reaches tcp $HOST4 8085

# --- names that claim nothing -----------------------------------------------------------------------

binds_in "below a user's manager" user.slice/user-1000.slice/user@1000.service/app.slice/web.service 8080 EPERM
binds_in "below another unit" system.slice/evil.service/web.service 8080 EPERM
binds_in "below a container" "docker/$(printf 'c0ffee%058d' 1)/system.slice/web.service" 8080 EPERM
binds_in "below a directory that is no slice" lxc.payload.web/system.slice/web.service 8080 EPERM
binds_in "a name that only begins so" system.slice/web.service.d 8080 EPERM

# --- the socket keeps its scope -----------------------------------------------------------------------

moved() { # from PATH to PATH: a socket is made in one cgroup, bound by its process in another
	mkdir -p "$LAB_CGROUP/$1" "$LAB_CGROUP/$2"
	in_cgroup "$1" "$PYTHON" - "$LAB_CGROUP/$2/cgroup.procs" <<'END'
import os, socket, sys
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
with open(sys.argv[1], "w") as procs:
    procs.write(str(os.getpid()))
try:
    s.bind(("127.0.0.1", 8080))
    print("OPEN")
except OSError as e:
    import errno
    print(errno.errorcode[e.errno])
END
}
same "a socket made in the unit is the unit's" "$(moved system.slice/web.service system.slice/other.service)" OPEN
same "moving into the unit gains nothing" "$(moved system.slice/other.service system.slice/web.service)" EPERM

# --- cgroups, nested --------------------------------------------------------------------------------

policy nested >/dev/null <<END
rules: [allow 80/tcp]
scopes:
  - {name: apps, cgroup: '$TOP/apps/*', rules: [allow 7000/tcp, deny 7002/tcp]}
  - {name: inner, cgroup: '$TOP/apps/one/inner', inherit: true, rules: [allow 7001-7002/tcp]}
  - {name: watched, cgroup: '$TOP/watched', mode: audit, rules: [allow 7000/tcp]}
  - {name: loose, cgroup: '$TOP/loose', mode: off, rules: [allow 7000/tcp]}
  - {name: shut, cgroup: '$TOP/shut', default: {out: deny, raw: allow}}
END
mkdir -p "$LAB_CGROUP/apps/one/inner/deep"
exits "cgroups by path" 0 '' apply "$LAB/nested.yaml"
binds_in "a star is one name" apps/one 7000 OPEN
binds_in "and what is below has the same scope" apps/two/below 7000 OPEN
binds_in "the directory itself is not meant" apps 7000 EPERM
binds_in "the unit's scope is gone" system.slice/web.service 8080 EPERM
binds_in "an inner scope has its own rules" apps/one/inner 7001 OPEN
binds_in "and with inherit those around it" apps/one/inner 7000 OPEN
binds_in "of which a deny is stronger" apps/one/inner 7002 EPERM
binds_in "and the host's, where all inherit" apps/one/inner 80 EPERM
binds_in "below it" apps/one/inner/deep 7001 OPEN
binds_in "audit lets pass" watched 7001 OPEN
binds_in "off does not even look" loose 7001 OPEN
out_of() { in_cgroup "$1" "$PYTHON" "$LAB_ROOT/tests/lib/traffic.py" dial tcp $PEER4 8000 1; }
echo_server peers peer 8000 ''
same "a default of out" "$(out_of shut)" EPERM
same "is its scope's alone" "$(out_of apps/one)" OPEN
binds_in "directions that it does not mention are the host's" shut 80 OPEN
raw_in() { in_cgroup "$1" "$PYTHON" -c 'import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, 6)' 2>&1 | grep -c PermissionError; }
same "raw sockets by scope: allowed" "$(raw_in shut)" 0
same "and refused elsewhere" "$(raw_in apps/one)" 1
event_of() { jq -es --arg scope "$1" --arg verdict "$2" --argjson port "$3" 'any(.[]; .scope == $scope and .verdict == $verdict and
	.hook == "bind" and .local.port == $port)' "$EVENTS" >/dev/null; }
holds "an event names the scope that refused" within 5 event_of inner deny 7002
holds "and the one that would have" within 5 event_of watched audit 7001
holds "and the host" within 5 event_of host deny 8080

# --- who is asked, in words ---------------------------------------------------------------------------

explained() { pg explain "${@:2}" --json | jq -r '"\(.verdict) \(.scope)"'; }
same "explain asks a scope" "$(explained x bind 7000/tcp --scope apps)" "allow apps"
same "explain: another answer there" "$(explained x bind 80/tcp --scope apps)" "deny apps"
same "explain: what the scope leaves to the host" "$(explained x bind 80/tcp --scope shut)" "allow host"
exits "explain: no such scope" 65 "unknown scope" explain bind 80/tcp --scope nope
serve_in app apps/one 7000 ''
same "status has the hook" "$(status '[.hooks[] | select(.hook == "scopes")][0] | [.attached, .via]')" '[true,"raw_tp"]'

# --- removed, damaged ---------------------------------------------------------------------------------

mkdir -p "$LAB_CGROUP/apps/gone"
number=$(number_of apps/gone)
holds "a cgroup of a scope is known" has_entry "$number"
rmdir "$LAB_CGROUP/apps/gone"
holds "and forgotten" within 5 not has_entry "$number"
number=$(number_of apps/one)
kill -STOP "$AGENT" # it would mend that between two of our looks
# shellcheck disable=SC2046 # bytes
bpftool map delete pinned "$BPFFS/portguard/$LAB_NAME/pg_cgroups" key $(number_bytes "$number")
fails "an entry is damaged by hand" has_entry "$number"
kill -CONT "$AGENT"
holds "and mended by the agent" within 20 has_entry "$number"

# --- limits -------------------------------------------------------------------------------------------

# Tokens are counted where a packet is first judged: the host's by inbound, or, for what came past it, with the
# scope's own, at the socket.
lab_link host beside peer peer1
lab_address host beside 10.78.0.1/24
lab_address peer peer1 10.78.0.2/24
policy limited >/dev/null <<END
rules: ['limit 1/m burst 3 7100/tcp', 'limit 1/m burst 2 7101/tcp']
scopes:
  - {name: heir, cgroup: '$TOP/heir', inherit: true, rules: [allow 7100, 'limit 1/m burst 2 7102/tcp']}
END
dials() { for _ in $(seq "$1"); do dial tcp "${@:2}" 0.3; done | paste -sd' '; } # TIMES ADDRESS PORT
exits "limits of the host that a scope inherits" 0 '' apply "$LAB/limited.yaml"
serve_in heir heir 7100,7101,7102 ''
same "a connection takes one token of the host's" "$(dials 4 $HOST4 7100)" "OPEN OPEN OPEN silent"
same "past inbound too" "$(dials 3 10.78.0.1 7101)" "OPEN OPEN silent"
same "and one of the scope's own" "$(dials 3 $HOST4 7102)" "OPEN OPEN silent"

# --- modes --------------------------------------------------------------------------------------------

# A scope that enforces does so at its sockets, by the host's rules too, whatever the host's mode is.
for mode in audit off; do
	policy modes >/dev/null <<-END
		mode: $mode
		rules: [allow 7200, 'allow bind 7201']
		scopes:
		  - {name: strict, cgroup: '$TOP/strict', mode: enforce, rules: [allow bind 7200-7201]}
	END
	exits "the host's mode is $mode, a scope's enforce" 0 '' apply "$LAB/modes.yaml"
	[ -e "$LAB/strict.pid" ] || serve_in strict strict 7200,7201 7201
	same "$mode: what the host's rules allow comes in" "$(dial tcp $HOST4 7200)" OPEN
	same "$mode: what they do not is refused" "$(dial tcp $HOST4 7201) $(dial udp $HOST6 7201)" "silent silent"
	same "$mode: but for the scope's sockets alone" "$(dial tcp $HOST4 8088)" OPEN
done

# --- other network namespaces -------------------------------------------------------------------------

lab_namespace inner
inner_tries() { inner "$PYTHON" "$LAB_ROOT/tests/lib/traffic.py" bind tcp 127.0.0.1 "$1"; }
same "sockets of another namespace bind freely" "$(inner_tries 7003)" OPEN
policy private >/dev/null <<END
rules: [allow 80/tcp]
scopes: [{name: private, netns: private, rules: [allow 7000/tcp]}]
END
exits "until a scope names them" 0 '' apply "$LAB/private.yaml"
same "then its rules are asked" "$(inner_tries 7003)" EPERM
same "and allow" "$(inner_tries 7000)" OPEN
same "the host's sockets are not meant" "$(tries . 7000)" EPERM
same "nothing is uncounted" "$(within 5 adds_up && echo so)" so

# --- without an agent ---------------------------------------------------------------------------------

agent_ends KILL
binds_in "without an agent all of it stays" . 80 OPEN
exits "a policy put in force without one" 0 '' apply "$LAB/units.yaml"
binds_in "holds for cgroups that were there" system.slice/web.service 8080 OPEN
binds_in "and for those that come" system.slice/newer.slice/web.service 8080 OPEN
exits "without scopes" 0 '' apply "$(rules 'allow 80/tcp' | policy plain)"
run allow 81/tcp
same "the kernel knows no cgroup any more" "$(entries | grep -c .)" 0
same "and looks at none that come" "$(status '[.hooks[] | select(.hook == "scopes")] | length')" 0
