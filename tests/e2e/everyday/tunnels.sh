# shellcheck shell=bash disable=SC2034,SC2086,SC2154 # lab.sh and lib.sh are elsewhere, their addresses have no blanks
# SPDX-License-Identifier: GPL-2.0-only
#
# Tunnels and virtual networks: the outer packets need a rule, what comes out of them is judged again
# where a socket receives it.
subject "Tunnels"
tunnels_begin() {
	runs tunnel-web peer "$PYTHON" "$NET" late 7300
	answers tunnel-web
}

# kernel_tunnel TYPE WORDS…: a device of that type on both sides; 77 where the kernel has none.
kernel_tunnel() { # NAME NET WORDS-FOR-LOCAL-REMOTE…
	local name=$1 net=$2
	in_namespace peer ip link del "$name" 2>/dev/null
	in_namespace host ip link del "$name" 2>/dev/null
	in_namespace peer ip link add "$name" type "${@:3}" local $PEER4 remote $HOST4 ||
		skipped "this kernel has no ${3} tunnels"
	in_namespace peer ip address add "$net.2/24" dev "$name"
	in_namespace peer ip link set "$name" up
	host ip link add "$name" type "${@:3}" local $HOST4 remote $PEER4 || return
	in_namespace host ip address add "$net.1/24" dev "$name"
	host ip link set "$name" up || return
	host ping -n -c 2 -i 0.2 -W 1 "$net.2" && peer ping -n -c 1 -W 1 "$net.1"
}
vxlan_carries() { kernel_tunnel vx0 10.84.0 vxlan id 7 dstport 4789; }
works 'VXLAN' vxlan_carries 'allow 4789/udp'
gre_carries() { kernel_tunnel gr0 10.85.0 gre; }
works 'GRE tunnel (the kernel)' gre_carries 'protocols: [gre]'
ipip_carries() { kernel_tunnel ti0 10.86.0 ipip; }
works 'IPIP tunnel (the kernel)' ipip_carries 'protocols: [ipip]'
wireguard_carries() {
	in_namespace peer ip link add wgp type wireguard || skipped 'this kernel has no WireGuard'
	in_namespace peer ip link del wgp
	want wg
	local part key
	for part in host peer; do
		in_namespace $part ip link del wg0 2>/dev/null
		wg genkey >"$LAB/$part.key"
		wg pubkey <"$LAB/$part.key" >"$LAB/$part.pub"
		$part ip link add wg0 type wireguard
	done
	key=$(cat "$LAB/peer.pub")
	host wg set wg0 listen-port 51820 private-key "$LAB/host.key" peer "$key" allowed-ips 10.87.0.0/24 || return
	key=$(cat "$LAB/host.pub")
	peer wg set wg0 listen-port 51820 private-key "$LAB/peer.key" peer "$key" allowed-ips 10.87.0.0/24 endpoint $HOST4:51820
	in_namespace host ip address add 10.87.0.1/24 dev wg0
	in_namespace peer ip address add 10.87.0.2/24 dev wg0
	host ip link set wg0 up && peer ip link set wg0 up && peer ping -n -c 2 -i 0.2 -W 1 10.87.0.1
}
works 'WireGuard' wireguard_carries 'allow 51820/udp'
gre_by_program() {
	runs gre-echo peer "$PYTHON" "$NET" raw-echo $HOST4 47
	answers gre-echo
	net host raw-talk $PEER4 47
}
works 'GRE by a program of its own (raw sockets, as PPTP has it)' gre_by_program 'protocols: [gre]'

# A VPN whose packets a program carries in UDP, as OpenVPN does: a client with a port that the kernel chose.
vpn_up() { # NAME NET PORT
	[ -c /dev/net/tun ] || skipped 'this kernel has no tun devices'
	runs "$1-peer" peer "$PYTHON" "$NET" tun "$1" "$3" 0 $HOST4
	runs "$1-host" host "$PYTHON" "$NET" tun "$1" 0 "$3" $PEER4
	answers "$1-peer" && answers "$1-host" || return
	in_namespace peer ip address add "$2.2/24" dev "$1"
	in_namespace host ip address add "$2.1/24" dev "$1"
	in_namespace peer ip link set "$1" up
	in_namespace host ip link set "$1" up
	host ping -n -c 3 -i 0.2 -W 1 "$2.2"
}
vpn_client() { vpn_up vpn0 10.88.0 7210 && net host idle tcp 10.88.0.2 7300 client 0; }
works 'VPN client that carries packets in UDP (tun): out through the tunnel' vpn_client
vpn_service() {
	runs vpn-late host "$PYTHON" "$NET" late 7301 tcp
	vpn_up vpn1 10.89.0 7211 && net peer idle tcp 10.89.0.1 7301 client 0
}
works 'a service of ours, used through a VPN' vpn_service 'allow 7301/tcp'
