// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Whether the packet in hand belongs to what this machine has begun: a flow, or a connection that the kernel
 * has a socket for. A function of the context and a number: the verifier follows it once a program (Linux 5.6).
 */
#include "lib/conversation.h"
#include "lib/lookup.h"

static __always_inline bool has_socket(struct pg_control *ctl, void *ctx, const struct packet *p)
{
	struct bpf_sock *sk;
	bool alive;

	if (p->proto != IPPROTO_TCP || begins_connection(p) || !is_used(ctl, PG_USED_TCP, p->dport))
		return false;
	sk = look_up_tcp(ctx, p, false);
	if (!sk)
		return false;
	alive = sk->state != TCP_STATE_LISTEN && sk->state != TCP_STATE_CLOSE;
	bpf_sk_release(sk);
	return alive;
}

static __always_inline int is_answer(void *ctx, __u32 index)
{
	struct pg_control *ctl = control();
	struct packet *p = packet_in_hand();

	return ctl && p && (is_reply(ctl, &ctl->slots[index & 1], p) || has_socket(ctl, ctx, p));
}

GLOBAL int pg_converses_xdp(struct xdp_md *ctx, __u32 index)
{
	return is_answer(ctx, index);
}

GLOBAL int pg_converses_skb(struct __sk_buff *skb, __u32 index)
{
	return is_answer(skb, index);
}
