#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Somebody with all rights takes the guard apart: links are detached or made to run other programs,
# pins removed or replaced, tables changed. Without an agent each of these has its effect; with one it
# is told within about a second, and undone.
#
# Classic tc filters are looked after, too, but only where the kernel has no TCX: see tests/kernels.
#
# attach: xdp tc
. "$(dirname "$0")/../lib/lab.sh"
need jq bpftool
lab_up
PINS=$BPFFS/portguard/$LAB_NAME
DEVICE=$(in_namespace host cat /sys/class/net/host0/ifindex 2>/dev/null || in_namespace host ip -j link show host0 | jq '.[0].ifindex')
TAMPER=$BUILD/tests/lib/tamper
[ -x "$TAMPER" ] || { skip "$LAB_NAME" "no $TAMPER: make tests"; exit 0; }
echo_server servers host 80,81,82 ''
by_peer="allow in 82/tcp from $PEER4 at $HOST4" # of two dimensions: its cases are in pg_cases
limited='limit 100/m in 83/tcp' # what it says is in pg_rules
good=$(rules 'allow 80/tcp' 'allow bind 82/tcp' "$by_peer" "$limited" | policy good)

# --- what can be seen of the guard --------------------------------------------------------------

bind_free() { binds tcp 0.0.0.0 90; }
in_free() { reaches tcp $HOST4 81; }
peer_shut() { not reaches tcp $HOST4 82; }
unknown() { ! quiet pg list; }
as_it_should_be() {
	! bind_free && ! in_free && reaches tcp $HOST4 80 && reaches tcp $HOST4 82 && quiet pg list
}

# --- the tamperings -----------------------------------------------------------------------------

tamper() { "$TAMPER" "$PINS" "$@"; }
detach() { bpftool link detach pinned "$PINS/$1"; }
cat >"$LAB/other.c" <<-'END'
	__attribute__((section("cgroup/bind4"), used)) int other_bind(void *ctx) { return 1; }
	char _license[] __attribute__((section("license"), used)) = "GPL";
END
cat >"$LAB/other_in.c" <<-'END'
	__attribute__((section(WHERE), used)) int other_in(void *ctx) { return VERDICT; }
	char _license[] __attribute__((section("license"), used)) = "GPL";
END
others() { # programs that let everything pass, pinned beside ours
	local where=tc verdict=-1
	[ "$LAB_ATTACH" != xdp ] || where=xdp verdict=2
	command -v clang >/dev/null || return
	clang -O2 -target bpf -c "$LAB/other.c" -o "$LAB/other.o" &&
		clang -O2 -target bpf "-DWHERE=\"$where\"" "-DVERDICT=$verdict" -c "$LAB/other_in.c" -o "$LAB/other_in.o" &&
		bpftool prog load "$LAB/other.o" "$BPFFS/other_bind" type cgroup/bind4 &&
		bpftool prog load "$LAB/other_in.o" "$BPFFS/other_in"
}
replace_pin() { # by a map of somebody's, at once: between two steps the agent would mend the first
	bpftool map create "$BPFFS/other" type array key 4 value 4 entries 1 name not_ours && mv -f "$BPFFS/other" "$PINS/$1"
}
both() { tamper open bind 90 && tamper open in 81; }
# NAME | what shows that it worked, without an agent | the word of the finding | the tampering
tamperings() {
	cat <<-END
		the bind link is detached|bind_free|link link_bind4 was detached; attached again|detach link_bind4
		the inbound link is detached|in_free|link link_in_$DEVICE was detached; attached again|detach link_in_$DEVICE
		the pin of the bind link is removed|bind_free|pin link_bind4 was removed; pinned again|rm $PINS/link_bind4
		the pin of the inbound link is removed|in_free|pin link_in_$DEVICE was removed; pinned again|rm $PINS/link_in_$DEVICE
		all pins are removed|bind_free|pins were removed|rm -r $PINS
		the pin of pg_control is removed|unknown|pin pg_control was removed; pinned again|rm $PINS/pg_control
		the pin of pg_control is replaced|unknown|pin pg_control was replaced by another object; pinned again|replace_pin pg_control
		a port is opened to bind|bind_free|the ports of the policy in force; written again|tamper open bind 90
		a port is opened to packets|in_free|the ports of the policy in force; written again|tamper open in 81
		the mode is set to off|bind_free|the ports of the policy in force; written again|tamper off
		another policy is put in force|peer_shut|which policy is in force; written again|tamper switch
		another namespace is made the guarded one|bind_free|pg_control; written again|tamper elsewhere
		addresses are taken from the policy|peer_shut|pg_peers; written again|tamper empty pg_peers
		cases are taken from the policy|peer_shut|pg_cases; written again|tamper empty pg_cases
	END
	! $HAS_OTHERS || cat <<-END
		the bind link runs another program|bind_free|link link_bind4 was made to run another program|tamper run link_bind4 $BPFFS/other_bind
		the inbound link runs another program|in_free|link link_in_$DEVICE was made to run another program|tamper run link_in_$DEVICE $BPFFS/other_in
	END
}
HAS_OTHERS=false
if others 2>"$LAB/err"; then HAS_OTHERS=true; else skip "links that run other programs" "$(head -n 1 "$LAB/err")"; fi

# --- without an agent ---------------------------------------------------------------------------

up() { run up -c "$good" --cgroup "$LAB_CGROUP" -i host0; }
while IFS='|' read -r name effect _ command; do
	up
	[ "$name" != "another policy is put in force" ] || run remove "$by_peer"
	[ "$name" != "another policy is put in force" ] || run allow "${by_peer#allow }"
	before=$(as_it_should_be && echo guarded)
	$command 2>"$LAB/err" || not_ok "tampering: $name" "$(cat "$LAB/err")"
	holds "without an agent, $name: it has its effect" test "$before $($effect && echo had)" = "guarded had"
	run down --purge
	rm -rf "$PINS"
done < <(tamperings)

# --- with an agent ------------------------------------------------------------------------------

guard "$good"
findings() { jq -rs '.[] | select(.action == "tamper" or .action == "degraded") | .text' "$EVENTS"; }
told_of() { findings | grep -qF -- "$1"; }
nothing_told() { [ -z "$(findings)" ]; }
# A removal of many pins takes its time: the watch may find it half done, and tell of it twice.
told_once() { [ "$(findings | grep -c .)" = 1 ] || [ "$1" = "rm -r $PINS" ]; }
while IFS='|' read -r name _ word command; do
	: >"$EVENTS"
	$command 2>"$LAB/err" || not_ok "tampering: $name" "$(cat "$LAB/err")"
	holds "$name: it is told" within 2 told_of "$word"
	holds "and undone" within 2 as_it_should_be
	holds "and told once" told_once "$command"
done < <(
	tamperings
	echo "the policy's text is changed|true|the text of the policy; written again|tamper image"
	echo "a group is changed|true|pg_groups; written again|tamper group"
	echo "the end of a rule is changed|true|pg_rules; written again|tamper rule"
	echo "a command is killed in its work|true|a change of the policy that was cut short; written again|tamper cut"
)
same "the policy is what it was" "$(pg --json list | jq -c '[.rules[] | select(.number).text]')" \
	"[\"allow 80/tcp\",\"allow bind 82/tcp\",\"$by_peer\",\"$limited\"]"
same "status is sound" "$(status .degraded)" null
same "the generation is what it was" "$(status .generation)" 1

# --- while no agent runs ------------------------------------------------------------------------

agent_ends KILL
tamper open in 81
! $HAS_OTHERS || tamper run link_bind4 "$BPFFS/other_bind"
holds "without its agent the guard is open" in_free
: >"$EVENTS"
guard "$good"
holds "the next agent tells of the tables" within 3 told_of 'the ports of the policy in force; written again'
! $HAS_OTHERS || holds "and of the program" within 3 told_of "link link_bind4 ran a program that is not portguard's; attached again"
holds "and all is undone" within 2 as_it_should_be

# --- the same again, and what cannot be undone --------------------------------------------------

: >"$EVENTS"
for time in 1 2 3; do
	detach link_bind4
	again() { [ "$(findings | grep -c .)" = "$time" ] && ! bind_free; }
	holds "detached again ($time): told again, undone again" within 2 again
done
: >"$EVENTS"
umount "$BPFFS"
holds "the bpffs is unmounted: it is told" within 2 told_of 'could not be put right'
fails "bind is still refused" bind_free
fails "and packets dropped" in_free
told_twice() { [ "$(findings | grep -c .)" != 1 ]; }
holds "it is told once, although each check finds it" never_in 2 told_twice
mount -t bpf bpf "$BPFFS"
holds "mounted again: everything is pinned again" within 2 as_it_should_be
sound() { [ "$(status .degraded)" = null ]; }
holds "and status is sound" within 2 sound

# shellcheck disable=SC2046 # bytes are words
forged() { bpftool map update pinned "$PINS/pg_fragments" key $(printf '0 %.0s' {1..40}) value $(printf '1 %.0s' {1..8}); }
fails "nobody forges a first fragment that has passed" quiet forged

# --- what is no tampering -----------------------------------------------------------------------

: >"$EVENTS"
many_changes() { # COUNT
	local port
	for ((port = 1001; port <= 1000 + $1; port++)); do
		pg allow "$port/tcp" && pg allow "$port/udp" from 10.77.0.0/24 &&
			pg deny in "$port/tcp" from $OTHER4 on host0 && pg remove "allow $port/tcp" || return
		((port % 10)) || pg apply "$good" || return
		((port % 5)) || { in_namespace host ip link add other0 type veth peer name other1 && in_namespace host ip link del other0; } || return
	done
}
many_changes 40 >"$LAB/out" 2>"$LAB/err"
same "commands work while the agent looks" "$? $(grep "^portguard:" "$LAB/err")" "0 "
holds "another mode" quiet pg mode audit
holds "and back" quiet pg mode enforce
in_namespace peer ip link del peer0
holds "commands, and devices that come and go, are no tampering" nothing_told
exits "down" 0 '' down
holds "down ends the agent" within 5 gone "$AGENT"
wait "$AGENT" 2>/dev/null
AGENT=
holds "it is no tampering" nothing_told
fails "and nothing comes back" test -e "$PINS"
