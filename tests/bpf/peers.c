// SPDX-License-Identifier: GPL-2.0-only
/*
 * Addresses as the programs find them: rules from sets of random prefixes that nest and meet, on both
 * sides, asked for addresses in and beside them, and the sets replaced by others again and again.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/lib/by_hand.h"
#include "policy/peer.h"
#include "util/cleanup.h"

#define SETS 2
#define PREFIXES 300
#define ROUNDS 8
#define QUESTIONS 400

struct prefixes {
	struct prefix list[PREFIXES];
	size_t count;
};

/* Few different bytes, so that prefixes nest and meet. */
static struct prefix random_prefix(void)
{
	bool v4 = random() % 2;
	struct prefix p = { .length = (uint8_t)(v4 ? 96 + random() % 33 : random() % 129) };

	for (unsigned i = 0; i < sizeof(p.address); i++)
		p.address[i] = (uint8_t)(random() % 3 ? random() % 4 : 255);
	if (v4)
		memcpy(p.address, &(uint8_t[12]){ [10] = 0xff, [11] = 0xff }, 12);
	for (unsigned bit = p.length; bit < 128; bit++)
		p.address[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
	return p;
}

static bool holds(const struct prefixes *s, const uint8_t address[16])
{
	for (size_t i = 0; i < s->count; i++)
		if (prefix_holds(&s->list[i], address))
			return true;
	return false;
}

/* Port 80 is for one, 81 for the other, 82 for both, 83 for who is not in the first, 84 by the local address. */
static void put_sets(struct guarded *g, const struct prefixes sets[SETS])
{
	char *yaml = NULL, text[PREFIX_TEXT];
	size_t size;
	FILE *f = open_memstream(&yaml, &size);

	(void)fprintf(f, "sets:\n");
	for (size_t i = 0; i < SETS; i++) {
		(void)fprintf(f, "  s%zu: [", i);
		for (size_t j = 0; j < sets[i].count; j++)
			(void)fprintf(f, "%s'%s'", j ? ", " : "",
				      prefix_print(&sets[i].list[j], text));
		(void)fprintf(f, "]\n");
	}
	(void)fprintf(f, "rules: ['allow in 80,82 from @s0', 'allow in 81,82 from @s1', "
			 "'deny in 83 from @s0', allow in 83, 'allow in 84 at @s1']\n");
	(void)fclose(f);
	change_policy(g, yaml);
	free(yaml);
}

static void check(const struct guarded *g, const struct prefixes sets[SETS],
		  const uint8_t remote[16], const uint8_t local[16])
{
	const bool in[SETS] = { holds(&sets[0], remote), holds(&sets[1], remote) };
	const bool wanted[] = { in[0], in[1], in[0] || in[1], !in[0], holds(&sets[1], local) };
	struct prefix p = { .length = 128 };
	char text[PREFIX_TEXT];

	memcpy(p.address, remote, sizeof(p.address));
	for (uint16_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		struct pg_question q = { .direction = PG_IN, .port = 80 + i };

		memcpy(q.remote, remote, sizeof(q.remote));
		memcpy(q.local, local, sizeof(q.local));
		cr_assert_eq(asked(g, q).verdict == PG_ALLOW, wanted[i], "port %u from %s", q.port,
			     prefix_print(&p, text));
	}
}

/* In a prefix, or, once in four, anywhere nearby. */
static void random_address(const struct prefixes *s, uint8_t to[16])
{
	struct prefix p =
		random() % 4 && s->count ? s->list[(size_t)random() % s->count] : random_prefix();

	memcpy(to, p.address, sizeof(p.address));
	for (unsigned bit = p.length; bit < 128; bit++)
		to[bit / 8] |= (uint8_t)((random() & 1) << (7 - bit % 8));
}

Test(peers, sets_hold_what_their_prefixes_hold)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("");
	static struct prefixes sets[SETS];

	srandom(3);
	for (size_t round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < SETS; i++) {
			sets[i].count = 1 + (size_t)random() % (round % 2 ? PREFIXES : 9);
			for (size_t j = 0; j < sets[i].count; j++)
				sets[i].list[j] = random_prefix();
		}
		put_sets(g, sets);
		for (size_t n = 0; n < QUESTIONS; n++) {
			uint8_t remote[16], local[16];

			random_address(&sets[n % SETS], remote);
			random_address(&sets[1], local);
			check(g, sets, remote, local);
		}
	}
}

Test(peers, everybody_of_one_family_is_nobody_of_the_other)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("");
	const uint8_t v4[16] = { [10] = 0xff, 0xff, 255, 255, 255, 255 }, v6[16] = { 0xff },
		      none[16] = { 0 };
	static const struct prefixes all[SETS] = { { { { { [10] = 0xff, 0xff }, 96 } }, 1 },
						   { { { { 0 }, 0 } }, 1 } };

	put_sets(g, all);
	check(g, all, v4, none);
	check(g, all, v6, v4);
	check(g, all, none, v6);
}
