#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A flood of the smallest packets, as fast as the machine makes them, from 10,000 sources over 1,000 ports, with
# every kind of output at once: the kernel's counters, the events and what each receiver has agree to the packet,
# in few lines and little memory. And what UDP loses, which nobody tells us, when its receiver dies amid one.
# Long: FLOOD_SECONDS=60, and LAB_ATTACH=xdp as well as tc.
. "$(dirname "$0")/../lib/lab.sh"
. "$(dirname "$0")/../lib/receivers.sh"
need jq rsyslogd
lab_up
: "${FLOOD_SECONDS:=1}"
SOURCES=10000 PORTS=1000 MEMORY_KB=65536 GROWTH_KB=2048
FLOOD=$BUILD/tests/lib/flood
UNIX=unix://$LAB/log UDP=udp://$PEER4:514 TCP=tcp://$PEER4:601 FILE=$LAB/out.jsonl

# A cable for the flood alone: what comes by it can be counted.
lab_link host flood0 peer flood1
lab_sysctl host net.ipv6.conf.flood0.disable_ipv6=1
lab_sysctl peer net.ipv6.conf.flood1.disable_ipv6=1
MAC=$(in_namespace host ip -o link show flood0 | sed 's/.*ether \([^ ]*\).*/\1/')
came() { in_namespace host ip -j -s link show flood0 | jq '.[0].stats64.rx.packets'; }
flood() { peer "$FLOOD" flood1 "$MAC" $HOST4 $SOURCES $PORTS "$1"; } # SECONDS
in_namespace host "$FLOOD" hear flood0
n=$(came)
sent=$(flood 0)
[ $? != 2 ] || { skip flood.sh "this kernel cannot send live frames (Linux 5.18)"; exit 0; }
came_all() { [ $(($(came) - n)) = "$sent" ]; }
holds "a flood comes in whole" within 3 came_all

OUTPUTS=("$EVENTS" "$FILE" "$UNIX" "$UDP" "$TCP" stdout)
policy flood >/dev/null <<END
version: 1
interfaces: [host0, flood0]
failsafe: []
essentials: []
outputs:
  - {file: '$FILE', rotate: 1M, keep: 100}
  - {syslog: '$UNIX', format: json}
  - {syslog: '$UDP', format: json}
  - {syslog: '$TCP', format: json, buffer: 16M}
  - {stdout: true}
END
if journald_is_here; then
	journald_for_portguard
	journald_starts || not_ok "journald starts" "$(cat "$LAB/journald.log")"
	echo '  - {journald: true}' >>"$LAB/flood.yaml"
	OUTPUTS+=(journald)
fi
rsyslog_starts || not_ok "rsyslog starts" "$(cat "$LAB/rsyslog.log")"
LAB_CHOICE='' guard "$LAB/flood.yaml"
exec_pg events -f --format json >"$LAB/followed.jsonl" 2>"$LAB/follow.err" &
FOLLOWER=$!

# --- what everybody has -------------------------------------------------------------------------

got() { # OUTPUT
	case $1 in
	"$FILE") cat "$FILE".* "$FILE" 2>/dev/null ;;
	"$UNIX") cat "$LAB/got.unix" ;;
	"$UDP") cat "$LAB/got.udp" ;;
	"$TCP") cat "$LAB/got.tcp" ;;
	stdout) cat "$LAB/agent.out" ;;
	journald) journal ;;
	*) cat "$1" ;;
	esac
}
figures() { status ".outputs[] | select(.name == \"$1\") | [.sent, .filtered, .queued, .lost]"; } # OUTPUT
denied() { status .counters.inbound.deny; }
most=$((200 * FLOOD_SECONDS))
[ "$FLOOD_SECONDS" -ge 10 ] || most=$((most + 2 * 200)) # its first second, and what is told after its end

n=$(came) before=$(denied)
flood "$FLOOD_SECONDS" >"$LAB/sent"
all_counted() { [ $(($(denied) - before)) = $(($(came) - n)) ]; }
holds "every packet that came is counted as refused" within 3 all_counted
packets=$(($(came) - n))
within 10 is_settled "$UDP" # the slowest
total=$(counted)
same "events tell every one" "$(told)" "$total"
same "none is lost" "$(lost)" 0
for output in "${OUTPUTS[@]}"; do
	name=${output//"$LAB/"/}
	within 20 is_settled "$output"
	same "$name: all is sent, and nothing filtered or lost" "$(figures "$output")" "[$total,0,0,0]"
	got "$output" >"$LAB/got"
	same "$name: that is there" "$(refusals_in "$LAB/got")" "$total"
	same "$name: each line once" "$(jq .id "$LAB/got" | sort | uniq -d)" ''
done
all_followed() { [ "$(refusals_in "$LAB/followed.jsonl")" = "$total" ]; }
holds "who follows has it, too" within 3 all_followed
kill $FOLLOWER 2>/dev/null
lines=$(jq -s 'map(select(.kind == "verdict")) | length' "$EVENTS")
holds "in few lines: $lines for $packets packets in $FLOOD_SECONDS s" [ "$lines" -le $most ]
map_bytes() { pg --json status --memory | jq .maps_total; }
heap_kb() { awk '$1 == "RssAnon:" { print $2 }' "/proc/$AGENT/status"; }
memory=$(awk '$1 == "VmHWM:" { print $2 }' "/proc/$AGENT/status")
holds "the agent stays small: $memory KiB" [ "$memory" -lt $MEMORY_KB ]
holds "and names some who scan" quiet jq -se 'any(.[]; .reason == "scan" and .remote.ip != null and .ports > 16)' "$EVENTS"

# --- UDP: a receiver that dies ------------------------------------------------------------------

# Of what it had not read for a second nobody tells us: the kernels know how much that was. All other datagrams,
# those that found nobody there included, arrive in the end.
datagrams() { in_namespace "$1" awk -v field="$2" '$1 == "Udp:" && $2 ~ /^[0-9]/ { print $field }' /proc/net/snmp; }
read_of() { echo $(($(datagrams peer 2) + $(datagrams peer 3) + $(datagrams peer 4))); } # by it, by nobody, refused
unread=$(($(datagrams host 5) - $(read_of)))
same "the kernels' figures agree so far" $unread 0
maps=$(map_bytes) heap=$(heap_kb) # one flood has filled what fills
kill -STOP "$(cat "$LAB/rsyslog.pid")"
had=$(figure "$UDP" sent)
flood $((FLOOD_SECONDS + 2)) >"$LAB/sent" &
SENDER=$!
more_sent() { [ "$(figure "$UDP" sent)" -gt "$had" ]; }
holds "what a receiver that stands still has not read counts as sent after a second" within 4 more_sent
stop rsyslog KILL
nobody_there() { [ "$(datagrams peer 3)" -gt 0 ]; }
holds "others find nobody there" within 4 nobody_there
rsyslog_starts || not_ok "rsyslog starts again" "$(cat "$LAB/rsyslog.log")"
wait $SENDER
within 20 is_settled "$UDP"
settles "unix, amid it" "$UNIX" "$LAB/got.unix"
same "UDP: sent is all" "$(figures "$UDP")" "[$(counted),0,0,0]"
unread=$(($(datagrams host 5) - $(read_of)))
jq -s --slurpfile got "$LAB/got.udp" '($got | map({key: .id, value: 1}) | from_entries) as $has |
	map(select($has[.id] | not)) | {lines: length, refusals: (map(.count // 0) | add // 0)}' "$EVENTS" >"$LAB/missing"
missing=$(jq .lines "$LAB/missing")
holds "UDP: no line is missing but of the $unread that were not read: $missing" [ "$missing" -le "$unread" ]
holds "some are" [ "$missing" -gt 0 ]
same "and all others are there" $(($(refusals_in "$LAB/got.udp") + $(jq .refusals "$LAB/missing"))) "$(counted)"
same "a second flood takes no more memory of the kernel's" "$(map_bytes)" "$maps"
grown=$(($(heap_kb) - heap))
holds "nor much more of the agent's: $grown KiB" [ $grown -le $GROWTH_KB ]
unguard
