#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What a machine can be like: no bpffs, one that only we see, an interface that is absent, comes, goes
# and comes back, somebody else's XDP program, a policy that cannot be read. One clear message each,
# the documented exit code, nothing half attached - and no port open that should be closed.
#
# attach: xdp tc
. "$(dirname "$0")/../lib/lab.sh"
need jq bpftool
lab_up
echo_server servers host 80,81 ''
good=$(rules 'allow 80/tcp' | policy good)
nothing_attached() { [ -z "$(find "$BPFFS" -mindepth 1 -type f ! -name '*.debug' 2>/dev/null)" ] && binds tcp 0.0.0.0 90 && reaches tcp $HOST4 81; }
# refused NAME CODE PATTERN COMMAND…: and nothing is attached by it
refused() { exits "$@"; holds "$1: nothing is half attached" nothing_attached; }
UP=(up -c "$good" --cgroup "$LAB_CGROUP" -i host0)

# --- where it cannot run ------------------------------------------------------------------------

mkdir "$LAB/plain"
BPFFS=$LAB/plain refused "pins outside a bpffs" 69 'bpf' "${UP[@]}"
BPFFS=$LAB/absent refused "no bpffs at all" 69 'bpf' "${UP[@]}"
refused "a cgroup that is not there" 69 'cgroup' up -c "$good" --cgroup "$LAB_CGROUP/absent" -i host0
refused "a directory that is no cgroup" 69 'cgroup' up -c "$good" --cgroup "$LAB" -i host0
refused "an interface that cannot be" 64 'pattern' "${UP[@]}" -i 'a/b'
refused "an empty one" 64 'pattern' "${UP[@]}" -i ''
refused "an empty cgroup, which is not the root's" 64 'directory' up -c "$LAB/absent.yaml" --cgroup '' # or else 66
refused "no policy file" 66 'absent.yaml' up -c "$LAB/absent.yaml" --cgroup "$LAB_CGROUP" -i host0
echo 'version: 9' >"$LAB/wrong.yaml"
refused "a wrong policy" 65 'wrong.yaml:1:' up -c "$LAB/wrong.yaml" --cgroup "$LAB_CGROUP" -i host0
refused "a directory for a policy" '66' '' up -c "$LAB" --cgroup "$LAB_CGROUP" -i host0
without() { admin setpriv --bounding-set="$1" --inh-caps="$1" "$PORTGUARD" --instance "$LAB_NAME" --bpffs "$BPFFS" "${UP[@]}" 2>"$LAB/err"; }
without -all
same "without any capability: exit code" "$?" 77
holds "and the missing one is named" grep -q CAP_ <(head -n 1 "$LAB/err")
holds "nothing is half attached" nothing_attached

# A bpffs of a mount namespace of our own dies with it: refused, unless the caller says --bpffs.
admin unshare --mount --propagation private sh -c 'mkdir -p "$0/private" && mount -t bpf bpf /sys/fs/bpf && exec "$@"' "$LAB" \
	"$PORTGUARD" --instance "$LAB_NAME" "${UP[@]}" >/dev/null 2>"$LAB/err"
same "a bpffs that PID 1 does not see" "$?" 69
holds "says what to do" grep -q bpffs "$LAB/err"
holds "nothing is half attached then" nothing_attached

# --- somebody else's programs -------------------------------------------------------------------

cat >"$LAB/other.c" <<-'END'
	__attribute__((section("xdp"), used)) int other(void *ctx) { return 2; }
	char _license[] __attribute__((section("license"), used)) = "GPL";
END
if command -v clang >/dev/null && clang -O2 -g -target bpf -c "$LAB/other.c" -o "$LAB/other.o" 2>/dev/null &&
	in_namespace host ip link set dev host0 xdpdrv obj "$LAB/other.o" sec xdp 2>"$LAB/err"; then
	theirs() { in_namespace host ip -d link show host0 | grep -o 'prog/xdp id [0-9]*'; }
	before=$(theirs)
	exits "attach: xdp, where another's program is" 69 'host0' up -c "$(policy xdp <<<'attach: xdp')" --cgroup "$LAB_CGROUP" -i host0
	same "it is not replaced" "$(theirs)" "$before"
	run up -c "$(policy auto <<<$'attach: auto\nrules: [allow 80/tcp]')" --cgroup "$LAB_CGROUP" -i host0
	same "attach: auto goes to tc instead" "$(status '[.hooks[] | select(.hook == "inbound").via | test("^tcx?$")] == [true]')" true
	same "and guards" "$(dial tcp $HOST4 81) $(dial tcp $HOST4 80)" "silent OPEN"
	same "beside it" "$(theirs)" "$before"
	run down
	in_namespace host ip link set dev host0 xdpdrv off
else
	skip "another's XDP program" "cannot be loaded here: $(head -n 1 "$LAB/err")"
fi

# --- interfaces come and go ---------------------------------------------------------------------

hook() { status "[.hooks[] | select(.hook == \"inbound\" and .target == \"$1\") | .attached] | any"; }
attached() { [ "$(hook "$1")" = true ]; }
later=$(policy later <<-'END'
	version: 1
	interfaces: [host0, host1]
	failsafe: []
	essentials: []
	rules: [allow 80/tcp]
END
)
exec_pg run -c "$later" --cgroup "$LAB_CGROUP" --event-log "$EVENTS" >"$LAB/agent.out" 2>"$LAB/agent.err" &
AGENT=$!
within 5 says 'portguard: ready' "$LAB/agent.err"
holds "an absent interface is waited for" says 'portguard: ready' "$LAB/agent.err"
same "status says so" "$(hook host0) $(hook host1)" "true false"
second() { lab_link host host1 peer peer1; lab_address host host1 10.79.0.1/24; lab_address peer peer1 10.79.0.2/24; }
second
holds "it comes, and is guarded" within 5 attached host1
same "81 is silent there, 80 answers" "$(dial tcp 10.79.0.1 81) $(dial tcp 10.79.0.1 80)" "silent OPEN"
in_namespace host ip link del host1
holds "it goes, and status says so" within 5 not attached host1
second
holds "it comes back, and is guarded" within 5 attached host1
same "81 is silent there again" "$(dial tcp 10.79.0.1 81) $(dial tcp 10.79.0.1 80)" "silent OPEN"
same "the other was guarded all the while" "$(dial tcp $HOST4 81)" silent
exits "a second agent" 75 "$AGENT" run -c "$later" --cgroup "$LAB_CGROUP"
unguard
exits "up does not wait for an absent interface" 69 'absent0' up -c "$good" --cgroup "$LAB_CGROUP" -i absent0
in_namespace host ip link del host1

# --- a policy that cannot be used ---------------------------------------------------------------

sound() { [ "$(status .degraded)" = null ]; }
purge() { run down --purge; }
purge
agent "$LAB/wrong.yaml"
holds "the first boot with a wrong policy: run stays alive" not gone "$AGENT"
fails "and says that it is degraded" sound
same "nothing but essentials and failsafe is open" "$(dial tcp $HOST4 80) $(dial tcp $HOST4 81)" "silent silent"
holds "the event says so, too" within 3 says '"action":"degraded"' "$EVENTS"
cp "$good" "$LAB/wrong.yaml"
kill -HUP "$AGENT"
open() { reaches tcp $HOST4 80; }
holds "the next good policy is taken" within 5 open
holds "and it is degraded no longer" within 3 sound
unguard
printf 'rules: [' >"$LAB/wrong.yaml"
agent "$LAB/wrong.yaml"
same "a later boot: the last good policy is in force" "$(dial tcp $HOST4 80) $(dial tcp $HOST4 81)" "OPEN silent"
fails "degraded" sound
unguard
agent "$LAB/absent.yaml"
same "with no file at all, likewise" "$(dial tcp $HOST4 80) $(dial tcp $HOST4 81)" "OPEN silent"
unguard

# --- the event log's place is full --------------------------------------------------------------

EVENTS=/dev/full
guard "$good"
quiet dial tcp $HOST4 81
same "an output that fails does not stop the guard" "$(dial tcp $HOST4 81) $(dial tcp $HOST4 80)" "silent OPEN"
has_error() { [ "$(status '[.outputs[] | .error != null] | any')" = true ]; }
holds "status names the error" within 4 has_error
