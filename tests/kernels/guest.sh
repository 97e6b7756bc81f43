#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# guest.sh ATTACH: portguard's main job on the kernel that runs, with busybox alone: a bind that is
# refused, a port that is silent from outside, `allow` that opens it, the guard that stays when its
# agent is killed and when another build takes over, a unit's scope, and `down` that leaves nothing. The guest is a machine of its own.
attach=$1 failed=0 pg="./portguard-static --instance guest"
ok() { echo "ok $attach: $1"; }
not_ok() { echo "not ok $attach: $1: $2"; failed=1; }
holds() { name=$1; shift; if "$@"; then ok "$name"; else not_ok "$name" "not so: $*"; fi; }
fails() { name=$1; shift; if "$@"; then not_ok "$name" "should not be so: $*"; else ok "$name"; fi; }
# Seconds of a machine at rest, and five times as many of an emulated one.
within() { tries=$(($1 * 50)); shift; until "$@"; do tries=$((tries - 1)); [ $tries -gt 0 ] || return 1; usleep 100000; done; }

# The neighbour is another namespace; this shell's children on this side live in the guarded cgroup.
mkdir -p /sys/fs/cgroup/guarded
unshare -n sh -c 'ip link set lo up; exec tail -f /dev/null' &
neighbour=$!
in_peer() { nsenter -t $neighbour -n "$@"; }
separate() { [ "$(readlink "/proc/$neighbour/ns/net")" != "$(readlink /proc/self/ns/net)" ]; }
within 5 separate
ip link add va type veth
./net move veth0 $neighbour
ip addr add 10.77.0.1/24 dev va; ip link set va up
in_peer ip addr add 10.77.0.2/24 dev veth0; in_peer ip link set veth0 up
in_host() { (echo 0 >/sys/fs/cgroup/guarded/cgroup.procs; exec "$@"); }
answers() { in_peer ./net dial 10.77.0.1 "$1"; }
binds() { in_host ./net bind "$1"; }

in_host ./net serve 80 &
in_host ./net serve 81 &
holds "unguarded, 80 answers" within 5 answers 80
holds "unguarded, 81 answers" within 5 answers 81
holds "unguarded, 8080 is bound" binds 8080
holds "unguarded, a socket listens without bind" in_host ./net listen
holds "unguarded, raw TCP" in_host ./net raw 6

rm -f /tmp/agent /tmp/events # of a run before
printf 'version: 1\nattach: %s\ninterfaces: [va]\nfailsafe: []\nessentials: []\n' "$attach" >/tmp/policy.yaml
$pg run -c /tmp/policy.yaml --cgroup /sys/fs/cgroup/guarded --event-log /tmp/events >/tmp/agent 2>&1 &
agent=$!
within 20 grep -q 'portguard: ready' /tmp/agent || { not_ok "ready" "$(tail -n 3 /tmp/agent | tr '\n' ' ')"; exit 1; }
ok ready
fails "bind is refused" binds 8080
holds "and is an event" within 5 grep -q '"hook":"bind"' /tmp/events
fails "listen without bind is refused" in_host ./net listen
holds "and is an event" within 5 grep -q '"verdict":"deny".*"hook":"listen"' /tmp/events
holds "whose hook is said" sh -c "$pg status | grep -E '^ +listen +(lsm_cgroup|fmod_ret) '"
holds "which metrics count" sh -c "$pg metrics | grep -q '^portguard_verdicts_total{hook=\"listen\",verdict=\"deny\",scope=\"host\"} 1$'"
holds "and the ring's size" sh -c "$pg metrics | grep -q '^portguard_ring_size_bytes 262144$'"
holds "outside the guarded cgroup it may listen" ./net listen
fails "raw TCP is refused" in_host ./net raw 6
holds "raw ICMP is not" in_host ./net raw 1
fails "80 is silent" answers 80
$pg allow 80/tcp 2>/dev/null
holds "allow opens it" answers 80
fails "and nothing else" answers 81
in_peer ./net serve 8000 &
far() { in_host ./net dial 10.77.0.2 8000; }
holds "this host is a client: answers come in" within 5 far
# Before TCX (Linux 6.6) no link holds a filter; the agent puts back what somebody takes away.
if $pg status | grep -qE '^ +inbound +tc +va'; then
	holds "somebody takes its tc filters away" ./net unfilter va
	holds "which is told" within 5 grep -q '"action":"tamper"' /tmp/events
	fails "and undone: 81 is silent" answers 81
	holds "as 80 is open" answers 80
fi
kill -9 $agent
wait $agent 2>/dev/null
fails "the agent is killed: 81 stays silent" answers 81
holds "and 80 open" answers 80
fails "and bind refused" binds 8080
# portguard-next is this program with another build of the same programs of the kernel.
(until [ -e /tmp/enough ]; do answers 81 && echo 81; answers 80 || echo 80; binds 8080 && echo 8080; done >/tmp/wrong) &
watch=$!
pg="./portguard-next --instance guest"
$pg up -c /tmp/policy.yaml --cgroup /sys/fs/cgroup/guarded >/tmp/up 2>&1 || not_ok "another build takes over" "$(cat /tmp/up)"
touch /tmp/enough
wait $watch
holds "another build takes over: nothing opened or shut meanwhile" test ! -s /tmp/wrong
fails "another build: 81 is silent" answers 81
holds "and 80 open" answers 80
fails "and bind refused" binds 8080
fails "and listen without bind" in_host ./net listen
rm /tmp/enough /tmp/wrong
$pg remove 80/tcp
fails "remove closes it, without an agent" answers 80
# A scope, without an agent: the programs know a unit's cgroup that is made after the policy.
in_unit() { (mkdir -p "/sys/fs/cgroup/guarded/$1" && echo 0 >"/sys/fs/cgroup/guarded/$1/cgroup.procs" && shift && exec "$@"); }
printf 'scopes: [{unit: web.service, rules: [allow 8080/tcp, allow 82/tcp]}]\n' | cat /tmp/policy.yaml - >/tmp/scopes.yaml
$pg apply /tmp/scopes.yaml >/tmp/up 2>&1 || not_ok "scopes" "$(cat /tmp/up)"
holds "status has the hook of scopes" sh -c "$pg status | grep -qE '^ +scopes +raw_tp '"
holds "a unit that comes has its scope" in_unit system.slice/web.service ./net bind 8080
fails "another one has not" in_unit system.slice/other.service ./net bind 8080
fails "nor has one that a unit made up" in_unit system.slice/other.service/web.service ./net bind 8080
in_unit system.slice/web.service ./net serve 82 &
holds "packets reach its socket" within 5 answers 82
fails "and no other" answers 81
$pg down
holds "down opens all" within 5 answers 81
holds "and leaves no pin" test -z "$(find /sys/fs/bpf/portguard 2>/dev/null)"
# shellcheck disable=SC2046 # pids
kill $(jobs -p) 2>/dev/null
ip link del va
exit $failed
