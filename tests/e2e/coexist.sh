#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Other people's programs on a guarded interface: their tc filters still see every packet that passes,
# and may still drop it; their XDP program is never replaced; another instance of portguard has its
# say, too; all of it survives `down`.
. "$(dirname "$0")/../lib/lab.sh"
need clang bpftool tc jq
lab_up

# Theirs: counts what it sees, by direction, and drops port 98 (XDP) or 99 (tc).
cat >"$LAB/theirs.c" <<-'END'
	#include <linux/bpf.h>
	#define SEC(name) __attribute__((section(name), used))
	#define __uint(name, value) int (*name)[value]
	#define __type(name, value) typeof(value) *name
	static void *(*lookup)(void *map, const void *key) = (void *)1;
	struct {
		__uint(type, BPF_MAP_TYPE_ARRAY);
		__uint(max_entries, 3);
		__type(key, unsigned);
		__type(value, unsigned long long);
	} NAME SEC(".maps");
	static __attribute__((always_inline)) void count(unsigned which)
	{
		unsigned long long *n = lookup(&NAME, &which);
		if (n)
			__sync_fetch_and_add(n, 1);
	}
	static __attribute__((always_inline)) int port_is(void *data, void *end, unsigned char port)
	{
		unsigned char *frame = data;
		return data + 38 <= end && frame[12] == 8 && !frame[13] && !frame[36] && frame[37] == port;
	}
	SEC("xdp") int theirs_xdp(struct xdp_md *ctx)
	{
		count(0);
		return port_is((void *)(long)ctx->data, (void *)(long)ctx->data_end, 98) ? XDP_DROP : XDP_PASS;
	}
	SEC("tc/in") int theirs_in(struct __sk_buff *skb)
	{
		count(1);
		return port_is((void *)(long)skb->data, (void *)(long)skb->data_end, 99) ? 2 : 0;
	}
	SEC("tc/out") int theirs_out(struct __sk_buff *skb)
	{
		count(2);
		return 0;
	}
	char LICENSE[] SEC("license") = "GPL";
END
MAP=theirs_$$
clang -O2 -g -target bpf -I"/usr/include/$(uname -m)-linux-gnu" -DNAME="$MAP" -c "$LAB/theirs.c" -o "$LAB/theirs.o" 2>"$LAB/clang.log" ||
	{ skip "coexist" "no BPF program could be compiled: $(tail -n 1 "$LAB/clang.log")"; exit 0; }
seen() { # WHICH: how many packets their programs have seen, all maps of that name together
	local id
	for id in $(bpftool -j map show name "$MAP" | jq 'if type == "array" then .[].id else .id end'); do
		bpftool -j map dump id "$id"
	done | jq -s "flatten | map(select(.formatted.key == $1).formatted.value) | add // 0"
}
saw_more() { [ "$(seen "$1")" -gt "$2" ]; }
xdp_id() { in_namespace host ip -j -d link show host0 | jq '.[0].xdp.prog.id // 0'; }
filters() { in_namespace host tc filter show dev host0 "$1" | grep -c theirs; }
via() { status ".hooks[] | select(.hook == \"$1\" and .target == \"host0\") | select(.attached).via" | tr -d '"'; }
theirs_are_there() { [ "$(xdp_id) $(filters ingress) $(filters egress)" = "$THEIRS" ]; }

in_namespace host tc qdisc add dev host0 clsact
in_namespace host tc filter add dev host0 ingress bpf da obj "$LAB/theirs.o" sec tc/in 2>"$LAB/tc.log" ||
	{ skip "coexist" "no tc filter could be attached: $(tail -n 1 "$LAB/tc.log")"; exit 0; }
in_namespace host tc filter add dev host0 egress bpf da obj "$LAB/theirs.o" sec tc/out
echo_server servers host 80,81,98,99 80,81,98,99

same "unguarded: 80, 81 and what their XDP will drop answer" "$(dial tcp $HOST4 80) $(dial tcp $HOST4 81) $(dial tcp $HOST4 98)" "OPEN OPEN OPEN"
same "unguarded: their filter drops 99" "$(dial tcp $HOST4 99)" silent

# --- filters ------------------------------------------------------------------------------------
under() { # NAME: with portguard above their filters
	local in out
	in=$(seen 1) out=$(seen 2)
	same "$1: an open port" "$(dial tcp $HOST4 80) $(dial udp $HOST4 80)" "OPEN OPEN"
	same "$1: a closed port" "$(dial tcp $HOST4 81) $(dial udp $HOST4 81)" "silent silent"
	same "$1: what their filter drops stays dropped, though it is open here" "$(dial tcp $HOST4 99)" silent
	holds "$1: their ingress filter sees packets" saw_more 1 "$in"
	holds "$1: their egress filter sees packets" saw_more 2 "$out"
	same "$1: conversations of the host's own" "$(traffic host dial tcp $PEER4 80)" ECONNREFUSED
}
THEIRS="0 $(filters ingress) $(filters egress)"
for attach in tc xdp; do
	guard "$({ rules 'allow in 80' 'allow in 98' 'allow in 99'; echo "attach: $attach"; } | policy coexist)"
	under "attach: $attach"
	same "attach: $attach: their filters are there" "$(filters ingress) $(filters egress)" "1 1"
	if [ $attach = xdp ]; then
		same "status says so" "$(via inbound)" xdp
		fails "our XDP program is not replaced by another" \
			quiet in_namespace host ip link set dev host0 xdpdrv obj "$LAB/theirs.o" sec xdp 2>/dev/null
		same "it is still ours" "$(via inbound)" xdp
		in_namespace host ip link set dev host0 xdpdrv off 2>/dev/null
		same "nor taken off" "$(dial tcp $HOST4 81)" silent
	else
		# Whoever clears the classic filters takes away what is classic of ours, too; that is mended.
		in_namespace host tc qdisc del dev host0 clsact
		within 5 quiet test -n "$(via inbound)"
		closed() { [ "$(dial tcp $HOST4 81 0.2)" = silent ]; }
		holds "with clsact cleared away the port is closed again soon" within 10 closed
		in_namespace host tc qdisc add dev host0 clsact 2>/dev/null
		in_namespace host tc filter add dev host0 ingress bpf da obj "$LAB/theirs.o" sec tc/in
		in_namespace host tc filter add dev host0 egress bpf da obj "$LAB/theirs.o" sec tc/out
		under "attach: $attach, their filters added later"
	fi
	unguard
	holds "attach: $attach: down leaves their filters" theirs_are_there
	same "attach: $attach: down leaves the ports as they were" "$(dial tcp $HOST4 81) $(dial tcp $HOST4 99)" "OPEN silent"
done

# --- XDP ----------------------------------------------------------------------------------------
if ! in_namespace host ip link set dev host0 xdpdrv obj "$LAB/theirs.o" sec xdp 2>"$LAB/xdp.log"; then
	skip "their XDP program" "it could not be attached: $(tail -n 1 "$LAB/xdp.log")"
else
	THEIRS="$(xdp_id) $(filters ingress) $(filters egress)"
	same "unguarded: their XDP program drops 98" "$(dial tcp $HOST4 98)" silent
	xdp_file() { { rules 'allow in 80' 'allow in 98' 'allow in 99'; echo "attach: $1"; } | policy coexist; }
	exits "attach: xdp where another XDP program is" 69 "host0: another XDP program \(id ${THEIRS%% *}\)" \
		up -c "$(xdp_file xdp)" --cgroup "$LAB_CGROUP" -i host0
	holds "it is not replaced" theirs_are_there
	same "and nothing of ours is left" "$(dial tcp $HOST4 81)" OPEN
	guard "$(xdp_file auto)"
	holds "attach: auto takes tc, and status says so" grep -qE '^tcx?$' <<<"$(via inbound)"
	before=$(seen 0)
	under "attach: auto beside their XDP program"
	same "what their XDP program drops stays dropped" "$(dial tcp $HOST4 98)" silent
	holds "their XDP program sees packets" saw_more 0 "$before"
	holds "it is there" theirs_are_there
	exits "apply with attach: xdp is refused, too" 69 'another XDP program' apply "$(xdp_file xdp)"
	same "and the former policy goes on" "$(dial tcp $HOST4 80) $(dial tcp $HOST4 81)" "OPEN silent"
	unguard
	holds "down leaves their XDP program and filters" theirs_are_there
	in_namespace host ip link set dev host0 xdpdrv off
fi

# --- another instance ---------------------------------------------------------------------------
mkdir "$LAB_CGROUP_TOP/other"
second() { exec_in "$LAB_CGROUP_TOP/rest" host "$PORTGUARD" --instance "$LAB_NAME-b" --bpffs "$BPFFS" "$@"; }
guard "$(rules 'allow in 80' 'allow in 81' | policy first)"
cp "$({ rules 'allow in 80' 'allow in 98'; echo 'attach: auto'; } | policy second)" "$LAB/b.yaml" # where XDP is taken
(second up -c "$LAB/b.yaml" --cgroup "$LAB_CGROUP_TOP/other" -i host0) >"$LAB/b.log" 2>&1 || not_ok "a second instance starts" "$(cat "$LAB/b.log")"
same "two instances: open is what both allow" \
	"$(dial tcp $HOST4 80) $(dial tcp $HOST4 81) $(dial tcp $HOST4 98)" "OPEN silent silent"
same "two instances: replies pass both" "$(traffic host dial udp $PEER4 80) $(traffic host dial tcp $PEER4 80)" "ECONNREFUSED ECONNREFUSED"
unguard
same "without the first one the second stands" "$(dial tcp $HOST4 80) $(dial tcp $HOST4 81) $(dial tcp $HOST4 98)" "OPEN silent OPEN"
(second down --purge) >"$LAB/b.log" 2>&1 || not_ok "the second instance ends" "$(cat "$LAB/b.log")"
same "without either all is open" "$(dial tcp $HOST4 81)" OPEN
same "and their filters are there" "$(filters ingress) $(filters egress)" "1 1"
