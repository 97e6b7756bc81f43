// SPDX-License-Identifier: GPL-2.0-only
/* Sums of tables; see checksum.h. Pure: what is mapped where, and what maps hold, is sums.c's. */
#include "kernel/checksum.h"

#include <string.h>

#define HEADER_BYTES offsetof(struct pg_slot, bits)
/* Each beyond the bytes of what is before it. */
#define PORT_PLACES (1ULL << 32)
#define SCOPE_PLACES (1ULL << 33)
#define SPAN_PLACES (1ULL << 34)
#define TEXT_PLACES (1ULL << 35)

/* Every bit of both moves half of the bits of the result (the finalizer of splitmix64). */
static uint64_t mix(uint64_t place, uint64_t value)
{
	uint64_t x = value + (place + 1) * 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

uint64_t checksum_bytes(uint64_t place, const void *bytes, size_t size)
{
	const char *at = bytes;
	uint64_t sum = 0;

	for (size_t i = 0; i < size; i += sizeof(uint64_t)) {
		uint64_t word = 0;

		memcpy(&word, at + i, size - i < sizeof(word) ? size - i : sizeof(word));
		if (word)
			sum += mix(place + i, word);
	}
	return sum;
}

uint64_t checksum_entry(const void *key, size_t key_size, const void *value, size_t value_size)
{
	/* All of a key makes one place: values of two keys must not be exchanged unseen. */
	uint64_t place = mix(key_size, checksum_bytes(0, key, key_size));

	return mix(place, checksum_bytes(place, value, value_size));
}

uint64_t checksum_header(const struct checksum_tables *t)
{
	return checksum_bytes(0, t->slot, HEADER_BYTES);
}

uint64_t checksum_ports(const struct checksum_tables *t, uint32_t table, uint32_t proto,
			uint32_t first, uint32_t last)
{
	const __u64 *bits = t->slot->bits[table][proto];
	uint32_t from = PG_PORT_INDEX(0, table, proto, 0);
	uint64_t sum = 0;

	for (uint32_t word = first / 64; word <= last / 64; word++) {
		uint64_t set = bits[word];

		if (word == first / 64)
			set &= ~0ULL << first % 64;
		if (word == last / 64)
			set &= ~0ULL >> (63 - last % 64);
		for (; set; set &= set - 1) {
			uint32_t index = from + word * 64 + (uint32_t)__builtin_ctzll(set);

			sum += mix(PORT_PLACES + index, t->answers[index]);
		}
	}
	return sum;
}

static uint32_t end_of(uint32_t before, uint32_t start, uint32_t count, uint32_t most)
{
	uint64_t end = count ? (uint64_t)start + count : 0;

	end = end < most ? end : most;
	return end > before ? (uint32_t)end : before;
}

struct scopes_used scopes_used(const struct checksum_tables *t)
{
	struct scopes_used used = { .scopes = t->scopes ? t->slot->scopes : 0 };

	if (used.scopes > PG_MAX_SCOPES)
		used.scopes = PG_MAX_SCOPES;
	for (uint32_t i = 0; i < used.scopes; i++) {
		const struct pg_scope *s = (const void *)(t->scopes + i * PG_SCOPE_STRIDE);
		const struct pg_span_list *list = &s->ports[0][0];

		for (unsigned j = 0; j < PG_PORT_DIRECTIONS * PG_PROTO_COUNT; j++)
			used.spans = end_of(used.spans, list[j].start, list[j].count, PG_MAX_SPANS);
		used.texts = end_of(used.texts, s->pattern, s->pattern_length, PG_TEXTS);
	}
	return used;
}

uint64_t checksum_scopes(const struct checksum_tables *t)
{
	struct scopes_used used = scopes_used(t);

	if (!used.scopes)
		return 0;
	return checksum_bytes(SCOPE_PLACES, t->scopes, used.scopes * PG_SCOPE_STRIDE) +
	       checksum_bytes(SPAN_PLACES, t->spans, used.spans * sizeof(*t->spans)) +
	       checksum_bytes(TEXT_PLACES, t->texts, used.texts);
}

uint64_t checksum_slot(const struct checksum_tables *t)
{
	uint64_t sum = checksum_header(t) + checksum_scopes(t);

	for (uint32_t table = 0; table < PG_PORT_TABLES; table++)
		for (uint32_t proto = 0; proto < PG_PROTO_COUNT; proto++)
			sum += checksum_ports(t, table, proto, 0, PG_PORTS - 1);
	return sum;
}
