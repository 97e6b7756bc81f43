#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A host of containers and VMs whose policy does not name interfaces: containers on a bridge behind NAT
# with published ports, a routed one (a veth of its own, proxy ARP, a /32 route), VMs on taps behind a
# bridge of their own and behind one that leads outside, a macvlan. First without a guard: all of it
# works. Then guarded: all of it works, but what comes from outside to a port that is not open.
#
#   peer 10.77.0.2 === host0 10.77.0.1 | docker0 10.78.0.1: c1 .2, c2 .3 | cali0: routed 10.79.0.2
#   peer 10.77.2.2 === port2 in br0 10.77.2.1: VM 10.77.2.9              | virbr0 10.80.0.1: VM 10.80.0.2
#   macvlan on host0: 10.77.0.9
#
# attach: xdp tc
. "$(dirname "$0")/../lib/lab.sh"
need nft jq
lab_up
LAB_CHOICE=

container() { # NAME DEVICE ADDRESS ROUTE…
	lab_namespace "$1"
	lab_link host "$2" "$1" eth0
	lab_address "$1" eth0 "$3"
	in_namespace "$1" ip route add "${@:4}"
}
inside() { run_in "$LAB_CGROUP" "$@"; } # CONTAINER COMMAND…
c1() { inside c1 "$@"; }
c2() { inside c2 "$@"; }
routed() { inside routed "$@"; }
mac() { inside mac "$@"; }

in_namespace host ip route add default via $PEER4
in_namespace peer ip route add default via $HOST4
in_namespace host ip link add docker0 type bridge 2>/dev/null || { skip "containers" "this kernel has no bridge"; exit 0; }
in_namespace host ip link set docker0 up
lab_address host docker0 10.78.0.1/24 fd78::1/64
lab_sysctl host net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
container c1 veth1 10.78.0.2/24 default via 10.78.0.1
container c2 veth2 10.78.0.3/24 default via 10.78.0.1
lab_address c1 eth0 fd78::2/64
in_namespace c1 ip route add default via fd78::1
for end in veth1 veth2; do in_namespace host ip link set $end master docker0; done

lab_namespace routed
lab_link host cali0 routed eth0
lab_address routed eth0 10.79.0.2/32
in_namespace routed ip route add 169.254.1.1 dev eth0
in_namespace routed ip route add default via 169.254.1.1 dev eth0
lab_sysctl host net.ipv4.conf.cali0.proxy_arp=1 net.ipv4.neigh.cali0.proxy_delay=0
in_namespace host ip route add 10.79.0.2/32 dev cali0

in_namespace host nft -f - <<-'END' || { skip "containers" "no nftables NAT in this kernel"; exit 0; }
	table ip lab {
		chain in { type nat hook prerouting priority dstnat;
			fib daddr type local tcp dport 8080 dnat to 10.78.0.2:7777;
			fib daddr type local udp dport 8053 dnat to 10.78.0.2:7777; }
		chain out { type nat hook postrouting priority srcnat;
			ip saddr { 10.78.0.0/24, 10.80.0.0/24 } oifname "host0" masquerade; }
	}
END

# VMs: on a bridge of their own, and on one by which the host reaches a network.
vm() { # NAME TAP BRIDGE ADDRESS
	mkfifo "$LAB/$1.in"
	# shellcheck disable=SC2034 # held open, so that the machine never reads an end
	exec {LAB_VM}<>"$LAB/$1.in"
	# shellcheck disable=SC2016 # that shell's
	start "$1" admin sh -c 'exec "$@" <"$0"' "$LAB/$1.in" "$PYTHON" "$LAB_ROOT/tests/lib/virtual.py" machine "$2" 02:00:00:00:00:0"${4##*.}" "$4" 80
	within 5 says ready "$LAB/$1.log" || return
	in_namespace host ip link set "$2" master "$3"
	in_namespace host ip link set "$2" up
}
asked() { [ "$(wc -l <"$LAB/$1.log")" -gt "$2" ]; }
vm_dial() { # NAME ADDRESS PORT: by UDP
	local before
	before=$(wc -l <"$LAB/$1.log")
	echo "dial $2 $3" >"$LAB/$1.in"
	within 4 asked "$1" "$before"
	tail -n 1 "$LAB/$1.log"
}
VMS=
if [ -c /dev/net/tun ]; then
	in_namespace host ip link add virbr0 type bridge
	in_namespace host ip link add br0 type bridge
	lab_link host port2 peer cable2
	in_namespace host ip link set port2 master br0
	for bridge in virbr0 br0; do in_namespace host ip link set $bridge up; done
	lab_address host virbr0 10.80.0.1/24
	lab_address host br0 10.77.2.1/24
	lab_address peer cable2 10.77.2.2/24
	in_namespace host ip route add default via 10.77.2.2 dev br0 metric 900
	# These machines have no gateway: the host answers for all addresses.
	lab_sysctl host net.ipv4.conf.virbr0.proxy_arp=1 net.ipv4.neigh.virbr0.proxy_delay=0
	# What a bridge hands on is not for netfilter to drop, whatever the kernel was built with.
	lab_sysctl host net.bridge.bridge-nf-call-iptables=0 2>/dev/null
	vm vm-nat tap0 virbr0 10.80.0.2 && vm vm-bridged tap1 br0 10.77.2.9 && VMS=yes
fi
[ -n "$VMS" ] || skip "VMs" "no tap devices here"

MACVLAN=
lab_namespace mac
if in_namespace host ip link add mv0 link host0 netns "$LAB/mac" type macvlan mode bridge 2>/dev/null; then
	MACVLAN=yes
	in_namespace mac ip link set mv0 up
	lab_address mac mv0 10.77.0.9/24
else
	skip "macvlan" "this kernel has none"
fi

echo_server host-servers host 81 81
echo_server peer-servers peer 7778 53,7778
for part in c1 c2 routed mac; do echo_server $part-servers $part 7777 7777; done

# each NAME ANSWER FROM PROTO ADDRESS PORT
each() { same "$PHASE: $1" "$(traffic "$3" dial "$4" "$5" "$6")" "$2"; }
# What has to work, guarded or not.
everyday() {
	local from proto
	for from in c1 routed; do
		each "$from goes out by TCP" OPEN $from tcp $PEER4 7778
		each "$from goes out by UDP" OPEN $from udp $PEER4 7778
		each "$from asks a name server" OPEN $from udp $PEER4 53
	done
	for proto in tcp udp; do
		each "container to container, $proto" OPEN c2 $proto 10.78.0.2 7777
		each "container to a routed one, $proto" OPEN c1 $proto 10.79.0.2 7777
		each "the routed one to a container, $proto" OPEN routed $proto 10.78.0.2 7777
		each "host to container, $proto" OPEN host $proto 10.78.0.2 7777
		each "host to the routed one, $proto" OPEN host $proto 10.79.0.2 7777
		each "host out, $proto" OPEN host $proto $PEER4 7778
	done
	each "host to container, IPv6" OPEN host tcp fd78::2 7777
	each "a container goes out by IPv6" OPEN c1 tcp $PEER6 7778
	each "a container goes out by IPv6, UDP" OPEN c1 udp $PEER6 7778
	if [ -n "$VMS" ]; then
		same "$PHASE: a VM behind NAT goes out" "$(vm_dial vm-nat $PEER4 7778)" OPEN
		same "$PHASE: a bridged VM goes out" "$(vm_dial vm-bridged 10.77.2.2 7778)" OPEN
		each "from outside to a bridged VM, TCP" OPEN peer tcp 10.77.2.9 80
		each "from outside to a bridged VM, UDP" OPEN peer udp 10.77.2.9 80
		each "host to VM, TCP" OPEN host tcp 10.80.0.2 80
		each "host to bridged VM, UDP" OPEN host udp 10.77.2.9 80
	fi
	[ -z "$MACVLAN" ] || for proto in tcp udp; do
		each "a macvlan goes out, $proto" OPEN mac $proto $PEER4 7778
	done
}
# outside ANSWER PORT-WORDS: what comes from outside to host and containers.
published() {
	each "published port, TCP" "$1" peer tcp $HOST4 8080
	each "published port, UDP" "$1" peer udp $HOST4 8053
}
unpublished() {
	each "the routed container from outside" "$1" peer tcp 10.79.0.2 7777
	each "the routed container from outside, UDP" "$1" peer udp 10.79.0.2 7777
	each "a container from outside, by its own address" "$1" peer tcp 10.78.0.2 7777
	[ -z "$MACVLAN" ] || each "a macvlan from outside" "$1" peer tcp 10.77.0.9 7777
}
# A port of the host's that is not open: from outside, and from containers.
host_port() {
	local from address
	for from in peer c1 routed; do
		address=$HOST4
		[ $from != c1 ] || address=10.78.0.1
		each "a port of the host's from $from" "$1" $from tcp $address 81
		each "a port of the host's from $from, UDP" "$1" $from udp $address 81
	done
	[ -z "$VMS" ] || same "$PHASE: a port of the host's from a bridged VM" "$(vm_dial vm-bridged 10.77.2.1 81)" "$1"
	[ -z "$VMS" ] || same "$PHASE: a port of the host's from a VM behind NAT" "$(vm_dial vm-nat 10.80.0.1 81)" "$1"
}

in_namespace peer ip route add 10.78.0.0/24 via $HOST4
in_namespace peer ip -6 route add fd78::/64 via $HOST6
PHASE=unguarded
all_is_up() { [ "$(traffic c1 dial tcp $PEER6 7778)$(traffic routed dial tcp $PEER4 7778)" = OPENOPEN ]; }
within 10 all_is_up # neighbours have been found
everyday
published OPEN
unpublished OPEN
host_port OPEN

# Conversations that are open when the guard comes.
talk() { start "$1" "$2" "$PYTHON" "$LAB_ROOT/tests/lib/traffic.py" talk "$3" "$4" "$5" "$LAB/$1.count"; TALKS+=("$1"); }
count() { local n; n=$(tr -dc '0-9-' <"$LAB/$1.count" 2>/dev/null); echo "${n:-0}"; }
goes_on() { [ "$(count "$1")" -ge "$2" ]; }
TALKS=()
talk container-out c1 tcp $PEER4 7778
talk container-out-udp c1 udp $PEER4 7778
talk routed-out routed tcp $PEER4 7778
talk published-in peer tcp $HOST4 8080
talk routed-in peer tcp 10.79.0.2 7777
[ -z "$MACVLAN" ] || talk macvlan-out mac tcp $PEER4 7778
for name in "${TALKS[@]}"; do within 5 goes_on "$name" 3 || not_ok "unguarded: $name is under way" "$(count "$name")"; done

file() { # RULE…
	{
		printf 'version: 1\nfailsafe: []\nessentials: []\n'
		# A bridge is no place for native XDP.
		[ "$LAB_ATTACH" != xdp ] || echo 'attach: auto'
		rules "$@"
	} | policy containers
}
guard "$(file 'allow in 9/tcp')"
inbound_at() { status '[.hooks[] | select(.hook == "inbound" and .attached).target] | sort | join(" ")'; }
same "host0 and the bridge that leads outside are guarded, and no host's end of a guest" "$(inbound_at)" \
	"\"${VMS:+br0 }host0\""
PHASE=guarded
for name in "${TALKS[@]}"; do
	before=$(count "$name")
	holds "guarded: $name goes on" within 5 goes_on "$name" $((before + 25))
done
everyday
published silent
unpublished silent
host_port silent
same "a container binds what it likes" "$(traffic c2 bind tcp 0.0.0.0 5555)" OPEN
same "the host does not" "$(traffic host bind tcp 0.0.0.0 5555)" EPERM

PHASE="after allow in"
run allow in 8080/tcp
run allow in 8053/udp
published OPEN
unpublished silent
run allow in 7777/tcp
run allow in 7777/udp
unpublished OPEN
host_port silent
PHASE="after remove"
run remove allow in 8080/tcp
run remove allow in 8053/udp
published silent
unguard
PHASE="unguarded again"
published OPEN
host_port OPEN
