/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From "it depends" to an answer: a chain of groups. A group is a table of cases - of the classes of
 * addresses, device, user and file - or a condition: a rule that ends, or that counts (limit.h).
 *
 * A step is a function of its own, not inlined: it is rarely taken, and the programs stay small.
 */
#ifndef PG_BPF_CHAIN_H
#define PG_BPF_CHAIN_H

#include "lib/limit.h"
#include "portguard/decide.h"

/* Classes, by functions of numbers (chain.bpf.c). @a0, @a1: the address as it lies in memory. */
extern __u32 pg_peer_class(__u32 table_side, __u64 a0, __u64 a1);
extern __u32 pg_iface_class(__u32 table, __u32 ifindex, __u32 vlan);
extern __u32 pg_caller_class(__u32 table, __u32 kind, __u64 value, __u64 device);

/* What a rule is that a condition asks. */
enum { RULE_ENDS = 1, RULE_IS_OVER = 2, RULE_COUNTS = 4 };
extern __u32 pg_rule_is(__u32 id);

static __always_inline __u32 peer_class(__u32 table_side, const __u8 address[16])
{
	const __u64 *words = (const __u64 *)address;

	return pg_peer_class(table_side, words[0], words[1]);
}

/* Cases of one side's address, in the group itself. */
static __always_inline __u32 few_cases(const struct pg_group *group, const struct pg_question *q)
{
	bool local = group->dimensions & PG_DIM_LOCAL;
	__u32 class = peer_class(group->table * 2 + local, local ? q->local : q->remote);
	int i;

	UNROLLED for (i = 0; i < PG_FEW_CASES; i++)
		if (group->few[i].class == class)
			return group->few[i].answer;
	return group->base;
}

static __always_inline __u32 *case_of(const struct pg_case_key *key)
{
	__u32 place = 0;
	void *cases = bpf_map_lookup_elem(&pg_case_maps, &place);

	return cases ? bpf_map_lookup_elem(cases, key) : 0;
}

static __always_inline __u32 find_case(const struct pg_group *group, __u32 number,
				       const struct pg_question *q)
{
	struct pg_case_key key = { .group = number };
	__u32 *answer, table = group->table, dimensions = group->dimensions;

	if (dimensions & PG_DIM_REMOTE)
		key.remote = peer_class(table * 2, q->remote);
	if (dimensions & PG_DIM_LOCAL)
		key.local = peer_class(table * 2 + 1, q->local);
	if (dimensions & PG_DIM_INTERFACE)
		key.interface = pg_iface_class(table, q->ifindex, q->vlan);
	if (dimensions & PG_DIM_USER)
		key.user = pg_caller_class(table, PG_CALLER_USER, q->uid, 0);
	if (dimensions & PG_DIM_EXE)
		key.exe = pg_caller_class(table, PG_CALLER_EXE, q->exe_inode, q->exe_device);
	answer = case_of(&key);
	return answer ? *answer : group->base;
}

/* Whether what leaves must be remembered although this rule lets its answer in: it will end. */
static __always_inline bool ends_too_soon(const struct pg_group *group, const struct pg_question *q)
{
	return q->fresh == PG_FRESH_LEAVING && q->proto == PG_TCP &&
	       PG_ANSWER_KIND(group->base) == PG_ANSWER_ALLOW;
}

/* @limited: the question counts; else it is about bind, of which a limit is an allow. */
static __always_inline __u32 find_condition(__u32 index, const struct pg_group *group,
					    const struct pg_question *q, bool limited)
{
	__u32 rule = pg_rule_is(group->rule), held;

	if (rule & RULE_IS_OVER || (rule & RULE_ENDS && ends_too_soon(group, q)))
		return group->otherwise;
	if (!(rule & RULE_COUNTS) || !limited)
		return group->base;
	held = limit(index, group->rule, q);
	if (held == LIMIT_OVER)
		return PG_ANSWER(PG_ANSWER_DENY, 0, group->rule) | PG_ANSWER_RATE;
	return held == LIMIT_HOLDS ? group->base : group->otherwise;
}

/* What a group says of an attempt; it may be ask again. */
static __always_inline __u32 ask_group(__u32 index, __u32 answer, const struct pg_question *q,
				       bool limited)
{
	__u32 number = PG_ANSWER_NUMBER(answer);
	struct pg_group *group = in_parts(&pg_groups, number, PG_GROUPS_PART);

	if (!group)
		return 0;
	if (group->rule)
		return find_condition(index, group, q, limited);
	return group->dimensions & PG_DIM_FEW ? few_cases(group, q) : find_case(group, number, q);
}

SUBPROGRAM __u32 step(__u32 answer, const struct pg_question *q)
{
	return ask_group(0, answer, q, false);
}

SUBPROGRAM __u32 step_limited(__u32 index, __u32 answer, const struct pg_question *q)
{
	return ask_group(index, answer, q, true);
}

/* A chain that is longer than any that the compiler makes ends in no rule. */
static __always_inline __u32 end_of_chain(__u32 answer)
{
	return PG_ANSWER_KIND(answer) == PG_ANSWER_ASK ? 0 : answer;
}

/* Follow an answer to its end: none, allow or deny. Limits count nothing here. */
static __always_inline __u32 resolve(__u32 answer, const struct pg_question *q)
{
	int i;

	UNROLLED for (i = 0; i < PG_MAX_STEPS; i++)
	{
		if (PG_ANSWER_KIND(answer) != PG_ANSWER_ASK)
			return answer;
		answer = step(answer, q);
	}
	return end_of_chain(answer);
}

/* The same with limits, which take tokens if q->fresh says so. @index: of the slot. */
static __always_inline __u32 resolve_limited(__u32 index, __u32 answer, const struct pg_question *q)
{
	int i;

	UNROLLED for (i = 0; i < PG_MAX_STEPS; i++)
	{
		if (PG_ANSWER_KIND(answer) != PG_ANSWER_ASK)
			return answer;
		answer = step_limited(index, answer, q);
	}
	return end_of_chain(answer);
}

#endif
