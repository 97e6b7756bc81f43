#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# ports: who listens - whatever opened before the guard, too -, whose it is, and what the rules in force
# say of it. Names of processes and cgroups are their owners' to choose: they forge no line.
. "$(dirname "$0")/../lib/lab.sh"
need jq
lab_up
ID=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef

# listener NAME CGROUP COMM PROTO ADDRESS PORT…: holds sockets, says ready; COMM as printf's %b writes it.
listener() {
	local name=$1 cgroup=$LAB_CGROUP/$2
	mkdir -p "$cgroup"
	in_it() { run_in "$cgroup" host "$@"; }
	start "$name" in_it "$PYTHON" -c '
import os, select, signal, socket, sys
comm, wanted, kept = sys.argv[1], sys.argv[2:], []
open("/proc/self/comm", "wb").write(comm.encode("latin-1").decode("unicode_escape").encode("latin-1"))
for proto, address, port in zip(wanted[::3], wanted[1::3], wanted[2::3]):
    kind = socket.SOCK_STREAM if "tcp" in proto else socket.SOCK_DGRAM
    number = {"tcp": 0, "udp": 0, "mptcp": 262, "udplite": 136}[proto]
    try:
        s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, kind, number)
    except OSError:
        print("without", proto, flush=True)
        continue
    if ":" in address:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, address != "::")
    s.bind((address, int(port)))
    if kind == socket.SOCK_STREAM:
        s.listen()
    kept.append(s)
if comm == "shared":
    os.fork()
print("ready", flush=True)
signal.pause()' "${@:3}"
	within 5 says ready "$LAB/$name.log" || not_ok "$name listens" "$(cat "$LAB/$name.log")"
}
# row PORT [PROTO]: that socket as ports --json has it.  is NAME PORT JQ WANTED [PROTO]
row() { jq -c --argjson port "$1" --arg proto "${2:-tcp}" '.ports[] | select(.local.port == $port and .proto == $proto)' "$LAB/ports.json"; }
look() { pg --json ports >"$LAB/ports.json" 2>"$LAB/err"; }
is() { same "$1" "$(row "$2" "${5:-tcp}" | jq -c "$3")" "$4"; }

# --- nothing runs -------------------------------------------------------------------------------

exits "without a guard" 69 'portguard (run|up)' ports
exits "a word too many" 64 usage ports everything
exits "an unknown option" 64 usage ports --all

# --- open before the guard ----------------------------------------------------------------------

listener web web.service web tcp 0.0.0.0 80 tcp 0.0.0.0 81 tcp :: 82 tcp fd77::1 83 udp 0.0.0.0 84 udp :: 85 \
	tcp 127.0.0.1 86 tcp ::1 87 tcp 0.0.0.0 88 tcp 10.77.0.1 7089 tcp 0.0.0.0 7090 tcp fd77::1 7091 udp 0.0.0.0 68
listener other "docker-$ID.scope" shared tcp 0.0.0.0 7100 udplite 0.0.0.0 7101 mptcp 0.0.0.0 7102
listener nested "evil.service/docker/$ID" plain tcp 0.0.0.0 7110
listener plain docker/$ID plain tcp 0.0.0.0 7111
listener hostile "hostile" '\x1b[31m\n9 x' tcp 0.0.0.0 7120
guard "$(policy strict <<'END'
version: 1
interfaces: [host0]
failsafe: []
essentials: [dhcp]
sets:
  office: [10.77.0.0/24, 192.0.2.0/24]
rules:
  - allow 80/tcp
  - allow 82/tcp
  - allow 84/udp comment "answers"
  - deny 88/tcp
  - allow in 7090/tcp from @office
  - allow in 7089/tcp at 10.77.0.1
  - allow in 7091/tcp from 192.0.2.0/24
  - allow bind 20000-20999/udp
END
)"
look
same "--json is silent on stderr" "$(cat "$LAB/err")" ''
same "--json is JSON of these fields" "$(jq -c '[keys, (.ports[] | keys)] | unique' "$LAB/ports.json")" \
	'[["bind","comm","container","exe","in","local","pid","processes","proto","scope","service","unit"],["ports"]]'
same "each socket once" "$(jq -c '[.ports[] | select(.local.port < 7200) | .local.port] | length' "$LAB/ports.json")" \
	"$((13 + 3 + 3 - $(grep -c without "$LAB/other.log")))"
is "an allowed port" 80 '[.local.ip, .bind, .in]' \
	'["0.0.0.0",{"verdict":"allow","reason":"rule","rule":"allow 80/tcp"},{"verdict":"allow","reason":"rule","rule":"allow 80/tcp"}]'
is "a port that no rule allows" 81 '[.bind, .in]' \
	'[{"verdict":"deny","reason":"no-rule","rule":null},{"verdict":"deny","reason":"no-rule","rule":null}]'
is "a denied one names the rule" 88 '[.in.verdict, .in.reason, .in.rule]' '["deny","rule","deny 88/tcp"]'
is "IPv6, any address" 82 '[.local.ip, .in.verdict]' '["::","allow"]'
is "IPv6, one address" 83 '[.local.ip, .in.verdict]' '["fd77::1","deny"]'
is "UDP" 84 '[.bind.verdict, .in.verdict, .in.rule]' '["allow","allow","allow 84/udp"]' udp
is "UDP over IPv6" 85 '[.local.ip, .bind.verdict, .in.verdict]' '["::","deny","deny"]' udp
is "who may come depends, and the rule is said" 7090 '[.bind.verdict, .in.verdict, .in.reason, .in.rule]' \
	'["deny","depends","rule","allow in 7090/tcp from @office"]'
is "where it listens is known" 7089 '[.in.verdict]' '["allow"]'
is "peers of the other family are nobody" 7091 '[.in.verdict]' '["deny"]'
is "an essential depends on who asks" 68 '[.bind.verdict, .in.verdict, .in.reason]' '["allow","depends","essential"]' udp
is "a well-known port has a name" 80 '[.service]' '["http"]'
is "another has none" 7090 '[.service]' '[null]'
is "its process" 80 '[.pid, .comm, .processes]' "[$(cat "$LAB/web.pid"),\"web\",1]"
is "its program" 80 '[.exe]' "[\"$(readlink -f "$PYTHON")\"]"
is "its unit" 80 '[.unit, .container]' '["web.service",null]'
is "its container" 7100 '[.container, .unit]' "[{\"id\":\"$ID\",\"name\":null},\"docker-$ID.scope\"]"
is "several processes" 7100 '[.processes]' '[2]'
is "a container without a scope" 7111 '[.container.id, .unit]' "[\"$ID\",null]"
is "a name below a unit claims nothing" 7110 '[.container, .unit]' '[null,"evil.service"]'
if grep -q 'without udplite' "$LAB/other.log"; then skip "UDP-Lite" "not in this kernel"; else
	is "UDP-Lite" 7101 '[.proto, .in.verdict]' '["udplite","deny"]' udplite
fi
if grep -q 'without mptcp' "$LAB/other.log"; then skip "MPTCP" "not in this kernel"; else
	is "MPTCP is tcp" 7102 '[.proto, .in.verdict, .pid]' "[\"tcp\",\"deny\",$(cat "$LAB/other.pid")]"
fi
is "a hostile name is whole in JSON" 7120 '[.comm]' '["\u001b[31m\n9 x"]'
same "explain agrees, port by port" "$(for port in 80 81 82 83 88; do
	pg --json explain in $port/tcp | jq -r .verdict; done | paste -sd' ')" \
	"$(for port in 80 81 82 83 88; do row $port | jq -r .in.verdict; done | paste -sd' ')"

# --- for people ---------------------------------------------------------------------------------

run ports
same "exit code, and nothing on stderr" "$CODE ${ERR:-nothing}" "0 nothing"
line() { grep -E "[ :]$1 " <<<"$OUT"; }
holds "a denied one is marked" grep -q '^!' <<<"$(line 81)"
fails "an allowed one is not" grep -q '^!' <<<"$(line 80)"
holds "well-known" grep -q well-known <<<"$(line 80)"
holds "registered" grep -q registered <<<"$(line 7090)"
holds "depends, on what" grep -q 'depends (allow in 7090/tcp from @office)' <<<"$(line 7090)"
holds "several processes" grep -qF "shared[$(cat "$LAB/other.pid")] +1" <<<"$(line 7100)"
holds "a hostile name is one line, escaped" grep -qF '\x1b[31m\x0a9 x[' <<<"$(line 7120)"
same "no control character" "$(LC_ALL=C grep -c '[^ -~]' <<<"$OUT")" 0
holds "loopback is not in" grep -q 'loopback$' <<<"$(line 86)"
holds "loopback, IPv6" grep -q 'loopback$' <<<"$(line 87)"
same "the last line counts the denied" "$(grep -oE '[0-9]+ denied now' <<<"$OUT")" "$(grep -c '^!' <<<"$OUT") denied now"
holds "and says what to do" grep -qE 'portguard allow [0-9]+/(tcp|udp)' <<<"$OUT"
same "the columns stand below each other" "$(awk 'NR == 1 { at = index($0, " in") } / (allow|deny|depends) \(|loopback$/ && at &&
	substr($0, at, 1) != " " { bad++ } END { print bad + 0 }' <<<"$OUT")" 0
same "what cannot be written is an error" "$(pg ports 2>/dev/null >/dev/full; echo $?)" 74

# What is proposed is for the first that is denied: one after the other, what was proposed is done.
proposal() { pg ports | grep -oE 'portguard (allow|explain) .*' | cut -d' ' -f2-; }
done_now=()
for wanted in 'allow 81/tcp' 'allow 83/tcp' 'allow 85/udp' 'allow bind 86/tcp' 'allow bind 87/tcp' 'explain in 88/tcp'; do
	same "it proposes: $wanted" "$(proposal)" "$wanted"
	# shellcheck disable=SC2086 # several words
	[ "${wanted%% *}" = explain ] || { quiet pg $wanted; done_now+=("${wanted#allow }"); }
done
# shellcheck disable=SC2086 # likewise
for sentence in "${done_now[@]}"; do quiet pg remove $sentence; done

# --- what it says is so -------------------------------------------------------------------------

silent_or() { within 2 test "$(dial "${@:2}")" = "$1"; }
holds "81 is silent, as said" silent_or silent tcp $HOST4 81
exits "let it in, as was proposed" 0 '' allow 81/tcp
look
is "now it may" 81 '[.bind.verdict, .in.verdict]' '["allow","allow"]'
exits "audit" 0 '' mode audit
look
is "audit: would be denied" 83 '[.in.verdict]' '["audit"]'
holds "and ports says which mode it is" grep -q 'mode is audit' <(pg ports)
exits "enforce" 0 '' mode enforce
agent_ends TERM
look
is "without an agent" 80 '[.in.verdict]' '["allow"]'
fails "from another network namespace it is refused" quiet run_in "$LAB_CGROUP_TOP/rest" peer "$PORTGUARD" \
	--instance "$LAB_NAME" --bpffs "$BPFFS" ports

# --- a thousand ---------------------------------------------------------------------------------

# shellcheck disable=SC2046 # words
listener many many many $(for port in $(seq 20000 20999); do echo udp 127.0.0.2 "$port"; done)
look
same "a thousand sockets more" "$(jq '[.ports[] | select(.local.port >= 20000 and .comm == "many")] | length' "$LAB/ports.json")" 1000
exits "the guard goes" 0 '' down
