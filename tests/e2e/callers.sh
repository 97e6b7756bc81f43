#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Rules by user and by exe, asked by real calls: who calls is read where a rule asks for it.
. "$(dirname "$0")/../lib/lab.sh"
need setpriv
lab_up
echo_server far peer 7 7
cp "$LAB_ROOT/tests/lib/traffic.py" "$LAB/"
cp "$PYTHON" "$LAB/snake"

call() { # USER FILE COMMAND…
	host setpriv --reuid "$1" --clear-groups --bounding-set -all "$2" "$LAB/traffic.py" "${@:3}"
}
binds_as() { echo "$(call "$1" "$2" bind tcp $HOST4 "$3") $(call "$1" "$2" bind udp $HOST6 "$3")"; }
dials_as() { echo "$(call "$1" "$2" dial "$3" $PEER4 7) $(call "$1" "$2" dial "$3" $PEER6 7)"; }

same "without a guard anybody may" "$(binds_as 1 "$PYTHON" 7001) $(dials_as 1 "$LAB/snake" udp)" 'OPEN OPEN OPEN OPEN'
guard "$(rules 'allow bind 7001 by user 2' "allow bind 7002 by exe $LAB/snake" "deny bind 7003 by user 2" 'allow bind 7003' \
	'deny out 7/udp by user 2' "deny out 7/tcp by exe $LAB/snake" | policy callers)"

same "bind: that user may" "$(binds_as 2 "$PYTHON" 7001)" 'OPEN OPEN'
same "another may not" "$(binds_as 1 "$PYTHON" 7001)" 'EPERM EPERM'
same "nor may root" "$(binds_as 0 "$PYTHON" 7001)" 'EPERM EPERM'
same "bind: that file may" "$(binds_as 1 "$LAB/snake" 7002)" 'OPEN OPEN'
same "what it is a copy of may not" "$(binds_as 1 "$PYTHON" 7002)" 'EPERM EPERM'
same "bind: that user alone may not" "$(binds_as 2 "$PYTHON" 7003) $(binds_as 1 "$PYTHON" 7003)" 'EPERM EPERM OPEN OPEN'
same "out: that user alone may not" "$(dials_as 2 "$PYTHON" udp) $(dials_as 1 "$PYTHON" udp)" 'EPERM EPERM OPEN OPEN'
same "out: that file alone may not" "$(dials_as 1 "$LAB/snake" tcp) $(dials_as 1 "$PYTHON" tcp)" 'EPERM EPERM OPEN OPEN'
