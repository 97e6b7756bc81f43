#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The agent's endpoint for metrics: at a path or a loopback address, as the policy in force says; a real
# Prometheus scrapes it, no client can harm the agent, and where it cannot be that is said.
. "$(dirname "$0")/../lib/lab.sh"
need jq curl
lab_up
SOCKET=$LAB/metrics.sock PORT=9642
PAGE=$LAB/page
by_path() { admin curl -s -m 5 --unix-socket "$SOCKET" "http://localhost$1" "${@:2}"; }
by_port() { admin curl -s -m 5 "http://127.0.0.1:$PORT$1" "${@:2}"; }
code() { "$1" "$2" -o /dev/null -w '%{http_code}' "${@:3}"; }
{ rules 'allow 80/tcp'; echo "metrics: unix://$SOCKET"; } | policy all >/dev/null
moves() { # NAME PLACE: another policy, which serves there
	sed -i "s|^metrics:.*|metrics: $2|" "$LAB/all.yaml"
	exits "$1" 0 '' apply "$LAB/all.yaml"
}
guard "$LAB/all.yaml"
many_binds 7001 300

# --- the endpoint -------------------------------------------------------------------------------

verdicts() { grep '^portguard_verdicts_total' "$1"; }
# A neighbour's packet may come between the two.
serves_the_same() {
	pg metrics >"$PAGE"
	by_path /metrics >"$LAB/served"
	[ "$(verdicts "$LAB/served")" = "$(verdicts "$PAGE")" ]
}
holds "the endpoint serves the same" within 5 serves_the_same
holds "and something" grep -q 'hook="bind",verdict="deny".* 300$' "$LAB/served"
same "as text of version 0.0.4" "$(by_path /metrics -o /dev/null -w '%{content_type}')" 'text/plain; version=0.0.4; charset=utf-8'
same "another page" "$(code by_path /)" 404
same "another method" "$(code by_path /metrics -X POST -d x)" 405
same "no request" "$(printf '\026\003\001' | admin curl -s -m 5 --http0.9 --unix-socket "$SOCKET" telnet://localhost 2>/dev/null | head -n 1 | tr -d '\r')" 'HTTP/1.1 400 Bad Request'
served() { by_path /metrics | grep -qF "$1"; }
many_binds 7001 11
holds "it is not older than a second" within 3 served 'portguard_verdicts_total{hook="bind",verdict="deny",scope="host"} 311'

# Without the bounds one of these would do: every place taken, a reader that waits, a buffer that grows.
start attack host "$PYTHON" "$LAB_ROOT/tests/lib/scrape.py" "$SOCKET" 2
within 5 says ready "$LAB/attack.log"
served_well() { [ "$(code by_path /metrics)" = 200 ]; }
for time in first second third; do
	holds "amid clients that mean no good a scraper is served, a $time time" within 5 served_well
done
many_binds 7002 5
holds "and refusals are told" within 2 jq -se 'any(.[]; .local.port? == 7002)' "$EVENTS" >/dev/null
within 5 says tried "$LAB/attack.log" || not_ok "the attack ends" "$(cat "$LAB/attack.log")"
fails "the agent lives" gone "$AGENT"
holds "it keeps no more of them than it has places for" test "$(find "/proc/$AGENT/fd" -lname 'socket:*' | wc -l)" -le 30
holds "afterwards it serves as before" within 3 served portguard_up

# --- at a loopback address ----------------------------------------------------------------------

fails "the port is not there yet" quiet by_port /metrics
moves "apply a policy that serves them at a port" "http://127.0.0.1:$PORT"
holds "it moves with the policy" within 3 quiet by_port /metrics
fails "and leaves the path" test -e "$SOCKET"
same "another method, there" "$(code by_port /metrics -X DELETE)" 405
fails "the neighbour cannot ask" quiet peer curl -sS -m 0.5 "http://$HOST4:$PORT/metrics"
moves "and one over IPv6" "http://[::1]:$PORT/metrics"
by_six() { admin curl -s -m 5 "http://[::1]:$PORT/metrics"; }
holds "over IPv6" within 3 quiet by_six
if command -v prometheus >/dev/null; then
	printf 'scrape_configs: [{job_name: portguard, scrape_interval: 1s, static_configs: [{targets: ["[::1]:%s"]}]}]\n' $PORT >"$LAB/prometheus.yml"
	start prometheus admin prometheus --config.file="$LAB/prometheus.yml" --storage.tsdb.path="$LAB/tsdb" --web.listen-address=127.0.0.1:9090
	query() { admin curl -s -m 5 -G http://127.0.0.1:9090/api/v1/query --data-urlencode "query=$1" 2>/dev/null | jq -r '.data.result[0].value[1]'; }
	has_scraped() { [ "$(query 'sum(portguard_verdicts_total{verdict=~"deny|audit"})')" = "$(counted)" ]; }
	holds "a Prometheus scrapes what status counts" within 10 has_scraped
	stop prometheus KILL
else
	skip "a Prometheus scrapes" "no prometheus here"
fi

# --- an agent that starts again, and one whose own bind is refused -------------------------------

moves "and the path again" "unix://$SOCKET"
holds "it is back at its path" within 3 served portguard_up
before=$(counted)
agent_ends KILL
holds "a killed agent leaves its socket" test -S "$SOCKET"
guard "$LAB/all.yaml"
holds "the next one serves at once" quiet by_path /metrics
holds "no count goes back" test "$(counted)" -ge "$before"
agent_ends TERM
fails "an agent that ends takes its socket along" test -e "$SOCKET"

sed -i "s|^metrics:.*|metrics: http://127.0.0.1:$PORT|" "$LAB/all.yaml"
# This one is among those whom it guards.
outside=$(declare -f exec_pg)
exec_pg() { exec_in "$LAB_CGROUP" host "$PORTGUARD" --instance "$LAB_NAME" --bpffs "$BPFFS" "$@"; }
guard "$LAB/all.yaml"
eval "$outside"
fails "the agent's bind is one like any other" quiet by_port /metrics
holds "it says so, and what helps" says "allow bind $PORT/tcp at 127.0.0.1" "$LAB/agent.err"
same "in status, too" "$(status '.degraded | test("metrics http")')" true
exits "that helps" 0 '' allow bind $PORT/tcp at 127.0.0.1
holds "it serves then" within 3 quiet by_port /metrics
same "and is degraded no more" "$(status .degraded)" null
agent_ends TERM
