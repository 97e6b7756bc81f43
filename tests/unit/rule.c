// SPDX-License-Identifier: GPL-2.0-only
/*
 * One sentence: what it becomes, and what it prints as. What is said of wrong ones: rule_mistakes.c.
 */
#include "unit/policy_help.h"

#define V4 "192.0.2.7"
#define NET "192.0.2.0/24"

/* --- what sentences become --------------------------------------------------------------------- */

static const struct good_sentence good[] = {
	{ "allow 80/tcp", "allow 80/tcp" },
	{ "allow 80", "allow 80" },
	{ "  allow   80  ", "allow 80" },
	{ "deny in 8080/tcp from 203.0.113.0/24", "deny in 8080/tcp from 203.0.113.0/24" },
	{ "allow http", "allow 80/tcp" },
	{ "allow domain", "allow 53" },
	{ "allow domain/udp", "allow 53/udp" },
	{ "allow iso-tsap", "allow 102/tcp" },
	{ "allow 9pfs", "allow 564/tcp" },
	{ "allow ssh,domain", "allow 53 + allow 22/tcp" },
	{ "allow ssh,tftp", "allow 22/tcp + allow 69/udp" },
	{ "allow 80,http", "allow 80" },
	{ "allow 443,80,443", "allow 80,443" },
	{ "allow 8000-8100", "allow 8000-8100" },
	{ "allow 80-80", "allow 80" },
	{ "allow 10-20,15-30,31-40", "allow 10-40" },
	{ "allow 22,20-25/tcp", "allow 20-25,22/tcp" },
	{ "allow 22,23/tcp", "allow 22,23/tcp" },
	{ "allow 1,65535", "allow 1,65535" },
	{ "allow any", "allow any" },
	{ "allow any/udp", "allow any/udp" },
	{ "allow 1-65535", "allow 1-65535" },
	{ "allow bind 80", "allow bind 80" },
	{ "allow in 80", "allow in 80" },
	{ "allow in from " V4, "allow in any from " V4 },
	{ "allow from " NET, "allow any from " NET },
	{ "deny from " NET, "deny in any from " NET },
	{ "deny 22 from " V4, "deny in 22 from " V4 },
	{ "deny 22 on eth0", "deny in 22 on eth0" },
	{ "deny 22 at " V4, "deny 22 at " V4 },
	{ "deny 22", "deny 22" },
	{ "allow 22 from " V4, "allow 22 from " V4 },
	{ "allow 22 from ::ffff:192.0.2.7", "allow 22 from " V4 },
	{ "allow 22 from ::FFFF:c000:0200/120", "allow 22 from " NET },
	{ "allow 22 from 2001:DB8:0::1/128", "allow 22 from 2001:db8::1" },
	{ "allow 22 from 0.0.0.0/0", "allow 22 from 0.0.0.0/0" },
	{ "allow 22 from ::/0", "allow 22 from ::/0" },
	{ "allow 22 from ::ffff:0:0/96", "allow 22 from 0.0.0.0/0" },
	{ "allow 22 from @office", "allow 22 from @office" },
	{ "allow 22 from @A.b_c-9", "allow 22 from @A.b_c-9" },
	{ "allow 22 on eth0 at " V4 " from " NET, "allow 22 from " NET " at " V4 " on eth0" },
	{ "deny out 25/tcp", "deny out 25/tcp" },
	{ "allow out domain", "allow out 53" },
	{ "allow out 25/tcp to " V4, "allow out 25/tcp to " V4 },
	{ "deny out any to " NET, "deny out any to " NET },
	{ "deny out to " NET, "deny out any to " NET },
	{ "allow out 25 to @relays comment mail", "allow out 25 to @relays comment \"mail\"" },
	{ "allow out ssh,tftp to 2001:db8::/32",
	  "allow out 22/tcp to 2001:db8::/32 + allow out 69/udp to 2001:db8::/32" },
	{ "allow bind any at 127.0.0.0/8", "allow bind any at 127.0.0.0/8" },
	{ "allow in 80 on eth0.100", "allow in 80 on eth0.100" },
	{ "allow in 80 on from", "allow in 80 on from" },
	{ "allow 80 comment web", "allow 80 comment \"web\"" },
	{ "allow 80 comment \"my web\"", "allow 80 comment \"my web\"" },
	{ "allow 80 comment \"a \\\"b\\\" \\\\c\" from " V4,
	  "allow 80 from " V4 " comment \"a \\\"b\\\" \\\\c\"" },
	{ "allow 80 comment \"caf\xc3\xa9 \xe2\x82\xac\"", "allow 80 comment \"caf\xc3\xa9 \xe2\x82\xac\"" },
	{ "allow 80 comment from from " V4, "allow 80 from " V4 " comment \"from\"" },
};

Test(rule, a_sentence_becomes_its_canonical_text_and_that_itself)
{
	expect_canonical(good, ARRAY_SIZE(good));
}

static void parse_words(const char *const *words, size_t count, struct policy *p)
{
	struct pg_error err = PG_ERROR_INIT;
	struct rule *rules;
	size_t rule_count;

	cr_assert_eq(rule_parse(words, count, false, &help_world, &rules, &rule_count, NULL, &err), 0, "%s",
		     err.text);
	for (size_t i = 0; i < rule_count; i++)
		cr_assert_eq(policy_add_rule(p, &rules[i]), 0);
	free(rules);
}

Test(rule, words_and_one_quoted_argument_are_the_same_sentence)
{
	_cleanup_policy_ struct policy p = { .mode = 0 };

	parse_words(WORDS("allow 80/tcp from 192.0.2.7"), &p);
	parse_words(WORDS("allow", "80/tcp", "from", "192.0.2.7"), &p);
	parse_words(WORDS("allow", "80/tcp from", "192.0.2.7"), &p);
	cr_assert(rule_equal(&p.rules[0], &p.rules[1]) && rule_equal(&p.rules[0], &p.rules[2]));
}

Test(rule, a_comment_that_is_an_argument_is_taken_whole)
{
	_cleanup_policy_ struct policy p = { .mode = 0 };

	parse_words(WORDS("allow", "80", "comment", "my \"own\" \\ text", "from", V4), &p);
	parse_words(WORDS("allow 80 comment", "on eth0"), &p);
	parse_words(WORDS("allow", "80", "comment \"a b\""), &p);
	cr_assert_str_eq(p.rules[0].comment, "my \"own\" \\ text");
	cr_assert_eq(p.rules[0].remote.kind, PEER_PREFIX);
	cr_assert_str_eq(p.rules[1].comment, "on eth0");
	cr_assert_str_eq(p.rules[2].comment, "a b");
}

static char *verbless(const char *sentence, enum pg_verdict verdict)
{
	struct rule *rules;
	size_t count;
	char *text;

	cr_assert_eq(rule_parse(&sentence, 1, true, &help_world, &rules, &count, NULL, NULL), 0);
	cr_assert_eq(count, 1);
	if (rules[0].verdict == PG_NONE && verdict != PG_NONE)
		rule_give_verb(&rules[0], verdict);
	text = rule_print(&rules[0], false);
	rule_free(&rules[0]);
	free(rules);
	return text;
}

Test(rule, remove_may_leave_the_verb_out)
{
	_cleanup_free_ char *plain = verbless("79/tcp", PG_NONE), *allow = verbless("22 from " V4, PG_ALLOW),
			    *deny = verbless("22 from " V4, PG_DENY), *said = verbless("deny 7", PG_ALLOW),
			    *out = verbless("out 25/tcp to " V4, PG_DENY);

	expect_text(plain, "79/tcp");
	expect_text(allow, "allow 22 from " V4);
	expect_text(deny, "deny in 22 from " V4);
	expect_text(said, "deny 7");
	expect_text(out, "deny out 25/tcp to " V4);
}

Test(rule, out_is_another_sentence_than_bind_in_or_neither)
{
	static const char *const sentences[] = { "allow 80", "allow bind 80", "allow in 80", "allow out 80",
						 "allow in 80 from " V4, "allow out 80 to " V4 };
	_cleanup_policy_ struct policy p = { .mode = 0 };

	for (size_t i = 0; i < ARRAY_SIZE(sentences); i++)
		(void)add_rules(&p, sentences[i]);
	for (size_t i = 0; i < p.rule_count; i++)
		for (size_t j = 0; j < p.rule_count; j++)
			cr_assert_eq(rule_equal(&p.rules[i], &p.rules[j]), i == j);
}

Test(rule, without_a_direction_out_is_not_meant)
{
	_cleanup_policy_ struct policy p = { .mode = 0 };

	(void)add_rules(&p, "deny 80");
	(void)add_rules(&p, "deny out 80 to " V4);
	for (enum pg_direction d = PG_BIND; d < PG_DIRECTION_COUNT; d++) {
		cr_assert_eq(rule_covers(&p.rules[0], d), d != PG_OUT);
		cr_assert_eq(rule_covers(&p.rules[1], d), d == PG_OUT);
	}
}

Test(rule, a_comment_is_no_part_of_the_sentence)
{
	_cleanup_policy_ struct policy p = { .mode = 0 };

	(void)add_rules(&p, "allow 80 comment a");
	(void)add_rules(&p, "allow 80 comment b");
	(void)add_rules(&p, "allow 81");
	cr_assert(rule_equal(&p.rules[0], &p.rules[1]));
	cr_assert_not(rule_equal(&p.rules[0], &p.rules[2]));
}

/* --- any rule prints as a sentence that parses to it ----------------------------------------------- */

static void random_ports(struct rule *r, uint32_t *random)
{
	if (!pick(random, 5)) {
		r->any = true;
		r->port_count = 1;
		r->ports = calloc(1, sizeof(*r->ports));
		r->ports[0] = (struct port_range){ 0, 65535 };
		return;
	}
	r->port_count = 1 + pick(random, 4);
	r->ports = calloc(r->port_count, sizeof(*r->ports));
	for (size_t i = 0; i < r->port_count; i++) {
		uint16_t first = (uint16_t)(1 + i * 10000 + pick(random, 5000));

		r->ports[i] = (struct port_range){ first, (uint16_t)(first + pick(random, 2) * pick(random, 4000)) };
	}
}

static void random_peer(struct peer *p, uint32_t *random)
{
	unsigned bits = pick(random, 33), v6 = pick(random, 2);

	p->kind = pick(random, 3);
	if (p->kind == PEER_SET)
		p->set = strdup(v6 ? "of.fi-ce_1" : "x");
	if (p->kind != PEER_PREFIX)
		return;
	for (unsigned i = 0; i < (v6 ? 16 : 4); i++)
		p->prefix.address[(v6 ? 0 : 12) + i] = (uint8_t)pick(random, 256);
	if (!v6)
		p->prefix.address[10] = p->prefix.address[11] = 0xff;
	p->prefix.length = (uint8_t)(v6 ? bits * 4 : 96 + bits);
	for (unsigned bit = p->prefix.length; bit < 128; bit++)
		p->prefix.address[bit / 8] &= (uint8_t)~(0x80 >> bit % 8);
}

static char *random_comment(uint32_t *random)
{
	static const char *const parts[] = { "a", " ", "\"", "\\", "\xc3\xa9", "\xe2\x82\xac", "#", ": ",
					     "'", "comment" };
	char *text = calloc(1, 200), *end = text;
	size_t count = 1 + pick(random, 20);

	for (size_t i = 0; i < count; i++)
		end = stpcpy(end, parts[pick(random, ARRAY_SIZE(parts))]);
	return text;
}

static void random_verb(struct rule *r, uint32_t *random)
{
	r->verdict = pick(random, 2) ? PG_ALLOW : PG_DENY;
	r->reject = r->verdict == PG_DENY && pick(random, 2);
	if (r->verdict == PG_DENY || pick(random, 2))
		return;
	r->limit.burst = 1 + pick(random, 1000000);
	r->limit.per_second_x1000 = pick(random, 2) ? r->limit.burst * 1000 : 1000;
	if (!pick(random, 3))
		r->limit.per_second_x1000 = 1667; /* 100/m */
	r->per_source = pick(random, 2);
}

/* What the grammar leaves: not of in alone, nor beside what the other direction asks. */
static bool may_ask_caller(const struct rule *r)
{
	bool strict = r->verdict == PG_DENY || r->limit.per_second_x1000;

	if (r->directions == RULE_IN)
		return false;
	if (r->directions != (RULE_BIND | RULE_IN) || !strict)
		return true;
	return !r->limit.per_second_x1000 && r->remote.kind == PEER_ANY && !r->on;
}

static void random_caller(struct rule *r, uint32_t *random)
{
	static const char *const files[] = { "/usr/sbin/nginx", "/a", "/x/by", "/usr/bin/[" };

	if (pick(random, 2)) {
		r->uid = pick(random, 2) ? pick(random, 70000) : 33;
		r->user = r->uid == 33 ? strdup("www") : NULL;
		if (!r->user)
			cr_assert_neq(asprintf(&r->user, "%u", r->uid), -1);
	}
	if (pick(random, 2))
		r->exe = strdup(files[pick(random, ARRAY_SIZE(files))]);
}

static void random_rule(struct rule *r, uint32_t *random)
{
	static const unsigned directions[] = { RULE_BIND, RULE_IN, RULE_BIND | RULE_IN, RULE_OUT };
	static const char *const devices[] = { "eth0", "from", "x@y", "#", "comment", "a.b-c_d+e" };

	random_verb(r, random);
	r->directions = directions[pick(random, 4)];
	if (r->limit.per_second_x1000 && r->directions == RULE_BIND)
		r->directions = RULE_OUT;
	r->protos = 1 + pick(random, 3);
	random_ports(r, random);
	if (r->directions != RULE_OUT)
		random_peer(&r->at, random);
	if (r->directions != RULE_BIND)
		random_peer(&r->remote, random);
	if (r->directions & RULE_IN && pick(random, 2))
		r->on = strdup(devices[pick(random, ARRAY_SIZE(devices))]);
	if (may_ask_caller(r))
		random_caller(r, random);
	if (!pick(random, 3))
		r->for_s = 1 + pick(random, pick(random, 2) ? 100 : 10000000);
	r->log = r->verdict == PG_ALLOW && pick(random, 2);
	if (pick(random, 2))
		r->comment = random_comment(random);
	rule_give_verb(r, r->verdict);
}

Test(rule, any_rule_prints_as_a_sentence_that_parses_to_it)
{
	uint32_t random = 79;

	for (int i = 0; i < 20000; i++) {
		_cleanup_policy_ struct policy p = { .mode = 0 };
		struct rule rule = { .verdict = 0 };
		_cleanup_free_ char *text = NULL;

		random_rule(&rule, &random);
		text = rule_print(&rule, true);
		cr_assert_eq(add_rules(&p, text), 1);
		if (!rule_equal(&p.rules[0], &rule) || !p.rules[0].comment != !rule.comment ||
		    (rule.comment && strcmp(rule.comment, p.rules[0].comment)))
			FAIL("not the same: %s", text);
		rule_free(&rule);
	}
}
