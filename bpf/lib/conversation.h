/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What comes and belongs to a conversation, of which most ports here have none: see conversation.bpf.c. */
#ifndef PG_BPF_CONVERSATION_H
#define PG_BPF_CONVERSATION_H

#include "lib/flow.h"
#include "lib/question.h"

/* Whether the packet in hand is a reply, or of an open connection. @index: of the slot. */
extern int pg_converses_xdp(struct xdp_md *ctx, __u32 index);
extern int pg_converses_skb(struct __sk_buff *skb, __u32 index);

/* Whether somebody here speaks from the port that the packet is for. */
static __always_inline bool may_converse(struct pg_control *ctl, const struct packet *p)
{
	bool udp = p->proto != IPPROTO_TCP;

	return is_used(ctl, udp ? PG_USED_UDP : PG_USED_TCP, p->dport) ||
	       (udp && is_used(ctl, PG_USED_MULTICAST, p->dport));
}

/* Of the packet in hand. */
static __always_inline bool converses(const struct bytes *b, __u32 index)
{
	return b->xdp ? pg_converses_xdp(b->ctx, index) : pg_converses_skb(b->ctx, index);
}

#endif
