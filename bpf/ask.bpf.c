// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ask: the rules as loaded now, put to a question in a packet. It is never attached: `explain` and
 * the tests run it (BPF_PROG_TEST_RUN), since no kernel can test-run a bind program.
 */
#include "lib/owner.h"
#include "lib/packet.h"

#define QUESTION_AT 14 /* behind the Ethernet header that a test run asks for */

/* Each on a stack of its own. @direction: a constant. */
static __always_inline int answer(struct pg_ask *ask, __u32 index, const struct owner *owner,
				  __u32 direction)
{
	struct pg_control *ctl = control();

	if (!ctl)
		return -1;
	ask->decision = ask_owner(ctl, index & 1, owner, direction, &ask->question);
	return 0;
}

SUBPROGRAM int answer_bind(struct pg_ask *ask, __u32 index, const struct owner *owner)
{
	return answer(ask, index, owner, PG_BIND);
}

SUBPROGRAM int answer_in(struct pg_ask *ask, __u32 index, const struct owner *owner)
{
	return answer(ask, index, owner, PG_IN);
}

SUBPROGRAM int answer_out(struct pg_ask *ask, __u32 index, const struct owner *owner)
{
	return answer(ask, index, owner, PG_OUT);
}

SEC("tc")
int pg_ask(struct __sk_buff *skb)
{
	struct pg_control *ctl = control();
	struct owner owner = {};
	struct pg_ask ask = {};
	__u32 index;

	if (!ctl || bpf_skb_load_bytes(skb, QUESTION_AT, &ask, sizeof(ask)))
		return -1;
	index = slot_in_force(ctl);
	take_owner(&owner, ask.owner);
	ask.jiffies = bpf_jiffies64();
	ask.monotonic_ns = bpf_ktime_get_ns();
	if (ask.question.direction == PG_BIND)
		(void)answer_bind(&ask, index, &owner);
	else if (ask.question.direction == PG_IN)
		(void)answer_in(&ask, index, &owner);
	else
		(void)answer_out(&ask, index, &owner);
	return bpf_skb_store_bytes(skb, QUESTION_AT, &ask, sizeof(ask), 0) ? -1 : 0;
}
