/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * `reject`: whether a refused packet is answered. Nothing is that RFC 1122 (3.2.2) and RFC 4443 (2.4 e)
 * forbid: fragments, what went to or seems to come from many; nor RST. Each CPU sends but a few answers
 * a second. How, is in answer.bpf.c.
 */
#ifndef PG_BPF_ANSWER_H
#define PG_BPF_ANSWER_H

#include "lib/packet.h"
#include "lib/slot.h"

#define ANSWERS 256 /* a second and CPU */

/* The packet in hand becomes its own answer. Return: 0; else it is to be dropped, whatever it is by now. */
extern int pg_answer_xdp(struct xdp_md *ctx);
extern int pg_answer_tc(struct __sk_buff *skb);
extern int pg_answer_l3(struct __sk_buff *skb);

/* Whether the policy wants this refusal answered. */
static __always_inline bool wants_answer(const struct pg_slot *slot, const struct pg_decision *d)
{
	return d->flags & PG_ANSWER_REJECT || (d->reason == PG_REASON_NO_RULE && slot->in_reject);
}

/* Neither this network, loopback, multicast, nor broadcast; IPv6: nor anything of ::/64. */
static __always_inline bool is_one_host(const struct packet *p, const __u8 address[16])
{
	if (p->family == 4)
		return address[12] && address[12] != 127 && address[12] < 224;
	return address[0] != 0xff && *(const __u64 *)address;
}

static __always_inline bool may_be_answered(const struct packet *p)
{
	if (p->class != PACKET_WHOLE || !p->has_ports || p->group_frame)
		return false;
	if (p->proto == IPPROTO_TCP && p->tcp_flags & TCP_RST)
		return false;
	return is_one_host(p, p->source) && is_one_host(p, p->target);
}

#endif
