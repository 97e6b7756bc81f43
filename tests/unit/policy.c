// SPDX-License-Identifier: GPL-2.0-only
/* The policy as a value: defaults, copies, equality. */
#include "unit/policy_help.h"

static void make(struct policy *p, const char *const *sentences)
{
	cr_assert_eq(policy_init(p), 0);
	for (; *sentences; sentences++)
		(void)add_rules(p, *sentences);
}

#define MAKE(p, ...) make(p, (const char *const[]){ __VA_ARGS__, NULL })

Test(policy, starts_closed_but_for_ssh_and_dhcp)
{
	_cleanup_policy_ struct policy p;

	cr_assert_eq(policy_init(&p), 0);
	cr_assert_eq(p.mode, PG_MODE_ENFORCE);
	cr_assert_eq(p.defaults[PG_BIND], PG_DENY);
	cr_assert_eq(p.defaults[PG_IN], PG_DENY);
	cr_assert_eq(p.defaults[PG_OUT], PG_ALLOW);
	cr_assert_eq(p.default_raw, PG_DENY);
	cr_assert_eq(p.essentials, ESSENTIAL_DHCP);
	cr_assert(p.failsafe_count == 1 && p.failsafe[0].range.first == 22 && p.failsafe[0].protos == RULE_TCP);
}

Test(policy, a_copy_is_equal_and_independent)
{
	_cleanup_policy_ struct policy p, copy;
	struct set set = { .name = strdup("office"), .prefixes = calloc(1, sizeof(struct prefix)), .count = 1 };

	MAKE(&p, "allow 80 from @office on eth0 comment \"x\"", "deny in any at 192.0.2.7");
	cr_assert_eq(policy_add_set(&p, &set), 0);
	cr_assert_eq(policy_copy(&p, &copy), 0);
	cr_assert(policy_equal(&p, &copy));
	cr_assert_str_eq(copy.rules[0].comment, "x");
	policy_remove_rule(&copy, 0);
	cr_assert_not(policy_equal(&p, &copy));
	cr_assert_eq(p.rule_count, 2);
	cr_assert_str_eq(p.rules[0].on, "eth0");
}

Test(policy, the_order_of_rules_ids_comments_and_origins_make_no_difference)
{
	_cleanup_policy_ struct policy a, b;

	MAKE(&a, "allow 80", "allow 443 comment x", "deny 1");
	MAKE(&b, "deny 1", "allow 443", "allow 80 comment y");
	b.rules[0].id = 7;
	b.rules[1].origin = ORIGIN_RUNTIME;
	cr_assert(policy_equal(&a, &b));
	b.mode = PG_MODE_AUDIT;
	cr_assert_not(policy_equal(&a, &b));
}

Test(policy, every_word_of_a_sentence_makes_a_difference)
{
	static const char *const sentences[] = {
		"allow 80", "deny 80", "allow bind 80", "allow in 80", "allow 80/tcp", "allow 80/udp",
		"allow 81", "allow 80,81", "allow 80-81", "allow 79-81,80", "allow any", "allow 80 from 192.0.2.7",
		"allow 80 from @a", "allow 80 from @b", "allow 80 at 192.0.2.7", "allow 80 on a", "allow 80 on b",
		"allow 80 from 192.0.2.0/24", "allow 80 from 192.0.2.0/25", "allow out 80", "deny out 80",
		"allow in 80 from 192.0.2.7", "allow out 80 to 192.0.2.7", "allow out 80 to @a",
		"reject 80", "limit 6/m 80", "limit 6/m burst 7 80", "limit 6/s 80",
		"limit 6/m per source 80", "limit 6/m in 80", "limit 6/m out 80", "allow 80 by user www",
		"allow 80 by user 34", "allow 80 by exe /a", "allow 80 by exe /b",
		"allow 80 by user www by exe /a", "allow 80 for 2h", "allow 80 for 3h", "allow 80 log",
	};
	_cleanup_policy_ struct policy p = { .mode = 0 };

	for (size_t i = 0; i < ARRAY_SIZE(sentences); i++)
		(void)add_rules(&p, sentences[i]);
	for (size_t i = 0; i < p.rule_count; i++) {
		cr_assert_eq(policy_find_rule(&p, &p.rules[i]), (ptrdiff_t)i);
		for (size_t j = 0; j < p.rule_count; j++) {
			int order = rule_compare(&p.rules[i], &p.rules[j]);
			int reverse = rule_compare(&p.rules[j], &p.rules[i]);

			cr_assert_eq((order > 0) - (order < 0), (reverse < 0) - (reverse > 0));
			cr_assert_eq(!order, i == j, "%s, %s", sentences[i], sentences[j]);
		}
	}
}

Test(policy, a_user_is_its_number_and_a_scope_is_part_of_the_rule)
{
	_cleanup_policy_ struct policy p = { .mode = 0 };

	(void)add_rules(&p, "allow 80 by user www");
	(void)add_rules(&p, "allow 80 by user 33");
	(void)add_rules(&p, "allow 80 by user 33");
	cr_assert(rule_equal(&p.rules[0], &p.rules[1]));
	cr_assert_str_eq(p.rules[0].user, "www");
	p.rules[1].scope = strdup("web");
	cr_assert_not(rule_equal(&p.rules[0], &p.rules[1]));
	p.rules[2].until_ns = 7;
	cr_assert(rule_equal(&p.rules[0], &p.rules[2]), "when it ends is no part of a sentence");
}

Test(policy, a_copy_of_a_rule_has_strings_of_its_own)
{
	_cleanup_policy_ struct policy p = { .mode = 0 };
	struct rule copy;

	(void)add_rules(&p, "allow bind 80 by user www by exe /a comment x");
	p.rules[0].scope = strdup("web");
	cr_assert_eq(rule_copy(&p.rules[0], &copy), 0);
	cr_assert(rule_equal(&p.rules[0], &copy));
	cr_assert(copy.user != p.rules[0].user && copy.exe != p.rules[0].exe && copy.scope != p.rules[0].scope);
	rule_free(&copy);
}

Test(policy, only_numbers_name_a_port)
{
	_cleanup_policy_ struct policy p = { .mode = 0 };

	(void)add_rules(&p, "allow 20-25,22,80");
	(void)add_rules(&p, "allow any");
	(void)add_rules(&p, "allow 22-23");
	cr_assert(rule_names_port(&p.rules[0], 22) && rule_names_port(&p.rules[0], 80));
	cr_assert_not(rule_names_port(&p.rules[0], 20) || rule_names_port(&p.rules[0], 21));
	cr_assert_not(rule_names_port(&p.rules[1], 22) || rule_names_port(&p.rules[1], 0));
	cr_assert_not(rule_names_port(&p.rules[2], 22));
}

Test(policy, a_rule_must_not_name_a_set_that_is_not_there)
{
	_cleanup_policy_ struct policy p;
	struct pg_error err = PG_ERROR_INIT;
	struct set set = { .name = strdup("office") };

	MAKE(&p, "allow 80 from @office", "allow 80 at @ofice", "allow 80 from @branch",
	     "deny out 80 to @offise");
	cr_assert_eq(policy_add_set(&p, &set), 0);
	cr_assert_eq(policy_check_rule(&p, &p.rules[0], &err), 0);
	cr_assert_eq(policy_check_rule(&p, &p.rules[1], &err), -EINVAL);
	cr_assert_str_eq(err.text, "unknown set '@ofice': did you mean '@office'?");
	cr_assert_eq(policy_check_rule(&p, &p.rules[2], &err), -EINVAL);
	cr_assert_eq(err.exit, PG_EXIT_POLICY);
	cr_assert_eq(policy_check_rule(&p, &p.rules[3], &err), -EINVAL);
	cr_assert_str_eq(err.text, "unknown set '@offise': did you mean '@office'?");
}

static bool restricted(const char *rule, uint8_t unruled)
{
	_cleanup_policy_ struct policy p;

	MAKE(&p, "deny any", "allow out any", rule);
	p.defaults[PG_OUT] = unruled;
	return policy_out_restricted(&p);
}

Test(policy, out_is_restricted_by_its_default_or_by_any_deny)
{
	cr_assert_not(restricted("deny in 25", PG_ALLOW));
	cr_assert_not(restricted("allow out 25 to 192.0.2.7", PG_ALLOW));
	cr_assert(restricted("allow 25", PG_DENY));
	cr_assert(restricted("deny out 25", PG_ALLOW));
	cr_assert(restricted("deny out 25/udp to 192.0.2.7", PG_ALLOW));
}

Test(policy, an_added_set_is_sorted_and_has_each_prefix_once)
{
	static const char *const texts[] = { "192.0.2.9", "10.0.0.0/8", "192.0.2.9", "::/0" };
	_cleanup_policy_ struct policy p;
	struct set set = { .name = strdup("a"), .prefixes = calloc(4, sizeof(struct prefix)), .count = 4 };

	cr_assert_eq(policy_init(&p), 0);
	for (size_t i = 0; i < 4; i++)
		cr_assert_eq(prefix_parse(texts[i], strlen(texts[i]), &set.prefixes[i], NULL), 0);
	cr_assert_eq(policy_add_set(&p, &set), 0);
	cr_assert_eq(p.sets[0].count, 3);
	cr_assert_eq(p.sets[0].prefixes[0].length, 0);
	cr_assert_null(set.name);
}

Test(policy, freeing_nothing_is_fine)
{
	struct policy p = { .mode = 0 };

	policy_free(NULL);
	policy_free(&p);
	policy_free(&p);
}
