// SPDX-License-Identifier: GPL-2.0-only
/* Sums of tables: any change of what programs look at shows, and who edits in place keeps them. */
#include "kernel/checksum.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define PLACES PG_PORT_INDEX(1, 0, 0, 0)

static struct pg_slot slot;
static uint32_t answers[PLACES];
static struct pg_span spans[16];
static char texts[64];
static char padded_scopes[2 * PG_SCOPE_STRIDE];
static const struct checksum_tables tables = {
	.slot = &slot, .answers = answers, .scopes = padded_scopes, .spans = spans, .texts = texts,
};

static void clear(void)
{
	memset(&slot, 0, sizeof(slot));
	memset(answers, 0, sizeof(answers));
	memset(padded_scopes, 0, sizeof(padded_scopes));
}

static void set_port(uint32_t direction, uint32_t proto, uint32_t port, uint32_t answer)
{
	answers[PG_PORT_INDEX(0, direction, proto, port)] = answer;
	slot.bits[direction][proto][port / 64] |= 1ULL << port % 64;
}

TestSuite(checksum, .init = clear);

Test(checksum, an_empty_slot_adds_up_to_nothing)
{
	cr_assert_eq(checksum_slot(&tables), 0);
}

Test(checksum, every_byte_of_the_header_counts)
{
	uint64_t before;

	slot.mode = PG_MODE_AUDIT;
	before = checksum_slot(&tables);
	for (size_t i = 0; i < offsetof(struct pg_slot, bits); i++) {
		if (i / 2 == offsetof(struct pg_slot, scopes) / 2)
			continue; /* how many there are */
		((uint8_t *)&slot)[i] ^= 0x40;
		cr_assert_neq(checksum_slot(&tables), before, "byte %zu", i);
		((uint8_t *)&slot)[i] ^= 0x40;
	}
	cr_assert_eq(checksum_slot(&tables), before);
}

Test(checksum, the_answer_of_a_port_counts_where_its_bit_is_set)
{
	const uint32_t allow = PG_ANSWER(PG_ANSWER_ALLOW, 0, 1);

	for (uint32_t port = 0; port < PG_PORTS; port += 13) {
		uint32_t at = PG_PORT_INDEX(0, PG_OUT, PG_UDP, port);

		answers[at] = allow;
		cr_assert_eq(checksum_slot(&tables), 0, "nobody looks at port %u", port);
		slot.bits[PG_OUT][PG_UDP][port / 64] = 1ULL << port % 64;
		cr_assert_neq(checksum_slot(&tables), 0, "port %u", port);
		slot.bits[PG_OUT][PG_UDP][port / 64] = 0;
		answers[at] = 0;
	}
}

Test(checksum, a_bit_counts_even_if_its_answer_is_none)
{
	slot.bits[PG_IN][PG_TCP][0] = 1;
	cr_assert_neq(checksum_slot(&tables), 0);
}

Test(checksum, answers_that_change_places_show)
{
	const uint32_t allow = PG_ANSWER(PG_ANSWER_ALLOW, 0, 1),
		       deny = PG_ANSWER(PG_ANSWER_DENY, 0, 2);
	uint64_t before;

	set_port(PG_IN, PG_TCP, 80, allow);
	set_port(PG_IN, PG_TCP, 81, deny);
	before = checksum_slot(&tables);
	set_port(PG_IN, PG_TCP, 80, deny);
	set_port(PG_IN, PG_TCP, 81, allow);
	cr_assert_neq(checksum_slot(&tables), before);
}

/* As change.c keeps it: take a span's share away, write, add the new one. */
Test(checksum, who_writes_spans_in_place_keeps_the_sum_of_the_whole)
{
	uint64_t sum = 0;

	srand(5);
	for (int round = 0; round < 300; round++) {
		uint32_t table = (uint32_t)rand() % PG_PORT_TABLES, proto = (uint32_t)rand() % 2;
		uint32_t first = (uint32_t)rand() % PG_PORTS;
		uint32_t last = first + (uint32_t)rand() % (PG_PORTS - first);
		uint32_t answer = round % 3 ? PG_ANSWER(PG_ANSWER_ALLOW, 0, round)
					    : PG_ANSWER(PG_ANSWER_ASK, 0, 7);

		sum -= checksum_ports(&tables, table, proto, first, last);
		for (uint32_t port = first; port <= last; port++) {
			set_port(table, proto, port, answer);
			if (round % 5 == 0)
				slot.bits[table][proto][port / 64] &= ~(1ULL << port % 64);
		}
		sum += checksum_ports(&tables, table, proto, first, last);
	}
	cr_assert_eq(sum, checksum_slot(&tables));
	cr_assert_neq(sum, 0);
}

Test(checksum, a_span_of_one_port_at_either_end_is_that_port)
{
	set_port(PG_IN, PG_TCP, 0, 1);
	set_port(PG_IN, PG_TCP, 65535, 1);
	cr_assert_eq(checksum_ports(&tables, PG_IN, PG_TCP, 0, 0) +
			     checksum_ports(&tables, PG_IN, PG_TCP, 65535, 65535),
		     checksum_slot(&tables));
	cr_assert_eq(checksum_ports(&tables, PG_IN, PG_TCP, 1, 65534), 0);
}

Test(checksum, entries_add_up_in_any_order_and_do_not_exchange_values)
{
	const uint32_t a = 1, b = 2, one = 10, two = 20;
	const size_t n = sizeof(a);

	cr_assert_neq(checksum_entry(&a, n, &one, n) + checksum_entry(&b, n, &two, n),
		      checksum_entry(&a, n, &two, n) + checksum_entry(&b, n, &one, n));
	cr_assert_neq(checksum_entry(&a, n, &one, n), 0);
	cr_assert_neq(checksum_entry(&a, n, &a, 0), checksum_entry(&b, n, &b, 0),
		      "an entry counts whatever its value");
}

Test(checksum, bytes_count_at_their_places_and_zeros_do_not)
{
	const char text[] = "abcdefghijk", other[] = "abcdefghijl", zeros[16] = { 0 };

	cr_assert_neq(checksum_bytes(0, text, 11), checksum_bytes(0, other, 11));
	cr_assert_eq(checksum_bytes(0, text, 10), checksum_bytes(0, other, 10));
	cr_assert_neq(checksum_bytes(0, text, 8), checksum_bytes(8, text, 8));
	cr_assert_eq(checksum_bytes(3, zeros, sizeof(zeros)), 0);
}

/* One scope behind number 0, with two spans and a pattern. */
static void one_scope(void)
{
	struct pg_scope *s = (struct pg_scope *)(padded_scopes + PG_SCOPE_STRIDE);

	slot.scopes = 2;
	s->ports[PG_IN][PG_TCP] = (struct pg_span_list){ .start = 1, .count = 2 };
	s->pattern = 3;
	s->pattern_length = 4;
	for (uint32_t i = 0; i < 16; i++)
		spans[i] = (struct pg_span){ i, i, PG_ANSWER(PG_ANSWER_ALLOW, 0, i + 1) };
	memset(texts, 'x', sizeof(texts));
}

Test(checksum, what_scopes_use_counts_and_nothing_behind_it)
{
	struct scopes_used used;
	uint64_t before;

	one_scope();
	used = scopes_used(&tables);
	cr_assert_eq(used.scopes, 2);
	cr_assert_eq(used.spans, 3);
	cr_assert_eq(used.texts, 7);
	before = checksum_slot(&tables);
	for (uint32_t i = 0; i < 16; i++) {
		spans[i].answer ^= 1u << 9;
		cr_expect((checksum_slot(&tables) != before) == (i < 3), "span %u", i);
		spans[i].answer ^= 1u << 9;
	}
	for (uint32_t i = 0; i < 16; i++) {
		texts[i] = 'y';
		cr_expect((checksum_slot(&tables) != before) == (i < 7), "letter %u", i);
		texts[i] = 'x';
	}
	for (size_t i = offsetof(struct pg_scope, answers); i < offsetof(struct pg_scope, pattern); i++) {
		padded_scopes[PG_SCOPE_STRIDE + i] ^= 0x40;
		cr_expect_neq(checksum_slot(&tables), before, "byte %zu of the scope", i);
		padded_scopes[PG_SCOPE_STRIDE + i] ^= 0x40;
	}
}
