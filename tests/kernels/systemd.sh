#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# systemd.sh: boots Debian 12 with systemd in QEMU, without a disk, and tries scopes of units there: a
# socket-activated one, a templated one, and names that others make up. Prints what the guest said, `ok`
# and `not ok` lines among it. Exits 0; 69 with a reason where it cannot be had; 124 out of time.
#
# The system is made by debootstrap once and lies in the same cache as boot.sh's kernels (KERNELS).
set -euo pipefail
cd "$(dirname "$0")/../.."
: "${BUILD:=build}"
suite=bookworm
kernels=$(realpath -m "${KERNELS:-${XDG_CACHE_HOME:-$HOME/.cache}/portguard-kernels}")
system=$kernels/$suite-systemd
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

unavailable() { echo "systemd.sh: $*" >&2; exit 69; }
command -v debootstrap >/dev/null || unavailable "no debootstrap here"
tests/kernels/boot.sh $suite true >"$scratch/log" 2>&1 ||
	unavailable "the kernel cannot be had: $(tail -n 1 "$scratch/log")"

mirror() {
	cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | grep -v '^#' |
		grep -oE '[a-z+]+://[^ ]*/debian/?( |$)' | head -n 1 | tr -d ' '
}

# What a boot without disk, network and terminal does not need is left out: all of it goes into memory.
make_system() {
	local root=$scratch/root unit
	debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,socat "$suite" "$root" "$(mirror)"
	rm -rf "$root"/var/cache/* "$root"/var/lib/apt "$root"/var/lib/dpkg/info "$root"/usr/lib/apt \
		"$root"/usr/share/{doc,locale,man,info,i18n,perl5,zoneinfo,lintian} \
		"$root"/usr/lib/x86_64-linux-gnu/{gconv,perl-base} "$root"/usr/bin/{perl*,apt*}
	for unit in systemd-timesyncd.service systemd-networkd.service systemd-udevd.service systemd-udev-trigger.service \
		getty@tty1.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer; do
		ln -sf /dev/null "$root/etc/systemd/system/$unit"
	done
	ln -sf /lib/systemd/system/multi-user.target "$root/etc/systemd/system/default.target"
	ln -sf /lib/systemd/systemd "$root/init"
	: >"$root/etc/machine-id"
	mv -T "$root" "$system" 2>/dev/null || [ -e "$system/init" ]	# somebody else was faster
}
[ -e "$system/init" ] || [ -L "$system/init" ] || (make_system) >"$scratch/log" 2>&1 ||
	unavailable "the system cannot be had: $(tail -n 1 "$scratch/log")"

# The cached system, and over it the guest's own files: a later archive of an initrd wins.
guest=$scratch/guest
mkdir -p "$guest/work" "$guest/etc/systemd/system/multi-user.target.wants"
cp "$BUILD/portguard-static" "$guest/work/portguard"
cp "$BUILD/tests/kernels/net" tests/kernels/systemd_guest.sh "$guest/work/"
cat >"$guest/etc/systemd/system/check.service" <<'END'
[Unit]
After=multi-user.target
[Service]
Type=oneshot
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS0
ExecStart=/bin/bash /work/systemd_guest.sh
ExecStopPost=/bin/systemctl poweroff -ff
END
ln -s /etc/systemd/system/check.service "$guest/etc/systemd/system/multi-user.target.wants/"
cp "$kernels/$suite/busybox" "$guest/work/"
mkdir -p "$guest/work/modules" "$scratch/lib"
ln -s "$kernels/$suite/modules" "$scratch/lib/modules"
number=100
while read -r file; do
	cp "$file" "$guest/work/modules/$((number++)).ko"
done < <(modprobe -d "$scratch" -S "$(cat "$kernels/$suite/version")" -a --show-depends tcp_diag udp_diag |
	awk '$1 == "insmod" && !seen[$2]++ { print $2 }')
archive() { (cd "$1" && find . | "$kernels/$suite/busybox" cpio -o -H newc 2>/dev/null); }
{ archive "$system"; archive "$guest"; } >"$scratch/initrd"

status=0
timeout "${LIMIT:-300}" qemu-system-x86_64 -nodefaults -no-reboot -display none -serial stdio -cpu max -smp 2 -m 1024 \
	-kernel "$kernels/$suite/linux" -initrd "$scratch/initrd" \
	-append "console=ttyS0 quiet panic=-1 systemd.show_status=0" </dev/null >"$scratch/console" 2>&1 || status=$?
tr -d '\r' <"$scratch/console" | sed -E '/reboot: Power down$/d'
[ "$status" != 124 ] || exit 124
