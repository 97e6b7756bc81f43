# shellcheck shell=bash disable=SC2034,SC2086,SC2154 # lab.sh and lib.sh are elsewhere, their addresses have no blanks
# SPDX-License-Identifier: GPL-2.0-only
#
# One to many: multicast and broadcast questions with answers from anybody, groups that are joined, and
# the protocols by which routers know of them.
subject "Multicast and broadcast"
groups_begin() {
	runs ssdp peer "$PYTHON" "$NET" responder 239.255.255.250 1900
	runs ssdp6 peer "$PYTHON" "$NET" responder ff02::c 1901
	runs netbios peer "$PYTHON" "$NET" responder 0.0.0.0 137
	runs resolve peer "$PYTHON" "$NET" responder 224.0.0.252 5355
	runs shout4 peer "$PYTHON" "$NET" shout 239.1.2.3 5004 peer0
	runs shout6 peer "$PYTHON" "$NET" shout ff15::1234 5004 peer0
	answers ssdp && answers ssdp6 && answers netbios && answers resolve && answers shout4 && answers shout6
}

ssdp_asks() { net host query 239.255.255.250 1900 2 && net host query ff02::c 1901 2; }
works 'SSDP search: a multicast question, unicast answers from several' ssdp_asks
llmnr_asks() { net host query 224.0.0.252 5355 2; }
works 'LLMNR question: multicast, answered by unicast' llmnr_asks
netbios_asks() { net host query 10.77.0.255 137 2; }
works 'broadcast question (NetBIOS name), answers from several' netbios_asks
netbios_own_port() { net host query 10.77.0.255 137 2 137; }
works 'broadcast question from a port of its own' netbios_own_port 'allow bind 137/udp'

mdns_answers() {
	runs mdns-asker peer "$PYTHON" "$NET" mdns-ask
	answers mdns-asker
	net host mdns-listen
}
works 'mDNS responder: hears the network ask on 5353' mdns_answers 'essentials: [dhcp, mdns]'

mdns_one_shot() {
	runs mdns-responder peer "$PYTHON" "$NET" responder 224.0.0.251 5353
	answers mdns-responder
	net host query 224.0.0.251 5353 2
}
alone=1 works 'mDNS one-shot question, answered by unicast' mdns_one_shot

hears_group() { net host hear 239.1.2.3 5004 host0; }
hears_group6() { net host hear ff15::1234 5004 host0; }
works 'joined group (IGMP): its datagrams arrive' hears_group 'allow 5004/udp'
works 'joined group (MLD): its datagrams arrive' hears_group6 'allow 5004/udp'
is_asked() { # GROUP PROTO
	runs "member-$2" host "$PYTHON" "$NET" member "$1" host0
	answers "member-$2"
	net peer reports peer0 "$2"
}
igmp_reports() { is_asked 239.4.5.6 igmp; }
mld_reports() { is_asked ff15::456 mld; }
works 'IGMP: a querier asks, the host reports its groups' igmp_reports
works 'MLD: a querier asks, the host reports its groups' mld_reports

router_of() { # PART DEVICE PRIORITY
	printf '%s\n' 'global_defs {' 'vrrp_version 3' '}' 'vrrp_instance lab {' 'state BACKUP' "interface $2" \
		'virtual_router_id 7' "priority $3" 'advert_int 0.2' 'virtual_ipaddress {' 10.77.0.99/24 '}' '}' \
		>"$LAB/vrrp-$1.conf"
	serves "vrrp-$1" "$1" keepalived -n -l -f "$LAB/vrrp-$1.conf" -p /run/k.pid -r /run/v.pid
}
has_address() { in_namespace "$1" ip -4 -o address show | grep -q 10.77.0.99; }
vrrp_fails_over() {
	want keepalived
	router_of peer peer0 200
	within 4 has_address peer || { echo 'the peer never became master'; return 1; }
	router_of host host0 100
	# A backup that cannot hear its master takes over after three intervals.
	within 5 says 'Entering BACKUP STATE' "$LAB/vrrp-host.log" || { tail -n 3 "$LAB/vrrp-host.log"; return 1; }
	never_in 2 has_address host || { echo 'two masters'; return 1; }
	stop vrrp-peer
	within 4 has_address host || { echo 'no master'; return 1; }
}
works 'VRRP: keepalived, backup and then master' vrrp_fails_over 'protocols: [vrrp]'
