// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel answers as the compiled policy does: random policies, loaded whole or reached by
 * changes one after the other, are asked at random, by pg_ask and by compiled_decide().
 */
#include <criterion/criterion.h>

#include "bpf/lib/random_policy.h"
#include "kernel/ask.h"
#include "policy/diff.h"
#include "unit/policy_help.h"
#include "util/cleanup.h"

#define QUESTIONS 150 /* after each change */
#define KEPT 3000

static struct pg_decision kernel_says(const struct guarded *g, const struct pg_question *q)
{
	struct pg_ask ask = { .question = *q };

	cr_assert_eq(ask_kernel(&g->paths, &ask), 0);
	return ask.decision;
}

static bool same(struct pg_decision a, struct pg_decision b)
{
	return a.verdict == b.verdict && a.reason == b.reason && a.rule == b.rule;
}

static void print_rules(const struct policy *p)
{
	for (size_t i = 0; i < p->rule_count; i++) {
		_cleanup_free_ char *text = rule_print(&p->rules[i], false);

		(void)fprintf(stderr, "%u: %s\n", p->rules[i].id, text);
	}
}

static void ask_both(const struct guarded *g, const struct compiled *c, uint32_t *random)
{
	static const char *const directions[] = { "bind", "in", "out" };
	const char *device;
	struct pg_question q = random_question(random, &device);
	struct pg_decision want =
		compiled_decide(c, &g->policy, &q, q.ifindex == 77 ? NULL : device);
	struct pg_decision got = kernel_says(g, &q);

	if (same(got, want))
		return;
	print_rules(&g->policy);
	cr_assert_fail("%s %u/%s IPv%u on %s vlan %u uid %u: the kernel says %u %u rule %u, the "
		       "policy %u %u rule %u",
		       directions[q.direction], q.port, q.proto == PG_TCP ? "tcp" : "udp", q.family,
		       device, q.vlan, q.uid, got.verdict, got.reason, got.rule, want.verdict,
		       want.reason, want.rule);
}

static void ask_many(const struct guarded *g, uint32_t *random)
{
	_cleanup_compiled_ struct compiled c = { 0 };

	cr_assert_eq(policy_compile(&g->policy, &c, NULL), 0);
	for (int i = 0; i < QUESTIONS; i++)
		ask_both(g, &c, random);
}

static void change_at_random(struct guarded *g, uint32_t *random)
{
	_cleanup_policy_ struct policy next = { .mode = 0 };

	cr_assert_eq(policy_copy(&g->policy, &next), 0);
	random_change(&next, random, 0);
	put_in_force(g, &next, !pick(random, 4));
}

Test(ask, policies_that_are_loaded_whole_answer_as_compiled)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("");
	uint32_t random = 20061123;

	for (int round = 0; round < 60; round++) {
		_cleanup_policy_ struct policy next = { .mode = 0 };

		random_policy(&next, &random);
		put_in_force(g, &next, true);
		ask_many(g, &random);
	}
}

Test(ask, policies_that_are_changed_rule_by_rule_answer_as_compiled)
{
	_cleanup_guarded_ struct guarded *g =
		guarded_by("sets: {one: [192.0.2.0/24], two: ['2001:db8::/32']}");
	uint32_t random = 4711;

	for (int round = 0; round < 200; round++) {
		change_at_random(g, &random);
		ask_many(g, &random);
	}
}

Test(ask, many_changes_end_in_the_answers_of_a_fresh_load)
{
	_cleanup_guarded_ struct guarded *changed =
		guarded_by("sets: {one: [192.0.2.0/24], two: ['2001:db8::/32']}");
	_cleanup_guarded_ struct guarded *fresh = NULL;
	_cleanup_policy_ struct policy same_policy = { .mode = 0 };
	static struct pg_question questions[KEPT];
	static struct pg_decision answers[KEPT];
	uint32_t random = 815;
	const char *device;

	for (int i = 0; i < 150; i++)
		change_at_random(changed, &random);
	for (size_t i = 0; i < KEPT; i++) {
		questions[i] = random_question(&random, &device);
		answers[i] = kernel_says(changed, &questions[i]);
	}
	cr_assert_eq(policy_copy(&changed->policy, &same_policy), 0);
	fresh = guarded_by("");
	put_in_force(fresh, &same_policy, true);
	for (size_t i = 0; i < KEPT; i++)
		cr_assert(same(kernel_says(fresh, &questions[i]), answers[i]),
			  "question %zu: port %u", i, questions[i].port);
}

Test(ask, the_policy_in_force_is_read_back_as_it_was_written)
{
	_cleanup_guarded_ struct guarded *g =
		guarded_by("sets: {one: [192.0.2.0/24], two: ['2001:db8::/32']}");
	uint32_t random = 31337;

	for (int round = 0; round < 40; round++) {
		_cleanup_policy_ struct policy read = { .mode = 0 };
		struct pg_error err = PG_ERROR_INIT;

		change_at_random(g, &random);
		cr_assert_eq(state_policy(&g->state, &read, &err), 0, "%s", err.text);
		cr_assert(policy_equal(&read, &g->policy));
	}
}

Test(ask, out_is_what_its_default_says)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("");
	struct pg_question q = { .direction = PG_OUT, .family = 4, .port = 80 };

	cr_assert(same(kernel_says(g, &q),
		       (struct pg_decision){ .verdict = PG_ALLOW,
					     .reason = PG_REASON_DEFAULT }));
}

Test(ask, out_is_asked_by_remote_port_and_address)
{
	_cleanup_guarded_ struct guarded *g =
		guarded_by("rules: [deny out 25/tcp, deny out any to 192.0.2.0/24, allow out 80 to "
			   "192.0.2.0/24]");
	struct pg_question q = { .direction = PG_OUT, .family = 4, .port = 25 };

	address_of("198.51.100.1", q.remote);
	cr_assert_eq(kernel_says(g, &q).verdict, PG_DENY);
	q.port = 80;
	cr_assert_eq(kernel_says(g, &q).verdict, PG_ALLOW);
	address_of("192.0.2.7", q.remote);
	cr_assert_eq(kernel_says(g, &q).verdict, PG_DENY);
	q.direction = PG_IN;
	cr_assert_eq(kernel_says(g, &q).reason, PG_REASON_NO_RULE);
}

static bool slot_is_restricted(const struct guarded *g)
{
	return g->state.control->slots[g->state.control->slot & 1].out_restricted;
}

Test(ask, the_slot_says_whether_raw_sockets_may_be_and_out_is_restricted)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("default: {raw: allow}");

	cr_assert_eq(g->state.control->slots[g->state.control->slot & 1].raw, PG_ALLOW);
	cr_assert_not(slot_is_restricted(g));
	add_rule(g, "deny out 25/tcp");
	cr_assert(slot_is_restricted(g));
	remove_rule(g, "deny out 25/tcp");
	cr_assert_not(slot_is_restricted(g));
}

Test(ask, questions_are_counted_nowhere)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("rules: [allow 80]");
	struct pg_question q = { .direction = PG_IN, .family = 4, .port = 80 };

	cr_assert_eq(kernel_says(g, &q).verdict, PG_ALLOW);
	q.port = 81;
	cr_assert_eq(kernel_says(g, &q).verdict, PG_DENY);
	for (unsigned verdict = PG_ALLOW; verdict < PG_VERDICT_COUNT; verdict++)
		cr_assert_eq(state_verdicts(&g->state, PG_HOOK_INBOUND, verdict), 0);
	cr_assert_eq(state_rule_hits(&g->state, &g->policy.rules[0]), 0);
}
