// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The packet in hand (struct packet of this CPU), put to the rules where its port alone does not answer. The
 * question lies beside the packet and only numbers go in and out, so that the verifier follows this once a
 * program, from wherever it is asked (Linux 5.6).
 */
#include "lib/question.h"

static __always_inline void put_question(struct pg_question *q, const struct packet *p, __u32 how)
{
	bool answer = how & ASK_ANSWER;

	__builtin_memset(q, 0, sizeof(*q));
	q->direction = PG_IN;
	q->proto = p->proto == IPPROTO_TCP ? PG_TCP : PG_UDP;
	q->family = p->family;
	q->fresh = how >> ASK_FRESH_SHIFT;
	q->port = answer ? p->sport : p->dport;
	q->remote_port = answer ? p->dport : p->sport;
	q->ifindex = p->ifindex;
	q->vlan = how & ASK_STRANGE ? 1 : p->vlan;
	__builtin_memcpy(q->remote, answer ? p->target : p->source, 16);
	__builtin_memcpy(q->local, answer ? p->source : p->target, 16);
}

/* See lib/chain.h. */
GLOBAL __u32 pg_step_packet(__u32 how, __u32 answer)
{
	struct pg_group *group = group_of(answer);
	struct packet *p = packet_in_hand();

	return group && p ? ask_group(group, answer, &p->question, how) : 0;
}

/* See lib/question.h. */
GLOBAL __u64 pg_ask_packet(__u64 near, __u64 far, __u32 how, __u32 word)
{
	struct owner o = { .near = near, .far = far };
	struct packet *p = packet_in_hand();
	union decided u = { .word = 0 };
	struct pg_control *ctl = control();
	__u32 index = how & ASK_INDEX;
	const struct asker a = { ASKER_PACKET, index | STEP_LIMITED, 0 };

	if (!ctl || !p)
		return 0;
	put_question(&p->question, p, how);
	if (!is_of_host(&o))
		return ask_all(index, &o, &p->question, PG_IN, &a);
	word = resolve(&a, word);
	u.d = decide(&ctl->slots[index], word, &p->question, PG_IN);
	return u.word;
}

GLOBAL __u32 pg_resolve_packet(__u32 word, __u32 how)
{
	const struct asker a = { ASKER_PACKET, 0, 0 };
	struct packet *p = packet_in_hand();

	if (!p)
		return 0;
	put_question(&p->question, p, ASK_HOW(0, PG_FRESH_PASSED) | how);
	return resolve(&a, word);
}
