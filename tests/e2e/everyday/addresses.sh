# shellcheck shell=bash disable=SC2034,SC2086,SC2154 # lab.sh and lib.sh are elsewhere, their addresses have no blanks
# SPDX-License-Identifier: GPL-2.0-only
#
# A machine gets its addresses, hands some out, and finds its neighbours: DHCP, DHCPv6, router
# advertisements, ARP and neighbour discovery. host1 and host2 are clients' interfaces, host3 a server's.
subject "Addresses and neighbours"
addresses_begin() {
	in_namespace peer ip address add 10.81.0.1/24 dev peer1
	in_namespace peer ip address add 10.82.0.1/24 dev peer2
	in_namespace peer ip address add fd82::1/64 dev peer2
	in_namespace host ip address add 10.83.0.1/24 dev host3
	in_namespace host ip address add fd83::1/64 dev host3
	lab_sysctl host net.ipv6.conf.host2.accept_ra=2 net.ipv6.conf.host3.forwarding=1
	lab_sysctl peer net.ipv6.conf.peer3.accept_ra=2
	cat >"$LAB/lease.sh" <<-'END'
		#!/bin/sh
		# udhcpc says bound, dhclient BOUND, BOUND6, PREINIT6 …: it must answer, and nobody needs the address.
		echo "$1 ${reason:-} $interface ${ip:-} ${new_ip_address:-} ${new_ip6_address:-}"
	END
	chmod +x "$LAB/lease.sh"
	daemon dhcp peer dnsmasq -k -C /dev/null -p 0 --no-resolv --user=root --no-ping --interface=peer1,peer2 \
		--dhcp-range=10.81.0.50,10.81.0.99,2m --dhcp-range=10.82.0.50,10.82.0.99,2m \
		--dhcp-range=fd82::100,fd82::1ff,slaac,64,2m --enable-ra --dhcp-leasefile="$LAB/leases" --dhcp-authoritative --log-facility=-
	within 5 says 'IPv6 router advertisement' "$LAB/dhcp.log"
}

udhcpc_leases() {
	want udhcpc
	tells 'bound .*10\.81\.0\.' host timeout 5 udhcpc -f -q -n -t 3 -T 1 -i host1 -s "$LAB/lease.sh"
}
works 'DHCP client: udhcpc' udhcpc_leases

dhclient_leases() { # 4|6
	want dhclient
	serves "dhclient$1" host dhclient "-$1" -d -1 -lf /run/leases -pf /run/pid -cf /dev/null -sf "$LAB/lease.sh" host2
	within 8 says "BOUND$2 host2 .*$3" "$LAB/dhclient$1.log" || { cat "$LAB/dhclient$1.log"; false; }
}
dhclient_4() { dhclient_leases 4 '' 10.82.0.; }
dhclient_6() { dhclient_leases 6 6 fd82::1; }
works 'DHCP client: dhclient' dhclient_4
works 'DHCPv6 client: dhclient -6' dhclient_6

hands_out_leases() {
	serves dhcp-server host dnsmasq -k -C /dev/null -p 0 --no-resolv --user=root --no-ping --interface=host3 \
		--dhcp-range=10.83.0.50,10.83.0.60,2m --dhcp-leasefile="$LAB/leases3" --dhcp-authoritative
	tells 'bound .*10\.83\.0\.' peer timeout 4 udhcpc -f -q -n -t 3 -T 1 -i peer3 -s "$LAB/lease.sh"
}
works 'DHCP server: dnsmasq' hands_out_leases 'allow 67/udp'

slaac_address() { in_namespace host ip -6 -o address show dev host2 scope global dynamic | grep -q fd82:; }
takes_advertisement() {
	in_namespace host ip -6 address flush dev host2 scope global
	in_namespace host "$PYTHON" -c 'import socket
s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
s.sendto(b"\x85" + bytes(7), ("ff02::2", 0, 0, socket.if_nametoindex("host2")))'
	within 4 slaac_address
}
works 'IPv6 address by router advertisement (the kernel)' takes_advertisement
asks_for_routers() { want rdisc6; tells 'fd82::/64' host rdisc6 -1 -r 3 -w 800 host2; }
works 'router solicitation by a program: rdisc6' asks_for_routers

advertised() { in_namespace peer ip -6 -o address show dev peer3 scope global dynamic | grep -q fd83:; }
advertises() {
	want radvd
	in_namespace peer ip -6 address flush dev peer3 scope global
	printf '%s\n' 'interface host3 { AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4;' \
		'prefix fd83::/64 { AdvOnLink on; AdvAutonomous on; }; };' >"$LAB/radvd.conf"
	serves radvd host radvd -n -m stderr -C "$LAB/radvd.conf" -p /run/radvd.pid
	within 8 advertised || { cat "$LAB/radvd.log"; false; }
}
works 'router advertisement daemon: radvd' advertises

finds_neighbours() {
	want ndisc6
	in_namespace host ip neighbour flush dev host0
	in_namespace peer ip neighbour flush dev peer0
	quiet host ping -n -c 1 -W 2 $PEER4 && quiet host ping -n -c 1 -W 2 $PEER6 &&
		quiet host ndisc6 -1 -w 1000 $PEER6 host0 && quiet peer ndisc6 -1 -w 1000 $HOST6 peer0
}
works 'neighbours are found: ARP, neighbour discovery, ndisc6 by either side' finds_neighbours
