// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a compiled policy promises, one promise at a time, and what compiling costs. That it says what
 * the law says, whatever the rules: compile_law.c.
 */
#include <time.h>

#include "unit/lib/question.h"
#include "unit/policy_help.h"

#define UNKNOWN "?"	/* as a device */

/* Rules are separated by ';'; what the question leaves out is some address, and eth0. */
static struct pg_decision decide(const char *rules, struct question q)
{
	_cleanup_policy_ struct policy p;
	_cleanup_compiled_ struct compiled c;
	_cleanup_free_ char *copy = strdup(rules);
	struct pg_question k;

	cr_assert_eq(policy_init(&p), 0);
	for (char *rest = copy, *one; (one = strsep(&rest, ";"));)
		if (*one)
			(void)add_rules(&p, one);
	for (size_t i = 0; i < p.rule_count; i++)
		p.rules[i].id = (uint32_t)i + 1;
	cr_assert_eq(policy_compile(&p, &c, NULL), 0);
	q.remote = q.remote ? q.remote : "198.51.100.1";
	q.local = q.local ? q.local : "192.0.2.1";
	q.device = !q.device ? "eth0" : !strcmp(q.device, UNKNOWN) ? NULL : q.device;
	k = to_kernel(&q);
	return compiled_decide(&c, &p, &k, q.device);
}

static void expect(struct pg_decision d, enum pg_verdict verdict, enum pg_reason reason, uint32_t rule)
{
	cr_assert_eq(d.verdict, verdict, "verdict %u", d.verdict);
	cr_assert_eq(d.reason, reason, "reason %u", d.reason);
	cr_assert_eq(d.rule, rule, "rule %u", d.rule);
}

#define IN(...) ((struct question){ .direction = PG_IN, __VA_ARGS__ })
#define OUT(...) ((struct question){ .direction = PG_OUT, __VA_ARGS__ })
#define BIND(...) ((struct question){ .direction = PG_BIND, __VA_ARGS__ })

Test(compile, deny_beats_allow_whatever_the_order)
{
	expect(decide("allow 80;deny 80", IN(.port = 80)), PG_DENY, PG_REASON_RULE, 2);
	expect(decide("deny 80;allow 80", IN(.port = 80)), PG_DENY, PG_REASON_RULE, 1);
}

Test(compile, of_rules_that_say_the_same_the_lowest_id_is_named)
{
	expect(decide("allow 1-100;allow 80", IN(.port = 80)), PG_ALLOW, PG_REASON_RULE, 1);
}

Test(compile, all_of_ipv4_is_not_ipv6_and_the_reverse)
{
	expect(decide("allow in 80 from 0.0.0.0/0", IN(.port = 80)), PG_ALLOW, PG_REASON_RULE, 1);
	expect(decide("allow in 80 from 0.0.0.0/0", IN(.port = 80, .remote = "2001:db8::1",
							 .local = "2001:db8::2")),
	       PG_DENY, PG_REASON_NO_RULE, 0);
	expect(decide("allow in 80 from ::/0", IN(.port = 80)), PG_DENY, PG_REASON_NO_RULE, 0);
	expect(decide("allow in 80 from ::/0", IN(.port = 80, .remote = "2001:db8::1",
						    .local = "2001:db8::2")),
	       PG_ALLOW, PG_REASON_RULE, 1);
}

Test(compile, an_unknown_device_meets_deny_and_not_allow)
{
	expect(decide("allow in 80 on eth0", IN(.port = 80, .device = UNKNOWN)), PG_DENY,
	       PG_REASON_NO_RULE, 0);
	expect(decide("allow 80;deny in 80 on eth9", IN(.port = 80, .device = UNKNOWN)), PG_DENY,
	       PG_REASON_RULE, 2);
	expect(decide("allow 80;deny in 80 on eth9", IN(.port = 80)), PG_ALLOW, PG_REASON_RULE, 1);
}

Test(compile, failsafe_passes_until_a_rule_names_the_port)
{
	expect(decide("", IN(.port = 22)), PG_ALLOW, PG_REASON_FAILSAFE, 0);
	expect(decide("allow 20-30/tcp from 10.0.0.0/8", IN(.port = 22)), PG_ALLOW,
	       PG_REASON_FAILSAFE, 0);
	expect(decide("allow 22/tcp from 10.0.0.0/8", IN(.port = 22)), PG_DENY, PG_REASON_NO_RULE, 0);
	expect(decide("allow 22/udp from 10.0.0.0/8", IN(.port = 22)), PG_ALLOW,
	       PG_REASON_FAILSAFE, 0);
	expect(decide("deny any", IN(.port = 22)), PG_DENY, PG_REASON_RULE, 1);
	expect(decide("allow 21,22,23/tcp from 10.0.0.0/8", IN(.port = 22)), PG_DENY,
	       PG_REASON_NO_RULE, 0);
}

Test(compile, failsafe_in_one_direction_outlives_a_name_in_the_other)
{
	expect(decide("deny in 22/tcp from 10.0.0.0/8", BIND(.port = 22)),
	       PG_ALLOW, PG_REASON_FAILSAFE, 0);
	expect(decide("deny in 22/tcp from 10.0.0.0/8", IN(.port = 22)), PG_DENY,
	       PG_REASON_NO_RULE, 0);
}

Test(compile, out_is_asked_by_remote_port_and_address)
{
	expect(decide("deny out 25/tcp to 10.0.0.0/8", OUT(.port = 25, .remote = "10.1.1.1")), PG_DENY,
	       PG_REASON_RULE, 1);
	expect(decide("deny out 25/tcp to 10.0.0.0/8", OUT(.port = 25)), PG_ALLOW, PG_REASON_DEFAULT, 0);
	expect(decide("deny out 25/tcp to 10.0.0.0/8", OUT(.port = 26, .remote = "10.1.1.1")), PG_ALLOW,
	       PG_REASON_DEFAULT, 0);
	expect(decide("deny out 25/tcp", OUT(.port = 25, .proto = PG_UDP)), PG_ALLOW, PG_REASON_DEFAULT, 0);
	expect(decide("deny out 25;allow out 25 to 10.0.0.0/8", OUT(.port = 25, .remote = "10.1.1.1")),
	       PG_DENY, PG_REASON_RULE, 1);
	expect(decide("deny out to ::/0", OUT(.port = 25)), PG_ALLOW, PG_REASON_DEFAULT, 0);
	expect(decide("deny out to ::/0", OUT(.port = 25, .remote = "2001:db8::1", .local = "2001:db8::2")),
	       PG_DENY, PG_REASON_RULE, 1);
}

Test(compile, what_is_said_of_out_means_neither_bind_nor_in_and_the_reverse)
{
	expect(decide("allow out 80", IN(.port = 80)), PG_DENY, PG_REASON_NO_RULE, 0);
	expect(decide("allow out 80", BIND(.port = 80)), PG_DENY, PG_REASON_NO_RULE, 0);
	expect(decide("deny 80", OUT(.port = 80)), PG_ALLOW, PG_REASON_DEFAULT, 0);
	expect(decide("deny from 10.0.0.0/8", OUT(.port = 80, .remote = "10.1.1.1")), PG_ALLOW,
	       PG_REASON_DEFAULT, 0);
}

Test(compile, out_has_neither_failsafe_nor_essential_ports)
{
	expect(decide("deny out 1-65535", OUT(.port = 22)), PG_DENY, PG_REASON_RULE, 1);
	expect(decide("", OUT(.port = 22)), PG_ALLOW, PG_REASON_DEFAULT, 0);
	expect(decide("", OUT(.proto = PG_UDP, .port = 68, .remote_port = 67)), PG_ALLOW, PG_REASON_DEFAULT, 0);
}

Test(compile, an_out_rule_names_no_failsafe_port)
{
	expect(decide("deny out 22/tcp;allow out 22/tcp to 10.0.0.0/8", IN(.port = 22)), PG_ALLOW,
	       PG_REASON_FAILSAFE, 0);
	expect(decide("deny out 22/tcp", BIND(.port = 22)), PG_ALLOW, PG_REASON_FAILSAFE, 0);
}

Test(compile, to_and_from_share_the_classes_of_remote_addresses)
{
	_cleanup_policy_ struct policy p;
	_cleanup_compiled_ struct compiled c;

	cr_assert_eq(policy_init(&p), 0);
	(void)add_rules(&p, "allow in 80 from 10.0.0.0/8");
	(void)add_rules(&p, "deny out 80 to 10.0.0.0/8");
	cr_assert_eq(policy_compile(&p, &c, NULL), 0);
	cr_assert_eq(c.remote.classes, 2);
}

Test(compile, allow_from_somewhere_allows_to_bind_everywhere)
{
	expect(decide("allow 80 from 10.0.0.0/8 on eth0", BIND(.port = 80)),
	       PG_ALLOW, PG_REASON_RULE, 1);
	expect(decide("allow 80 at 127.0.0.0/8", BIND(.port = 80)), PG_DENY,
	       PG_REASON_NO_RULE, 0);
}

Test(compile, dhcp_is_root_to_bind_and_server_to_client_inbound)
{
	expect(decide("", IN(.proto = PG_UDP, .port = 68, .remote_port = 67)), PG_ALLOW,
	       PG_REASON_ESSENTIAL, 0);
	expect(decide("", IN(.proto = PG_UDP, .port = 68, .remote_port = 68)), PG_DENY,
	       PG_REASON_NO_RULE, 0);
	expect(decide("", BIND(.proto = PG_UDP, .port = 68, .uid = 1000)), PG_DENY,
	       PG_REASON_NO_RULE, 0);
	expect(decide("deny 68/udp", IN(.proto = PG_UDP, .port = 68, .remote_port = 67)), PG_DENY,
	       PG_REASON_RULE, 1);
}

static uint32_t protocol_answer(const struct compiled *c, uint8_t protocol, const char *remote)
{
	struct pg_question q = { .family = 4 };

	address_of(remote, q.remote);
	return PG_ANSWER_KIND(compiled_resolve(c, c->protocols[protocol], &q, NULL));
}

Test(compile, protocols_are_let_in_from_their_peers)
{
	_cleanup_policy_ struct policy p;
	_cleanup_compiled_ struct compiled c;
	struct protocol_rule rules[2] = { { .protocol = 112 }, { .protocol = 47 } };

	cr_assert_eq(policy_init(&p), 0);
	cr_assert_eq(peer_parse("192.0.2.0/24", 12, &rules[1].from, NULL), 0);
	p.protocols = malloc(sizeof(rules));
	memcpy(p.protocols, rules, sizeof(rules));
	p.protocol_count = 2;
	cr_assert_eq(policy_compile(&p, &c, NULL), 0);
	cr_assert_eq(protocol_answer(&c, 112, "198.51.100.1"), PG_ANSWER_ALLOW);
	cr_assert_eq(protocol_answer(&c, 47, "198.51.100.1"), PG_ANSWER_NONE);
	cr_assert_eq(protocol_answer(&c, 47, "192.0.2.9"), PG_ANSWER_ALLOW);
	cr_assert_eq(protocol_answer(&c, 50, "192.0.2.9"), PG_ANSWER_NONE);
}

Test(compile, a_changed_port_keeps_the_classes)
{
	_cleanup_policy_ struct policy a, b;
	_cleanup_compiled_ struct compiled x, y;

	cr_assert_eq(policy_init(&a), 0);
	(void)add_rules(&a, "allow in 80 from 192.0.2.0/24 on eth0");
	cr_assert_eq(policy_copy(&a, &b), 0);
	(void)add_rules(&b, "allow 443");
	cr_assert_eq(policy_compile(&a, &x, NULL), 0);
	cr_assert_eq(policy_compile(&b, &y, NULL), 0);
	cr_assert(compiled_same_classes(&x, &y));
	compiled_free(&y);
	(void)add_rules(&b, "allow in 443 from 192.0.2.7");
	cr_assert_eq(policy_compile(&b, &y, NULL), 0);
	cr_assert_not(compiled_same_classes(&x, &y));
}

static double compile_ms(const struct policy *p, struct compiled *c)
{
	struct timespec start, end;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
	cr_assert_eq(policy_compile(p, c, NULL), 0);
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	return (double)(end.tv_sec - start.tv_sec) * 1e3 + (double)(end.tv_nsec - start.tv_nsec) / 1e6;
}

/* Ten times what it takes, so that a busy machine passes and a quadratic step does not. */
#define BOUND_MS 400

static void compile_many(const char *format, size_t count, size_t groups)
{
	_cleanup_policy_ struct policy p;
	_cleanup_compiled_ struct compiled c;
	char text[100];
	double ms;

	cr_assert_eq(policy_init(&p), 0);
	for (uint32_t i = 0; i < count; i++) {
		(void)snprintf(text, sizeof(text), format, i / 250 % 250, i % 250, i + 1000);
		(void)add_rules(&p, text);
		p.rules[i].id = i + 1;
	}
	ms = compile_ms(&p, &c);
	(void)fprintf(stderr, "%zu x '%s': %.1f ms\n", count, format, ms);
	cr_assert_eq(c.group_count, groups, "%zu groups", c.group_count);
	cr_assert_lt(ms, BOUND_MS);
}

Test(compile, ten_thousand_ports_compile_in_milliseconds)
{
	compile_many("allow %3$u/tcp", 10000, 0);
}

Test(compile, ten_thousand_prefixes_on_one_port_compile_in_milliseconds)
{
	compile_many("allow in 80/tcp from 10.%1$u.%2$u.0/24", 10000, 1);
}

Test(compile, ten_thousand_prefixes_to_one_port_compile_in_milliseconds)
{
	compile_many("deny out 25/tcp to 10.%1$u.%2$u.0/24", 10000, 1);
}

Test(compile, ten_thousand_ports_behind_a_set_compile_in_milliseconds)
{
	compile_many("allow in %3$u/tcp from 192.0.2.0/24", 10000, 10000);
}

Test(compile, what_exceeds_the_kernels_tables_is_refused_in_words)
{
	_cleanup_policy_ struct policy p;
	struct pg_error err = PG_ERROR_INIT;
	struct compiled c;
	char text[100];

	cr_assert_eq(policy_init(&p), 0);
	for (uint32_t i = 0; i < 2000; i++) {
		(void)snprintf(text, sizeof(text), "deny in any from 10.%u.%u.0/24", i / 250, i % 250);
		(void)add_rules(&p, text);
		(void)snprintf(text, sizeof(text), "allow %u", i + 1000);
		(void)add_rules(&p, text);
	}
	for (size_t i = 0; i < p.rule_count; i++)
		p.rules[i].id = (uint32_t)i + 1;
	cr_assert_eq(policy_compile(&p, &c, &err), -E2BIG);
	cr_assert_eq(err.exit, PG_EXIT_POLICY);
	cr_assert_not_null(strstr(err.text, "too large"));
	cr_assert_not_null(strstr(err.help, "set"));
}
