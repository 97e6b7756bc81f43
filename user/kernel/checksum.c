// SPDX-License-Identifier: GPL-2.0-only
/* Sums of tables; see checksum.h. Pure: what is mapped where, and what maps hold, is sums.c's. */
#include "kernel/checksum.h"

#include <string.h>

#define HEADER_BYTES offsetof(struct pg_slot, bits)
#define PORT_PLACES (1ULL << 32) /* beyond the bytes of a header */

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

uint64_t checksum_ports(const struct checksum_tables *t, uint32_t direction, uint32_t proto,
			uint32_t first, uint32_t last)
{
	const __u64 *bits = t->slot->bits[direction][proto];
	uint32_t from = PG_PORT_INDEX(0, direction, proto, 0);
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

uint64_t checksum_slot(const struct checksum_tables *t)
{
	uint64_t sum = checksum_header(t);

	for (uint32_t direction = 0; direction < PG_PORT_DIRECTIONS; direction++)
		for (uint32_t proto = 0; proto < PG_PROTO_COUNT; proto++)
			sum += checksum_ports(t, direction, proto, 0, PG_PORTS - 1);
	return sum;
}
