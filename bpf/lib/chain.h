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
	__u32 class = group->dimensions & PG_DIM_LOCAL ? peer_class(group->table * 2 + 1, q->local) :
							 peer_class(group->table * 2, q->remote);
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

#define STEP_INDEX 1u /* of the slot */
#define STEP_LIMITED 2u /* limits count; else they hold */

static __always_inline struct pg_group *group_of(__u32 answer)
{
	return in_parts(&pg_groups, PG_ANSWER_NUMBER(answer), PG_GROUPS_PART);
}

/* What a group says of an attempt; it may be ask again. @how: STEP_INDEX, STEP_LIMITED. */
static __always_inline __u32 ask_group(const struct pg_group *group, __u32 answer,
				       const struct pg_question *q, __u32 how)
{
	if (group->rule)
		return find_condition(how & STEP_INDEX, group, q, how & STEP_LIMITED);
	return group->dimensions & PG_DIM_FEW ? few_cases(group, q) :
						find_case(group, PG_ANSWER_NUMBER(answer), q);
}

/*
 * Who asks, constants of the program but for @context. A step is a function of that and of numbers, and makes the
 * question from them anew, so that the verifier follows it once a program (Linux 5.6), and not once for each place
 * in a chain. A packet's question lies beside the packet.
 */
enum asker_kind {
	ASKER_PACKET,
	ASKER_BIND4,
	ASKER_BIND6,
	ASKER_OUT4,
	ASKER_OUT6,
	ASKER_BACK4, /* what comes back to what goes out */
	ASKER_BACK6,
	ASKER_LISTEN,
	ASKER_TEST,
};
struct asker {
	enum asker_kind kind;
	__u32 how; /* STEP_… */
	void *context; /* ASKER_LISTEN: a struct sock */
};

/* What a group says of who asks; it may be ask again. */
extern __u32 pg_step_packet(__u32 how, __u32 answer);
extern __u32 pg_step_bind4(struct bpf_sock_addr *ctx, __u32 answer);
extern __u32 pg_step_bind6(struct bpf_sock_addr *ctx, __u32 answer);
extern __u32 pg_step_out4(struct bpf_sock_addr *ctx, __u32 how, __u32 answer);
extern __u32 pg_step_out6(struct bpf_sock_addr *ctx, __u32 how, __u32 answer);
extern __u32 pg_step_back4(struct bpf_sock_addr *ctx, __u32 how, __u32 answer);
extern __u32 pg_step_back6(struct bpf_sock_addr *ctx, __u32 how, __u32 answer);
extern __u32 pg_step_listen(__u64 socket, __u32 answer);
extern __u32 pg_step_test(struct __sk_buff *skb, __u32 how, __u32 answer);

static __always_inline __u32 step(const struct asker *a, __u32 answer)
{
	switch (a->kind) {
	case ASKER_PACKET:
		return pg_step_packet(a->how, answer);
	case ASKER_BIND4:
		return pg_step_bind4(a->context, answer);
	case ASKER_BIND6:
		return pg_step_bind6(a->context, answer);
	case ASKER_OUT4:
		return pg_step_out4(a->context, a->how, answer);
	case ASKER_OUT6:
		return pg_step_out6(a->context, a->how, answer);
	case ASKER_BACK4:
		return pg_step_back4(a->context, a->how, answer);
	case ASKER_BACK6:
		return pg_step_back6(a->context, a->how, answer);
	case ASKER_LISTEN:
		return pg_step_listen((__u64)a->context, answer);
	case ASKER_TEST:
		return pg_step_test(a->context, a->how, answer);
	}
	return 0;
}

/* Follow an answer to its end: none, allow or deny. A chain longer than any that the compiler makes ends in none. */
static __always_inline __u32 resolve(const struct asker *a, __u32 answer)
{
	int i;

	UNROLLED for (i = 0; i < PG_MAX_STEPS; i++)
	{
		if (PG_ANSWER_KIND(answer) != PG_ANSWER_ASK)
			return answer;
		answer = step(a, answer);
	}
	return PG_ANSWER_KIND(answer) == PG_ANSWER_ASK ? 0 : answer;
}

#endif
