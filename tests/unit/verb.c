// SPDX-License-Identifier: GPL-2.0-only
/* limit, reject, by, for and log: what such sentences become, of which directions they speak, who means them. */
#include "unit/policy_help.h"

static const struct good_sentence good[] = {
	{ "reject 80", "reject 80" },
	{ "reject in 80/tcp from 192.0.2.7", "reject in 80/tcp from 192.0.2.7" },
	{ "reject 80 from 192.0.2.7", "reject in 80 from 192.0.2.7" },
	{ "reject bind 80", "reject bind 80" },
	{ "reject out 25 to @relays", "reject out 25 to @relays" },
	{ "reject from 192.0.2.7", "reject in any from 192.0.2.7" },
	{ "reject 80 by user root", "reject bind 80 by user root" },
	{ "limit 6/m ssh", "limit 6/m 22/tcp" },
	{ "limit 20/s 80", "limit 20/s 80" },
	{ "limit 20/s burst 20 80", "limit 20/s 80" },
	{ "limit 20/s burst 40 80", "limit 20/s burst 40 80" },
	{ "limit 60/m 80", "limit 1/s burst 60 80" },
	{ "limit 1/s burst 60 80", "limit 1/s burst 60 80" },
	{ "limit 100/m per source 80", "limit 100/m per source 80" },
	{ "limit 100/m burst 9 per source in 80/udp", "limit 100/m burst 9 per source in 80/udp" },
	{ "limit 100/m per source burst 9 80", "limit 100/m burst 9 per source 80" },
	{ "limit 1/m out 25", "limit 1/m out 25" },
	{ "limit 1/m out 25 to 192.0.2.7 by user www", "limit 1/m out 25 to 192.0.2.7 by user www" },
	{ "limit 6/m ssh from 192.0.2.7", "limit 6/m in 22/tcp from 192.0.2.7" },
	{ "limit 6/m ssh on eth0", "limit 6/m in 22/tcp on eth0" },
	{ "limit 6/m ssh at 192.0.2.7", "limit 6/m 22/tcp at 192.0.2.7" },
	{ "limit 6/m from 192.0.2.7", "limit 6/m in any from 192.0.2.7" },
	{ "limit 1000000/s any", "limit 1000000/s any" },
	{ "limit 1000000/m any", "limit 1000000/m any" },
	{ "limit 6/m ssh,domain", "limit 6/m 53 + limit 6/m 22/tcp" },
	{ "limit 6/m ssh log for 1d", "limit 6/m 22/tcp for 1d log" },
	{ "allow bind 80 by user www", "allow bind 80 by user www" },
	{ "allow 80 by user 33", "allow 80 by user 33" },
	{ "allow 80 by user 0", "allow 80 by user 0" },
	{ "allow 80 by user 4294967294", "allow 80 by user 4294967294" },
	{ "allow out 25 by user www2", "allow out 25 by user www2" },
	{ "allow bind 80,443/tcp by exe /usr/sbin/nginx", "allow bind 80,443/tcp by exe /usr/sbin/nginx" },
	{ "allow 80 by exe /usr/bin/[ by user www", "allow 80 by user www by exe /usr/bin/[" },
	{ "allow 80 by user www from 192.0.2.7", "allow 80 from 192.0.2.7 by user www" },
	{ "allow 80 on eth0 by exe /a at 192.0.2.7", "allow 80 at 192.0.2.7 on eth0 by exe /a" },
	{ "deny 22 by user www", "deny bind 22 by user www" },
	{ "deny 22 at 192.0.2.7 by exe /a", "deny bind 22 at 192.0.2.7 by exe /a" },
	{ "deny bind 22 by user www", "deny bind 22 by user www" },
	{ "deny out 25 by exe /a", "deny out 25 by exe /a" },
	{ "allow 80 for 2h", "allow 80 for 2h" },
	{ "allow 80 for 120m", "allow 80 for 2h" },
	{ "allow 80 for 90s", "allow 80 for 90s" },
	{ "allow 80 for 60s", "allow 80 for 1m" },
	{ "allow 80 for 48h", "allow 80 for 2d" },
	{ "allow 80 for 3650d", "allow 80 for 3650d" },
	{ "deny in 80 from 192.0.2.7 for 30m", "deny in 80 from 192.0.2.7 for 30m" },
	{ "reject out 80 for 1s", "reject out 80 for 1s" },
	{ "allow 80 log", "allow 80 log" },
	{ "allow bind 80 log", "allow bind 80 log" },
	{ "allow out 25 log to 192.0.2.7", "allow out 25 to 192.0.2.7 log" },
	{ "allow 80 log for 2h comment \"why\" by user www from 192.0.2.7",
	  "allow 80 from 192.0.2.7 by user www for 2h log comment \"why\"" },
	{ "limit 20/s burst 40 per source 80/tcp from @office at 192.0.2.7 on eth0 for 1h log comment x",
	  "limit 20/s burst 40 per source in 80/tcp from @office at 192.0.2.7 on eth0 for 1h log comment \"x\"" },
};

Test(verb, a_sentence_becomes_its_canonical_text_and_that_itself)
{
	expect_canonical(good, ARRAY_SIZE(good));
}

static void make(const char *sentence, struct policy *p)
{
	*p = (struct policy){ .mode = 0 };
	cr_assert_eq(add_rules(p, sentence), 1);
}

/* Which of bind, in and out a rule speaks of. */
static unsigned covered(const char *sentence)
{
	_cleanup_policy_ struct policy p;
	unsigned covers = 0;

	make(sentence, &p);
	for (enum pg_direction d = PG_BIND; d < PG_DIRECTION_COUNT; d++)
		covers |= rule_covers(&p.rules[0], d) ? 1u << d : 0;
	return covers;
}

Test(verb, each_direction_gets_what_it_can_ask)
{
	cr_assert_eq(covered("allow 80 from 192.0.2.7 by user www"), RULE_BIND | RULE_IN);
	cr_assert_eq(covered("allow 80 on eth0 by exe /a"), RULE_BIND | RULE_IN);
	cr_assert_eq(covered("deny 80 by user www"), RULE_BIND);
	cr_assert_eq(covered("reject 80 by exe /a"), RULE_BIND);
	cr_assert_eq(covered("reject 80 from 192.0.2.7"), RULE_IN);
	cr_assert_eq(covered("limit 6/m ssh"), RULE_BIND | RULE_IN);
	cr_assert_eq(covered("limit 6/m ssh from 192.0.2.7"), RULE_IN);
	cr_assert_eq(covered("limit 6/m out ssh by user www"), RULE_OUT);
}

Test(verb, a_rule_holds_what_its_sentence_says)
{
	_cleanup_policy_ struct policy p;
	const struct rule *r;

	make("limit 100/m burst 9 per source in 80 for 2h log", &p);
	r = &p.rules[0];
	cr_assert(r->verdict == PG_ALLOW && r->per_source && r->log);
	cr_assert_eq(r->limit.per_second_x1000, 1667);
	cr_assert_eq(r->limit.burst, 9);
	cr_assert_eq(r->for_s, 7200);
	cr_assert_eq(r->until_ns, 0);
	cr_assert_null(r->scope);
}

Test(verb, a_user_is_looked_up_and_stays_as_it_was_typed)
{
	_cleanup_policy_ struct policy p;

	make("allow bind 80 by user www by exe /usr/sbin/nginx", &p);
	cr_assert_str_eq(p.rules[0].user, "www");
	cr_assert_eq(p.rules[0].uid, 33);
	cr_assert_str_eq(p.rules[0].exe, "/usr/sbin/nginx");
}

Test(verb, reject_is_a_deny_with_an_answer)
{
	_cleanup_policy_ struct policy p;

	make("reject 80", &p);
	cr_assert(p.rules[0].verdict == PG_DENY && p.rules[0].reject);
}

static bool says(const char *sentence, const char *rule)
{
	_cleanup_policy_ struct policy p;
	struct rule *sentences;
	size_t count;
	bool said;

	make(rule, &p);
	cr_assert_eq(rule_parse(&sentence, 1, true, &help_world, &sentences, &count, NULL, NULL), 0);
	cr_assert_eq(count, 1);
	said = rule_said_by(&p.rules[0], &sentences[0]);
	rule_free(&sentences[0]);
	free(sentences);
	return said;
}

Test(verb, remove_means_any_verb_where_it_says_none)
{
	static const char *const rules[] = { "allow 79", "deny 79", "reject 79", "limit 6/m per source 79" };

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
		cr_assert(says("79", rules[i]), "%s", rules[i]);
		cr_assert(says(rules[i], rules[i]), "%s", rules[i]);
		cr_assert_not(says("78", rules[i]), "%s", rules[i]);
		cr_assert_not(says("bind 79", rules[i]), "%s", rules[i]);
		for (size_t j = 0; j < ARRAY_SIZE(rules); j++)
			cr_assert_eq(says(rules[i], rules[j]), i == j, "%s, %s", rules[i], rules[j]);
	}
	cr_assert(says("79 from 192.0.2.7", "deny 79 from 192.0.2.7"));
	cr_assert(says("79 from 192.0.2.7", "limit 6/m 79 from 192.0.2.7"));
	cr_assert(says("79 by user www", "deny 79 by user www"));
	cr_assert_not(says("limit 7/m 79", "limit 6/m 79"));
}

Test(verb, remove_finds_a_timed_rule_whether_or_not_it_says_its_time)
{
	cr_assert(says("allow 79", "allow 79 for 2h"));
	cr_assert(says("79", "deny 79 for 2h"));
	cr_assert(says("allow 79 for 120m", "allow 79 for 2h"));
	cr_assert_not(says("allow 79 for 3h", "allow 79 for 2h"));
	cr_assert_not(says("allow 79 for 2h", "allow 79"));
	cr_assert_not(says("allow 79", "allow 79 log"));
}

Test(verb, without_a_world_users_are_numbers)
{
	const char *name = "allow 80 by user www", *number = "allow 80 by user 33";
	struct pg_error err = PG_ERROR_INIT;
	struct rule *rules;
	size_t count;

	cr_assert_eq(rule_parse(&name, 1, false, NULL, &rules, &count, NULL, &err), -EINVAL);
	cr_assert_str_eq(err.text, "user 'www': want a number 0-4294967294; no names are looked up here");
	cr_assert_eq(rule_parse(&number, 1, false, NULL, &rules, &count, NULL, NULL), 0);
	cr_assert_eq(rules[0].uid, 33);
	rule_free(&rules[0]);
	free(rules);
}
