#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Who did it: each change of the policy is one event, which names who typed it, by what terminal and from where,
# also if no agent ran then, and if the agent or the command is killed amid it. And whose processes and ports
# refusals were about: their unit and container, and who owns the port that a packet was for.
# KILLS=200 for a long run.
. "$(dirname "$0")/../lib/lab.sh"
need jq script
KILLS=${KILLS:-16}
lab_up
ID=$(printf 'c0ffee%s%056d' 77 $$)
trap 'rm -rf "/var/lib/docker/containers/$ID"; rmdir /var/lib/docker/containers /var/lib/docker 2>/dev/null; lab_down' EXIT

# tells NAME WANTED: the changes since the last time, as `action|before|after`, one a line and no other.
SEEN=0
told_so_far() { jq -r "select(.kind == \"change\" and .seq > $SEEN) | [.action, .before, .after] | map(. // \"\") | join(\"|\")" "$EVENTS"; }
told_all() { [ "$(told_so_far | wc -l)" -ge "$1" ]; }
tells() {
	within 4 told_all "$(grep -c . <<<"$2")"
	same "$1" "$(told_so_far)" "$2"
	SEEN=$(jq -s 'map(.seq) | max' "$EVENTS")
}
# typed WORDS…: at a terminal, in a login by ssh.
typed() {
	# shellcheck disable=SC2016 # expanded there
	SSH_CONNECTION="198.51.100.7 40000 $HOST4 22" admin script -qec 'tty >"$LAB/tty"; exec "$PORTGUARD" --instance "$LAB_NAME" --bpffs "$BPFFS" '"$*" /dev/null >/dev/null
}
export LAB LAB_NAME BPFFS PORTGUARD

# --- each command's word --------------------------------------------------------------------------

first=$(policy first <<-'END'
	rules: [allow 80/tcp, allow 22/tcp]
	scopes: [{unit: web.service, rules: [allow bind 9000/tcp]}]
END
)
second=$(policy second <<-'END'
	mode: audit
	rules: [allow 80/tcp, allow 22/tcp, allow 443/tcp]
	scopes: [{unit: web.service, rules: [allow bind 9000/tcp]}]
END
)
cp "$first" "$LAB/policy.yaml"
guard "$LAB/policy.yaml"
tells "the start" 'run||3 rules, mode enforce'
run allow 8080/tcp comment 'for the "test"'
run allow 8080/tcp comment later
run deny in 25 from 192.0.2.0/24
run reject in 113/tcp
run limit 6/m 24/tcp
run allow --scope web.service 9001
run remove deny in 25 from 192.0.2.0/24
run mode audit
run mode --scope web.service off
run mode enforce
run panic on
run panic off
tells "edits, modes and panic" 'allow||allow 8080/tcp comment "for the \"test\""
allow|allow 8080/tcp comment "for the \"test\""|allow 8080/tcp comment "later"
deny||deny in 25 from 192.0.2.0/24
reject||reject in 113/tcp
limit||limit 6/m 24/tcp
allow||[web.service] allow 9001
remove|deny in 25 from 192.0.2.0/24|
mode|enforce|audit
mode||off
mode|audit|enforce
panic|off|on
panic|on|off'
run save
run apply "$second"
run try --timeout 30s "$first"
run rollback
run try --timeout 30s "$first"
run confirm
run allow 8081/tcp for 1s
run try --timeout 1s "$second"
within 4 says 'nobody confirmed' "$EVENTS"
within 4 says '"action":"expire"' "$EVENTS"
to_first='mode: audit; allow 443/tcp|mode: enforce' to_second='mode: enforce|mode: audit; allow 443/tcp'
tells "save, apply, trials, and what ends by itself" "save||allow 8080/tcp comment \"later\"; reject in 113/tcp; limit 6/m 24/tcp; [web.service] allow 9001
apply|mode: enforce; scopes: web.service: mode: off|mode: audit; allow 443/tcp
try|$to_first
rollback||
try|$to_first
confirm||
allow||allow 8081/tcp for 1s
try|$to_second
rollback||
expire|allow 8081/tcp for 1s|"
nobody() { jq -c "select(.kind == \"change\" and .actor.pid == null) | [.action, .actor.uid, .actor.comm, .actor.tty, .actor.ssh]" "$EVENTS"; }
same "what nobody typed has no actor" "$(nobody)" '["rollback",null,null,null,null]
["expire",null,null,null,null]'
same "the fields of a change" "$(jq -s -c 'map(select(.kind == "change") | keys) | unique' "$EVENTS")" \
	'[["action","actor","after","before","end","host","id","instance","kind","schema","seq","severity","start","text","time"]]'
same "its severity" "$(jq -s -c 'map(select(.kind == "change").severity) | unique' "$EVENTS")" '[5]'

cp "$second" "$LAB/policy.yaml"
kill -HUP "$AGENT"
tells "the files, read again by SIGHUP" "reload|$to_second"
same "which somebody sent" "$(jq -r 'select(.action == "reload") | "\(.actor.uid) \(.actor.pid) \(.actor.comm)"' "$EVENTS")" "0 $$ $(cat /proc/$$/comm)"
cp "$first" "$LAB/policy.yaml"
within 6 told_all 1
tells "and because they are others" "reload|$to_first"

# --- none for what was not changed ----------------------------------------------------------------

start door host "$PYTHON" "$LAB_ROOT/tests/lib/traffic.py" accept 22 "$LAB/door"
within 5 listens 22
start session peer "$PYTHON" "$LAB_ROOT/tests/lib/traffic.py" tell $HOST4 22
session() { in_namespace host ss -Htn state established 'sport = :22' | grep -q .; }
within 5 session
exits "a lock-out is refused" 78 '' remove 22/tcp
exits "nothing to remove" 1 '' remove 9999/tcp
exits "a mistake" 65 '' allow bind 80/tcp from 192.0.2.7
exits "a dry run" 0 '' allow --dry-run 9999/tcp
exits "a rule that is there" 0 '' allow 80/tcp
exits "a mode that is" 0 '' mode enforce
exits "a policy that is" 0 '' apply "$first"
kill -STOP "$AGENT" # which would read the files again
mv "$LAB/policy.d/90-local.yaml" "$LAB/kept" && mkdir "$LAB/policy.d/90-local.yaml"
exits "a rule that cannot be saved" 66 '' allow --permanent 9998/tcp
rmdir "$LAB/policy.d/90-local.yaml" && mv "$LAB/kept" "$LAB/policy.d/90-local.yaml"
kill -CONT "$AGENT"
run try --timeout 30s "$second"
exits "a trial in the way" 75 '' allow 9999/tcp
run rollback
stop session
stop door
tells "none of these is told" "try|$to_second
rollback||"

# --- by whom ----------------------------------------------------------------------------------------

last() { jq -s -r "map(select(.kind == \"change\"))[-1] | $1" "$EVENTS"; }
typed allow 8090/tcp
tells "a rule typed at a terminal" 'allow||allow 8090/tcp'
same "names uid, program, terminal and client" "$(last '.actor | "\(.uid) \(.comm) \(.tty) \(.ssh)"')" \
	"0 portguard $(sed 's|/dev/||' "$LAB/tty") 198.51.100.7"
same "in a sentence" "$(last .text)" "added: allow 8090/tcp"
# As su and sudo do: the terminal stays, the variable goes.
# shellcheck disable=SC2016 # expanded there
SSH_CONNECTION="2001:db8::7 40000 $HOST6 22" admin script -qec 'env -u SSH_CONNECTION sh -c '\''"$PORTGUARD" --instance "$LAB_NAME" --bpffs "$BPFFS" remove 8090/tcp; :'\' /dev/null >/dev/null
tells "typed behind su" 'remove|allow 8090/tcp|'
same "names the client, too" "$(last .actor.ssh)" 2001:db8::7
hostile=$LAB/$'a"b\\\n\e[31m'
ln -s "$PORTGUARD" "$hostile"
SSH_CONNECTION=$'"},\e[31m 1 2 3' admin "$hostile" --instance "$LAB_NAME" --bpffs "$BPFFS" allow 8091/tcp 2>/dev/null
tells "by a program of a hostile name" 'allow||allow 8091/tcp'
same "which comes out as it is" "$(last '.actor | [.comm, .ssh] | tojson')" '["a\"b\\\n\u001b[31m",null]'
same "and as no control character" "$(LC_ALL=C grep -c $'[\x01-\x08\x0b-\x1f\x7f]' "$EVENTS")" 0

# --- without an agent -------------------------------------------------------------------------------

agent_ends KILL
run allow 8101/tcp
run deny in 8102/tcp
run allow 8103/tcp for 1s
began=$(date +%s%N)
run mode audit
noted() { [ -s "/var/lib/portguard/$LAB_NAME/changes" ]; }
holds "are noted" noted
same "for root alone" "$(stat -c %a "/var/lib/portguard/$LAB_NAME/changes")" 600
before=$(date -u +%FT%T.%6NZ)
over() { [ "$(date +%s%N)" -gt $((began + 1000000000)) ]; }
within 3 over
guard "$LAB/policy.yaml"
tells "the next agent tells them" 'allow||allow 8101/tcp
deny||deny in 8102/tcp
allow||allow 8103/tcp for 1s
mode|enforce|audit
expire|allow 8103/tcp for 1s|'
same "with their own time" "$(jq -r --arg t "$before" 'select(.action == "mode" and .after == "audit" and .time < $t) | .after' "$EVENTS" | tail -n 1)" audit
kill -STOP "$AGENT"
run mode enforce
run allow 8104/tcp
cp "/var/lib/portguard/$LAB_NAME/changes" "$LAB/noted"
kill -CONT "$AGENT"
tells "while it stands still" 'mode|audit|enforce
allow||allow 8104/tcp'
agent_ends KILL
cp "$LAB/noted" "/var/lib/portguard/$LAB_NAME/changes" # as if it had been killed before it could empty this
guard "$LAB/policy.yaml"
empty() { ! noted; }
holds "an agent that was killed as it told them" within 3 empty
same "told them, and they are not told again" "$(told_so_far)" ''

# --- killed -----------------------------------------------------------------------------------------

# Commands and agents are killed at any moment: what is in force has been told, and nothing else.
now_us() { echo "${EPOCHREALTIME/[.,]/}"; }
began=$(now_us)
run allow 20000/tcp
most=$((($(now_us) - began) * 5 / 4))
killed=0 done=1
for ((i = 1; i <= KILLS || (i < 10 * KILLS && (!killed || done < 2)); i++)); do
	exec_pg allow $((20000 + i))/tcp 2>/dev/null &
	command=$!
	read -rt "$(printf '0.%06d' $((RANDOM * 32 % most)))" -u "$LAB_IDLE"
	kill -KILL $command 2>/dev/null
	wait $command 2>/dev/null
	[ $? = 137 ] && killed=$((killed + 1)) || done=$((done + 1))
	[ $((i % 4)) = 3 ] || continue
	agent_ends KILL
	guard "$LAB/policy.yaml"
done
added() { pg --json list | jq -r '.rules[].text | select(test("allow 20[0-9]{3}/tcp"))' | sort; }
added_told() { jq -r 'select(.action == "allow" and (.after | test("allow 20[0-9]{3}/tcp"))).after' "$EVENTS" | sort; }
in_step() { [ "$(added)" = "$(added_told)" ]; }
within 4 in_step
same "each rule that is there was told once, and no other" "$(added_told)" "$(added)"
holds "some commands were killed in time, and some were not" test $killed -gt 0 -a $done -gt 1
same "no number is missing, none comes twice" "$(jq .seq "$EVENTS" | awk 'NR > 1 && $1 != last + 1 { bad++ } { last = $1 } END { print bad + 0 }')" 0

# --- whose processes --------------------------------------------------------------------------------

agent_ends TERM
same "the last word has the counters" "$(jq -s -c 'map(select(.action == "stop"))[-1].counters | keys' "$EVENTS")" \
	'["bind","connect","deliver","inbound","listen","send","socket"]'
rm -r "$LAB/policy.d"
owned=$(policy owned <<-END
	rules: [allow 80/tcp, allow bind 8110-8115]
END
)
guard "$owned"
mkdir -p "/var/lib/docker/containers/$ID" "$LAB_CGROUP/system.slice/docker-$ID.scope" "$LAB_CGROUP/system.slice/web.service/worker"
echo '{"Name":"/shop"}' >"/var/lib/docker/containers/$ID/config.v2.json"
traffic_in() { run_in "$LAB_CGROUP/$1" host "$PYTHON" "$LAB_ROOT/tests/lib/traffic.py" "${@:2}"; } # CGROUP COMMAND…
# of FILTER FIELD: of the first verdict of this agent that fits.
of() { jq -sr "map(select(.kind == \"verdict\" and ($1)) | $2)[0]" "$EVENTS"; }
has() { jq -se "any(.[]; .kind == \"verdict\" and ($1))" "$EVENTS" >/dev/null; }
traffic_in "system.slice/docker-$ID.scope" bind tcp 0.0.0.0 7201 >/dev/null
traffic_in system.slice/web.service/worker bind udp :: 7202 >/dev/null
traffic_in . bind tcp 0.0.0.0 7203 >/dev/null
within 4 has '.local.port == 7203'
same "a container's process: unit, id and name" "$(of '.local.port == 7201' '[.unit, .container.id, .container.name] | join(" ")')" \
	"docker-$ID.scope $ID shop"
same "a unit's" "$(of '.local.port == 7202' '[.unit, .container] | tojson')" '["web.service",null]'
same "nobody's" "$(of '.local.port == 7203' '[.unit, .container] | tojson')" '[null,null]'

# --- whose ports ------------------------------------------------------------------------------------

part() { run_in "$LAB_CGROUP/$PLACE" host "$@"; }
PLACE=system.slice/web.service/worker start web part "$PYTHON" "$LAB_ROOT/tests/lib/traffic.py" serve 8110,8114 8111
within 5 says ready "$LAB/web.log"
PLACE=system.slice/docker-$ID.scope start shop part "$PYTHON" "$LAB_ROOT/tests/lib/traffic.py" serve 8112 ''
within 5 says ready "$LAB/shop.log"
in_namespace peer ip route add 10.99.0.0/24 via $HOST4
lab_link host host9 peer peer9 # not guarded: deliver asks
lab_address host host9 10.77.9.1/24
lab_address peer peer9 10.77.9.2/24
dial tcp $HOST4 8110 0.1 >/dev/null
dial tcp $HOST6 8110 0.1 >/dev/null
dial udp $HOST4 8111 0.1 >/dev/null
dial udp $HOST6 8111 0.1 >/dev/null
dial tcp $HOST4 8112 0.1 >/dev/null
dial tcp $HOST4 8111 0.1 >/dev/null
dial tcp 10.77.9.1 8110 0.1 >/dev/null
dial tcp 10.99.0.1 8114 0.1 >/dev/null
# owner NAME FILTER WANTED: who a packet's event says has the port.
owner() {
	within 4 has "$2"
	same "$1" "$(of "$2" '[.pid, .uid, .comm, .unit] | map(tostring) | join(" ")')" "$3"
}
WEB="$(cat "$LAB/web.pid") 0 python3 web.service"
owner "who listens where a packet was for" ".hook == \"inbound\" and .local.port == 8110 and .local.ip == \"$HOST4\"" "$WEB"
owner "IPv6" ".local.port == 8110 and .local.ip == \"$HOST6\"" "$WEB"
owner "UDP" ".local.port == 8111 and .proto == \"udp\" and .local.ip == \"$HOST4\"" "$WEB"
owner "UDP over IPv6" ".local.port == 8111 and .local.ip == \"$HOST6\"" "$WEB"
owner "where deliver asked" '.hook == "deliver" and .local.port == 8110' "$WEB"
owner "nobody's port" '.local.port == 8111 and .proto == "tcp"' 'null null null null'
owner "another machine's address" '.local.ip == "10.99.0.1"' 'null null null null'
same "its command" "$(of '.local.port == 8110' .cmdline | grep -c 'traffic.py serve 8110,8114 8111')" 1
same "its cgroup" "$(of '.local.port == 8110' .cgroup)" "${LAB_CGROUP#"${LAB_CGROUP_TOP%"/$LAB_NAME"}"}/system.slice/web.service/worker"
within 4 has '.local.port == 8112'
same "a container" "$(of '.local.port == 8112' .container.name)" shop
stop web
told_gone() { has '.local.port == 8110 and .pid == null and .local.ip == "10.77.0.1"'; }
knocks() { dial tcp $HOST4 8110 0.1 >/dev/null; told_gone; }
holds "when it has ended, nobody's" within 5 knocks

# --- degraded, and over -----------------------------------------------------------------------------

echo 'rules: [allow 99999]' >>"$owned"
kill -HUP "$AGENT"
holds "a bad file is told" within 4 says '"action":"degraded"' "$EVENTS"
sed -i '$d' "$owned"
kill -HUP "$AGENT"
holds "and when it is good again" within 4 says '"action":"recovered"' "$EVENTS"
same "their severities" "$(jq -s -c 'map(select(.action == "degraded" or .action == "recovered") | [.action, .severity]) | unique' "$EVENTS")" \
	'[["degraded",9],["recovered",1]]'
