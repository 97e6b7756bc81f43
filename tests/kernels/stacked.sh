#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# stacked.sh: `on X` on a kernel with VLANs, bonds and VRFs: X is the device by which IP receives, not the
# one where the program runs. A VLAN on va, vb below a bond, vc in a VRF, each with a neighbour behind it.
failed=0 pg="./portguard-static --instance guest"
ok() { echo "ok stacked: $1"; }
not_ok() { echo "not ok stacked: $1: $2"; failed=1; }
same() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "got '$2', wanted '$3'"; fi; }
within() { tries=$(($1 * 10)); shift; until "$@"; do tries=$((tries - 1)); [ $tries -gt 0 ] || return 1; usleep 100000; done; }

mkdir -p /sys/fs/cgroup/guarded
unshare -n sh -c 'ip link set lo up; exec tail -f /dev/null' &
neighbour=$!
in_peer() { nsenter -t $neighbour -n "$@"; }
separate() { [ "$(readlink "/proc/$neighbour/ns/net")" != "$(readlink /proc/self/ns/net)" ]; }
within 5 separate
# cable HERE THERE  address PREFIX HERE THERE
cable() { ip link add "$1" type veth; ip link set veth0 name "$2"; ./net move "$2" $neighbour; ip link set "$1" up; in_peer ip link set "$2" up; }
address() { ip addr add "$1.1/24" dev "$2"; ip link set "$2" up; in_peer ip addr add "$1.2/24" dev "$3"; in_peer ip link set "$3" up; }
cable va pa
cable vb pb
cable vc pc
address 10.77.0 va pa
ip link add link va name v5 type vlan id 5
in_peer ip link add link pa name v5 type vlan id 5
address 10.77.5 v5 v5
echo +bond9 >/sys/class/net/bonding_masters
ip link set vb down
ip link set bond9 up
echo +vb >/sys/class/net/bond9/bonding/slaves
address 10.77.9 bond9 pb
ip link add red type vrf table 10
ip link set red up
address 10.77.3 vc pc
ip link set vc master red
echo 1 >/proc/sys/net/ipv4/tcp_l3mdev_accept

# Of the plain device, the VLAN, the bond and the VRF, those by which port 80 answers.
answering() {
	for way in 0:va 5:v5 9:bond9 3:red; do
		in_peer ./net dial "10.77.${way%:*}.1" 80 >/dev/null 2>&1 && printf '%s ' "${way#*:}"
	done
}
all_answer() { [ "$(answering)" = "va v5 bond9 red " ]; }
(echo 0 >/sys/fs/cgroup/guarded/cgroup.procs; exec ./net serve 80) &
if ! within 10 all_answer; then
	not_ok "unguarded, all of them answer" "$(answering)"
	exit 1
fi
ok "unguarded, all of them answer"

# policy DEVICES RULE...
policy() {
	printf 'version: 1\nfailsafe: []\nessentials: []\ninterfaces: [%s]\nrules:\n' "$1"
	shift
	for rule; do echo "  - $rule"; done
}
policy 'va, vb, vc' 'allow in 80' >/tmp/p.yaml
$pg up -c /tmp/p.yaml --cgroup /sys/fs/cgroup/guarded || not_ok up "exit $?"
judge() { # NAME ANSWERING DEVICES RULE…
	name=$1 wanted=$2
	shift 2
	policy "$@" >/tmp/p.yaml
	$pg apply /tmp/p.yaml >/dev/null || not_ok "$name" "apply: exit $?"
	same "$name" "$(answering)" "$wanted"
}
judge "no device named" "va v5 bond9 red " 'va, vb, vc' 'allow in 80'
judge "allow on the plain device" "va " 'va, vb, vc' 'allow in 80 on va'
judge "allow on the VLAN" "v5 " 'va, vb, vc' 'allow in 80 on v5'
judge "allow on the bond" "bond9 " 'va, vb, vc' 'allow in 80 on bond9'
judge "allow on the bond's port: IP never receives by it" "" 'va, vb, vc' 'allow in 80 on vb'
judge "allow on the VRF" "red " 'va, vb, vc' 'allow in 80 on red'
judge "allow on the VRF's port" "red " 'va, vb, vc' 'allow in 80 on vc'
judge "deny on the plain device" "v5 bond9 red " 'va, vb, vc' 'allow in 80' 'deny in 80 on va'
judge "deny on the VLAN" "va bond9 red " 'va, vb, vc' 'allow in 80' 'deny in 80 on v5'
judge "deny on the bond" "va v5 red " 'va, vb, vc' 'allow in 80' 'deny in 80 on bond9'
judge "deny on the VRF" "va v5 bond9 " 'va, vb, vc' 'allow in 80' 'deny in 80 on red'
judge "the bond guarded itself" "bond9 " 'va, bond9, red' 'allow in 80 on bond9'
judge "the VRF named, its port guarded" "red " 'va, bond9, red' 'allow in 80 on red'
$pg down
# shellcheck disable=SC2046 # pids
kill $(jobs -p) 2>/dev/null
exit $failed
