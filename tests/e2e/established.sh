#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What was connected before portguard came stays connected, whatever the policy: both directions, both
# families, connections on which the host only receives, those of a container behind its NAT, and a
# stream at full rate while the programs attach. New conversations with the same ports are refused.
#
# attach: xdp tc
. "$(dirname "$0")/../lib/lab.sh"
need nft
lab_up

# A container behind the host: masqueraded on its way out, one port of it published.
lab_namespace inner
lab_link host inner0 inner eth0
lab_address host inner0 10.78.0.1/24
lab_address inner eth0 10.78.0.2/24
in_namespace inner ip route add default via 10.78.0.1
lab_sysctl host net.ipv4.ip_forward=1
in_namespace host nft -f - <<-'END' || { skip "established" "no nftables NAT in this kernel"; exit 0; }
	table ip lab {
		chain in {
			type nat hook prerouting priority dstnat
			iifname "host0" tcp dport 7786 dnat to 10.78.0.2:7777
			iifname "host0" tcp dport 7787 dnat to 10.78.0.2:7785
		}
		chain out { type nat hook postrouting priority srcnat; ip saddr 10.78.0.0/24 oifname "host0" masquerade; }
	}
END

FLOWS=()
flow() { # NAME PART TRAFFIC-WORDS…: FILE stands for the file in which it counts
	local words=("${@:3}")
	FLOWS+=("$1")
	start "$1" "$2" "$PYTHON" "$LAB_ROOT/tests/lib/traffic.py" "${words[@]/#FILE/$LAB/$1.count}"
}
server() { start "$1" "$2" "$PYTHON" "$LAB_ROOT/tests/lib/traffic.py" "${@:3}" && within 5 says ready "$LAB/$1.log"; }
count() { local n; n=$(tr -dc '0-9-' 2>/dev/null <"$LAB/$1.count"); echo "${n:-0}"; }
goes_on() { [ "$(count "$1")" -ge "$2" ]; } # NAME COUNT
under_way() { local name; for name in "${FLOWS[@]}"; do goes_on "$name" 3 || return; done; }

echo_server host-servers host 7777,7781 7779,7781
echo_server peer-servers peer 7778 7778
echo_server inner-servers inner 7777 ''
server peer-push peer push tcp 7790
server host-reads host accept 7785 "$LAB/tcp-in-receive-only.count"
server inner-reads inner accept 7785 "$LAB/published-receive-only.count"
server host-bulk host accept 7784 "$LAB/tcp-in-bulk.count"
start peer-udp peer "$PYTHON" "$LAB_ROOT/tests/lib/traffic.py" push udp 7801 $HOST4 7802

flow tcp-in peer talk tcp $HOST4 7777 FILE
flow tcp-in-ipv6 peer talk tcp $HOST6 7777 FILE
flow tcp-out host talk tcp $PEER4 7778 FILE
flow tcp-out-ipv6 host talk tcp $PEER6 7778 FILE
flow tcp-in-receive-only peer tell $HOST4 7785
flow tcp-in-bulk peer tell $HOST4 7784 fast
flow tcp-out-receive-only host hear tcp $PEER4 7790 FILE
flow udp-connected host talk udp $PEER4 7778 FILE
flow udp-connected-ipv6 host talk udp $PEER6 7778 FILE
flow udp-connected-receive-only host hear udp $PEER4 7801 FILE 7802
flow udp-unconnected host chat 7803 $PEER4 7804 FILE
flow udp-unconnected-far-end peer chat 7804 $HOST4 7803 FILE
flow masqueraded inner talk tcp $PEER4 7778 FILE
flow masqueraded-receive-only inner hear tcp $PEER4 7790 FILE
flow published peer talk tcp $HOST4 7786 FILE
if ! within 10 under_way; then
	for name in "${FLOWS[@]}"; do goes_on "$name" 3 || not_ok "without a guard: $name" "$(count "$name"): $(cat "$LAB/$name.log")"; done
	exit 1
fi
ok "without a guard every conversation is under way"
same "without a guard, a new one to the published port" "$(dial tcp $HOST4 7786)" OPEN
same "without a guard, a new one to an unconnected UDP port" "$(dial udp $HOST4 7781)" OPEN
[ -z "${LAB_UNGUARDED:-}" ] || exit 0

guard "$(rules 'allow 80/tcp' | policy strict)"
declare -A before
for name in "${FLOWS[@]}"; do before[$name]=$(count "$name"); done
for name in "${FLOWS[@]}"; do
	if within 4 goes_on "$name" $((before[$name] + 25)); then
		ok "$name goes on"
	else
		not_ok "$name goes on" "${before[$name]} at the start, $(count "$name") now: $(tail -n 1 "$LAB/$name.log")"
	fi
done

same "a new TCP connection in" "$(dial tcp $HOST4 7777)" silent
same "a new TCP connection in, IPv6" "$(dial tcp $HOST6 7777)" silent
same "a new UDP conversation in" "$(dial udp $HOST4 7781)" silent
same "a new UDP conversation in, IPv6" "$(dial udp $HOST6 7781)" silent
same "a new connection to the published port" "$(dial tcp $HOST4 7786)" silent
same "a new connection out" "$(traffic host dial tcp $PEER4 7778)" OPEN
same "a new connection of the container" "$(traffic inner dial tcp $PEER4 7778)" OPEN
same "a new UDP question of the container" "$(traffic inner dial udp $PEER4 7778)" OPEN

# Nor does the agent's end, or its return, disturb them.
agent_ends KILL
guard "$LAB/strict.yaml"
for name in tcp-in tcp-in-receive-only udp-connected-receive-only masqueraded-receive-only published; do
	holds "$name goes on under the next agent" within 4 goes_on "$name" $(($(count "$name") + 25))
done

# A published port was allowed when somebody connected, and is no more: the connection stays, though the
# container only receives, and so begins no flow by itself.
pg allow in 7787/tcp 2>/dev/null
flow published-receive-only peer tell $HOST4 7787
holds "a published port is allowed: a connection in" within 5 goes_on published-receive-only 3
pg remove allow in 7787/tcp
same "it is allowed no more: a new connection" "$(dial tcp $HOST4 7787)" silent
holds "the open one goes on" within 4 goes_on published-receive-only $(($(count published-receive-only) + 25))
