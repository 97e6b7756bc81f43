/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Reporting: an exact counter always, and of refusals as much as the agent can say in a few lines.
 *
 * Refused packets are summed up: see seen.bpf.c.
 */
#ifndef PG_BPF_REPORT_H
#define PG_BPF_REPORT_H

#include "lib/packet.h"
#include "lib/slot.h"

static __always_inline void count_shared(__u32 id)
{
	__u64 *n = bpf_map_lookup_elem(&pg_counts, &id);

	if (n)
		__sync_fetch_and_add(n, 1);
}

static __always_inline void count_packet(__u32 cpu, __u32 id)
{
	__u32 key = (1 + cpu) * PG_COUNT_REGION + id;
	__u64 *n = bpf_map_lookup_elem(&pg_counts, &key);

	if (n)
		*n += 1;
}

/*
 * Sum a packet up: of a refusal, or of what a rule with `log` allowed. See seen.bpf.c, which takes numbers
 * alone and finds the packet where parse() left it: the verifier follows it once for a program.
 * @what: union seen_facts.
 */
extern __u32 pg_see(__u64 what);

union seen_facts {
	struct {
		__u8 hook, verdict, reason, mode;
		__u32 rule;
	};
	__u64 number;
};

/* Count the verdict on what parse() has read last, and sum up its refusal. Return: whether the packet passes. */
static __always_inline bool report_packet(const struct pg_control *ctl, __u32 index, __u32 hook,
					  const struct pg_decision *d)
{
	__u8 mode = mode_of(&ctl->slots[index]);
	__u32 cpu = bpf_get_smp_processor_id(), verdict = d->verdict;

	if (verdict == PG_DENY && mode == PG_MODE_AUDIT)
		verdict = PG_AUDIT;
	count_packet(cpu, PG_COUNT_VERDICT(hook, verdict, d->reason & 31));
	if (d->rule)
		count_packet(cpu, PG_COUNT_RULE(d->rule));
	if (verdict != PG_ALLOW || d->flags & PG_ANSWER_LOG) {
		union seen_facts facts = {
			.hook = hook,
			.verdict = verdict,
			.reason = d->reason,
			.mode = mode,
			.rule = d->rule,
		};

		(void)pg_see(facts.number);
	}
	return verdict != PG_DENY;
}

#endif
