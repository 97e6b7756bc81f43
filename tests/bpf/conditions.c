// SPDX-License-Identifier: GPL-2.0-only
/*
 * Chains of groups: cases by user and by file, rules that end, and a trial that ends: what the programs
 * make of tables written by hand.
 */
#include <criterion/criterion.h>

#include "bpf/lib/by_hand.h"
#include "bpf/lib/expect.h"
#include "util/cleanup.h"

#define PORT 7000

static struct pg_question bind_question(void)
{
	return (struct pg_question){ .direction = PG_BIND, .port = PORT };
}

static struct pg_question in_question(void)
{
	return (struct pg_question){ .direction = PG_IN, .port = PORT };
}

static void expect_decision(struct pg_decision got, enum pg_verdict verdict, enum pg_reason reason,
			    uint32_t rule)
{
	cr_assert(got.verdict == verdict && got.reason == reason && got.rule == rule,
		  "verdict %u, reason %u, rule %u; expected %u, %u, %u", got.verdict, got.reason,
		  got.rule, verdict, reason, rule);
}

Test(conditions, a_case_by_user_is_that_users_alone)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("");
	struct pg_question q = bind_question();

	put_answer(g, PG_BIND, PG_TCP, PORT, ASK(9));
	put_group(g, 9, (struct pg_group){ .dimensions = PG_DIM_USER, .table = 3 });
	put_case(g, (struct pg_case_key){ .group = 9, .user = 1 }, ALLOW(5));
	put_caller(g, (struct pg_caller_key){ .table = 3, .kind = PG_CALLER_USER, .value = 1000 }, 1);
	q.uid = 1000;
	expect_decision(asked(g, q), PG_ALLOW, PG_REASON_RULE, 5);
	q.uid = 1001;
	expect_decision(asked(g, q), PG_DENY, PG_REASON_NO_RULE, 0);
	q.uid = 0;
	expect_decision(asked(g, q), PG_DENY, PG_REASON_NO_RULE, 0);
}

Test(conditions, a_case_by_file_is_that_inode_of_that_device)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("");
	struct pg_question q = bind_question();

	put_answer(g, PG_BIND, PG_TCP, PORT, ASK(9));
	put_group(g, 9, (struct pg_group){ .dimensions = PG_DIM_EXE, .table = 3 });
	put_case(g, (struct pg_case_key){ .group = 9, .exe = 2 }, ALLOW(5));
	put_caller(g, (struct pg_caller_key){ 3, PG_CALLER_EXE, 4711, 8 << 20 | 1 }, 2);
	q.exe_inode = 4711;
	q.exe_device = 8 << 20 | 1;
	expect_decision(asked(g, q), PG_ALLOW, PG_REASON_RULE, 5);
	q.exe_device = 8 << 20 | 2;
	expect_decision(asked(g, q), PG_DENY, PG_REASON_NO_RULE, 0);
	q.uid = 4711; /* a number is not taken for the other kind's */
	q.exe_inode = 4712;
	expect_decision(asked(g, q), PG_DENY, PG_REASON_NO_RULE, 0);
}

Test(conditions, a_rule_holds_until_its_end_and_not_after)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("");

	put_in(g, PORT, ASK(9));
	put_condition(g, 9, 5, DENY(5), ALLOW(6));
	put_rule(g, 5, (struct pg_rule){ .until_ns = boot_time(60) });
	expect_decision(asked(g, in_question()), PG_DENY, PG_REASON_RULE, 5);
	expect(g, tcp(.dport = PORT), PG_DENY, PG_REASON_RULE);
	put_rule(g, 5, (struct pg_rule){ .until_ns = boot_time(-1) });
	expect_decision(asked(g, in_question()), PG_ALLOW, PG_REASON_RULE, 6);
	expect(g, tcp(.dport = PORT), PG_ALLOW, PG_REASON_RULE);
	put_rule(g, 5, (struct pg_rule){ .until_ns = 0 });
	expect_decision(asked(g, in_question()), PG_DENY, PG_REASON_RULE, 5);
}

/* Whether what leaves by PORT makes inbound look for open connections there. */
static bool is_noted(const struct guarded *g)
{
	leaves(g, tcp(.family = 4, .from = HERE4, .to = PEER4, .sport = PORT, .dport = 40000, .flags = ACK));
	return g->state.control->used[PG_USED_TCP][PORT % PG_USED_BYTES];
}

Test(conditions, connections_by_a_rule_that_ends_are_known_when_it_does)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("");

	put_in(g, PORT, ALLOW(5));
	cr_assert_not(is_noted(g));
	put_in(g, PORT, ASK(9));
	put_condition(g, 9, 5, ALLOW(5), 0);
	cr_assert_not(is_noted(g));
	put_rule(g, 5, (struct pg_rule){ .until_ns = boot_time(60) });
	cr_assert(is_noted(g));
}

Test(conditions, a_chain_is_followed_to_its_eighth_group_and_no_further)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("");

	for (uint32_t i = 0; i < PG_MAX_STEPS; i++)
		put_condition(g, 10 + i, 20 + i, i + 1 < PG_MAX_STEPS ? ASK(11 + i) : ALLOW(7), DENY(8));
	put_answer(g, PG_IN, PG_TCP, PORT, ASK(10));
	expect_decision(asked(g, in_question()), PG_ALLOW, PG_REASON_RULE, 7);
	put_condition(g, 9, 30, ASK(10), DENY(8));
	put_answer(g, PG_IN, PG_TCP, PORT, ASK(9));
	expect_decision(asked(g, in_question()), PG_DENY, PG_REASON_NO_RULE, 0);
}

Test(conditions, cases_lead_to_conditions)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("");
	struct pg_question q = bind_question();

	put_answer(g, PG_BIND, PG_TCP, PORT, ASK(9));
	put_group(g, 9, (struct pg_group){ .dimensions = PG_DIM_USER, .table = 3, .base = DENY(4) });
	put_case(g, (struct pg_case_key){ .group = 9, .user = 1 }, ASK(10));
	put_caller(g, (struct pg_caller_key){ .table = 3, .value = 1000 }, 1);
	put_condition(g, 10, 5, ALLOW(5), 0);
	put_rule(g, 5, (struct pg_rule){ .until_ns = boot_time(60) });
	expect_decision(asked(g, q), PG_DENY, PG_REASON_RULE, 4);
	q.uid = 1000;
	expect_decision(asked(g, q), PG_ALLOW, PG_REASON_RULE, 5);
	put_rule(g, 5, (struct pg_rule){ .until_ns = 1 });
	expect_decision(asked(g, q), PG_DENY, PG_REASON_NO_RULE, 0);
}

Test(conditions, answers_say_log_and_reject)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("");

	put_answer(g, PG_IN, PG_TCP, PORT, ALLOW(5) | PG_ANSWER_LOG);
	cr_assert_eq(asked(g, in_question()).flags, PG_ANSWER_LOG);
	put_answer(g, PG_IN, PG_TCP, PORT, DENY(5) | PG_ANSWER_REJECT);
	cr_assert_eq(asked(g, in_question()).flags, PG_ANSWER_REJECT);
	put_answer(g, PG_IN, PG_TCP, PORT, DENY(5));
	cr_assert_eq(asked(g, in_question()).flags, 0);
}

/* The policy that is tried allows PORT, the former one does not. */
static struct guarded *trial(uint64_t until_ns)
{
	struct guarded *g = guarded_by("");
	struct pg_control *c = g->state.control;

	change_policy(g, "default: {in: allow}");
	c->slots[!(c->slot & 1)].defaults[PG_IN] = PG_DENY;
	c->try_until_ns = until_ns;
	c->slot |= PG_SLOT_TRIED;
	return g;
}

Test(conditions, what_is_tried_is_in_force_until_its_deadline)
{
	_cleanup_guarded_ struct guarded *g = trial(boot_time(60));

	expect_decision(asked(g, in_question()), PG_ALLOW, PG_REASON_DEFAULT, 0);
	expect(g, tcp(.dport = PORT), PG_ALLOW, PG_REASON_DEFAULT);
}

Test(conditions, after_the_deadline_the_former_policy_is_in_force)
{
	_cleanup_guarded_ struct guarded *g = trial(boot_time(0));

	expect_decision(asked(g, in_question()), PG_DENY, PG_REASON_NO_RULE, 0);
	expect(g, tcp(.dport = PORT), PG_DENY, PG_REASON_NO_RULE);
	g->state.control->slot &= 1; /* confirmed */
	expect(g, tcp(.dport = PORT), PG_ALLOW, PG_REASON_DEFAULT);
}
