#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# By which interfaces packets come: VLANs, bonds, bridges, VRFs, macvlans, tunnels; those that come
# later or are renamed; what `on X` means for each; packets for other hosts. Each is one cable (or a
# network on one) to the peer with addresses of its own: 10.77.N.1 on the host, 10.77.N.2 on the peer.
#
# attach: xdp tc
. "$(dirname "$0")/../lib/lab.sh"
need jq
lab_up
LAB_CHOICE= # the policies here name the interfaces

virtual() { start "$1" "$2" "$PYTHON" "$LAB_ROOT/tests/lib/virtual.py" "${@:3}" && within 5 says ready "$LAB/$1.log"; }
on_host() { quiet in_namespace host "$@" 2>/dev/null; }
on_peer() { quiet in_namespace peer "$@" 2>/dev/null; }
NAMES=() PORTS=()
declare -A AT # interface -> N
# has DEVICE N PEER-DEVICE: DEVICE is there and has its addresses.
has() {
	NAMES+=("$1") AT[$1]=$2
	in_namespace host ip address add "10.77.$2.1/24" dev "$1"
	in_namespace peer ip address add "10.77.$2.2/24" dev "$3"
	in_namespace host ip link set "$1" up
	in_namespace peer ip link set "$3" up
}
lacks() { skip "$1" "this kernel has no device of that kind"; }

NAMES+=(host0) AT[host0]=0 PORTS+=(host0)
if on_host ip link add link host0 name v5 type vlan id 5; then
	on_peer ip link add link peer0 name v5 type vlan id 5
	has v5 5 v5
else lacks VLAN; fi
if on_host ip link add link host0 name v7 type vlan proto 802.1ad id 7; then
	on_host ip link add link v7 name q8 type vlan id 8
	on_peer ip link add link peer0 name v7 type vlan proto 802.1ad id 7
	on_peer ip link add link v7 name q8 type vlan id 8
	on_host ip link set v7 up
	on_peer ip link set v7 up
	has q8 7 q8
else lacks QinQ; fi
if on_host ip link add bond0 type bond mode active-backup; then
	lab_link host port1 peer cable1
	in_namespace host ip link set port1 down
	in_namespace host ip link set port1 master bond0
	has bond0 1 cable1
	PORTS+=(port1)
else lacks bond; fi
if on_host ip link add br0 type bridge; then
	lab_link host port2 peer cable2
	in_namespace host ip link set port2 master br0
	has br0 2 cable2
	PORTS+=(port2)
else lacks bridge; fi
if on_host ip link add red type vrf table 10; then
	lab_link host port3 peer cable3
	in_namespace host ip link set red up
	in_namespace host ip link set port3 master red
	lab_sysctl host net.ipv4.tcp_l3mdev_accept=1 net.ipv4.udp_l3mdev_accept=1
	has port3 3 cable3
	unset 'NAMES[-1]' && NAMES+=(red) && AT[red]=3
	PORTS+=(port3)
else lacks VRF; fi
if lab_link host port4 peer cable4 && on_host ip link add link port4 name mv0 type macvlan mode bridge; then
	# A macvlan's device would answer for its address, too: then packets do not come by it.
	lab_sysctl host net.ipv4.conf.port4.arp_ignore=1
	has mv0 4 cable4
	PORTS+=(port4)
else lacks macvlan; fi
if [ -c /dev/net/tun ] && virtual tun-host host cable tun tun0 "$LAB/tun.a" "$LAB/tun.b" &&
	virtual tun-peer peer cable tun tun0 "$LAB/tun.b" "$LAB/tun.a"; then
	has tun0 6 tun0
	PORTS+=(tun0)
else lacks tun; fi
tunnel() { # DEVICE KIND N: over the first cable
	if on_host ip link add "$1" type "$2" local $HOST4 remote $PEER4; then
		on_peer ip link add "$1" type "$2" local $PEER4 remote $HOST4
		has "$1" "$3" "$1"
		PORTS+=("$1")
	else lacks "$2"; fi
}
tunnel gre9 gre 8
tunnel ipip9 ipip 9
if on_host ip link add vx0 type vxlan id 5 dstport 4789 local $HOST4 remote $PEER4; then
	on_peer ip link add vx0 type vxlan id 5 dstport 4789 local $PEER4 remote $HOST4
	has vx0 10 vx0
	PORTS+=(vx0)
else lacks VXLAN; fi

echo_server servers host 80,81 80,81

# Who answers on a port, of all interfaces: their names.
answering() { # PORT [tcp|udp]
	local name
	for name in "${NAMES[@]}"; do
		{ [ "$(dial "${2:-tcp}" "10.77.${AT[$name]}.1" "$1" 0.8)" != OPEN ] || echo "$name"; } &
	done | sort | tr '\n' ' '
	wait
}
# answer_by NAME WANTED PORT [tcp|udp]: tried again where a busy machine was late to answer.
is_answering() { GOT=$(answering "${@:2}"); [ "$GOT" = "$1" ]; }
answer_by() { within 3 is_answering "${@:2}" || :; same "$1" "$GOT" "$2"; }
but() { printf '%s\n' "${NAMES[@]}" | grep -vxF -f <(printf '%s\n' "$@") | sort | tr '\n' ' '; }
all() { printf '%s\n' "${NAMES[@]}" | sort | tr '\n' ' '; }
all_answer() { [ "$(answering 80)" = "$(all)" ]; }

within 10 all_answer || { not_ok "unguarded, all interfaces reach the servers" "$(answering 80)of $(all)"; exit 1; }
ok "unguarded, all interfaces reach the servers: $(all)"
same "unguarded, by UDP too" "$(answering 81 udp)" "$(all)"

# file CHOICE RULE…: what tunnels need is open, and ping.
file() {
	local attach=$LAB_ATTACH
	{
		printf 'version: 1\nfailsafe: []\nessentials: []\nprotocols: [gre, ipip]\n'
		# Bridges and bonds of cables know XDP no more than tunnels do.
		[ "$attach" != xdp ] || echo "attach: auto"
		[ -z "$1" ] || echo "interfaces: [$1]"
		rules 'allow in 4789/udp on host0' "${@:2}"
	} | policy "interfaces"
}
choice() { local IFS=,; echo "${PORTS[*]/#host0/${LAB_ATTACH:+{name: host0, attach: $LAB_ATTACH\}}}"; }
applied() { run apply "$1"; [ "$CODE" = 0 ] || not_ok "apply" "$ERR"; }
# Where several devices may have received the frame, `allow on` any of them meets nothing.
unresolved() { [ "$1" = q8 ] || [ "$1 $2" = "mv0 ports" ]; }

on_each() { # WHAT CHOICE
	local x
	for x in "${NAMES[@]}"; do
		applied "$(file "$2" "allow in 80 on $x" 'allow in 81' "deny in 81 on $x")"
		if unresolved "$x" "$1"; then
			answer_by "$1 guarded: allow on $x, which cannot be told, matches nothing" "" 80
			answer_by "$1 guarded: deny on $x, which cannot be told, matches what may be it" "$(but "$x")" 81
			continue
		fi
		answer_by "$1 guarded: allow on $x opens there alone" "$x " 80
		answer_by "$1 guarded: deny on $x closes there alone" "$(but "$x")" 81
		answer_by "$1 guarded: allow on $x, UDP" "$x " 80 udp
	done
}

guard "$(file "$(choice)" 'allow in 80')"
answer_by "with the ports guarded, an open port is open by all" "$(all)" 80
same "and a closed one closed" "$(answering 81)$(answering 81 udp)" ""
if quiet command -v bpftool; then
	covered() {
		bpftool -j map dump pinned "$BPFFS/portguard/$LAB_NAME/pg_devices" | jq -r '.[].formatted.key' |
			while read -r index; do in_namespace host ip -o link show | sed -n "s/^$index: \([^@:]*\).*/\1/p"; done |
			grep -xF "$(but mv0 | tr ' ' '\n' | grep .)" | sort | tr '\n' ' '
	}
	same "all that is stacked on guarded devices is covered, but a macvlan and a bridge of guarded ports" "$(covered)" "$(but mv0 br0)"
fi
on_each ports "$(choice)"

# The same with those guarded by which IP receives.
masters() { local IFS=,; echo "${NAMES[*]}"; }
applied "$(file "$(masters)" 'allow in 80')"
same "with the receiving devices guarded, an open port is open by all" "$(answering 80)" "$(all)"
same "and a closed one closed there, too" "$(answering 81)$(answering 81 udp)" ""
on_each masters "$(masters)"

# `interfaces` left out.
inbound_at() { status '[.hooks[] | select(.hook == "inbound" and .attached).target] | sort[]' | tr -d '"'; }
chosen() { inbound_at | grep -xF "$(printf '%s\n' "${NAMES[@]}" "${PORTS[@]}")" | sort -u | tr '\n' ' '; }
chosen_is() { [ "$(chosen)" = "$1" ]; }
expect_chosen() { within 5 chosen_is "$2"; same "$1" "$(chosen)" "$2"; }
reached() { printf '%s\n' "$@" "${NAMES[@]}" | grep -xE "$(IFS='|'; echo "$*")|bond0|tun0|gre9|ipip9|vx0" | sort -u | tr '\n' ' '; }
in_namespace host ip route add default via $PEER4
applied "$(file '' 'allow in 80')"
expect_chosen "left out: uplinks, bonds and tunnels are guarded, no host's end of a container, no port" "$(reached host0)"
same "the open port is open by all, guarded or not" "$(answering 80)" "$(all)"
same "the closed one is closed by all, at the socket where no interface is guarded" "$(answering 81)$(answering 81 udp)" ""
if in_namespace host ip route add default via 10.77.2.2 dev br0 metric 500 2>/dev/null; then
	expect_chosen "a bridge over which a default route leads is guarded at once" "$(reached host0 br0)"
	same "the closed port is closed" "$(answering 81)$(answering 81 udp)" ""
	in_namespace host ip route del default via 10.77.2.2 dev br0 metric 500
	expect_chosen "without that route it is not guarded" "$(reached host0)"
fi
in_namespace host ip route del default via $PEER4

# Later, and renamed.
applied "$(file 'host0, late*' 'allow in 80 on late0' 'allow in 81 on late1')"
lab_link host late0 peer latepeer
PORTS+=(late0 late1 other0)
lab_address host late0 10.77.11.1/24
lab_address peer latepeer 10.77.11.2/24
expect_chosen "an interface that comes later is guarded at once" "host0 late0 "
opens() { [ "$(dial tcp 10.77.11.1 "$1" 0.3)" = OPEN ]; }
holds "and a rule that names it opens its port" within 5 opens 80
fails "but no other" opens 81
renamed() { in_namespace host ip link set "$1" down; in_namespace host ip link set "$1" name "$2"; in_namespace host ip link set "$2" up; }
renamed late0 late1
holds "renamed, it is what the rules call it now" within 5 opens 81
fails "and not any more what it was" opens 80
same "it stays guarded" "$(chosen)" "host0 late1 "
renamed late1 other0
expect_chosen "with a name that the policy does not guard it is not guarded" "host0 "
holds "an alternative name" in_namespace host ip link property add dev other0 altname late-alternative
expect_chosen "by an alternative name it is" "host0 other0 "
in_namespace host ip link del other0
expect_chosen "and one that is gone is gone" "host0 "

# Packets for other hosts meet the host's rules, or none.
lab_namespace inner
lab_link host inner0 inner eth0
lab_address host inner0 10.78.0.1/24
lab_address inner eth0 10.78.0.2/24
in_namespace inner ip route add default via 10.78.0.1
in_namespace peer ip route add 10.78.0.0/24 via $HOST4
lab_sysctl host net.ipv4.ip_forward=1
echo_server inner-servers inner 80,7777 80,7777
forwarded() { echo "$(dial tcp 10.78.0.2 "$1") $(dial udp 10.78.0.2 "$1")"; }
# In the agent's own file: it reads that again, soon after it was written.
forward() { echo "forward: $1" >>"$(file host0 'allow in 80')"; applied "$LAB/interfaces.yaml"; }
forward deny
same "forward: deny: packets for another host are closed like the host's own" "$(forwarded 7777)" "silent silent"
same "forward: deny: what the host's rules allow is forwarded" "$(forwarded 80)" "OPEN OPEN"
same "forward: deny: and the other host goes out as it likes" \
	"$(traffic inner dial tcp $PEER4 7778) $(traffic inner dial udp $PEER4 7778)" "ECONNREFUSED ECONNREFUSED"
forward allow
same "forward: allow: packets for another host pass" "$(forwarded 7777)" "OPEN OPEN"
same "forward: allow: the host's own port stays closed" "$(dial tcp $HOST4 81) $(dial udp $HOST4 81)" "silent silent"
unguard
same "none of it was taken for tampering" "$(jq -r 'select(.action == "tamper").text' "$EVENTS")" ''
