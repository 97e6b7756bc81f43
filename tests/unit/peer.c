// SPDX-License-Identifier: GPL-2.0-only
/* Addresses and prefixes as values. Their wrong texts are in rule.c, where people type them. */
#include "unit/policy_help.h"

static struct prefix parse(const char *text)
{
	struct pg_error err = PG_ERROR_INIT;
	struct prefix p;

	cr_assert_eq(prefix_parse(text, strlen(text), &p, &err), 0, "%s", err.text);
	return p;
}

static bool holds(const char *prefix, const char *address)
{
	struct prefix p = parse(prefix);

	return prefix_holds(&p, parse(address).address);
}

Test(peer, prefixes_hold_their_addresses_and_no_others)
{
	cr_assert(holds("192.0.2.0/24", "192.0.2.255"));
	cr_assert_not(holds("192.0.2.0/24", "192.0.3.0"));
	cr_assert(holds("192.0.2.128/25", "192.0.2.200"));
	cr_assert_not(holds("192.0.2.128/25", "192.0.2.100"));
	cr_assert(holds("2001:db8::/33", "2001:db8:7fff::1"));
	cr_assert_not(holds("2001:db8::/33", "2001:db8:8000::1"));
	cr_assert(holds("192.0.2.7", "192.0.2.7"));
}

Test(peer, all_of_one_family_is_none_of_the_other)
{
	cr_assert(holds("0.0.0.0/0", "192.0.2.7"));
	cr_assert_not(holds("0.0.0.0/0", "2001:db8::1"));
	cr_assert(holds("::/0", "2001:db8::1"));
	cr_assert_not(holds("::/0", "192.0.2.7"));
	cr_assert_not(holds("::/80", "192.0.2.7"));
}

Test(peer, mapped_addresses_are_ipv4)
{
	struct prefix a = parse("::ffff:192.0.2.0/120"), b = parse("192.0.2.0/24");

	cr_assert_eq(prefix_compare(&a, &b), 0);
	cr_assert_eq(b.length, 120);
	cr_assert_eq(parse("0.0.0.0/0").length, 96);
	cr_assert_eq(parse("::/0").length, 0);
}

Test(peer, prefixes_print_as_they_parse)
{
	static const char *const texts[] = {
		"192.0.2.0/24", "192.0.2.7", "0.0.0.0/0", "::/0", "2001:db8::/32", "2001:db8::1", "::1", "::",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127",
		"255.255.255.254/31", "::fffe:0:0/95", "0.0.0.0",
	};
	char text[PREFIX_TEXT];

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct prefix p = parse(texts[i]);

		cr_assert_str_eq(prefix_print(&p, text), texts[i]);
	}
}

Test(peer, peers_print_as_they_parse)
{
	static const char *const texts[] = { "192.0.2.0/24", "::1", "@office", "@A.b_c-9" };
	char text[PEER_TEXT];

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct peer p = { .kind = PEER_ANY };

		cr_assert_str_eq(peer_print(&p, text), "");
		cr_assert_eq(peer_parse(texts[i], strlen(texts[i]), &p, NULL), 0);
		cr_assert_str_eq(peer_print(&p, text), texts[i]);
		peer_free(&p);
	}
}

Test(peer, prefixes_lie_around_each_other_by_their_bits)
{
	struct prefix all = parse("::/0"), v4 = parse("0.0.0.0/0"), net = parse("192.0.2.0/24"),
		      host = parse("192.0.2.7"), other = parse("192.0.3.7");

	cr_assert(prefix_around(&all, &host) && prefix_around(&v4, &net) && prefix_around(&net, &host));
	cr_assert(prefix_around(&net, &net));
	cr_assert_not(prefix_around(&host, &net) || prefix_around(&net, &other) || prefix_around(&v4, &all));
}

Test(peer, text_need_not_be_terminated)
{
	struct prefix p;

	cr_assert_eq(prefix_parse("192.0.2.71", 9, &p, NULL), 0);
	cr_assert_eq(p.address[15], 7);
	cr_assert_eq(prefix_parse("", 0, &p, NULL), -EINVAL);
	cr_assert_eq(prefix_parse("1.2.3.4\0/8", 10, &p, NULL), -EINVAL);
}
