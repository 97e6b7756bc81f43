/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A packet as a question to the rules of `in`: may it come in, or, of one that leaves, may its answer?
 */
#ifndef PG_BPF_QUESTION_H
#define PG_BPF_QUESTION_H

#include "lib/packet.h"
#include "lib/policy.h"

/* What the rules say of a packet's port here. */
static __always_inline __u32 packet_answer(const struct pg_control *ctl, __u32 index,
					   const struct packet *p, bool answer)
{
	__u32 proto = p->proto == IPPROTO_TCP ? PG_TCP : PG_UDP;

	return port_answer(ctl, index, PG_IN, proto, answer ? p->sport : p->dport);
}

/* A packet's port, and how to ask for more, as one number. */
union asked {
	struct {
		__u32 word; /* the port's answer */
		__u8 index; /* of the slot */
		__u8 fresh; /* enum pg_fresh */
		__u8 answer; /* the packet leaves, and the question is about what comes back */
		__u8 pad;
	};
	__u64 number;
};

union decided {
	struct pg_decision decision;
	__u64 number;
};

/* What the rules say of the packet that parse() has read last; see question.bpf.c. */
extern __u64 pg_decide_packet(__u64 asked);

/* The question is only put together where the port's answer, @word, asks for more than the port. */
static __always_inline struct pg_decision decide_packet(const struct pg_control *ctl, __u32 index,
							__u32 word, bool answer, __u8 fresh)
{
	union asked a = { .word = word, .index = index, .fresh = fresh, .answer = answer };
	const struct pg_question none = {};
	union decided d;

	if (is_final(word))
		return decide(&ctl->slots[index], word, &none, PG_IN);
	d.number = pg_decide_packet(a.number);
	return d.decision;
}

static __always_inline struct pg_decision ask_for_packet(const struct pg_control *ctl, __u32 index,
							 const struct packet *p, bool answer,
							 __u8 fresh)
{
	return decide_packet(ctl, index, packet_answer(ctl, index, p, answer), answer, fresh);
}

static __always_inline bool begins_connection(const struct packet *p)
{
	return (p->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
}

/* Other IP protocols than TCP, UDP, ICMP: as the policy's protocols: say; no default lets them in. */
static __always_inline struct pg_decision judge_protocol(const struct pg_control *ctl, __u32 index,
							 const struct packet *p)
{
	__u32 answer = ctl->slots[index].protocols[p->proto];
	struct pg_decision d = decide_packet(ctl, index, answer, false, PG_FRESH_NO);

	return decision(d.reason == PG_REASON_DEFAULT ? PG_DENY : d.verdict, PG_REASON_PROTOCOL);
}

#endif
