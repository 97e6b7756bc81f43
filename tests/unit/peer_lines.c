// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines of prefixes give each address the class of its longest prefix: compared with a search through all
 * of them, for random sets and addresses in, at the edges of, and beside their prefixes.
 */
#include "policy/peer_lines.h"

#include <criterion/criterion.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/peer.h"
#include "unit/policy_help.h"
#include "util/cleanup.h"

static const struct class_table nothing = { .count = 0 };

/* The law: of the prefixes whose bits the address begins with, the longest. */
static uint32_t longest(const struct class_table *t, const uint8_t address[16])
{
	struct prefix all = { .length = 128 };
	uint32_t class = 0;
	int length = -1;

	memcpy(all.address, address, sizeof(all.address));
	for (size_t i = 0; i < t->count; i++) {
		const struct prefix *p = &t->list[i].prefix;

		if (prefix_around(p, &all) && p->length > length) {
			length = p->length;
			class = t->list[i].class;
		}
	}
	return class;
}

static int compare(const void *a, const void *b)
{
	return prefix_compare(&((const struct class_prefix *)a)->prefix,
			      &((const struct class_prefix *)b)->prefix);
}

static void sort(struct class_table *t)
{
	size_t kept = 0;

	if (t->count)
		qsort(t->list, t->count, sizeof(*t->list), compare);
	for (size_t i = 0; i < t->count; i++)
		if (!kept || compare(&t->list[kept - 1], &t->list[i]))
			t->list[kept++] = t->list[i];
	t->count = kept;
}

static void check(const struct class_table *t, const struct peer_lines *l,
		  const uint8_t address[16])
{
	uint32_t got = peer_lines_class(l, PG_PEER_REMOTE, address), wanted = longest(t, address);
	char text[PREFIX_TEXT];
	struct prefix p = { .length = 128 };

	memcpy(p.address, address, sizeof(p.address));
	cr_assert_eq(got, wanted, "%s: %u, and not %u", prefix_print(&p, text), got, wanted);
	cr_assert_eq(peer_lines_class(l, PG_PEER_LOCAL, address), 0);
}

/* One more, or one less, with carry. */
static void step(uint8_t address[16], int by)
{
	for (int i = 15; i >= 0; i--) {
		int sum = address[i] + by;

		address[i] = (uint8_t)sum;
		if (sum >= 0 && sum <= 255)
			return;
	}
}

/* The first and the last address of a prefix, and their neighbours. */
static void check_edges(const struct class_table *t, const struct peer_lines *l,
			const struct prefix *p)
{
	uint8_t first[16], last[16];

	memcpy(first, p->address, sizeof(first));
	memcpy(last, p->address, sizeof(last));
	for (unsigned bit = p->length; bit < 128; bit++)
		last[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	check(t, l, first);
	check(t, l, last);
	step(first, -1);
	check(t, l, first);
	step(last, 1);
	check(t, l, last);
}

static void check_table(struct class_table *t)
{
	_cleanup_peer_lines_ struct peer_lines l = { 0 };
	uint8_t address[16];

	sort(t);
	cr_assert_eq(peer_lines_make(t, &nothing, 7, &l), 0);
	cr_assert_eq(l.list->head.table, 7);
	for (size_t i = 0; i < t->count; i++) {
		check_edges(t, &l, &t->list[i].prefix);
		memcpy(address, t->list[i].prefix.address, sizeof(address));
		for (unsigned bit = t->list[i].prefix.length; bit < 128; bit++)
			address[bit / 8] ^= (uint8_t)((random() & 1) << (7 - bit % 8));
		check(t, &l, address);
		for (unsigned byte = 0; byte < 16; byte++)
			address[byte] = (uint8_t)random();
		check(t, &l, address);
		memcpy(address, &(uint8_t[12]){ [10] = 0xff, [11] = 0xff }, 12);
		check(t, &l, address);
	}
	check(t, &l, (uint8_t[16]){ 0 });
	check(t, &l, (uint8_t[16]){ [10] = 0xff, [11] = 0xff });
}

static void put(struct class_table *t, const char *text, uint32_t class)
{
	struct pg_error err = PG_ERROR_INIT;

	cr_assert_eq(prefix_parse(text, strlen(text), &t->list[t->count].prefix, &err), 0, "%s",
		     err.text);
	t->list[t->count++].class = class;
}

#define TABLE(name, size)                      \
	struct class_prefix name##_list[size]; \
	struct class_table name = { name##_list, 0, 0 }

Test(peer_lines, an_empty_table_has_no_class)
{
	TABLE(t, 1);

	check_table(&t);
}

Test(peer_lines, everybody_and_a_single_one)
{
	static const char *const alone[] = { "0.0.0.0/0",
					     "::/0",
					     "255.255.255.255",
					     "0.0.0.0",
					     "::",
					     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
					     "128.0.0.0/1",
					     "8000::/1",
					     "192.0.2.0/24",
					     "2001:db8::/32",
					     "2001:db8::/33",
					     "2001:db8::/64",
					     "2001:db8::/96",
					     "2001:db8::/97",
					     "::/96",
					     "0:0:0:0:0:fffe::/96",
					     "0:0:0:0:1::/80",
					     "::/80" };

	for (size_t i = 0; i < ARRAY_SIZE(alone); i++) {
		TABLE(t, 1);

		put(&t, alone[i], 1);
		check_table(&t);
	}
}

Test(peer_lines, ipv4_lies_in_the_middle_of_ipv6)
{
	TABLE(t, 9);

	put(&t, "::/0", 1);
	put(&t, "::/16", 2);
	put(&t, "::1", 3);
	put(&t, "0.0.0.0/0", 4);
	put(&t, "192.0.2.0/24", 5);
	put(&t, "192.0.2.7", 6);
	put(&t, "0:0:0:0:1::/80", 7);
	put(&t, "2001:db8::/32", 8);
	put(&t, "ffff::/16", 9);
	check_table(&t);
}

Test(peer_lines, every_length_within_the_one_before)
{
	static const char *const within[] = { "::/0", "0.0.0.0/0" };

	for (size_t i = 0; i < ARRAY_SIZE(within); i++) {
		TABLE(low, 129);
		TABLE(high, 129);

		for (unsigned length = i ? 96 : 0; length <= 128; length++) {
			struct class_prefix *a = &low.list[low.count++],
					    *b = &high.list[high.count++];

			a->prefix = b->prefix = (struct prefix){ .length = (uint8_t)length };
			a->class = b->class = length + 1;
			if (i)
				a->prefix.address[10] = a->prefix.address[11] = 0xff;
			for (unsigned bit = 0; bit < length; bit++)
				b->prefix.address[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
			if (i)
				memset(b->prefix.address, 0, 10);
		}
		check_table(&low);
		check_table(&high);
	}
}

Test(peer_lines, neighbours_of_one_class_and_of_two)
{
	TABLE(t, 2048);

	for (unsigned i = 0; i < 2048; i++) {
		char text[PREFIX_TEXT];

		(void)snprintf(text, sizeof(text), "10.%u.%u.0/24", i >> 8, i & 255);
		put(&t, text, i < 1024 ? 1 : 1 + i % 3);
	}
	check_table(&t);
}

/* Few first bytes, so that prefixes nest and meet. */
static struct prefix random_prefix(unsigned spread)
{
	struct prefix p = { .length = (uint8_t)(random() % 129) };

	for (unsigned i = 0; i < 16; i++)
		p.address[i] = (uint8_t)(random() % 2 ? random() % (1 + spread) : 255);
	if (random() % 2) {
		memcpy(p.address, &(uint8_t[12]){ [10] = 0xff, [11] = 0xff }, 12);
		p.length = (uint8_t)(96 + p.length % 33);
	}
	for (unsigned bit = p.length; bit < 128; bit++)
		p.address[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
	return p;
}

Test(peer_lines, random_sets_are_as_a_plain_search)
{
	static const size_t sizes[] = { 2, 3, 7, 9, 17, 100, 600 };

	srandom(1);
	for (size_t round = 0; round < 70; round++) {
		TABLE(t, 600);

		t.count = sizes[round % ARRAY_SIZE(sizes)];
		for (size_t i = 0; i < t.count; i++)
			t.list[i] = (struct class_prefix){ random_prefix(1u << random() % 8),
							   (uint32_t)(random() % 4) };
		check_table(&t);
	}
}

Test(peer_lines, both_sides_are_apart)
{
	_cleanup_peer_lines_ struct peer_lines l = { 0 };
	TABLE(remote, 1);
	TABLE(local, 1);
	const uint8_t address[16] = { [10] = 0xff, 0xff, 192, 0, 2, 7 };

	put(&remote, "192.0.2.0/24", 1);
	put(&local, "192.0.0.0/16", 2);
	cr_assert_eq(peer_lines_make(&remote, &local, 1, &l), 0);
	cr_assert_eq(peer_lines_class(&l, PG_PEER_REMOTE, address), 1);
	cr_assert_eq(peer_lines_class(&l, PG_PEER_LOCAL, address), 2);
}

Test(peer_lines, what_does_not_fit_is_refused)
{
	_cleanup_peer_lines_ struct peer_lines l = { 0 };
	struct class_table t = { .count = 360000 };

	t.list = calloc(t.count, sizeof(*t.list));
	for (uint32_t i = 0; i < t.count; i++) {
		const uint32_t key = htobe32(i << 8);

		t.list[i] = (struct class_prefix){ { .length = 128 }, 1 };
		memcpy(t.list[i].prefix.address, &key, sizeof(key));
		t.list[i].prefix.address[0] = 0x20;
		memset(t.list[i].prefix.address + 6, 1, 10);
	}
	cr_assert_eq(peer_lines_make(&t, &nothing, 1, &l), -E2BIG);
	cr_assert_null(l.list);
	free(t.list);
}
