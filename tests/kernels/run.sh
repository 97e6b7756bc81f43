#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# run.sh [SUITE[:OPTIONS]…]: boots other kernels (Debian's 5.10, 6.1, 6.12 and the newest; one of them
# again without the BPF LSM) and tries on each: every BPF program loads, and portguard does its main job,
# at XDP and at tc. `systemd` is a machine that systemd runs (systemd.sh). OPTIONS go onto the kernel's command line. Kernels that cannot be had are skipped and
# say why. Ends with `N passed, N failed`.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
: "${BUILD:=build}"
passed=0 failed=0 skipped=0
log=$(mktemp)
next=$(mktemp -d)
trap 'rm -rf "$log" "$next"' EXIT
LC_ALL=C sed 's|Dual BSD/GPL|Dual MIT/GPL|' "$BUILD/portguard-static" >"$next/portguard-next"
chmod 755 "$next/portguard-next"
[ $# -gt 0 ] || set -- bullseye bookworm bookworm:lsm=capability,yama trixie sid systemd

try_kernel() { # SUITE OPTIONS
	MODULES="veth sch_ingress cls_bpf tcp_diag udp_diag 8021q bonding vrf" LIMIT=${LIMIT:-300} APPEND=$2 tests/kernels/boot.sh "$1" \
		'uname -r; ./load; sh guest.sh xdp; sh guest.sh tc; sh stacked.sh' \
		"$BUILD/portguard-static" "$next/portguard-next" "$BUILD"/tests/kernels/{load,net} tests/kernels/{guest,stacked}.sh
}

for suite; do
	options=${suite#"${suite%%:*}"}
	if [ "$suite" = systemd ]; then tests/kernels/systemd.sh; else try_kernel "${suite%%:*}" "${options#:}"; fi >"$log" 2>&1
	status=$?
	if [ $status = 69 ]; then
		skipped=$((skipped + 1))
		echo "  $suite: skipped: $(tail -n 1 "$log")"
		continue
	fi
	good=$(grep -c '^ok' "$log") bad=$(grep -c '^not ok' "$log")
	[ $((good + bad)) -gt 0 ] || { bad=1; echo "not ok it said nothing: exit $status" >>"$log"; }
	case $status in 124) bad=$((bad + 1)); echo "not ok out of time" >>"$log" ;; 125) bad=$((bad + 1)) ;; esac
	passed=$((passed + good)) failed=$((failed + bad))
	printf '  %-30s %-28s %3d ok, %d failed\n' "$suite" "$(grep -m 1 -E '^[0-9]+\.[0-9]+' "$log")" "$good" "$bad"
	[ "$bad" = 0 ] || sed 's/^/      /' "$log"
done
echo "$passed passed, $failed failed$([ $skipped = 0 ] || echo ", $skipped skipped")"
[ $failed = 0 ]
