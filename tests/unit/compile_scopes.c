// SPDX-License-Identifier: GPL-2.0-only
/* Tables of scopes: what they answer, what stays the host's, what inbound lets in for all of them. */
#include <time.h>

#include "unit/lib/decision_help.h"

static struct policy policy;
static struct compiled compiled;

static void setup(void)
{
	cr_assert_eq(policy_init(&policy), 0);
}

static void teardown(void)
{
	for (size_t i = 0; i < policy.scope_count; i++)
		free(policy.scopes[i].name);
	free(policy.scopes);
	policy.scopes = NULL;
	policy.scope_count = 0;
	compiled_free(&compiled);
	policy_free(&policy);
}

TestSuite(scopes, .init = setup, .fini = teardown);

/* Numbers of scopes are their place here, from 1. */
static void scopes(size_t count)
{
	policy.scopes = calloc(count, sizeof(*policy.scopes));
	policy.scope_count = count;
	for (size_t i = 0; i < count; i++)
		cr_assert_neq(asprintf(&policy.scopes[i].name, "s%zu", i + 1), -1);
}

static struct rule *rule(size_t scope, const char *sentence)
{
	struct rule *r;

	cr_assert_eq(add_rules(&policy, sentence), 1);
	r = &policy.rules[policy.rule_count - 1];
	r->id = (uint32_t)policy.rule_count;
	if (scope)
		cr_assert_neq(asprintf(&r->scope, "s%zu", scope), -1);
	return r;
}

static void compile(void)
{
	struct pg_error err = PG_ERROR_INIT;

	compiled_free(&compiled);
	cr_assert_eq(policy_compile(&policy, &compiled, &err), 0, "%s", err.text);
}

static const struct circumstances in = { .interface = "eth0" };

static struct pg_question ask(struct question q)
{
	q.remote = q.remote ? q.remote : "198.51.100.1";
	q.local = q.local ? q.local : "192.0.2.1";
	q.device = "eth0";
	q.fresh = PG_FRESH_YES;
	compile();
	return to_kernel(&q);
}

/* @near, @far: scopes' numbers, -1: none. */
static struct pg_decision decide(int near, int far, struct question q)
{
	size_t numbers[2] = { (size_t)near, (size_t)far };
	struct pg_question k = ask(q);

	return compiled_decide_scopes(&compiled, &policy, numbers, (near >= 0) + (far >= 0), &k, &in);
}

Test(scopes, the_rules_of_a_scope_are_none_of_the_hosts_and_the_reverse)
{
	scopes(2);
	rule(0, "allow 80");
	rule(1, "allow 81");
	rule(2, "allow 82");
	expect(decide(-1, -1, BIND(.port = 80)), PG_ALLOW, PG_REASON_RULE, 1);
	expect(decide(-1, -1, BIND(.port = 81)), PG_DENY, PG_REASON_NO_RULE, 0);
	expect(decide(1, -1, BIND(.port = 81)), PG_ALLOW, PG_REASON_RULE, 2);
	expect(decide(1, -1, BIND(.port = 80)), PG_DENY, PG_REASON_NO_RULE, 0);
	expect(decide(1, -1, BIND(.port = 82)), PG_DENY, PG_REASON_NO_RULE, 0);
}

Test(scopes, a_direction_that_a_scope_does_not_mention_is_asked_further_out)
{
	scopes(2);
	rule(0, "allow 80");
	rule(1, "allow bind 81");
	rule(2, "deny out 25");
	compile();
	cr_expect_eq(compiled.scopes[1].answers, RULE_BIND);
	cr_expect_eq(compiled.scopes[2].answers, RULE_OUT);
	expect(decide(1, -1, BIND(.port = 80)), PG_DENY, PG_REASON_NO_RULE, 0);
	expect(decide(1, -1, IN(.port = 80)), PG_ALLOW, PG_REASON_RULE, 1);
	expect(decide(1, 2, OUT(.port = 25)), PG_DENY, PG_REASON_RULE, 3);
	expect(decide(1, -1, OUT(.port = 25)), PG_ALLOW, PG_REASON_DEFAULT, 0);
	cr_expect_eq(compiled.scopes[1].ports[PG_IN][PG_TCP].count, 0);
}

Test(scopes, a_default_mentions_a_direction)
{
	scopes(1);
	policy.scopes[0].defaults_said = RULE_OUT | RULE_IN;
	policy.scopes[0].defaults[PG_OUT] = PG_DENY;
	policy.scopes[0].defaults[PG_IN] = PG_ALLOW;
	policy.scopes[0].raw_said = true;
	expect(decide(1, -1, OUT(.port = 25)), PG_DENY, PG_REASON_NO_RULE, 0);
	expect(decide(1, -1, IN(.port = 80)), PG_ALLOW, PG_REASON_DEFAULT, 0);
	expect(decide(1, -1, BIND(.port = 22)), PG_ALLOW, PG_REASON_FAILSAFE, 0);
	cr_expect_eq(compiled.scopes[1].answers, RULE_OUT | RULE_IN | PG_SCOPE_RAW);
	cr_expect(compiled.scopes[1].out_restricted);
}

Test(scopes, a_default_that_is_not_said_is_the_hosts)
{
	scopes(1);
	policy.defaults[PG_OUT] = PG_DENY;
	rule(1, "allow out 443");
	expect(decide(1, -1, OUT(.port = 443)), PG_ALLOW, PG_REASON_RULE, 1);
	expect(decide(1, -1, OUT(.port = 444)), PG_DENY, PG_REASON_NO_RULE, 0);
}

Test(scopes, failsafe_and_essentials_are_the_hosts_and_only_its_rules_end_them)
{
	scopes(1);
	rule(1, "allow 22/tcp from 10.0.0.0/8");
	expect(decide(1, -1, IN(.port = 22)), PG_DENY, PG_REASON_NO_RULE, 0);
	expect(decide(-1, -1, IN(.port = 22)), PG_ALLOW, PG_REASON_FAILSAFE, 0);
	expect(decide(1, -1, IN(.proto = PG_UDP, .port = 68, .remote_port = 67)), PG_DENY,
	       PG_REASON_NO_RULE, 0);
	expect(decide(-1, -1, IN(.proto = PG_UDP, .port = 68, .remote_port = 67)), PG_ALLOW,
	       PG_REASON_ESSENTIAL, 0);
}

Test(scopes, inherit_adds_what_is_further_out)
{
	scopes(2);
	policy.scopes[0].inherit = true;
	rule(0, "allow 80");
	rule(0, "deny 81");
	rule(1, "allow 81-82");
	rule(2, "deny 82");
	expect(decide(1, -1, BIND(.port = 80)), PG_ALLOW, PG_REASON_RULE, 1);
	expect(decide(1, -1, BIND(.port = 81)), PG_DENY, PG_REASON_RULE, 2);
	expect(decide(1, -1, BIND(.port = 82)), PG_ALLOW, PG_REASON_RULE, 3);
	expect(decide(1, -1, BIND(.port = 83)), PG_DENY, PG_REASON_NO_RULE, 0);
	expect(decide(1, 2, BIND(.port = 82)), PG_DENY, PG_REASON_RULE, 4);
	expect(decide(1, 2, BIND(.port = 80)), PG_DENY, PG_REASON_NO_RULE, 0);	/* the second does not inherit */
	policy.scopes[0].defaults_said = RULE_BIND;
	policy.scopes[0].defaults[PG_BIND] = PG_ALLOW;
	expect(decide(1, -1, BIND(.port = 83)), PG_ALLOW, PG_REASON_DEFAULT, 0);
}

static struct pg_decision door(struct question q)
{
	struct pg_question k = ask(q);

	return compiled_decide_union(&compiled, &k, &in);
}

Test(scopes, the_door_lets_in_what_any_scope_allows)
{
	scopes(3);
	rule(1, "allow 80 from 198.51.100.0/24");
	rule(2, "allow 81/tcp");
	rule(2, "deny 80");
	rule(3, "allow bind 83");
	rule(0, "allow 84");
	expect(door(IN(.port = 80)), PG_ALLOW, PG_REASON_RULE, 1);
	expect(door(IN(.port = 80, .remote = "192.0.2.7")), PG_DENY, PG_REASON_NO_RULE, 0);
	expect(door(IN(.port = 81)), PG_ALLOW, PG_REASON_RULE, 2);
	expect(door(IN(.port = 81, .proto = PG_UDP)), PG_DENY, PG_REASON_NO_RULE, 0);
	expect(door(IN(.port = 83)), PG_DENY, PG_REASON_NO_RULE, 0);
	expect(door(IN(.port = 84)), PG_DENY, PG_REASON_NO_RULE, 0);
}

Test(scopes, the_door_does_not_open_between_ports)
{
	scopes(2);
	rule(1, "allow 80/tcp");
	rule(2, "allow 82-84/tcp");
	rule(1, "allow 83-86/tcp");
	for (uint16_t port = 78; port < 90; port++)
		cr_expect_eq(door(IN(.port = port)).verdict == PG_ALLOW,
			     port == 80 || (port >= 82 && port <= 86), "port %u", port);
}

Test(scopes, a_scope_that_lets_everything_in_opens_the_door)
{
	scopes(1);
	policy.scopes[0].defaults_said = RULE_IN;
	policy.scopes[0].defaults[PG_IN] = PG_ALLOW;
	rule(1, "deny in 80");
	cr_expect_eq(door(IN(.port = 1)).verdict, PG_ALLOW);
	cr_expect_eq(door(IN(.port = 80)).verdict, PG_ALLOW);
	expect(decide(1, -1, IN(.port = 80)), PG_DENY, PG_REASON_RULE, 1);
}

Test(scopes, the_door_neither_counts_nor_logs)
{
	struct rule *r;

	scopes(1);
	r = rule(1, "allow in 80");
	r->log = true;
	r->limit.per_second_x1000 = 1000;
	compile();
	cr_expect_eq(compiled_settle(&compiled, compiled.ports[PG_PORT_SCOPES][PG_TCP].list[1].answer, 0),
		     PG_ANSWER(PG_ANSWER_ALLOW, 0, 1));
	cr_expect_eq(compiled.ports[PG_PORT_SCOPES][PG_TCP].list[1].first, 80);
	cr_expect_eq(PG_ANSWER_KIND(compiled.scopes[1].ports[PG_IN][PG_TCP].list[1].answer), PG_ANSWER_ASK);
}

Test(scopes, out_is_restricted_scope_by_scope)
{
	scopes(2);
	rule(1, "deny out 25");
	rule(2, "allow out 25");
	compile();
	cr_expect(compiled.scopes[1].out_restricted);
	cr_expect_not(compiled.scopes[2].out_restricted);
	cr_expect_not(policy_out_restricted(&policy));
}

Test(scopes, panic_asks_the_host_alone)
{
	scopes(1);
	rule(1, "allow 80");
	policy.scopes[0].defaults_said = RULE_IN;
	policy.scopes[0].defaults[PG_IN] = PG_ALLOW;
	policy.panic = true;
	expect(decide(1, -1, BIND(.port = 80)), PG_DENY, PG_REASON_NO_RULE, 0);
	expect(decide(1, -1, IN(.port = 22)), PG_ALLOW, PG_REASON_FAILSAFE, 0);
	expect(door(IN(.port = 80)), PG_DENY, PG_REASON_NO_RULE, 0);
	cr_expect_eq(compiled.scope_count, 2);
	cr_expect_eq(compiled.scopes[1].answers, 0);
}

Test(scopes, a_policy_without_scopes_has_no_tables_of_them)
{
	rule(0, "allow 80");
	rule(1, "allow 81");	/* of a scope that is not there */
	compile();
	cr_expect_eq(compiled.scope_count, 0);
	cr_expect_eq(PG_ANSWER_KIND(compiled_answer(&compiled, PG_IN, PG_TCP, 81)), PG_ANSWER_NONE);
}

static double compile_ms(void)
{
	struct timespec start, end;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
	compile();
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	return (double)(end.tv_sec - start.tv_sec) * 1e3 + (double)(end.tv_nsec - start.tv_nsec) / 1e6;
}

#define SCOPES 1000
#define RULES 50

/* @format: the scope's number modulo 250, the rule's in its scope, and its port. */
static void compile_many(const char *format, bool alike)
{
	char text[100];
	double ms;

	scopes(SCOPES);
	for (uint32_t i = 0; i < SCOPES * RULES; i++) {
		(void)snprintf(text, sizeof(text), format, i / RULES % 250, i % RULES,
			       1000 + (alike ? i % RULES : i));
		(void)rule(i / RULES + 1, text);
	}
	ms = compile_ms();
	(void)fprintf(stderr, "%d x %d x '%s': %.1f ms\n", SCOPES, RULES, format, ms);
	cr_expect_lt(ms, 400);	/* ten times what it takes: a quadratic step takes seconds */
}

Test(scopes, a_thousand_scopes_of_ports_compile_in_milliseconds)
{
	compile_many("allow %3$u/tcp", true);
}

Test(scopes, a_thousand_scopes_of_different_ports_compile_in_milliseconds)
{
	compile_many("allow %3$u/tcp", false);
}

Test(scopes, a_thousand_scopes_of_peers_compile_in_milliseconds)
{
	compile_many("allow in 80/tcp from 10.%1$u.%2$u.0/24", true);
}

Test(scopes, a_thousand_scopes_of_ranges_compile_in_milliseconds)
{
	compile_many("allow 1-%3$u/tcp", false);
}
