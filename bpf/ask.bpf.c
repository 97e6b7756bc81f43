// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * ask: the rules as loaded now, put to a question in a packet. It is never attached: `explain` and
 * the tests run it (BPF_PROG_TEST_RUN), since no kernel can test-run a bind program.
 */
#include "lib/owner.h"
#include "lib/packet.h"

#define QUESTION_AT 14 /* behind the Ethernet header that a test run asks for */

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
		ask.decision = ask_owner(ctl, index, &owner, PG_BIND, &ask.question);
	else if (ask.question.direction == PG_IN)
		ask.decision = ask_owner(ctl, index, &owner, PG_IN, &ask.question);
	else
		ask.decision = ask_owner(ctl, index, &owner, PG_OUT, &ask.question);
	return bpf_skb_store_bytes(skb, QUESTION_AT, &ask, sizeof(ask), 0) ? -1 : 0;
}
