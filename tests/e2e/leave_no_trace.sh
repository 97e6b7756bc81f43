#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# `portguard down` leaves no pin, program, map, link, qdisc, socket, lock or process; with --purge no file.
#
# attach: xdp tc
. "$(dirname "$0")/../lib/lab.sh"
need bpftool jq
lab_up
# The kernel's numbers of what our pins hold: links, their programs, and the maps of those. They stay
# away from other portguards of this machine.
pinned() { # KIND
	find "$BPFFS/portguard" -type f -exec bpftool -j "$1" show pinned {} \; 2>/dev/null
}
objects() {
	{ pinned link; pinned prog; } | jq -r '.prog_id // .id' | sort -u | while read -r id; do
		echo "prog $id"
		bpftool -j prog show id "$id" 2>/dev/null | jq -r '.map_ids[]? | "map \(.)"'
	done | sort -u
	pinned map | jq -r '"map \(.id)"'
}
left() { while read -r kind id; do ! bpftool "$kind" show id "$id"; done <"$LAB/objects" 2>/dev/null | grep .; }
all_freed() { [ -z "$(left)" ]; }
traces() {
	find "$BPFFS" -mindepth 1 ! -name '*.debug'	# the kernel's own
	find "/run/portguard/$LAB_NAME" 2>/dev/null
	in_namespace host tc qdisc show dev host0 | grep clsact
	in_namespace host ip link show host0 | grep -o 'prog/xdp.*'
	bpftool cgroup show "$LAB_CGROUP" 2>/dev/null | grep pg_
}
same "before: nothing" "$(traces)" ''

for way in run up; do
	case $way in
	run) guard "$(rules 'allow 80/tcp' | policy trace)" ;;
	up) exits "up" 0 '' up -c "$LAB/trace.yaml" --cgroup "$LAB_CGROUP" -i host0 ;;
	esac
	objects >"$LAB/objects"
	holds "$way: programs and maps are loaded" grep -q map "$LAB/objects"
	fails "$way: pins are there" test -z "$(traces)"
	same "$way: their directory is root's alone" "$(stat -c %a "$BPFFS/portguard/$LAB_NAME")" 700
	agent=$AGENT
	exits "$way: down" 0 '' down
	[ -z "$agent" ] || holds "down ends the agent" within 5 gone "$agent"
	[ -z "$agent" ] || { wait "$agent" 2>/dev/null; AGENT=; }
	holds "$way: no program or map is left" within 5 all_freed
	same "$way: no trace is left" "$(traces)" ''
	holds "$way: bind is free again" binds tcp 0.0.0.0 90
done
holds "the policy lies ready for the next boot" test -d "/var/lib/portguard/$LAB_NAME"
run up -c "$LAB/trace.yaml" --cgroup "$LAB_CGROUP" -i host0
exits "down --purge" 0 '' down --purge
fails "takes that away, too" test -e "/var/lib/portguard/$LAB_NAME"

# A qdisc that was there before belongs to its owner.
in_namespace host tc qdisc add dev host0 clsact
run up -c "$LAB/trace.yaml" --cgroup "$LAB_CGROUP" -i host0
run down --purge
holds "another's clsact stays" grep -q clsact <(in_namespace host tc qdisc show dev host0)
same "without filters of ours" "$(in_namespace host tc filter show dev host0 ingress; in_namespace host tc filter show dev host0 egress)" ''
