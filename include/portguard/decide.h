/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The decision, in one place: what an answer of the rules means for one attempt. Pure - no map,
 * no helper, no clock - so that the BPF programs, `explain` and the unit tests compile these very lines.
 *
 * The law (order of rules never matters): a matching deny refuses; else a matching allow allows;
 * else essentials and failsafe; else the default of the direction. The compiler of the policy has
 * already folded the rules and the failsafe ports into the answer.
 */
#ifndef PORTGUARD_DECIDE_H
#define PORTGUARD_DECIDE_H

#include "portguard/abi.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

/* Never in a table: the rule, a limit, refuses what is over its rate. */
#define PG_ANSWER_RATE (1u << 7)

/* 224.0.0.251 or ff02::fb (RFC 6762, 3). */
static __always_inline int pg_is_mdns_group(const struct pg_question *q)
{
	__u8 between = 0;
	int i;

	if (q->family == 4)
		return q->local[12] == 224 && q->local[13] == 0 && q->local[14] == 0 && q->local[15] == 251;
	for (i = 2; i < 15; i++)
		between |= q->local[i];
	return q->local[0] == 0xff && q->local[1] == 0x02 && !between && q->local[15] == 0xfb;
}

/* Whether an attempt is what its port is essential for. */
static __always_inline int pg_is_essential(__u32 essential, const struct pg_question *q)
{
	int link_local = q->remote[0] == 0xfe && (q->remote[1] & 0xc0) == 0x80;

	if (q->direction == PG_BIND)	/* 68, 546 by root; 5353 by anyone */
		return essential == PG_ESSENTIAL_MDNS || q->uid == 0;
	switch (essential) {
	case PG_ESSENTIAL_DHCP4:	/* RFC 2131, 4.1: server port to client port */
		return q->family == 4 && q->remote_port == 67;
	case PG_ESSENTIAL_DHCP6:	/* RFC 8415, 7.2: servers and relays answer from link-local addresses */
		return q->family == 6 && q->remote_port == 547 && link_local;
	case PG_ESSENTIAL_MDNS:
		return pg_is_mdns_group(q);
	}
	return 0;
}

/**
 * pg_decide() - Turn an answer into a decision.
 * @answer:  what the rules say of the port, resolved: its kind is none, allow or deny; PG_ANSWER_RATE.
 * @q:       the attempt.
 * @unruled: PG_ALLOW or PG_DENY, the default of the direction.
 */
static __always_inline struct pg_decision pg_decide(__u32 answer, const struct pg_question *q, __u8 unruled)
{
	struct pg_decision d = { .verdict = PG_ALLOW, .reason = PG_REASON_RULE };
	__u32 essential = PG_ANSWER_ESSENTIAL(answer);

	d.rule = PG_ANSWER_NUMBER(answer);
	d.flags = answer & (PG_ANSWER_LOG | PG_ANSWER_REJECT);
	switch (PG_ANSWER_KIND(answer)) {
	case PG_ANSWER_ALLOW:
		if (!d.rule)
			d.reason = PG_REASON_FAILSAFE;
		return d;
	case PG_ANSWER_DENY:
		d.verdict = PG_DENY;
		if (answer & PG_ANSWER_RATE)
			d.reason = PG_REASON_RATE;
		return d;
	}
	d.rule = 0;
	if (essential && pg_is_essential(essential, q)) {
		d.reason = PG_REASON_ESSENTIAL;
		return d;
	}
	d.verdict = unruled;
	d.reason = unruled == PG_ALLOW ? PG_REASON_DEFAULT : PG_REASON_NO_RULE;
	return d;
}

#endif
