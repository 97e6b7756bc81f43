#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Metrics: they say what status says, in the format that Prometheus reads, whatever names others chose, on
# stdout and in a file that is never seen in part, with an agent and without; and so do alerts and dashboard.
. "$(dirname "$0")/../lib/lab.sh"
need jq
lab_up
MAC=$(in_namespace host ip -o link show host0 | sed 's/.*ether \([^ ]*\).*/\1/')
lab_sysctl host net.ipv4.conf.host0.rp_filter=0 net.ipv4.conf.all.rp_filter=0
PAGE=$LAB/page
metrics() { pg metrics >"$PAGE"; }
# figure METRIC: its value; METRIC has all of its labels.
figure() { NAME=$1 awk '{ value = $NF; sub(/ [^ ]*$/, "") } $0 == ENVIRON["NAME"] { print value }' "$PAGE"; }
checked() { # NAME: promtool has nothing to say of the page
	if command -v promtool >/dev/null; then
		same "$1" "$(promtool check metrics <"$PAGE" 2>&1)" ""
	else
		skip "$1" "no promtool here"
	fi
}

# --- nothing runs -------------------------------------------------------------------------------

exits "metrics, and nothing runs" 69 'portguard (run|up)' metrics
same "says that it is so" "$(grep -v '^#' <<<"$OUT")" "portguard_up 0
portguard_build_info{version=\"$(pg --version | cut -d' ' -f2)\"} 1"
exits "in a file, too" 69 '' metrics --textfile "$LAB/pg.prom"
holds "so that no former figures stay there" grep -qx 'portguard_up 0' "$LAB/pg.prom"
exits "metrics --json" 64 'status' --json metrics
exits "metrics of something" 64 'nonsense' metrics nonsense
exits "a file in no directory" 74 'no/such' metrics --textfile "$LAB/no/such/file"
ln -s /dev/full "$LAB/full"
exits "a device that is full" 74 'No space' metrics --textfile "$LAB/full"
holds "stays what it was" test -c "$LAB/full"
exits "a directory" 74 'directory' metrics --textfile "$LAB"

# --- what status says ---------------------------------------------------------------------------

{
	printf 'version: 1\ninterfaces: [host0, "q*"]\nfailsafe: []\nessentials: []\n'
	printf 'sets: {one: [192.0.2.1], two: [192.0.2.2]}\n'
	rules 'allow 80/tcp' 'allow 81/tcp from @one'
	printf 'scopes: [{name: %s, cgroup: /nowhere, mode: audit}, {name: quiet, cgroup: /nor/here}]\n' "'a\"b\\c}'"
} | policy all >/dev/null
in_namespace host ip link add 'q"\{x=' type veth peer name other
LAB_CHOICE='' guard "$LAB/all.yaml"
most=$((16 + $(nproc --all) - 2)) # MiB: two CPUs' 16, and one for each more
holds "the kernel holds at most $most MiB for it" [ "$(pg --json status --memory | jq .maps_total)" -le $((most << 20)) ]
traffic peer flood peer0 "$MAC" $HOST4 9000,9001 50 2000
many_binds 7001 300
within 5 adds_up || not_ok "all is told" "$(told) and $(lost) of $(counted)"
# The lines of metrics that follow from status --json.
from_status() {
	pg --json status | jq -r '
	def esc: gsub("\\\\"; "\\\\") | gsub("\""; "\\\"");
	(.counters | to_entries[] | .key as $hook | .value | to_entries[] |
		"portguard_verdicts_total{hook=\"\($hook)\",verdict=\"\(.key)\",scope=\"host\"} \(.value)"),
	(.events | to_entries[] | "portguard_events_\(.key)_total \(.value)"),
	(.outputs[] | "portguard_output_sent_total{output=\"\(.name | esc)\"} \(.sent)",
		"portguard_output_filtered_total{output=\"\(.name | esc)\"} \(.filtered)",
		"portguard_output_queued{output=\"\(.name | esc)\"} \(.queued)",
		"portguard_output_lost_total{output=\"\(.name | esc)\"} \(.lost)",
		"portguard_output_failing{output=\"\(.name | esc)\"} \(if .error then 1 else 0 end)"),
	(.hooks[] | "portguard_hook_attached{hook=\"\(.hook)\",target=\"\(.target | esc)\",via=\"\(.via)\"} \(if .attached then 1 else 0 end)"),
	"portguard_mode{scope=\"host\",mode=\"\(.mode)\"} 1", "portguard_generation \(.generation)",
	"portguard_degraded \(if .degraded then 1 else 0 end)", "portguard_agent_up \(if .agent.running then 1 else 0 end)",
	"portguard_panic \(if .panic then 1 else 0 end)", "portguard_flows \(.flows)"'
	pg --json status --memory | jq -r '.maps[] | "portguard_map_bytes{map=\"\(.name)\"} \(.bytes)"'
}
agrees() { # NAME: each line that follows from status is in the page, and there are as many hooks
	from_status >"$LAB/status.lines"
	same "$1" "$(grep -vxFf "$PAGE" "$LAB/status.lines")" ""
	same "$1: no hook more" "$(grep -c '^portguard_hook_attached{' "$PAGE")" "$(grep -c '^portguard_hook_attached{' "$LAB/status.lines")"
}
metrics
agrees "metrics agree with status"
same "2000 packets" "$(figure 'portguard_verdicts_total{hook="inbound",verdict="deny",scope="host"}')" 2000
same "300 calls" "$(figure 'portguard_verdicts_total{hook="bind",verdict="deny",scope="host"}')" 300
same "rules, sets, scopes" "$(figure portguard_rules) $(figure portguard_sets) $(figure portguard_scopes)" "2 2 2"
same "the scope's mode, by its name" "$(figure 'portguard_mode{scope="a\"b\\c}",mode="audit"}')" 1
via=$(pg --json status | jq -r '.hooks[] | select(.hook == "inbound" and .target == "q\"\\{x=").via')
same "the device, by its name" "$(figure 'portguard_hook_attached{hook="inbound",target="q\"\\{x=",via="'"$via"'"}')" 1
checked "promtool takes them"

agent_ends TERM
metrics
agrees "metrics without an agent"
same "which they say" "$(figure portguard_agent_up) $(figure portguard_up)" "0 1"
checked "promtool takes these, too"

# --- node_exporter's textfile -------------------------------------------------------------------

mkdir "$LAB/text"
write() { (umask 077 && cd "$LAB/text" && pg metrics --textfile pg.prom); }
holds "a relative name" write
same "all may read it" "$(stat -c %a "$LAB/text/pg.prom")" 644
# All but the figures stays the same, to the last line's end.
but_figures() { sed 's/ [0-9]*$//' "$1"; }
whole() { [ -z "$(tail -c 1 "$1")" ] && cmp -s <(but_figures "$1") <(but_figures "$PAGE"); }
many_writes() { local left=15; while ((left--)); do write || return; done; }
many_writes &
one=$!
many_writes &
two=$!
torn=0 reads=0
until gone $one && gone $two; do
	cat "$LAB/text/pg.prom" >"$LAB/copy"
	whole "$LAB/copy" || torn=$((torn + 1))
	reads=$((reads + 1))
done
holds "one writer is done" wait $one
holds "and the other" wait $two
same "whoever reads meanwhile sees it whole ($reads times)" $torn 0
same "and nothing else is left there" "$(ls "$LAB/text")" pg.prom

# --- what is built on them ----------------------------------------------------------------------

FILES=$LAB_ROOT/packaging
names() { grep -ohE 'portguard_[a-z_]+' "$@" | sort -u; }
sed -n 's/^# TYPE \([^ ]*\) .*/\1/p' "$PAGE" | sort >"$LAB/told"
same "docs/metrics.md lists the metrics, each and no other" "$(sed -n '/^## The metrics/,/^- /s/^| \(`portguard_[^|]*\)|.*/\1/p' "$LAB_ROOT/docs/metrics.md" | names)" "$(cat "$LAB/told")"
for file in "$FILES/prometheus/alerts.yml" "$FILES/prometheus/alerts_test.yml" "$FILES/grafana/portguard.json"; do
	same "${file##*/} speaks of metrics that are there" "$(names "$file" | comm -13 "$LAB/told" -)" ""
done
holds "the dashboard is JSON, each panel with what it shows" jq -e '[.panels[] | select(.type != "row")] |
	length > 10 and all(.[]; (.targets | length > 0 and all(.[]; .expr and .refId)) and (.datasource.uid | endswith("{datasource}")))' "$FILES/grafana/portguard.json" >/dev/null
if command -v promtool >/dev/null; then
	holds "promtool takes the alerts" quiet promtool check rules "$FILES/prometheus/alerts.yml"
	holds "they fire when they should" quiet promtool test rules "$FILES/prometheus/alerts_test.yml"
	same "each of them is tested" "$(grep -oE 'alertname[:=] ?"?[A-Za-z]+' "$FILES/prometheus/alerts_test.yml" | grep -oE '[A-Za-z]+$' | sort -u)" \
		"$(sed -n 's/.*- alert: //p' "$FILES/prometheus/alerts.yml" | sort)"
	jq '{groups: [{name: "dashboard", rules: [[.. | .expr? // empty] | to_entries[] | {record: "dashboard:\(.key)",
		expr: (.value | gsub("[$]__rate_interval"; "5m") | gsub("[$]instance"; ".*"))}]}]}' "$FILES/grafana/portguard.json" >"$LAB/dashboard.yml"
	holds "promtool takes what the dashboard asks" quiet promtool check rules "$LAB/dashboard.yml"
else
	skip "alerts and dashboard" "no promtool here"
fi
