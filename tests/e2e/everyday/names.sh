# shellcheck shell=bash disable=SC2034,SC2086,SC2154 # lab.sh and lib.sh are elsewhere, their addresses have no blanks
# SPDX-License-Identifier: GPL-2.0-only
#
# Names: resolvers that choose their own source ports, forwarders, stubs, clients, large answers. The
# world's name server is an unbound of the peer.
subject "Names"
names_begin() {
	local n
	mkdir "$LAB/named"
	want_unbound || return 0
	{
		unbound_head
		printf ' interface: %s\n' $PEER4 $PEER6
		printf ' access-control: %s allow\n' 0.0.0.0/0 ::/0
		printf ' edns-buffer-size: 4096\n max-udp-size: 4096\n minimal-responses: yes\n'
		printf ' local-zone: test. static\n local-data: "name.test. A 192.0.2.2"\n local-data: "name.test. AAAA 2001:db8::2"\n'
		for n in {10..25}; do printf ' local-data: "big.test. TXT %s%0200d"\n' "$n" 0; done
		printf 'remote-control:\n control-enable: no\n'
	} >"$LAB/world.conf"
	daemon world peer unbound -d -p -c "$LAB/world.conf"
	within 5 world_answers
}
unbound_head() {
	printf 'server:\n username: ""\n chroot: ""\n directory: "/run"\n pidfile: ""\n'
	printf ' use-syslog: no\n do-daemonize: no\n'
}
want_unbound() { command -v unbound >/dev/null; }
world_answers() { peer dig +tries=1 +time=1 +short @$PEER4 name.test | grep -q 192.0.2.2; }
# asks WHO ADDRESS PORT: the name is resolved there.
asks() { want unbound; tells '192\.0\.2\.2' "$1" timeout -s KILL 6 dig +tries=3 +time=1 +short -p "$3" "@$2" name.test; }

resolves_with_unbound() {
	want unbound
	{
		unbound_head
		printf ' interface: 0.0.0.0@5301\n access-control: 0.0.0.0/0 allow\n'
		printf ' local-zone: test. nodefault\n module-config: "iterator"\n'
		printf 'remote-control:\n control-enable: no\nforward-zone:\n name: "."\n forward-addr: %s\n' $PEER4
	} >"$LAB/unbound.conf"
	serves unbound host unbound -d -p -c "$LAB/unbound.conf"
	within 3 listens 5301
	asks peer $HOST4 5301 || { tail -n 3 "$LAB/unbound.log"; false; }
}
works 'resolver for the network: unbound (own source ports)' resolves_with_unbound \
	'allow 5301' 'allow bind 1024-65535/udp'

resolves_with_named() {
	want named
	cat >"$LAB/named/conf" <<-END
		options {
			directory "/run"; pid-file none; session-keyfile none;
			listen-on port 5302 { 127.0.0.1; }; listen-on-v6 { none; };
			forwarders { $PEER4; }; forward only; dnssec-validation no; recursion yes;
		};
		controls { };
	END
	serves named host named -g -n 1 -c "$LAB/named/conf"
	within 4 listens 5302
	asks host 127.0.0.1 5302 || { tail -n 5 "$LAB/named.log"; false; }
}
works 'resolver for the machine itself: named (own source ports)' resolves_with_named \
	'allow bind 5302 at 127.0.0.0/8' 'allow bind 1024-65535/udp'

forwards_with_dnsmasq() {
	serves forwarder host dnsmasq -k -C /dev/null -p 5303 --no-resolv --no-hosts --user=root --server=$PEER4 \
		--bind-interfaces --listen-address=$HOST4
	within 3 listens 5303
	asks peer $HOST4 5303
}
works 'forwarder for the network: dnsmasq (own source ports)' forwards_with_dnsmasq \
	'allow 5303' 'allow bind 1024-65535/udp'

stub_answers() {
	runs stub host "$PYTHON" "$NET" stub 127.0.0.53 53 $PEER4
	answers stub
	asks host 127.0.0.53 53
}
works 'stub resolver on 127.0.0.53, as systemd-resolved has it' stub_answers 'allow bind 53 at 127.0.0.0/8'

client_asks() {
	local address
	want unbound
	for address in $PEER4 $PEER6; do
		host timeout 5 dig +tries=2 +time=1 +short +notcp @$address name.test | grep -q 192.0.2.2 || return
		host timeout 5 dig +tries=2 +time=1 +short +tcp @$address name.test | grep -q 192.0.2.2 || return
	done
}
works 'DNS client: dig by UDP and TCP, IPv4 and IPv6' client_asks
libc_asks() {
	want unbound
	printf 'nameserver %s\nnameserver %s\n' $PEER4 $PEER6 >"$LAB/resolv.conf"
	tells 192.0.2.2 host timeout 8 unshare --mount sh -c \
		'mount --bind "$0" /etc/resolv.conf && getent ahosts name.test' "$LAB/resolv.conf"
}
works 'DNS client: the C library (getent)' libc_asks

big_answer() { # ADDRESS
	local n
	want unbound
	n=$(host timeout 5 dig +tries=2 +time=1 +notcp +ignore +bufsize=4096 +short @"$1" big.test TXT | wc -l)
	echo "$n records"
	[ "$n" = 16 ]
}
big_answers() { big_answer $PEER4 && big_answer $PEER6; }
works 'DNS answer of 3.5 kB in fragments (EDNS), IPv4 and IPv6' big_answers
own_port_asks() { want unbound; tells 192.0.2.2 host timeout 5 dig +tries=2 +time=1 +short -b "0.0.0.0#5399" @$PEER4 name.test; }
works 'DNS client from a port of its own: dig -b' own_port_asks 'allow bind 5399/udp'
