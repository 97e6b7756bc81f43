// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A packet's question to the rules of `in`, followed to the end of its chain. Numbers alone go in and
 * out: the verifier follows it once for a program, however many places ask.
 */
#include "lib/question.h"

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

/* See lib/question.h. */
GLOBAL __u64 pg_decide_packet(__u64 number)
{
	union asked asked = { .number = number };
	struct pg_question q = {};
	struct pg_control *ctl = control();
	__u32 zero = 0, index = asked.index & 1;
	struct packet *p = bpf_map_lookup_elem(&pg_packet, &zero);
	union decided d = { .decision = decision(PG_DENY, PG_REASON_NO_RULE) };

	if (!ctl || !p)
		return d.number;
	put_question(&q, p, asked.answer, asked.fresh);
	d.decision = decide(&ctl->slots[index], resolve_limited(index, asked.word, &q), &q, PG_IN);
	return d.number;
}
