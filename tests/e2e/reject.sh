#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# reject: who knocks at a closed port hears so at once, TCP by a reset and UDP by port unreachable, over
# plain and tagged Ethernet and over a device without it; where the policy only denies there is silence.
#
# attach: xdp tc
. "$(dirname "$0")/../lib/lab.sh"
need jq
lab_up
LAB_CHOICE= # the policies here name the interfaces
# What XDP sends back, a veth hands over only where its other end has an XDP program too.
xdp_at_peer() {
	printf '%s\n' '__attribute__((section("xdp"), used)) int pass(void *ctx) { return 2; }' \
		'char LICENSE[] __attribute__((section("license"), used)) = "GPL";' >"$LAB/pass.c"
	clang -O2 -target bpf -c "$LAB/pass.c" -o "$LAB/pass.o" &&
		in_namespace peer ip link set dev peer0 xdpdrv obj "$LAB/pass.o" sec xdp
}
[ "$LAB_ATTACH" != xdp ] || quiet xdp_at_peer || { skip "reject by XDP" "no XDP program at the other end"; exit 0; }
echo_server servers host 80,81 53,81

virtual() { start "$1" "$2" "$PYTHON" "$LAB_ROOT/tests/lib/virtual.py" "${@:3}" && within 5 says ready "$LAB/$1.log"; }
rejects() { # NAME ADDRESS PORT
	same "$1, TCP to $2" "$(dial tcp "$2" "$3" 5)" ECONNREFUSED
	same "$1, UDP to $2" "$(dial udp "$2" "$3" 5)" ECONNREFUSED
}
tagged() { # PART DEVICE ADDRESS…
	quiet in_namespace "$1" ip link add link "$2" name v7 type vlan id 7 || return
	in_namespace "$1" ip link set v7 up
	lab_address "$1" v7 "${@:3}"
}
HOSTS="$HOST4 $HOST6" INTERFACES=host0
if tagged host host0 10.79.0.1/24 fd79::1/64; then
	tagged peer peer0 10.79.0.2/24 fd79::2/64
	HOSTS+=" 10.79.0.1 fd79::1"
fi
# XDP wants Ethernet: a tunnel is guarded at tc whatever the policy says.
if [ "$LAB_ATTACH" != xdp ] && [ -c /dev/net/tun ] &&
	virtual tun-host host cable tun tun0 "$LAB/tun.a" "$LAB/tun.b" &&
	virtual tun-peer peer cable tun tun0 "$LAB/tun.b" "$LAB/tun.a"; then
	in_namespace host ip link set tun0 up
	in_namespace peer ip link set tun0 up
	lab_address host tun0 10.80.0.1/24 fd80::1/64
	lab_address peer tun0 10.80.0.2/24 fd80::2/64
	HOSTS+=" 10.80.0.1 fd80::1" INTERFACES+=", tun0"
fi
begins() { printf 'version: 1\ninterfaces: [%s]\nfailsafe: []\nessentials: []\n' "$INTERFACES"; }

guard "$({ begins; rules 'allow 80/tcp' 'allow 53/udp' 'reject in 81' 'deny in 82'; } | policy reject)"
for address in $HOSTS; do
	rejects "a rejected port is refused at once" "$address" 81
	same "a denied one is silent" "$(dial tcp "$address" 82)" silent
	same "and so is what no rule names" "$(dial udp "$address" 83)" silent
	same "what is allowed is there" "$(dial tcp "$address" 80)" OPEN
done
holds "what is answered is a refusal all the same" within 5 adds_up
fails "and there were some" test "$(counted)" = 0

exits "another default" 0 '' apply "$({ begins; echo 'default: {in: reject}'; rules 'allow 80/tcp' 'deny in 82'; } | policy default)"
for address in $HOSTS; do
	rejects "what no rule names is refused at once" "$address" 83
	same "a denied port is silent" "$(dial tcp "$address" 82)" silent
	same "what is allowed is there" "$(dial tcp "$address" 80)" OPEN
done
