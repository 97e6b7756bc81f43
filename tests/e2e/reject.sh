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
tagged() { # PART DEVICE NAME ID ADDRESS…
	quiet in_namespace "$1" ip link add link "$2" name "$3" type vlan id "$4" || return
	in_namespace "$1" ip link set "$3" up
	lab_address "$1" "$3" "${@:5}"
}
HOSTS="$HOST4 $HOST6" INTERFACES=host0
if tagged host host0 v7 7 10.79.0.1/24 fd79::1/64; then
	tagged peer peer0 v7 7 10.79.0.2/24 fd79::2/64
	tagged host v7 v8 8 10.81.0.1/24 fd81::1/64
	tagged peer v7 v8 8 10.81.0.2/24 fd81::2/64
	HOSTS+=" 10.79.0.1 fd79::1 10.81.0.1 fd81::1"
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

# with_options PROTO ADDRESS PORT: as dial, with options in the IP header, or an IPv6 header for them.
with_options() {
	peer "$PYTHON" - "$@" <<'END'
import errno, socket, sys
proto, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
v6 = ":" in address
s = socket.socket(socket.AF_INET6 if v6 else socket.AF_INET, socket.SOCK_STREAM if proto == "tcp" else socket.SOCK_DGRAM)
if v6:
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_DSTOPTS, bytes([0, 1, 1, 12]) + bytes(12))
else:
    s.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, bytes([1, 1, 1, 0, 0, 0, 0, 0]))
s.settimeout(5)
try:
    s.connect((address, port))
    s.send(b"x")
    s.recv(1)
    print("OPEN")
except OSError as e:
    print(errno.errorcode.get(e.errno, "silent"))
END
}

guard "$({ begins; rules 'allow 80/tcp' 'allow 53/udp' 'reject in 81' 'deny in 82'; } | policy reject)"
for address in $HOSTS; do
	rejects "a rejected port is refused at once" "$address" 81
	same "with IP options, TCP to $address" "$(with_options tcp "$address" 81)" ECONNREFUSED
	same "with IP options, UDP to $address" "$(with_options udp "$address" 81)" ECONNREFUSED
	same "a denied one is silent" "$(dial tcp "$address" 82)" silent
	same "and so is what no rule names" "$(dial udp "$address" 83)" silent
	same "what is allowed is there" "$(dial tcp "$address" 80)" OPEN
done
# With and without tags, options and a checksum that is left to the device: is each answer right in every bit?
peer "$PYTHON" "$LAB_ROOT/tests/lib/knock.py" peer0 "$(in_namespace host ip -j link show host0 | jq -r '.[0].address')" \
	$PEER4 $PEER6 $HOST4 $HOST6 81 >"$LAB/knock"
while IFS= read -r line; do not_ok "${line#not ok }" "${line##*: }"; done < <(grep -v '^ok' "$LAB/knock")
same "every kind of frame has its answer" "$(grep -c '^ok' "$LAB/knock")" 48
holds "what is answered is a refusal all the same" within 5 adds_up
fails "and there were some" test "$(counted)" = 0

exits "another default" 0 '' apply "$({ begins; echo 'default: {in: reject}'; rules 'allow 80/tcp' 'deny in 82'; } | policy default)"
for address in $HOSTS; do
	rejects "what no rule names is refused at once" "$address" 83
	same "a denied port is silent" "$(dial tcp "$address" 82)" silent
	same "what is allowed is there" "$(dial tcp "$address" 80)" OPEN
done
