# shellcheck shell=bash disable=SC2086 # addresses are single words
# SPDX-License-Identifier: GPL-2.0-only
#
# lab.sh, sourced by ../attacks.sh: the victim's machine, the ways into it, and what tries each group of
# attacks. try_GROUP PHASE prints a line for each case, as tests/lib/attack.h says.
#
#   host host0 === peer0 peer        guarded; vx-host over it reaches vx-peer
#   host host1 === peer1 peer        not guarded
#   host br0 = port0 === eth0 inner  a container's bridge, not guarded
#   host macvlan on host0 === other  a container that shares the guarded device
TOOLS=$BUILD/tests/lib
export PYTHONDONTWRITEBYTECODE=1 # the sources lie beside
SECOND4=10.79.0.1 SECOND6=fd79::1
INNER4=10.81.0.1 INNER6=fd81::1
VXLAN4=10.83.0.1 VXLAN6=fd83::1
MACVLAN4=10.77.0.9 MACVLAN6=fd77::9
TAB=$'\t'

strict_policy() {
	rules 'allow 80/tcp' 'allow 53/udp' 'allow in 4789/udp' 'allow in 43000-43999/udp' | policy strict
}
out_policy() {
	{
		rules 'allow 80/tcp' 'allow 53/udp' 'allow in 4789/udp' 'allow out 7007'
		echo 'default: {out: deny}'
	} | policy out
}

attack_lab() {
	local name
	in_namespace host ip link set host0 mtu 9000
	in_namespace peer ip link set peer0 mtu 9000
	# What a careless administrator may have set, so that more gets through.
	lab_sysctl host net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.host0.rp_filter=0 \
		net.ipv4.conf.all.accept_local=1 net.ipv4.conf.host0.accept_local=1 \
		net.ipv4.conf.all.route_localnet=1 net.ipv4.conf.host0.route_localnet=1 \
		net.ipv4.conf.all.accept_source_route=1 net.ipv4.conf.host0.accept_source_route=1 \
		net.ipv6.conf.all.accept_source_route=1 net.ipv6.conf.host0.accept_source_route=1 \
		net.ipv4.icmp_echo_ignore_broadcasts=0
	lab_link host host1 peer peer1
	lab_address host host1 $SECOND4/24 $SECOND6/64
	lab_address peer peer1 10.79.0.2/24 fd79::2/64
	attack_container
	attack_macvlan
	attack_vxlan
	start victim host "$PYTHON" "$HERE/victim.py" "$LAB/victim.tokens" 80,81 53,54 raw
	start outside peer "$PYTHON" "$HERE/victim.py" "$LAB/outside.tokens" 7,7007 7,7007
	for name in victim outside contained elsewhere; do
		within 5 says ready "$LAB/$name.log" || not_ok "the $name" "$(cat "$LAB/$name.log")"
	done
}
attack_container() {
	lab_namespace inner
	in_namespace host ip link add br0 type bridge
	in_namespace host ip link set br0 up
	lab_link host port0 inner eth0
	in_namespace host ip link set port0 master br0
	lab_address host br0 $INNER4/24 $INNER6/64
	lab_address inner eth0 10.81.0.2/24 fd81::2/64
	in_namespace inner ip route add default via $INNER4
	in_namespace inner ip route add default via $INNER6
	lab_sysctl host net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	in_namespace peer ip route add 10.81.0.0/24 via $HOST4
	in_namespace peer ip route add fd81::/64 via $HOST6
	start contained inner "$PYTHON" "$HERE/victim.py" "$LAB/contained.tokens" 81 54
}
attack_macvlan() {
	lab_namespace other
	in_namespace host ip link add macvlan0 link host0 type macvlan mode bridge
	in_namespace host ip link set macvlan0 netns "$LAB/other" up
	lab_address other macvlan0 $MACVLAN4/24 $MACVLAN6/64
	start elsewhere other "$PYTHON" "$HERE/victim.py" "$LAB/elsewhere.tokens" 81 54
}
other() { run_in "$LAB_CGROUP" other "$@"; }
# The kernel's socket of a VXLAN device is bound by whoever makes it: before portguard starts.
attack_vxlan() {
	HAVE_VXLAN=
	in_namespace host ip link add vx-host type vxlan id 7 remote $PEER4 dstport 4789 dev host0 \
		2>/dev/null || return 0
	in_namespace peer ip link add vx-peer type vxlan id 7 remote $HOST4 dstport 4789 dev peer0
	in_namespace host ip link set vx-host up
	in_namespace peer ip link set vx-peer up
	lab_address host vx-host $VXLAN4/24 $VXLAN6/64
	lab_address peer vx-peer 10.83.0.2/24 fd83::2/64
	HAVE_VXLAN=1
}

host_mac() { in_namespace host ip -brief link show host0 | awk '{ print $3 }'; }
tool() { host "$TOOLS/$1" "${@:2}"; }
python() { "$1" "$PYTHON" "$HERE/$2.py" "${@:3}"; } # host|peer|inner|admin SCRIPT WORD…

try_sockets() { tool attack $HOST4 $HOST6 $PEER4 $PEER6; }
try_out() { tool outward $HOST4 $HOST6 $PEER4 $PEER6; }
try_identity() { tool identity "$LAB_CGROUP" "$LAB_CGROUP_TOP/rest"; }
try_packets() {
	python peer packets peer0 "$(host_mac)" $PEER4 $PEER6 $HOST4 $HOST6 "$LAB/victim.tokens" "$@"
	python admin tunnel "$LAB/victim.tokens" "$1"
}

# A flood of later fragments must not fill the victim's reassembly: counted is what gets as far as that.
reassembled() { # FAMILY
	# The words of /proc/net/snmp stand in a line above their figures.
	in_namespace host awk -v word="$([ "$1" = 6 ] && echo Ip6ReasmReqds || echo ReasmReqds)" '
		$1 == word { print $2 }
		$1 == "Ip:" && !column { for (i = 1; i <= NF; i++) if ($i == word) column = i; next }
		$1 == "Ip:" && column { print $column }' /proc/net/snmp /proc/net/snmp6
}
try_flood() {
	local family before after outcome
	for family in 4 6; do
		before=$(reassembled $family)
		python peer flood peer0 "$(host_mac)" $PEER4 $PEER6 $HOST4 $HOST6 $family 3000
		after=$(reassembled $family)
		outcome="refused${TAB}silent"
		[ $((after - before)) -lt 2500 ] || outcome="open${TAB}-"
		printf 'inbound\t%s\t%s\t%s\n' $family "3,000 later fragments without a first" "$outcome"
	done
}

try_doors() {
	start doors host "$TOOLS/doors" "$LAB_CGROUP" "$LAB_CGROUP_TOP/rest"
	within 5 says ready "$LAB/doors.log"
	python peer dial $HOST4 $HOST6 <"$LAB/doors.log"
	# The same sockets by an interface that is not guarded.
	grep -v 'made outside\|from outside' "$LAB/doors.log" |
		sed -E "s/^(listen|inbound)$TAB/deliver$TAB/; s/$TAB(tcp|udp)/, by another interface&/" |
		python peer dial $SECOND4 $SECOND6
	stop doors KILL
}

closed_ports() { # HOOK HOW
	local family
	for family in 4 6; do
		printf '%s\t%s\tTCP %s\ttcp\t81\n' "$1" $family "$2"
		printf '%s\t%s\tUDP %s\tudp\t54\n' "$1" $family "$2"
		printf '%s\t%s\tUDP-Lite %s\tudplite\t54\n' "$1" $family "$2"
	done
}
try_deliver() {
	closed_ports deliver "by an interface that is not guarded" | python peer dial $SECOND4 $SECOND6
	closed_ports deliver "from a container over its bridge" | python inner dial $INNER4 $INNER6
	closed_ports deliver "from a container to the guarded address" | python inner dial $HOST4 $HOST6
	if [ -n "$HAVE_VXLAN" ]; then
		closed_ports deliver "inside VXLAN" | python peer dial $VXLAN4 $VXLAN6
	else
		closed_ports deliver "inside VXLAN" |
			awk -F'\t' -v OFS='\t' '{ print $1, $2, $3, "unsupported", "no VXLAN" }'
	fi
	# What is only passed on by the host meets the host's rules, too.
	closed_ports inbound "to a container that is routed" | python peer dial 10.81.0.2 fd81::2
	closed_ports inbound "to a container's macvlan" | python peer dial $MACVLAN4 $MACVLAN6
}

# A socket that talks to somebody: a stranger may not join in.
try_stranger() {
	start talker host "$PYTHON" "$HERE/talker.py" $PEER4 $PEER6 $OTHER4 $OTHER6 $SECOND4 $SECOND6
	within 5 says ready "$LAB/talker.log"
	python peer dial $HOST4 $HOST6 <"$LAB/talker.log"
	stop talker KILL
}

# What is allowed comes through with the same programs: or silence would prove nothing.
controls() {
	local family name outcome why
	while IFS=$TAB read -r _ family name outcome why; do
		same "allowed: $name, IPv$family" "$outcome $why" "open -"
	done < <(
		python peer packets peer0 "$(host_mac)" $PEER4 $PEER6 $HOST4 $HOST6 "$LAB/victim.tokens" control control
		allowed_ports | python peer dial $HOST4 $HOST6
		allowed_ports " by an interface that is not guarded" | python peer dial $SECOND4 $SECOND6
		[ -z "$HAVE_VXLAN" ] || allowed_ports " inside VXLAN" | python peer dial $VXLAN4 $VXLAN6
	)
}
allowed_ports() { # [HOW]
	local family
	for family in 4 6; do
		printf 'deliver\t%s\tTCP%s\ttcp\t80\n' $family "${1:-}"
		printf 'deliver\t%s\tUDP%s\tudp\t53\n' $family "${1:-}"
	done
}
