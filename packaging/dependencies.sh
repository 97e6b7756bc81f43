#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# dependencies.sh build|export|demo|test|bench|kernels...: installs the Debian packages that these steps need, and
# asks nothing. What is there already is not touched, no package is ever removed for another, and no
# service that comes along is started or left enabled. Says one line; apt's own words come only when
# it fails.
set -uo pipefail
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

build=(gcc libc6-dev make clang bpftool libbpf-dev libelf-dev zlib1g-dev libyaml-dev
	libncurses-dev)
# The exporters are built where these are: without them there is portguard alone.
export=(pkgconf libgnutls28-dev librdkafka-dev libseccomp-dev libcap-ng-dev)
demo=(iproute2 util-linux curl dnsmasq-base python3-minimal libpython3-stdlib)
test=(libcriterion-dev iproute2 nftables jq curl nmap python3 socat bind9-dnsutils dnsmasq-base
	nginx-light xinetd fingerd finger rpcbind opensmtpd dovecot-imapd redis-server redis-tools
	udhcpc isc-dhcp-client openssh-server openssh-client libcap2-bin procps
	unbound bind9 keepalived radvd ndisc6 vsftpd tftp-hpa snmp snmpd git openssl traceroute
	iputils-ping iptables tcpdump wireguard-tools runc prometheus tmux rsyslog rsyslog-gnutls
	rsyslog-elasticsearch libivykis0 libnet1 libwrap0 libpcre3)
# portguard's peers: `make bench` says which of them is not there.
bench=(iproute2 nftables iptables xdp-tools python3)
kernels=(qemu-system-x86 debootstrap kmod xz-utils debian-archive-keyring)
# Their units, by path: a machine that ran the tests is no mail server after its next boot.
units=(/lib/systemd/system/{nginx,xinetd,rpcbind,opensmtpd,dovecot,redis-server,ssh}.service
	/lib/systemd/system/{unbound,unbound-resolvconf,named,named-resolvconf,keepalived}.service
	/lib/systemd/system/{radvd,vsftpd,snmpd,chrony,prometheus,rsyslog}.service
	/lib/systemd/system/{rpcbind,dovecot,ssh}.socket)

installed() {
	dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^.i  *//p'
}

# A machine has one time daemon: chrony would have to replace the one that is there.
[ -n "$(installed systemd-timesyncd ntpsec openntpd)" ] || test+=(chrony)

wanted=()
for step; do
	case $step in
	build) wanted+=("${build[@]}") ;;
	export) wanted+=("${export[@]}") ;;
	demo) wanted+=("${demo[@]}") ;;
	test) wanted+=("${test[@]}") ;;
	bench) wanted+=("${bench[@]}") ;;
	kernels) wanted+=("${kernels[@]}") ;;
	*) sed -n 's/^# \(dependencies.sh [^:]*\):.*/usage: \1/p' "$0" >&2; exit 64 ;;
	esac
done

# A machine has one syslog daemon, too: syslog-ng, whose libraries are above, is only unpacked for the tests.
unpack_syslog_ng() {
	local to=${BUILD:-build}/syslog-ng download
	case " $* " in *' test '*) ;; *) return 0 ;; esac
	[ ! -x "$to/usr/sbin/syslog-ng" ] && ! command -v syslog-ng >/dev/null || return 0
	download=$(mktemp -d)
	(cd "$download" && apt-get -qq download syslog-ng-core) >/dev/null 2>&1
	if mkdir -p "$to" && dpkg -x "$download"/syslog-ng-core_*.deb "$to" 2>/dev/null; then
		rm -rf "${to:?}/etc" # make would take its *.d for its own
		echo "  packages  syslog-ng unpacked in $to"
	else
		echo "  packages  without syslog-ng: it could not be fetched"
	fi
	rm -rf "$download"
}

# The names in the arguments that dpkg does not know as installed. Another mail server is as good.
missing() {
	comm -23 <(printf '%s\n' "$@" | sort -u) <(installed "$@" | sort -u)
}

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
	echo "  packages  no apt here: these must be installed by hand (Debian's names): ${wanted[*]}"
	exit 0
fi
mapfile -t wanted < <(missing "${wanted[@]}")
if [ ${#wanted[@]} -eq 0 ]; then
	echo "  packages  all there"
	unpack_syslog_ng "$@"
	exit 0
fi
[ "$(id -u)" = 0 ] || { echo "dependencies.sh: installing needs root: ${wanted[*]}" >&2; exit 77; }

# invoke-rc.d asks this file before it starts a service; ours says no, and goes when we go.
policy=/usr/sbin/policy-rc.d
sign='# put here by portguard'"'"'s tests while packages are installed'
log=$(mktemp)
clean_up() {
	rm -f "$log"
	! grep -qsF "$sign" "$policy" || rm -f "$policy"
}
trap clean_up EXIT
trap 'exit 130' INT TERM HUP
if [ ! -e "$policy" ]; then
	printf '#!/bin/sh\n%s\nexit 101\n' "$sign" >"$policy"
	chmod 755 "$policy"
fi

apt() {
	apt-get -qq -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 -o Dpkg::Options::=--force-confdef \
		-o Dpkg::Options::=--force-confold --no-install-recommends --no-remove "$@" </dev/null >>"$log" 2>&1
}

echo "  packages  installing ${#wanted[@]}: ${wanted[*]}" | fold -s -w 100 | sed '2,$s/^/            /'
new=()
for unit in "${units[@]}"; do [ -e "$unit" ] || new+=("$unit"); done
apt update || echo "  packages  the package lists could not be fetched: trying with those at hand"
if ! apt install "${wanted[@]}"; then
	# One that cannot be had (a conflict, say) must not cost the others.
	for package in "${wanted[@]}"; do
		apt install "$package" || echo "  packages  without $package: $(grep '^E:' "$log" | tail -n 1)"
	done
fi
for unit in "${new[@]}"; do
	[ ! -e "$unit" ] || systemctl disable --quiet "${unit##*/}" >>"$log" 2>&1 || :
done

unpack_syslog_ng "$@"

# Tests skip what is not there; nothing builds without the tools to build.
mapfile -t lost < <(missing "${build[@]}")
case " $* " in *' build '*) [ ${#lost[@]} -eq 0 ] || { cat "$log" >&2; exit 69; } ;; esac
