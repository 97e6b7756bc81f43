#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# report: real refusals are on the page, each once, and what it adds up to is what the kernel counted. The page is
# read by a strict parser; names that an attacker chose stay text. With an agent, without, and without a guard.
. "$(dirname "$0")/../lib/lab.sh"
need jq
lab_up

exits "before anything ran" 66 'no history of instance' report
exits "a word too many" 64 usage report everything
exits "a time that is none" 64 'want a time such as' report --since 5x
exits "no time at all" 64 'want a time such as' report --since 0h
exits "an unknown option" 64 'unknown option' report --until 3h
exits "an event log that is not there" 66 absent.jsonl report --from "$LAB/absent.jsonl"
printf 'no event\n' >"$LAB/other.jsonl"
exits "a file of something else" 66 'other.jsonl:1: this is no event' report --from "$LAB/other.jsonl"

# --- refusals of every kind ---------------------------------------------------------------------

HOSTILE=$'</b>"\'<i>\e\n' # at most 15 bytes: what a process can call itself
guard "$(rules 'allow 80/tcp comment "<b>&\"web\""' 'deny 7095/tcp comment "</table>"' 'deny out 7099/tcp' | policy report)"
mkdir "$LAB/bin"
cp -L "$PYTHON" "$LAB/bin/<b>\"'&amp;"
cat >"$LAB/evil.py" <<'PY'
import os, signal, socket, sys
open("/proc/self/comm", "wb").write(os.fsencode(sys.argv[1]))
for port in 7001, 7002, 7002:
    try: socket.socket().bind(("0.0.0.0", port))
    except PermissionError: print("refused", flush=True)
signal.pause()
PY
start evil host "$LAB/bin/<b>\"'&amp;" -IS "$LAB/evil.py" "$HOSTILE" '"><img src=x onerror=alert(1)>'
holds "bind is refused" within 5 says refused "$LAB/evil.log"
for port in 7091 7092 7095; do same "$port is dropped" "$(dial tcp $HOST4 $port 0.2)" silent; done
same "IPv6 is dropped" "$(dial udp $HOST6 7093 0.2)" silent
same "going out is refused" "$(traffic host dial tcp $PEER4 7099)" EPERM
same "a packet is let in" "$(dial tcp $HOST4 80 0.2)" ECONNREFUSED
exits "a change" 0 '' allow '81/tcp comment "<i>"'

# report OPTION…: page and JSON in $LAB/page.html and $LAB/page.json, what a parser finds in $LAB/found.json.
report() {
	pg report "$@" >"$LAB/page.html" 2>"$LAB/err" && pg --json report "$@" >"$LAB/page.json" 2>>"$LAB/err" &&
		"$PYTHON" "$LAB_ROOT/tests/lib/page.py" "$LAB/page.html" >"$LAB/found.json" 2>>"$LAB/err"
}
good() { if report "${@:2}"; then ok "$1"; else not_ok "$1" "$(cat "$LAB/err")"; fi; }
in_json() { jq -c "$1" "$LAB/page.json"; }
on_page() { jq -rc "def number: gsub(\"[,≥ ]\"; \"\") | tonumber; $1" "$LAB/found.json"; }

start listener host "$PYTHON" "$LAB_ROOT/tests/lib/traffic.py" serve 80 ''
within 5 says ready "$LAB/listener.log"
within 5 adds_up || not_ok "the events add up" "told $(told), lost $(lost), counted $(counted)"
good "the page is HTML, and nothing but that"
same "its totals are the kernel's" "$(in_json '.total.deny + .total.audit')" "$(counted)"
same "packets and calls" "$(in_json '[.packets.deny, .calls.deny]')" \
	"$(status '[.counters.inbound.deny + .counters.deliver.deny, (.counters | .bind.deny + .listen.deny + .socket.deny + .connect.deny + .send.deny)]')"
same "every table adds up to them" "$(in_json '[.ports.total.deny == .total.deny, .sources.total.deny == .packets.deny,
	.programs.total.deny == .calls.deny, ([.reasons[].deny] | add) == .total.deny,
	([.over_time.buckets[] | .packets.deny + .calls.deny] | add) == .total.deny] | all')" true
same "and so do the page's" "$(on_page '[.tables | .ports, .sources, .programs, .reasons, .time | .total | map(select(test("^[0-9,]+$"))) | map(number) | add]')" \
	"$(in_json '[.total.deny, .packets.deny, .calls.deny, .total.deny, .total.deny]')"
same "the figures at the top" "$(on_page '[.tiles["Packets refused", "Calls refused", "Sources", "Programs"] | number]')" \
	"$(in_json '[.packets.deny, .calls.deny, 2, 2]')"
same "all that was refused is accounted for" "$(in_json '.guard | .counted == .told and .lost == 0 and .waiting == 0')" true
same "each port, and what was asked of it" \
	"$(in_json '[.ports.rows[] | "\(.port)/\(.proto)\(if .out then " out" else "" end)"] | sort')" \
	'["7001/tcp","7002/tcp","7091/tcp","7092/tcp","7093/udp","7095/tcp","7099/tcp out"]'
same "the program, with a count" "$(in_json '[.programs.rows[] | select(.ports == 2) | [.deny, (.exe | test("<b>"))]]')" '[[3,true]]'
same "the source" "$(in_json '[.sources.rows[] | .ip] | sort')" "[\"$PEER4\",\"$PEER6\"]"
same "its file's name is text" "$(on_page '.tables.programs.rows | any(.[]; .[0] | contains("/bin/<b>\"'\''&amp;"))')" true
same "what the process calls itself is text" "$(on_page '.tables.programs.rows | any(.[]; .[0] | contains("</b>\"'\''<i>\\x1b\\x0a"))')" true
same "its command line too" "$(on_page '.tables.programs.rows | any(.[]; .[0] | contains("\"><img src=x onerror=alert(1)>"))')" true
same "no script may run, wherever it came from" "$(on_page .policy)" "default-src 'none'; style-src 'unsafe-inline'"
same "who listens is on it" "$(on_page '[.tables.listeners.rows[] | select(.[0] | startswith("0.0.0.0:80")) | .[2:][] | test("^allow ?allow 80/tcp")]')" '[true,true]'
same "as ports tells it" "$(in_json .guard.listeners)" "$(pg --json ports | jq -c .ports)"
same "the start of the agent is on it" "$(in_json '[.notes[].action] | index("start") != null')" true
same "the history is whole" "$(in_json '[.complete, .missing_lines]') $(on_page .notices)" '[true,0] []'
good "the event log tells the same" --from "$EVENTS"
same "its totals too" "$(in_json '[.total.deny, .lines]')" "[$(counted),$(status .events.emitted)]"
tail -n +4 "$EVENTS" >"$LAB/late.jsonl"
good "a log that begins late is a page" --from "$LAB/late.jsonl"
same "and says from when on it knows" "$(in_json .complete) $(on_page '.notices | any(.[]; startswith("The event log begins at "))')" "false true"
sed 's/"host":{[^}]*}/"host":{"name":"other","id":"0"}/' "$EVENTS" >"$LAB/other.jsonl"
good "a log of another host is a page" --from "$LAB/other.jsonl"
same "and tells nothing of this one's guard" "$(in_json '[.host, .guard, .total.deny > 0]')" '["other",null,true]'
good "a log in two parts is one" --from <(head -n 3 "$EVENTS") --from "$LAB/late.jsonl"
same "an empty one is a page" "$(report --from /dev/null && on_page '.notices[-1]')" 'The event log is empty: no event has been reported yet.'

# --- where it is written ------------------------------------------------------------------------

exits "-o" 0 '' report -o "$LAB/out.html"
holds "is the same page" "$PYTHON" "$LAB_ROOT/tests/lib/page.py" "$LAB/out.html" >/dev/null
same "for its owner alone" "$(stat -c %a "$LAB/out.html")" 600
ln "$LAB/out.html" "$LAB/before.html"
exits "-o again" 0 '' report --since 7d -o "$LAB/out.html"
fails "another file took its place" test "$LAB/out.html" -ef "$LAB/before.html"
exits "a place that is not there" 74 'nowhere' report -o "$LAB/nowhere/out.html"
exits "a directory" 74 'directory' report -o "$LAB"
exits "a full device" 74 'No space' report -o /dev/full
exits "a device stays one" 0 '' report -o /dev/null
holds "it does" test -c /dev/null
same "a full standard output" "$(pg report >/dev/full 2>/dev/null; echo $?)" 74

# --- audit, no agent, no guard ------------------------------------------------------------------

exits "mode audit" 0 '' mode audit
holds "audit lets bind" binds tcp 0.0.0.0 7005
within 5 adds_up
good "what would be refused has a column of its own"
same "and a count" "$(in_json .total.audit) $(on_page '.tiles["Would be refused"], (.tables.programs.total[-2] | number)' | paste -sd' ')" '1 1 1'
agent_ends TERM
holds "one that nobody tells of" binds tcp 0.0.0.0 7006
good "a page without an agent"
same "says so" "$(in_json '[.guard.agent, .guard.waiting, .guard.counted - .guard.told]') $(on_page '.notices | any(.[]; startswith("No agent runs"))')" '[false,1,1] true'
total=$(in_json .total)
pg down
good "a page without a guard"
same "says so, and the rest is there" "$(in_json '[.guard, .total]') $(on_page '.notices | any(.[]; startswith("How the guard is now is not known"))')" "[null,$total] true"
