// SPDX-License-Identifier: GPL-2.0-only
/* Who may reach a socket that listens: everybody, nobody, or it depends. */
#include "policy/reach.h"

#include "unit/policy_help.h"

static struct policy policy;
static struct compiled compiled;

static void setup(void)
{
	cr_assert_eq(policy_init(&policy), 0);
}

static void teardown(void)
{
	compiled_free(&compiled);
	policy_free(&policy);
}

TestSuite(reach, .init = setup, .fini = teardown);

static void given(const char *sentence)
{
	size_t before = policy.rule_count;

	add_rules(&policy, sentence);
	for (size_t i = before; i < policy.rule_count; i++)
		policy.rules[i].id = i + 1;
	compiled_free(&compiled);
	cr_assert_eq(policy_compile(&policy, &compiled, NULL), 0);
}

/* @address: NULL: 0.0.0.0 and :: at once. "0.0.0.0" and "::": of that family alone. */
static struct reach of(const char *address, enum pg_proto proto, uint16_t port)
{
	bool any = !address || !strcmp(address, "::") || !strcmp(address, "0.0.0.0");
	struct reach_socket s = {
		.proto = proto,
		.port = port,
		.v4 = !address || !strchr(address, ':'),
		.v6 = !address || strchr(address, ':'),
	};
	uint8_t local[16];
	struct reach r;

	if (!any) {
		address_of(address, local);
		s.local = local;
	}
	cr_assert_eq(reach_in(&compiled, &policy, &s, &r), 0);
	cr_assert(r.allow || r.deny);
	return r;
}

static void expect(const char *address, enum pg_proto proto, uint16_t port, const char *what)
{
	struct reach r = of(address, proto, port);
	const char *got = r.allow && r.deny ? "depends" : r.allow ? "allow" : "deny";

	cr_expect_str_eq(got, what, "%s port %u: %s", address ? address : "any", port, got);
}

Test(reach, a_rule_without_peers_is_everybodys)
{
	given("allow 80/tcp");
	expect(NULL, PG_TCP, 80, "allow");
	expect(NULL, PG_TCP, 81, "deny");
	expect(NULL, PG_UDP, 80, "deny");
	expect("127.0.0.1", PG_TCP, 80, "allow");
	cr_expect_eq(of(NULL, PG_TCP, 80).allowed.rule, 1);
}

Test(reach, a_failsafe_port_is_everybodys_without_a_rule)
{
	given("allow 80/tcp");
	expect(NULL, PG_TCP, 22, "allow");
	cr_expect_eq(of(NULL, PG_TCP, 22).allowed.reason, PG_REASON_FAILSAFE);
}

Test(reach, a_peer_makes_it_depend_and_is_named)
{
	given("allow 80/tcp");
	given("allow in 22/tcp from 192.0.2.0/24");
	expect(NULL, PG_TCP, 22, "depends");
	cr_expect_eq(of(NULL, PG_TCP, 22).allowed.rule, 2);
	cr_expect_eq(of(NULL, PG_TCP, 22).allowed.reason, PG_REASON_RULE);
}

Test(reach, a_deny_of_some_makes_it_depend)
{
	given("allow 80/tcp");
	given("deny in 80/tcp from 192.0.2.0/24");
	expect("0.0.0.0", PG_TCP, 80, "depends");
	cr_expect_eq(of("0.0.0.0", PG_TCP, 80).allowed.rule, 1);
	expect("::", PG_TCP, 80, "allow");
}

Test(reach, peers_of_the_other_family_are_nobody)
{
	given("allow in 80/tcp from 2001:db8::/32");
	expect("0.0.0.0", PG_TCP, 80, "deny");
	expect("192.0.2.1", PG_TCP, 80, "deny");
	expect("::", PG_TCP, 80, "depends");
	expect(NULL, PG_TCP, 80, "depends");
}

Test(reach, a_whole_family_is_everybody_of_it)
{
	given("allow in 80/tcp from 0.0.0.0/0");
	expect("0.0.0.0", PG_TCP, 80, "allow");
	expect("::", PG_TCP, 80, "deny");
	expect(NULL, PG_TCP, 80, "depends");
	given("allow in 80/tcp from ::/0");
	expect(NULL, PG_TCP, 80, "allow");
}

Test(reach, the_sockets_address_is_known)
{
	given("allow in 80/tcp at 192.0.2.1");
	expect("192.0.2.1", PG_TCP, 80, "allow");
	expect("192.0.2.2", PG_TCP, 80, "deny");
	expect("0.0.0.0", PG_TCP, 80, "depends");
}

Test(reach, a_device_makes_it_depend)
{
	given("allow in 80/tcp on eth0");
	expect(NULL, PG_TCP, 80, "depends");
	given("deny in 81/tcp on eth0");
	expect(NULL, PG_TCP, 81, "deny");
	given("allow 82/tcp");
	given("deny in 82/tcp on eth0");
	expect(NULL, PG_TCP, 82, "depends");
}

Test(reach, essentials_ask_for_their_servers)
{
	given("allow 80/tcp");
	expect("0.0.0.0", PG_UDP, 68, "depends");
	cr_expect_eq(of("0.0.0.0", PG_UDP, 68).allowed.reason, PG_REASON_ESSENTIAL);
	given("deny 68/udp");
	expect("0.0.0.0", PG_UDP, 68, "deny");
}

Test(reach, a_default_that_allows)
{
	policy.defaults[PG_IN] = PG_ALLOW;
	given("deny in 80/tcp from 192.0.2.0/24");
	expect(NULL, PG_TCP, 81, "allow");
	cr_expect_eq(of(NULL, PG_TCP, 81).allowed.reason, PG_REASON_DEFAULT);
	expect("0.0.0.0", PG_TCP, 80, "depends");
	expect("::", PG_TCP, 80, "allow");
}

/* A scope with the rules of one sentence. */
static uint16_t given_scope(const char *sentence, bool inherit)
{
	struct scope s = { .name = strdup("web"), .selector = strdup("web.service"), .kind = SCOPE_UNIT,
			   .inherit = inherit };

	policy.scopes = reallocarray(policy.scopes, policy.scope_count + 1, sizeof(s));
	cr_assert_not_null(policy.scopes);
	policy.scopes[policy.scope_count++] = s;
	add_rules(&policy, sentence);
	policy.rules[policy.rule_count - 1].scope = strdup("web");
	given("allow 9/tcp");
	return (uint16_t)policy.scope_count;
}

static void expect_owned(uint16_t number, uint16_t port, const char *what)
{
	const uint16_t owner[PG_OWNERS] = { [PG_OWNER_UNIT] = number };
	const struct reach_socket s = { .port = port, .v4 = true, .owner = owner };
	struct reach r;
	const char *got;

	cr_assert_eq(reach_in(&compiled, &policy, &s, &r), 0);
	got = r.allow && r.deny ? "depends" : r.allow ? "allow" : "deny";
	cr_expect_str_eq(got, what, "port %u: %s", port, got);
}

Test(reach, a_scope_answers_for_its_sockets)
{
	uint16_t web;

	given("allow 80/tcp");
	web = given_scope("allow 443/tcp from 192.0.2.0/24", false);
	expect_owned(web, 80, "deny");
	expect_owned(web, 443, "depends");
	expect_owned(0, 443, "deny");
	expect_owned(0, 80, "allow");
}

Test(reach, a_scope_that_does_not_answer_leaves_it_to_the_host)
{
	uint16_t web;

	given("allow 80/tcp");
	web = given_scope("allow bind 443/tcp", false);
	expect_owned(web, 80, "allow");
}

Test(reach, with_inherit_the_host_counts_as_well)
{
	uint16_t web;

	given("allow 80/tcp");
	given("deny in 443/tcp");
	web = given_scope("allow 443/tcp", true);
	expect_owned(web, 80, "allow");
	expect_owned(web, 443, "deny");
	expect_owned(web, 81, "deny");
}
