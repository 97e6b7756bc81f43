#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Events: every field and no other, names that an attacker chose, filters - and not one refusal
# uncounted: floods from many sources, a restart and a kill -9 of the agent in the middle of them.
#
# attach: xdp tc
. "$(dirname "$0")/../lib/lab.sh"
need jq
lab_up
MAC=$(in_namespace host ip -o link show host0 | sed 's/.*ether \([^ ]*\).*/\1/')
lab_sysctl host net.ipv4.conf.host0.rp_filter=0 net.ipv4.conf.all.rp_filter=0
flood() { traffic peer flood peer0 "$MAC" $HOST4 "$@"; } # PORTS SOURCES COUNT
unheard() { host awk '$1 == "Udp:" && $2 ~ /^[0-9]/ { print $3 }' /proc/net/snmp; }

n=$(unheard)
flood 9000,9001 50 1000
same "without a guard, every packet of a flood reaches the stack" "$(($(unheard) - n))" 1000
[ -z "${LAB_UNGUARDED:-}" ] || exit $LAB_FAILED

guard "$(rules 'allow 80/tcp' 'deny in 7095/tcp from 10.77.0.0/24 comment "a \"hard\" no"' | policy events)"
ALL="$LAB/all.jsonl"
native() { pg events --format json >"$ALL"; }
# has FILTER: some verdict event fits.  of FILTER FIELD: its field, of the first that does.
has() { native; jq -se "any(.[]; .kind == \"verdict\" and ($1))" "$ALL" >/dev/null; }
of() { jq -sr "map(select(.kind == \"verdict\" and ($1)) | $2)[0]" "$ALL"; }
exec_pg events -f --format json >"$LAB/followed.jsonl" 2>"$LAB/follow.err" &
FOLLOWER=$!

# --- one refusal of each kind -------------------------------------------------------------------

# A process can be asked what it is as long as it lives: this one stays until its event is there.
start binder host "$PYTHON" "$LAB_ROOT/tests/lib/traffic.py" bind tcp 0.0.0.0 7001 stay
holds "bind is refused" within 5 says EPERM "$LAB/binder.log"
fails "bind is refused, IPv6" binds udp :: 7002
same "inbound TCP is dropped" "$(dial tcp $HOST4 7091 0.2)" silent
same "inbound UDP is dropped" "$(dial udp $HOST6 7092 0.2)" silent
same "by a rule" "$(dial tcp $HOST4 7095 0.2)" silent
within 4 has '.local.port == 7095' || not_ok "events come" "$(tail -n 1 "$ALL")"
same "bind: the process" "$(of '.local.port == 7001' '[.hook, .verdict, .mode, .reason, .proto, .family, .uid, .comm, .scope] | map(tostring) | join(" ")')" \
	"bind deny enforce no-rule tcp ipv4 0 python3 host"
holds "bind: exe and command line" has '.local.port == 7001 and (.exe | test("python")) and (.cmdline | test("traffic.py bind tcp"))'
stop binder
holds "bind: the cgroup" has ".local.port == 7001 and (.cgroup | endswith(\"/$LAB_NAME/guarded\"))"
same "bind, IPv6" "$(of '.local.port == 7002' '[.proto, .family, .local.ip] | join(" ")')" "udp ipv6 ::"
same "inbound TCP" "$(of '.local.port == 7091' '[.hook, .proto, .family, .local.ip, .remote.ip, .interface, (.pid | tostring)] | join(" ")')" \
	"inbound tcp ipv4 $HOST4 $PEER4 host0 null"
same "inbound UDP, IPv6" "$(of '.local.port == 7092' '[.hook, .proto, .family, .local.ip, .remote.ip] | join(" ")')" \
	"inbound udp ipv6 $HOST6 $PEER6"
same "a rule is named as list prints it" "$(of '.local.port == 7095' '.rule')" "$(pg list --json | jq -r '.rules[1].text')"
same "severities" "$(jq -s -c 'map(select(.kind == "verdict") | [.hook, .severity]) | unique' "$ALL")" '[["bind",6],["inbound",3]]'
FIELDS='["cgroup","cmdline","comm","container","count","end","exe","family","hook","host","id","instance","interface","kind","local","mode","pid","ports","ppid","proto","reason","remote","rule","schema","scope","seq","severity","start","time","uid","unit","verdict"]'
same "the fields of a verdict" "$(jq -s -c 'map(select(.kind == "verdict") | keys) | unique' "$ALL")" "[$FIELDS]"
same "the agent's start is an event" "$(jq -s -r 'map(select(.kind == "health") | .action)[0]' "$ALL")" start
same "the fields of a health event" "$(jq -s -c 'map(select(.kind == "health") | keys) | unique' "$ALL")" \
	'[["action","counters","end","host","id","instance","kind","schema","seq","severity","start","text","time"]]'

# --- names that an attacker chose ---------------------------------------------------------------

mkdir "$LAB/bin"
hostile=$LAB/bin/$'a"b\\c\n\e[31m\xff'
cp -L "$PYTHON" "$hostile"
start hostile host "$hostile" -IS -c 'import signal, socket
try: socket.socket().bind(("0.0.0.0", 7060))
except PermissionError: signal.pause()' $'\e]0;title\a' $'\xc3\x28'
holds "a hostile name comes out as it is, but for what is not UTF-8" within 4 has '.local.port == 7060 and (.comm | startswith("a\"b\\c\n\u001b[31m"))'
same "no control character reaches a terminal" "$(LC_ALL=C grep -c $'[\x01-\x08\x0b-\x1f\x7f]' <(pg events --format text; cat "$ALL"))" 0
stop hostile
holds "what is not UTF-8 becomes U+FFFD" has '.local.port == 7060 and (.cmdline | test("\ufffd"))'

# --- filters ------------------------------------------------------------------------------------

only() { # NAME FILTER OPTION…
	pg events --format json "${@:3}" >"$LAB/some"
	same "$1" "$(jq -s "[length > 0, all(.[]; .kind == \"verdict\" and ($2))] | all" "$LAB/some")" true
}
only "--hook" '.hook == "bind"' --hook bind
only "--port" '.local.port == 7091' --port 7091
only "--verdict" '.verdict == "deny"' --verdict deny
only "two filters" '.hook == "inbound" and .local.port == 7095' --hook inbound --port 7095
for wrong in '--format nonsense' '--hook nonsense' '--verdict nonsense' '--port 70000'; do
	# shellcheck disable=SC2086 # two words
	exits "events $wrong" 64 '' events $wrong
done

# --- sums ---------------------------------------------------------------------------------------

denied() { status ".counters.$1.deny"; }
all_told() { # NAME
	within 5 adds_up
	same "$1: events + lost = refused" "$(($(told) + $(lost)))" "$(counted)"
}
all_told "so far"
n=$(denied inbound) lines=$(grep -c . "$EVENTS")
flood 9000 1 20000
same "one source, one port: each packet is counted" "$(($(denied inbound) - n))" 20000
all_told "one source, one port"
holds "in few lines" test $(($(grep -c . "$EVENTS") - lines)) -le 8
n=$(denied inbound)
flood 9000,9001,9002 40 12000
same "40 sources, 3 ports: each packet is counted" "$(($(denied inbound) - n))" 12000
all_told "40 sources, 3 ports"
n=$(denied inbound) lines=$(grep -c . "$EVENTS") began=$SECONDS
flood 9000,9001 20000 40000
same "20,000 spoofed sources: each packet is counted" "$(($(denied inbound) - n))" 40000
all_told "20,000 spoofed sources"
holds "in no more than 200 lines a second" test $(($(grep -c . "$EVENTS") - lines)) -le $((200 * (SECONDS - began + 2)))
n=$(denied inbound)
flood "$(seq -s, 2000 2999)" 2 6000
same "a scan by two sources: each packet is counted" "$(($(denied inbound) - n))" 6000
all_told "a scan"
holds "and told as scan, with the number of ports" has '.reason == "scan" and .local.port == null and .ports > 16 and (.remote.ip | startswith("10.100."))'
n=$(denied bind)
many_binds 7070 3000
same "a loop of binds: each is counted" "$(($(denied bind) - n))" 3000
all_told "a loop of binds"

# Who follows gets each line, once.
followed() { jq .seq "$LAB/followed.jsonl"; }
logged() { jq --argjson from "$(followed | head -n 1)" '.seq | select(. >= $from)' "$EVENTS"; }
all_followed() { [ "$(followed | md5sum)" = "$(logged | md5sum)" ]; }
holds "events -f gets what the log gets" within 3 all_followed
kill $FOLLOWER 2>/dev/null

# The agent is stopped, and another time killed, while all of that goes on.
for signal in TERM KILL; do
	n=$(counted)
	flood 9000,9001,9002 60 60000 &
	FLOOD=$!
	many_binds 7071 2000 &
	BINDS=$!
	more() { [ "$(counted)" -gt "$n" ]; }
	within 5 more
	agent_ends $signal
	wait $FLOOD $BINDS
	same "SIG$signal: counted without an agent, too" "$(($(counted) - n))" 62000
	guard "$LAB/events.yaml"
	many_binds 7072 10
	all_told "SIG$signal amid a flood"
done
same "seq: none is missing, none comes twice" "$(jq .seq "$EVENTS" | awk 'NR > 1 && $1 != last + 1 { bad++ } { last = $1 } END { print bad + 0 }')" 0
same "one instance, and no id twice" "$(jq -s -c '[(map(.instance) | unique | length), (map(.id) | unique | length) == length]' "$EVENTS")" '[1,true]'
