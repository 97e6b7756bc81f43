/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A packet as a question to the rules of `in`: may it come in, or, of one that leaves, may its answer?
 */
#ifndef PG_BPF_QUESTION_H
#define PG_BPF_QUESTION_H

#include "lib/owner.h"
#include "lib/packet.h"

/* How the packet in hand is asked about; << ASK_FRESH_SHIFT: enum pg_fresh. */
#define ASK_INDEX 1u /* of the slot */
#define ASK_ANSWER 2u /* the packet leaves, and the question is about what comes back */
#define ASK_STRANGE 4u /* its device is none that rules name: it is another network namespace's */
#define ASK_FRESH_SHIFT 8
#define ASK_HOW(index, fresh) ((index) | (__u32)(fresh) << ASK_FRESH_SHIFT)

/*
 * A union decided's word: what the scopes @near, @far say (struct owner), or, without any, what becomes of the
 * host's answer @word. @how: ASK_HOW(), ASK_ANSWER, ASK_STRANGE.
 */
extern __u64 pg_ask_packet(__u64 near, __u64 far, __u32 how, __u32 word);
/* An answer followed to its end, as resolve() does; limits count nothing. @how: 0 or ASK_ANSWER. */
extern __u32 pg_resolve_packet(__u32 word, __u32 how);

/* What the rules say of a packet's port here. */
static __always_inline __u32 packet_answer(const struct pg_control *ctl, __u32 index,
					   const struct packet *p, bool answer)
{
	__u32 proto = p->proto == IPPROTO_TCP ? PG_TCP : PG_UDP;

	return port_answer(ctl, index, PG_IN, proto, answer ? p->sport : p->dport);
}

/* The question is only put where the port's answer, @word, asks for more than the port. */
static __always_inline struct pg_decision decide_packet(const struct pg_control *ctl, __u32 index,
							__u32 word, __u32 how)
{
	const struct pg_question none = {};
	union decided u;

	if (is_final(word))
		return decide(slot_at(ctl, index), word, &none, PG_IN);
	u.word = pg_ask_packet(0, 0, how, word);
	return u.d;
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

	if (PG_ANSWER_KIND(answer) == PG_ANSWER_ASK)
		answer = pg_resolve_packet(answer, 0);
	return decision(PG_ANSWER_KIND(answer) == PG_ANSWER_ALLOW ? PG_ALLOW : PG_DENY,
			PG_REASON_PROTOCOL);
}

#endif
