#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The lab itself, without a guard: what the other tests take for granted works.
. "$(dirname "$0")/../lib/lab.sh"
lab_up
echo_server servers host 80,81 53
for address in $HOST4 $HOST6; do
	holds "the peer reaches TCP at $address" reaches tcp "$address" 80
	holds "the peer reaches UDP at $address" reaches udp "$address" 53
	same "a port without a listener refuses at $address" "$(dial tcp "$address" 82)" ECONNREFUSED
done
holds "a process of the host binds" binds tcp 0.0.0.0 90
same "the guarded cgroup holds the host's processes" "$(grep -c . "$LAB_CGROUP/cgroup.procs")" 1
