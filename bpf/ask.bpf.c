// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ask: the rules as loaded now, put to a question in a packet. It is never attached: `explain` and
 * the tests run it (BPF_PROG_TEST_RUN), since no kernel can test-run a bind program.
 */
#include "lib/owner.h"
#include "lib/packet.h"

#define QUESTION_AT 14 /* behind the Ethernet header that a test run asks for */

/* See lib/chain.h. */
GLOBAL __u32 pg_step_test(struct __sk_buff *skb, __u32 how, __u32 answer)
{
	struct pg_group *group = group_of(answer);
	struct pg_question q;

	if (!group ||
	    bpf_skb_load_bytes(skb, QUESTION_AT + __builtin_offsetof(struct pg_ask, question), &q,
			       sizeof(q)))
		return 0;
	return ask_group(group, answer, &q, how);
}

SEC("tc")
int pg_ask(struct __sk_buff *skb)
{
	struct pg_control *ctl = control();
	struct owner owner = {};
	struct pg_ask ask = {};
	struct asker a = { .kind = ASKER_TEST, .context = skb };
	__u32 index;

	if (!ctl || bpf_skb_load_bytes(skb, QUESTION_AT, &ask, sizeof(ask)))
		return -1;
	index = slot_in_force(ctl);
	take_owner(&owner, ask.owner);
	ask.jiffies = bpf_jiffies64();
	ask.monotonic_ns = bpf_ktime_get_ns();
	a.how = index | (ask.question.direction == PG_BIND ? 0 : STEP_LIMITED);
	ask.decision = ask_owner(ctl, index & 1, &owner, ask.question.direction, &ask.question, &a);
	return bpf_skb_store_bytes(skb, QUESTION_AT, &ask, sizeof(ask), 0) ? -1 : 0;
}
