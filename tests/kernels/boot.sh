#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# boot.sh SUITE COMMAND [FILE…]: boots the kernel of a Debian suite in QEMU, without KVM and without
# installing anything, and runs COMMAND there as root, with FILEs (static programs, scripts) in its
# directory. Prints the console; exits with COMMAND's status, 124 when time is over, 125 when the guest
# died, 69 when there is no QEMU or the kernel cannot be had.
#
#   boot.sh bullseye './probe *.o' probe *.o       # 5.10; bookworm 6.1, trixie 6.12, sid the newest
#
# The guest has busybox, /proc, /sys, cgroup v2, bpffs, tracefs, securityfs, and loopback up.
# Environment: KERNELS (cache), MODULES (loaded before COMMAND), APPEND (kernel command line), LIMIT (s).
set -euo pipefail

[ $# -ge 2 ] || { sed -n 's/^# \(boot.sh [^:]*\):.*/usage: \1/p' "$0" >&2; exit 64; }
suite=$1 command=$2
shift 2
modules=${MODULES:-veth sch_ingress cls_bpf tcp_diag udp_diag}
cache=$(realpath -m "${KERNELS:-${XDG_CACHE_HOME:-$HOME/.cache}/portguard-kernels}")/$suite
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

unavailable() { echo "boot.sh: $*" >&2; exit 69; }
for tool in qemu-system-x86_64 modprobe apt-get dpkg; do
	command -v "$tool" >/dev/null || unavailable "no $tool here"
done

# Whatever Debian mirror this machine's apt uses, one-line or deb822.
mirror() {
	cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | grep -v '^#' |
		grep -oE '[a-z+]+://[^ ]*/debian/?( |$)' | head -n 1 | tr -d ' '
}

# Kernel and busybox are unpacked into the cache with an apt configuration of their own: the machine's
# package lists, and what is installed, stay as they are.
download() {
	local at=$scratch/apt version packages source
	source=$(mirror)
	[ -n "$source" ] || return 1
	mkdir -p "$at/lists/partial" "$at/archives/partial" "$at/ready"
	echo "deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $source $suite main" >"$at/sources"
	cat >"$at/apt.conf" <<-END
		Dir::Etc::sourcelist "$at/sources";
		Dir::Etc::sourceparts "/dev/null";
		Dir::State::lists "$at/lists";
		Dir::State::status "/dev/null";
		Dir::Cache "$at";
		Acquire::Languages "none";
		APT::Architecture "amd64";
		APT::Sandbox::User "root";
	END
	export APT_CONFIG=$at/apt.conf
	cd "$at"
	apt-get -qq update || return
	version=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: linux-image-\([0-9].*\)/\1/p' | head -n 1)
	# From 6.12 on the modules are a package of their own.
	mapfile -t packages < <(apt-cache pkgnames linux- |
		grep -xF -e "linux-image-$version" -e "linux-binary-$version" -e "linux-modules-$version")
	apt-get -qq download busybox-static "${packages[@]}" || return
	for package in *.deb; do dpkg -x "$package" root; done
	[ -d root/lib/modules ] || { mkdir -p root/lib; mv root/usr/lib/modules root/lib/; }
	find root/lib/modules -name '*.ko.xz' -exec unxz {} +
	depmod -b root "$version" 2>/dev/null
	find root \( -name "vmlinuz-$version" -o -path "*/$version/vmlinuz" \) -exec mv {} ready/linux \;
	find root -path '*bin/busybox' -type f -exec mv {} ready/busybox \;
	mv root/lib/modules ready/
	echo "$version" >ready/version
	[ -s ready/linux ] || { echo "no kernel is in ${packages[*]:-any package of $version}"; return 1; }
	mkdir -p "$(dirname "$cache")"
	[ -s "$cache/linux" ] || rm -rf "$cache"
	mv -T ready "$cache" 2>/dev/null || [ -s "$cache/linux" ]	# somebody else was faster
}
[ -s "$cache/linux" ] || (download) >"$scratch/log" 2>&1 ||
	unavailable "the kernel of $suite cannot be had: $(tail -n 1 "$scratch/log")"

# The guest's first and only file system. insmod resolves no dependencies, so modules are numbered.
root=$scratch/root
mkdir -p "$root/bin" "$root/work" "$root/modules" "$scratch/lib"
cp "$cache/busybox" "$root/bin/"
[ $# -eq 0 ] || cp -r "$@" "$root/work/"
printf '%s\n' "$command" >"$root/command"
ln -s "$cache/modules" "$scratch/lib/modules"
number=100
# shellcheck disable=SC2086 # several names
modprobe -d "$scratch" -S "$(cat "$cache/version")" -a --show-depends $modules 2>/dev/null |
	awk '$1 == "insmod" && !seen[$2]++ { print $2 }' >"$scratch/modules" || :
while read -r file; do
	cp "$file" "$root/modules/$((number++)).ko"
done <"$scratch/modules"

cat >"$root/init" <<'END'
#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /tmp /run /etc /var/lib
/bin/busybox --install -s /bin
export PATH=/bin HOME=/tmp
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
mount -t cgroup2 none /sys/fs/cgroup
mount -t bpf none /sys/fs/bpf
mount -t tracefs none /sys/kernel/tracing
mount -t securityfs none /sys/kernel/security
for module in /modules/*.ko; do insmod "$module"; done
ip link set lo up
cd /work
sh /command
echo "guest-status $?"
poweroff -f
END
chmod +x "$root/init"
(cd "$root" && find . | "$cache/busybox" cpio -o -H newc 2>/dev/null) >"$scratch/initrd"

status=0
timeout "${LIMIT:-120}" qemu-system-x86_64 -nodefaults -no-reboot -display none -serial stdio -cpu max -smp 2 -m 512 \
	-kernel "$cache/linux" -initrd "$scratch/initrd" -append "console=ttyS0 quiet panic=-1 ${APPEND:-}" \
	</dev/null >"$scratch/console" 2>&1 || status=$?
tr -d '\r' <"$scratch/console" >"$scratch/text"
sed -E '/^guest-status [0-9]+$/d; /reboot: Power down$/d' "$scratch/text"
[ "$status" != 124 ] || exit 124
status=$(sed -n 's/^guest-status \([0-9]*\)$/\1/p' "$scratch/text" | tail -n 1)
exit "${status:-125}"
