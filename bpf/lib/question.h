/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A packet as a question to the rules of `in`: may it come in, or, of one that leaves, may its answer?
 */
#ifndef PG_BPF_QUESTION_H
#define PG_BPF_QUESTION_H

#include "lib/owner.h"
#include "lib/packet.h"

/* @answer: the packet leaves, and the question is about what comes back. @fresh: enum pg_fresh. */
static __always_inline void put_question(struct pg_question *q, const struct packet *p, bool answer,
					 __u8 fresh)
{
	q->direction = PG_IN;
	q->proto = p->proto == IPPROTO_TCP ? PG_TCP : PG_UDP;
	q->family = p->family;
	q->fresh = fresh;
	q->port = answer ? p->sport : p->dport;
	q->remote_port = answer ? p->dport : p->sport;
	q->ifindex = p->ifindex;
	q->vlan = p->vlan;
	__builtin_memcpy(q->remote, answer ? p->target : p->source, 16);
	__builtin_memcpy(q->local, answer ? p->source : p->target, 16);
}

/* What the rules say of a packet's port here. */
static __always_inline __u32 packet_answer(const struct pg_control *ctl, __u32 index,
					   const struct packet *p, bool answer)
{
	__u32 proto = p->proto == IPPROTO_TCP ? PG_TCP : PG_UDP;

	return port_answer(ctl, index, PG_IN, proto, answer ? p->sport : p->dport);
}

/* The question is only put together where the port's answer, @word, asks for more than the port. */
static __always_inline struct pg_decision decide_packet(const struct pg_control *ctl, __u32 index,
							const struct packet *p, __u32 word,
							bool answer, __u8 fresh)
{
	struct pg_question q = {};

	if (!is_final(word)) {
		put_question(&q, p, answer, fresh);
		word = resolve_limited(index, word, &q);
	}
	return decide(&ctl->slots[index], word, &q, PG_IN);
}

static __always_inline struct pg_decision ask_for_packet(const struct pg_control *ctl, __u32 index,
							 const struct packet *p, bool answer,
							 __u8 fresh)
{
	return decide_packet(ctl, index, p, packet_answer(ctl, index, p, answer), answer, fresh);
}

static __always_inline bool begins_connection(const struct packet *p)
{
	return (p->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

/* Other IP protocols than TCP, UDP, ICMP: as the policy's protocols: say. */
static __always_inline struct pg_decision judge_protocol(const struct pg_slot *slot,
							 const struct packet *p)
{
	__u32 answer = slot->protocols[p->proto];

	if (PG_ANSWER_KIND(answer) == PG_ANSWER_ASK) {
		struct pg_question q = {};

		put_question(&q, p, false, PG_FRESH_NO);
		answer = resolve(answer, &q);
	}
	return decision(PG_ANSWER_KIND(answer) == PG_ANSWER_ALLOW ? PG_ALLOW : PG_DENY,
			PG_REASON_PROTOCOL);
}

#endif
