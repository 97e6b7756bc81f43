// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Copies of refused packets, as functions of the context and of numbers, which the verifier follows once a
 * program (Linux 5.6). See lib/capture.h.
 */
#include "lib/capture.h"
#include "lib/limit.h"

#define BPF_F_CURRENT_CPU 0xffffffffULL /* linux/bpf.h */

static __always_inline struct pg_capture *capture_wanted(void)
{
	struct pg_control *ctl = control();
	struct pg_capture *c;
	__u32 zero = 0;

	c = bpf_map_lookup_elem(&pg_capture, &zero);
	if (!ctl || !c)
		return 0;
	if (bpf_ktime_get_boot_ns() > c->until_ns) {
		ctl->capturing = 0;
		return 0;
	}
	return is_allowance_left(ctl, ALLOWANCE_CAPTURE, c->rate) ? c : 0;
}

/* @length: of the packet, as far as it can be copied. */
static __always_inline int copy_packet(void *ctx, __u64 decided, __u32 by, __u64 length,
				       struct pg_captured *copy)
{
	const struct pg_capture *c = capture_wanted();
	union decided u = { .word = decided };

	if (!c)
		return 0;
	copy->time_ns = bpf_ktime_get_boot_ns();
	copy->length = length;
	if (length > c->snaplen)
		length = c->snaplen;
	copy->copied = length;
	copy->rule = u.d.rule;
	copy->scope = u.d.scope;
	copy->verdict = u.d.verdict;
	copy->reason = u.d.reason;
	copy->hook = by;
	copy->link = by >> 8;
	copy->via = by >> 16;
	/* The kernel copies the packet behind these words (the flags' upper half: how much of it). */
	return bpf_perf_event_output(ctx, &pg_captured, BPF_F_CURRENT_CPU | length << 32, copy,
				     sizeof(*copy));
}

GLOBAL int pg_copy_skb(struct __sk_buff *skb, __u64 decided, __u32 by)
{
	struct packet *p = packet_in_hand();

	if (!p)
		return 0;
	p->copy.ifindex = skb->ifindex;
	p->copy.tagged = skb->vlan_present;
	p->copy.vlan = skb->vlan_tci;
	return copy_packet(skb, decided, by, skb->len, &p->copy);
}

GLOBAL int pg_copy_xdp(struct xdp_md *ctx, __u64 decided, __u32 by)
{
	__u64 length = ctx->data_end - ctx->data;
	struct packet *p = packet_in_hand();

	if (!p)
		return 0;
	if (pg_xdp_load)
		length = bpf_xdp_get_buff_len(ctx);
	p->copy.ifindex = ctx->ingress_ifindex;
	p->copy.tagged = 0;
	return copy_packet(ctx, decided, by, length, &p->copy);
}
