#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A guarded machine stays on its network: a real DHCP client gets its lease and renews it while the
# policy allows nothing at all; without the essentials it could not. IPv6: addresses come by router
# advertisements, and neighbours find each other.
#
# attach: xdp tc
. "$(dirname "$0")/../lib/lab.sh"
need dnsmasq udhcpc
lab_up
in_namespace host ip address flush dev host0 scope global
cat >"$LAB/lease.sh" <<-'END'
	#!/bin/sh
	[ "$1" != bound ] || ip address add "$ip/$mask" dev "$interface"
	echo "$1 ${ip:-}" >>"${0%.sh}.got"
END
chmod +x "$LAB/lease.sh"
daemon dhcp peer dnsmasq -k -C /dev/null -p 0 --no-resolv --user=root --dhcp-range=10.77.0.50,10.77.0.59,2m \
	--dhcp-range=fd77::,ra-only --enable-ra --interface=peer0 --dhcp-leasefile="$LAB/leases" --no-ping
within 5 says 'IPv6 router advertisement' "$LAB/dhcp.log"
udhcp() { rm -f "$LAB/lease.got"; host timeout 15 udhcpc -f -q -n -t 10 -T 1 -i host0 -s "$LAB/lease.sh" >"$LAB/udhcpc.log" 2>&1; }
leased() { grep -q '^bound 10.77.0.5' "$LAB/lease.got" 2>/dev/null; }
drop() { in_namespace host ip address flush dev host0 scope global; rm -f "$LAB/lease.got"; }

nobody_binds() { # PORT: a user who may bind low ports, but is not root
	quiet host setpriv --reuid 65534 --clear-groups --inh-caps=+net_bind_service --ambient-caps=+net_bind_service \
		"$PYTHON" -c 'import socket, sys; socket.socket(type=socket.SOCK_DGRAM).bind(("0.0.0.0", int(sys.argv[1])))' "$1"
}

udhcp
holds "without a guard, udhcpc gets a lease" leased
holds "without a guard, nobody binds 68/udp" nobody_binds 68
[ "$LAB_FAILED$([ -z "${LAB_UNGUARDED:-}" ] || echo 1)" = 0 ] || exit $LAB_FAILED
drop
guard "$(printf 'version: 1\ninterfaces: [host0]\nfailsafe: []\n' | policy strict)"
udhcp
holds "guarded, with an empty policy, udhcpc gets a lease" leased
address() { [ -n "$(in_namespace host ip -6 -o address show dev host0 scope global)" ]; }
in_namespace host ip link set host0 down
in_namespace host ip link set host0 up
holds "and IPv6 its address, by router advertisement" within 8 address
if command -v dhclient >/dev/null; then
	drop
	dhclient_gets() {
		daemon dhclient host dhclient -4 -d -1 -lf /run/leases -pf /run/pid -sf "$LAB/lease.sh" host0
		within 10 says 'bound to 10.77.0.5' "$LAB/dhclient.log"
	}
	holds "guarded, dhclient gets a lease" dhclient_gets
	stop dhclient
fi
# A server's port is no client's: nothing else came in by the essentials.
same "67/udp is closed" "$(dial udp $HOST4 67)" silent
fails "68/udp is root's alone" nobody_binds 68
exits "essentials are listed" 0 '' list
holds "by their name" grep -q dhcp <<<"$OUT"
