// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who asks, for how long, and how often: what callers, `for`, `limit`, `log` and `reject` become, one
 * promise at a time. Random mixtures of all of them: compile_law.c.
 */
#include "policy/reach.h"
#include "unit/lib/decision_help.h"

#define NOW 1000u
#define SOON (NOW + 10)
#define LATER (NOW + 20)

static struct policy policy;
static struct compiled compiled;
static bool has_tokens;
static size_t tokens_taken;

static int identities(void *data, const char *scope, const char *path, struct exe_identity *ret,
		      size_t max, size_t *ret_count)
{
	(void)data;
	(void)scope;
	if (!strcmp(path, "/gone"))
		return -ENOENT;
	*ret_count = 0;
	for (uint64_t i = 1; i <= 200 && *ret_count < max; i++)	/* more than fit at first */
		ret[(*ret_count)++] = (struct exe_identity){ .inode = i, .device = 1 };
	return 0;
}

static void setup(void)
{
	cr_assert_eq(policy_init(&policy), 0);
	has_tokens = true;
	tokens_taken = 0;
}

static void teardown(void)
{
	compiled_free(&compiled);
	policy_free(&policy);
}

TestSuite(conditions, .init = setup, .fini = teardown);

static struct rule *rule(const char *sentence)
{
	struct rule *r;

	cr_assert_eq(add_rules(&policy, sentence), 1);
	r = &policy.rules[policy.rule_count - 1];
	r->id = (uint32_t)policy.rule_count;
	return r;
}

static void timed(const char *sentence, uint64_t until_ns)
{
	struct rule *r = rule(sentence);

	r->for_s = 1;
	r->until_ns = until_ns;
}

static void limited(const char *sentence)
{
	rule(sentence)->limit.per_second_x1000 = 100;
}

static void compile(void)
{
	const struct exe_world world = { .identities = identities };
	struct pg_error err = PG_ERROR_INIT;

	compiled_free(&compiled);
	cr_assert_eq(policy_compile_exes(&policy, &world, &compiled, &err), 0, "%s", err.text);
}

static bool take_token(void *data, uint32_t id, const struct pg_question *q)
{
	(void)data;
	(void)id;
	(void)q;
	tokens_taken++;
	return has_tokens;
}

static struct pg_decision decide(uint64_t now_ns, struct question q)
{
	const struct circumstances in = { .interface = "eth0", .now_ns = now_ns, .take_token = take_token };
	struct pg_question k;

	q.remote = q.remote ? q.remote : "198.51.100.1";
	q.local = q.local ? q.local : "192.0.2.1";
	q.device = "eth0";
	k = to_kernel(&q);
	compile();
	return compiled_decide_in(&compiled, &policy, &k, &in);
}

/* --- callers --------------------------------------------------------------------------------- */

static void by_user(const char *sentence, uint32_t uid)
{
	struct rule *r = rule(sentence);

	r->user = strdup("somebody");
	r->uid = uid;
}

static void by_exe(const char *sentence, const char *path)
{
	rule(sentence)->exe = strdup(path);
}

Test(conditions, a_rule_by_user_is_that_users_alone)
{
	by_user("allow bind 80", 33);
	expect(decide(NOW, BIND(.port = 80, .uid = 33)), PG_ALLOW, PG_REASON_RULE, 1);
	expect(decide(NOW, BIND(.port = 80, .uid = 34)), PG_DENY, PG_REASON_NO_RULE, 0);
	expect(decide(NOW, BIND(.port = 80, .uid = 0)), PG_DENY, PG_REASON_NO_RULE, 0);
}

Test(conditions, in_gets_an_allow_by_user_without_it_and_no_deny_by_user)
{
	by_user("allow 80", 33);
	by_user("deny 80", 34);
	expect(decide(NOW, IN(.port = 80)), PG_ALLOW, PG_REASON_RULE, 1);
	expect(decide(NOW, BIND(.port = 80, .uid = 34)), PG_DENY, PG_REASON_RULE, 2);
}

Test(conditions, a_rule_by_exe_is_that_files_alone_however_many_it_is)
{
	by_exe("allow out 25", "/many");
	policy.defaults[PG_OUT] = PG_DENY;
	expect(decide(NOW, OUT(.port = 25, .exe = 1)), PG_ALLOW, PG_REASON_RULE, 1);
	expect(decide(NOW, OUT(.port = 25, .exe = 200)), PG_ALLOW, PG_REASON_RULE, 1);
	expect(decide(NOW, OUT(.port = 25, .exe = 201)), PG_DENY, PG_REASON_NO_RULE, 0);
	expect(decide(NOW, OUT(.port = 25)), PG_DENY, PG_REASON_NO_RULE, 0);
	cr_expect_eq(compiled.exe_classes, 2, "files of one path are one class");
}

Test(conditions, a_file_that_does_not_exist_matches_nothing)
{
	by_exe("deny out 25", "/gone");
	expect(decide(NOW, OUT(.port = 25, .exe = 1)), PG_ALLOW, PG_REASON_DEFAULT, 0);
	cr_expect_eq(compiled.exe_count, 0);
}

Test(conditions, user_and_file_and_address_are_asked_together)
{
	struct rule *r = rule("deny out 25 to 10.0.0.0/8");

	r->user = strdup("somebody");
	r->uid = 33;
	r->exe = strdup("/many");
	expect(decide(NOW, OUT(.port = 25, .exe = 1, .uid = 33, .remote = "10.1.1.1")), PG_DENY, PG_REASON_RULE, 1);
	expect(decide(NOW, OUT(.port = 25, .exe = 1, .uid = 34, .remote = "10.1.1.1")), PG_ALLOW, PG_REASON_DEFAULT, 0);
	expect(decide(NOW, OUT(.port = 25, .uid = 33, .remote = "10.1.1.1")), PG_ALLOW, PG_REASON_DEFAULT, 0);
	expect(decide(NOW, OUT(.port = 25, .exe = 1, .uid = 33)), PG_ALLOW, PG_REASON_DEFAULT, 0);
}

/* --- time ------------------------------------------------------------------------------------ */

Test(conditions, a_rule_with_for_ends_at_its_time)
{
	timed("allow 80", SOON);
	expect(decide(SOON - 1, IN(.port = 80)), PG_ALLOW, PG_REASON_RULE, 1);
	expect(decide(SOON, IN(.port = 80)), PG_DENY, PG_REASON_NO_RULE, 0);
	expect(decide(SOON - 1, BIND(.port = 80)), PG_ALLOW, PG_REASON_RULE, 1);
	expect(decide(SOON, BIND(.port = 80)), PG_DENY, PG_REASON_NO_RULE, 0);
	cr_assert_eq(compiled.fact_count, 1);
	cr_expect_eq(compiled.facts[0].facts.until_ns, SOON);
}

Test(conditions, a_timed_deny_gives_back_what_was_allowed)
{
	rule("allow 80");
	timed("deny in 80 from 198.51.100.0/24", SOON);
	expect(decide(NOW, IN(.port = 80)), PG_DENY, PG_REASON_RULE, 2);
	expect(decide(SOON, IN(.port = 80)), PG_ALLOW, PG_REASON_RULE, 1);
	expect(decide(NOW, IN(.port = 80, .remote = "192.0.2.7")), PG_ALLOW, PG_REASON_RULE, 1);
}

Test(conditions, of_timed_rules_the_one_that_lasts_longest_is_asked)
{
	timed("allow 80/tcp", SOON);
	timed("allow 79-81/tcp", LATER);
	expect(decide(NOW, IN(.port = 80)), PG_ALLOW, PG_REASON_RULE, 2);
	expect(decide(SOON, IN(.port = 80)), PG_ALLOW, PG_REASON_RULE, 2);
	expect(decide(LATER, IN(.port = 80)), PG_DENY, PG_REASON_NO_RULE, 0);
}

Test(conditions, what_is_for_ever_needs_no_condition)
{
	timed("allow 80/tcp", SOON);
	rule("allow 79-81/tcp");
	timed("deny 90/tcp", SOON);
	rule("deny 90/tcp");
	expect(decide(NOW, IN(.port = 80)), PG_ALLOW, PG_REASON_RULE, 2);
	expect(decide(NOW, IN(.port = 90)), PG_DENY, PG_REASON_RULE, 4);
	cr_expect_eq(compiled.group_count, 0);
	cr_expect_eq(compiled.fact_count, 0);
}

Test(conditions, failsafe_is_back_when_the_rule_that_names_it_has_ended)
{
	timed("allow in 22/tcp from 192.0.2.0/24", SOON);
	expect(decide(NOW, IN(.port = 22, .remote = "192.0.2.7")), PG_ALLOW, PG_REASON_RULE, 1);
	expect(decide(NOW, IN(.port = 22)), PG_DENY, PG_REASON_NO_RULE, 0);
	expect(decide(SOON, IN(.port = 22)), PG_ALLOW, PG_REASON_FAILSAFE, 0);
	expect(decide(SOON, IN(.port = 22, .remote = "192.0.2.7")), PG_ALLOW, PG_REASON_FAILSAFE, 0);
}

Test(conditions, a_rule_that_names_a_port_longer_than_another_allows_it_keeps_failsafe_away)
{
	timed("allow in 20-25/tcp", SOON);
	timed("allow in 22/tcp from 192.0.2.0/24", LATER);
	expect(decide(NOW, IN(.port = 22)), PG_ALLOW, PG_REASON_RULE, 1);
	expect(decide(SOON, IN(.port = 22)), PG_DENY, PG_REASON_NO_RULE, 0);
	expect(decide(LATER, IN(.port = 22)), PG_ALLOW, PG_REASON_FAILSAFE, 0);
}

Test(conditions, a_rule_not_in_force_yet_has_not_ended)
{
	timed("allow 80", 0);
	expect(decide(LATER, IN(.port = 80)), PG_ALLOW, PG_REASON_RULE, 1);
	policy_begin_times(&policy, NOW);
	cr_expect_eq(policy.rules[0].until_ns, NOW + 1000000000);
	expect(decide(NOW + 1000000000, IN(.port = 80)), PG_DENY, PG_REASON_NO_RULE, 0);
	policy_begin_times(&policy, LATER);
	cr_expect_eq(policy.rules[0].until_ns, NOW + 1000000000, "it has begun once");
}

/* --- rate ------------------------------------------------------------------------------------ */

Test(conditions, a_limit_allows_what_is_new_while_it_has_tokens)
{
	limited("allow in 80");
	expect(decide(NOW, IN(.port = 80, .fresh = PG_FRESH_YES)), PG_ALLOW, PG_REASON_RULE, 1);
	cr_expect_eq(tokens_taken, 1);
	has_tokens = false;
	expect(decide(NOW, IN(.port = 80, .fresh = PG_FRESH_YES)), PG_DENY, PG_REASON_RATE, 1);
}

Test(conditions, a_limit_is_no_allow_for_other_segments_at_the_door_and_one_at_the_socket)
{
	limited("allow in 80");
	has_tokens = false;
	expect(decide(NOW, IN(.port = 80, .fresh = PG_FRESH_NO)), PG_DENY, PG_REASON_NO_RULE, 0);
	expect(decide(NOW, IN(.port = 80, .fresh = PG_FRESH_PASSED)), PG_ALLOW, PG_REASON_RULE, 1);
	cr_expect_eq(tokens_taken, 0);
}

Test(conditions, an_allow_does_not_lift_a_limit_and_a_deny_does_not_wait_for_it)
{
	rule("allow in 80");
	limited("allow in 80 from 198.51.100.0/24");
	rule("deny in 80 from 198.51.100.9");
	has_tokens = false;
	expect(decide(NOW, IN(.port = 80, .fresh = PG_FRESH_YES)), PG_DENY, PG_REASON_RATE, 2);
	expect(decide(NOW, IN(.port = 80, .fresh = PG_FRESH_NO)), PG_ALLOW, PG_REASON_RULE, 1);
	expect(decide(NOW, IN(.port = 80, .fresh = PG_FRESH_YES, .remote = "198.51.100.9")), PG_DENY,
	       PG_REASON_RULE, 3);
	expect(decide(NOW, IN(.port = 80, .fresh = PG_FRESH_YES, .remote = "192.0.2.7")), PG_ALLOW,
	       PG_REASON_RULE, 1);
}

Test(conditions, a_limit_is_a_plain_allow_of_bind)
{
	limited("allow 80");
	has_tokens = false;
	expect(decide(NOW, BIND(.port = 80)), PG_ALLOW, PG_REASON_RULE, 1);
	policy.rules[0].for_s = 1;
	policy.rules[0].until_ns = SOON;
	expect(decide(NOW, BIND(.port = 80)), PG_ALLOW, PG_REASON_RULE, 1);
	expect(decide(SOON, BIND(.port = 80)), PG_DENY, PG_REASON_NO_RULE, 0);
	cr_expect_eq(tokens_taken, 0);
}

Test(conditions, a_limit_whose_time_is_up_counts_nothing)
{
	rule("allow in 80");
	limited("allow in 80 from 198.51.100.0/24");
	policy.rules[1].for_s = 1;
	policy.rules[1].until_ns = SOON;
	has_tokens = false;
	expect(decide(NOW, IN(.port = 80, .fresh = PG_FRESH_YES)), PG_DENY, PG_REASON_RATE, 2);
	expect(decide(SOON, IN(.port = 80, .fresh = PG_FRESH_YES)), PG_ALLOW, PG_REASON_RULE, 1);
}

Test(conditions, every_limit_that_speaks_of_an_attempt_is_asked)
{
	limited("allow in 80");
	limited("allow in 70-90");
	expect(decide(NOW, IN(.port = 80, .fresh = PG_FRESH_YES)), PG_ALLOW, PG_REASON_RULE, 1);
	cr_expect_eq(tokens_taken, 2);
}

static int compile_refused(struct pg_error *err)
{
	struct compiled c = { .groups = NULL };
	int r = policy_compile(&policy, &c, err);

	compiled_free(&c);
	return r;
}

Test(conditions, more_limits_than_the_kernel_asks_are_refused_by_name)
{
	struct pg_error err = PG_ERROR_INIT;
	char text[50];

	for (unsigned i = 0; i < PG_MAX_LIMITS; i++) {
		(void)snprintf(text, sizeof(text), "allow in %u-90/tcp", 80 - i);
		limited(text);
	}
	expect(decide(NOW, IN(.port = 85, .fresh = PG_FRESH_YES)), PG_ALLOW, PG_REASON_RULE, 1);
	limited("allow in 60-81/tcp from 10.0.0.0/8");
	cr_assert_eq(compile_refused(&err), -E2BIG);
	cr_expect_eq(err.exit, PG_EXIT_POLICY);
	cr_expect_not_null(strstr(err.text, "more than 4 limits"), "%s", err.text);
	cr_expect_not_null(strstr(err.text, "60-81/tcp from 10.0.0.0/8"), "%s", err.text);
	rule("deny in 60-90/tcp");	/* then none of them speaks */
	cr_expect_eq(compile_refused(NULL), 0);
}

Test(conditions, a_chain_longer_than_the_kernel_walks_is_refused)
{
	struct pg_error err = PG_ERROR_INIT;
	char text[50];

	for (unsigned i = 0; i < PG_MAX_LIMITS; i++) {
		(void)snprintf(text, sizeof(text), "allow in %u-90/tcp", 10 - i);
		limited(text);
	}
	timed("deny in 22/tcp from 10.0.0.0/8", LATER);
	timed("allow in 20-30/tcp", LATER);
	cr_expect_eq(compile_refused(&err), 0, "%s", err.text);
	timed("allow in 20-31/tcp", SOON);
	policy.rules[policy.rule_count - 1].log = true;
	cr_expect_eq(compile_refused(&err), 0, "%s", err.text);
	timed("allow in 22/tcp", LATER + 1);	/* names it, but allows as long */
	cr_expect_eq(compile_refused(&err), 0, "%s", err.text);
	timed("deny in 22/tcp from 10.1.0.0/16", LATER + 2);
	cr_expect_eq(compile_refused(&err), -E2BIG);
	cr_expect_not_null(strstr(err.text, "too many rules with `for`"), "%s", err.text);
}

/* --- log and reject ---------------------------------------------------------------------------- */

Test(conditions, whether_it_is_logged_does_not_depend_on_the_order_of_rules)
{
	struct pg_decision d;

	rule("allow 80");
	rule("allow in 80 from 198.51.100.0/24")->log = true;
	d = decide(NOW, IN(.port = 80));
	expect(d, PG_ALLOW, PG_REASON_RULE, 2);
	cr_expect_eq(d.flags, PG_ANSWER_LOG);
	cr_expect_eq(decide(NOW, IN(.port = 80, .remote = "192.0.2.7")).flags, 0);
}

Test(conditions, a_timed_rule_may_log_what_another_allows)
{
	rule("allow 80");
	timed("allow 80", SOON);
	policy.rules[1].log = true;
	cr_expect_eq(decide(NOW, IN(.port = 80)).flags, PG_ANSWER_LOG);
	expect(decide(SOON, IN(.port = 80)), PG_ALLOW, PG_REASON_RULE, 1);
	cr_expect_eq(decide(SOON, IN(.port = 80)).flags, 0);
}

Test(conditions, a_reject_says_so_and_a_default_that_rejects_too)
{
	rule("deny 113")->reject = true;
	cr_expect_eq(decide(NOW, IN(.port = 113)).flags, PG_ANSWER_REJECT);
	cr_expect_eq(decide(NOW, IN(.port = 114)).flags, 0);
	policy.in_reject = true;
	cr_expect_eq(decide(NOW, IN(.port = 114)).flags, PG_ANSWER_REJECT);
	cr_expect_eq(decide(NOW, BIND(.port = 114)).flags, 0);
	cr_expect_eq(decide(NOW, IN(.port = 22)).flags, 0);
}

/* --- panic ------------------------------------------------------------------------------------ */

Test(conditions, panic_leaves_the_failsafe_ports_alone)
{
	struct protocol_rule vrrp = { .protocol = 112 };

	rule("allow 80");
	rule("allow out any");
	policy.protocols = malloc(sizeof(vrrp));
	*policy.protocols = vrrp;
	policy.protocol_count = 1;
	policy.panic = true;
	policy.defaults[PG_IN] = PG_ALLOW;
	expect(decide(NOW, IN(.port = 80)), PG_DENY, PG_REASON_NO_RULE, 0);
	expect(decide(NOW, BIND(.port = 80)), PG_DENY, PG_REASON_NO_RULE, 0);
	expect(decide(NOW, OUT(.port = 443)), PG_DENY, PG_REASON_NO_RULE, 0);
	expect(decide(NOW, IN(.proto = PG_UDP, .port = 68, .remote_port = 67)), PG_DENY, PG_REASON_NO_RULE, 0);
	expect(decide(NOW, IN(.port = 22)), PG_ALLOW, PG_REASON_FAILSAFE, 0);
	expect(decide(NOW, BIND(.port = 22)), PG_ALLOW, PG_REASON_FAILSAFE, 0);
	cr_expect_eq(PG_ANSWER_KIND(compiled.protocols[112]), PG_ANSWER_NONE);
}

Test(conditions, panic_opens_nothing_that_was_closed)
{
	rule("allow in 22/tcp from 192.0.2.0/24");
	policy.panic = true;
	expect(decide(NOW, IN(.port = 22, .remote = "192.0.2.7")), PG_ALLOW, PG_REASON_RULE, 1);
	expect(decide(NOW, IN(.port = 22)), PG_DENY, PG_REASON_NO_RULE, 0);
}

/* --- comparing and reaching -------------------------------------------------------------------- */

Test(conditions, answers_of_two_policies_are_the_same_by_what_they_say)
{
	_cleanup_compiled_ struct compiled other = { .groups = NULL };

	timed("allow 80/tcp", SOON);
	compile();
	other = compiled;
	memset(&compiled, 0, sizeof(compiled));
	timed("deny 70/tcp", SOON);	/* its groups come first */
	compile();
	cr_assert_neq(compiled_answer(&compiled, PG_IN, PG_TCP, 80),
		      compiled_answer(&other, PG_IN, PG_TCP, 80));
	cr_expect(compiled_same_answer(&compiled, compiled_answer(&compiled, PG_IN, PG_TCP, 80), &other,
				       compiled_answer(&other, PG_IN, PG_TCP, 80)));
	cr_expect_not(compiled_same_answer(&compiled, compiled_answer(&compiled, PG_IN, PG_TCP, 70),
					   &other, compiled_answer(&other, PG_IN, PG_TCP, 80)));
}

Test(conditions, new_callers_are_new_classes)
{
	_cleanup_compiled_ struct compiled other = { .groups = NULL };

	by_user("allow bind 80", 33);
	compile();
	other = compiled;
	memset(&compiled, 0, sizeof(compiled));
	compile();
	cr_expect(compiled_same_classes(&compiled, &other));
	by_user("allow bind 81", 34);
	compile();
	cr_expect_not(compiled_same_classes(&compiled, &other));
}

static struct reach reach_at(uint16_t port, uint64_t now_ns)
{
	const struct reach_socket s = { .proto = PG_TCP, .port = port, .v4 = true, .v6 = true, .now_ns = now_ns };
	struct reach r;

	compile();
	cr_assert_eq(reach_in(&compiled, &policy, &s, &r), 0);
	cr_expect_eq(r.allow, compiled_may_allow_at(&compiled, &policy, PG_IN, PG_TCP, port, now_ns));
	return r;
}

Test(conditions, what_has_ended_reaches_nothing_and_what_may_end_does)
{
	timed("allow 80/tcp", SOON);
	cr_expect(reach_at(80, NOW).allow && !reach_at(80, NOW).deny);
	cr_expect_not(reach_at(80, SOON).allow);
	timed("deny in 90/tcp from 10.0.0.0/8", SOON);
	rule("allow 90/tcp");
	cr_expect(reach_at(90, NOW).allow && reach_at(90, NOW).deny);
	cr_expect_not(reach_at(90, SOON).deny);
}

Test(conditions, what_may_be_over_its_rate_is_reached)
{
	limited("allow in 80/tcp");
	cr_expect(reach_at(80, NOW).allow && !reach_at(80, NOW).deny);
	cr_expect_eq(reach_at(80, NOW).allowed.rule, 1);
}

Test(conditions, ten_thousand_timed_and_limited_rules_compile_in_milliseconds)
{
	char text[50];

	for (uint32_t i = 0; i < 10000; i++) {
		(void)snprintf(text, sizeof(text), "allow in %u/tcp", i + 1000);
		if (i & 1)
			limited(text);
		else
			timed(text, SOON + i);
	}
	compile();
	cr_expect_eq(compiled.group_count, 10000);
	cr_expect_eq(compiled.fact_count, 10000);
}
