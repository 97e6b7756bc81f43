#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A packet in two fragments that come by different devices, of which one is not guarded: inbound sees a
# part of it at most, and what is put together counts as received by the device of the last part.
#
# attach: xdp tc
. "$(dirname "$0")/../lib/lab.sh"
lab_up
SECOND4=10.79.0.1 SECOND6=fd79::1
lab_link host second0 peer other0
lab_address host second0 $SECOND4/24 $SECOND6/64
lab_address peer other0 10.79.0.2/24 fd79::2/64
echo_server servers host 80,7777 80,7777

# split FIRST LAST SOURCE TARGET PROTO PORT: the devices are the neighbour's
declare -A to=([peer0]=$(in_namespace host ip -br link show host0 | awk '{ print $3 }')
	[other0]=$(in_namespace host ip -br link show second0 | awk '{ print $3 }'))
split() { in_namespace peer "$PYTHON" "$LAB_ROOT/tests/lib/split.py" "$1" "${to[$1]}" "$2" "${to[$2]}" "${@:3}"; }
# all WORDS WANTED PORT: by each way round, each protocol, each family
all() {
	local way proto
	for way in 'other0 peer0' 'peer0 other0' 'other0 other0'; do
		for proto in udp tcp; do
			# shellcheck disable=SC2086 # two devices
			same "$1: $proto by ${way/ / and }" "$(split $way 10.79.0.2 $SECOND4 $proto "$3")" "$2"
			# shellcheck disable=SC2086
			same "$1: $proto by ${way/ / and }, IPv6" "$(split $way fd79::2 $SECOND6 $proto "$3")" "$2"
		done
	done
}
all "without a guard" answered 7777
guard "$(rules 'allow 80' | policy split)"
all "a closed port" silent 7777
all "an open port" answered 80
