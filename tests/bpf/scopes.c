// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel walks scopes as the compiled policy does: random policies whose rules are spread over the
 * host and scopes, asked at random for sockets of random owners, by pg_ask and by
 * compiled_decide_scopes().
 */
#include <criterion/criterion.h>

#include "bpf/lib/random_policy.h"
#include "kernel/ask.h"
#include "unit/policy_help.h"
#include "util/cleanup.h"

#define SCOPES 5
#define QUESTIONS 300 /* after each change */

static uint32_t pick_below(uint32_t *random, uint32_t below)
{
	*random = *random * 1664525 + 1013904223;
	return (*random >> 8) % below;
}

static void add_scope(struct policy *p, uint32_t *random, unsigned i)
{
	struct scope s = { .kind = SCOPE_CGROUP };
	char name[16], path[16];

	(void)snprintf(name, sizeof(name), "scope%u", i);
	(void)snprintf(path, sizeof(path), "/scope%u", i);
	s.name = strdup(name);
	s.selector = strdup(path);
	s.inherit = pick_below(random, 2);
	for (unsigned d = 0; d < PG_DIRECTION_COUNT; d++)
		if (!pick_below(random, 3)) {
			s.defaults_said |= 1u << d;
			s.defaults[d] = pick_below(random, 2) ? PG_ALLOW : PG_DENY;
		}
	p->scopes = reallocarray(p->scopes, p->scope_count + 1, sizeof(s));
	cr_assert(p->scopes && s.name && s.selector);
	p->scopes[p->scope_count++] = s;
}

/* Two equal sentences in one scope would be one rule. */
static bool is_there(const struct policy *p, size_t end, const struct rule *rule)
{
	for (size_t i = 0; i < end; i++)
		if (rule_equal(&p->rules[i], rule))
			return true;
	return false;
}

static void spread_rules(struct policy *p, uint32_t *random)
{
	for (size_t i = 0; i < p->rule_count; i++) {
		struct rule *rule = &p->rules[i];
		uint32_t owner = pick_below(random, SCOPES + 1);

		if (!owner)
			continue;
		rule->scope = strdup(p->scopes[owner - 1].name);
		if (!is_there(p, i, rule))
			continue;
		free(rule->scope);
		rule->scope = NULL;
	}
}

static struct pg_decision kernel_says(const struct guarded *g, const struct pg_question *q,
				      const size_t *scopes, size_t count)
{
	struct pg_ask ask = { .question = *q };

	for (size_t i = 0; i < count; i++)
		ask.owner[i] = (uint16_t)scopes[i];
	cr_assert_eq(ask_kernel(&g->paths, &ask), 0);
	return ask.decision;
}

/* Different scopes, or with gaps where there is none. */
static size_t random_owner(uint32_t *random, size_t scopes[PG_OWNERS])
{
	size_t count = pick_below(random, 5);
	unsigned used = 1;

	for (size_t i = 0; i < count; i++) {
		scopes[i] = pick_below(random, SCOPES + 1);
		if (used >> scopes[i] & 1)
			scopes[i] = 0;
		used |= 1u << scopes[i];
	}
	return count;
}

static void ask_both(const struct guarded *g, const struct compiled *c, uint32_t *random)
{
	static const char *const directions[] = { "bind", "in", "out" };
	size_t scopes[PG_OWNERS] = { 0 }, asked[PG_OWNERS], count = random_owner(random, scopes), n = 0;
	const char *device;
	struct pg_question q = random_question(random, &device);
	const struct circumstances in = { .interface = q.ifindex == 77 ? NULL : device };
	struct pg_decision want, got = kernel_says(g, &q, scopes, count);
	bool same_rule;

	for (size_t i = 0; i < count; i++)
		if (scopes[i])
			asked[n++] = scopes[i];
	want = compiled_decide_scopes(c, &g->policy, asked, n, &q, &in);
	/* Of several that allow in several scopes the kernel may name another one. */
	same_rule = got.rule == want.rule || n > 1 || (n && g->policy.scopes[asked[0] - 1].inherit);
	cr_assert(got.verdict == want.verdict && got.reason == want.reason && same_rule,
		  "%s %u/%s of %zu scopes (%zu …): the kernel says %u %u rule %u, the policy %u %u rule %u",
		  directions[q.direction], q.port, q.proto == PG_TCP ? "tcp" : "udp", n, scopes[0],
		  got.verdict, got.reason, got.rule, want.verdict, want.reason, want.rule);
}

static void random_scoped_policy(struct policy *ret, uint32_t *random)
{
	random_policy(ret, random);
	for (unsigned i = 0; i < SCOPES; i++)
		add_scope(ret, random, i);
	spread_rules(ret, random);
}

Test(scopes, random_policies_answer_as_compiled)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("");
	uint32_t random = 20061123;

	for (int round = 0; round < 60; round++) {
		_cleanup_policy_ struct policy next = { .mode = 0 };
		_cleanup_compiled_ struct compiled c = { 0 };

		random_scoped_policy(&next, &random);
		put_in_force(g, &next, true);
		cr_assert_eq(policy_compile(&g->policy, &c, NULL), 0);
		for (int i = 0; i < QUESTIONS; i++)
			ask_both(g, &c, &random);
	}
}

/* What @owner's socket may do with a port, by IPv4 and TCP. */
static struct pg_decision asked_for(const struct guarded *g, enum pg_direction direction, uint16_t port,
				    size_t owner)
{
	struct pg_question q = { .direction = direction, .family = 4, .port = port };

	return kernel_says(g, &q, &owner, 1);
}

#define DB "{name: db, cgroup: /db, rules: [allow 5432/tcp], default: {in: deny}}"

Test(scopes, a_scope_answers_the_directions_that_it_speaks_of)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("rules: [allow 80/tcp, deny out 25]\nscopes: [" DB "]");

	cr_expect_eq(asked_for(g, PG_BIND, 5432, 1).verdict, PG_ALLOW);
	cr_expect_eq(asked_for(g, PG_BIND, 5432, 0).verdict, PG_DENY);
	cr_expect_eq(asked_for(g, PG_BIND, 80, 1).verdict, PG_DENY);
	cr_expect_eq(asked_for(g, PG_BIND, 80, 0).verdict, PG_ALLOW);
	cr_expect_eq(asked_for(g, PG_OUT, 25, 1).verdict, PG_DENY, "out is asked of the host");
}

Test(scopes, a_decision_tells_which_scope_answered)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("rules: [allow 80/tcp]\nscopes: [" DB "]");
	uint32_t slot = state_slot(&g->state);

	cr_expect_eq(asked_for(g, PG_IN, 5432, 1).scope, PG_SCOPE_TOLD(slot, 1));
	cr_expect_eq(asked_for(g, PG_IN, 80, 1).scope, PG_SCOPE_TOLD(slot, 1));
	cr_expect_eq(asked_for(g, PG_OUT, 80, 1).scope, 0);
	cr_expect_eq(asked_for(g, PG_IN, 80, 0).scope, 0);
}

Test(scopes, a_failsafe_port_is_the_hosts)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("scopes: [" DB "]");

	cr_expect_eq(asked_for(g, PG_IN, 22, 0).reason, PG_REASON_FAILSAFE);
	cr_expect_eq(asked_for(g, PG_IN, 22, 1).verdict, PG_DENY);
}
