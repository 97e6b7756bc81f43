// SPDX-License-Identifier: GPL-2.0-only
/*
 * A table of places found by hash and a few steps; the place of a scan that is over is free. Where
 * there is no room a scan is still reported, by its packets alone.
 */
#include "events/scans.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define PLACES 2048
#define STEPS 8

struct scans {
	uint64_t seed, round;
	struct scan places[PLACES];
};

int scans_new(struct scans **ret)
{
	struct scans *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	if (getrandom(&s->seed, sizeof(s->seed), GRND_NONBLOCK) < 0)
		s->seed = (uintptr_t)s;
	s->round = 1;
	*ret = s;
	return 0;
}

void scans_free(struct scans *s)
{
	free(s);
}

void scans_begin(struct scans *s)
{
	s->round++;
}

uint64_t scan_key_hash(const struct scan_key *key, uint64_t seed)
{
	uint64_t words[sizeof(*key) / 8], hash = seed;

	_Static_assert(sizeof(*key) % 8 == 0, "hashed by words");
	memcpy(words, key, sizeof(words));
	for (size_t i = 0; i < sizeof(*key) / 8; i++) {
		hash = (hash ^ words[i]) * 0x9e3779b97f4a7c15ULL;
		hash ^= hash >> 29;
	}
	return hash;
}

/* A scan of this drain or, between two, of the last one. */
static bool is_live(const struct scans *s, const struct scan *scan)
{
	return scan->round && scan->round + 1 >= s->round;
}

static struct scan *find(struct scans *s, const struct scan_key *key, struct scan **ret_free)
{
	uint32_t place = scan_key_hash(key, s->seed) % PLACES;

	*ret_free = NULL;
	for (uint32_t i = 0; i < STEPS; i++) {
		struct scan *scan = &s->places[(place + i) % PLACES];

		if (is_live(s, scan) && !memcmp(&scan->key, key, sizeof(*key)))
			return scan;
		if (!is_live(s, scan) && !*ret_free)
			*ret_free = scan;
	}
	return NULL;
}

struct scan *scans_note(struct scans *s, const struct scan_key *key, const struct pg_seen *slot)
{
	struct scan *place, *scan = find(s, key, &place);

	if (!scan && !place)
		return NULL;
	if (!scan) {
		scan = place;
		*scan = (struct scan){ .key = *key };
	}
	if (scan->round != s->round) {
		memset(scan->now, 0, sizeof(scan->now));
		scan->now_rounds = 0;
	}
	scan->round = s->round;
	for (int i = 0; i < SCAN_WORDS; i++)
		scan->now[i] |= slot->port_bits[i];
	scan->now_rounds += slot->port_rounds;
	return scan;
}

static void count_new_ports(struct scan *scan)
{
	for (int i = 0; i < SCAN_WORDS; i++)
		if (scan->known[i] & ~scan->now[i]) /* a slot began anew: so does the count */
			memset(scan->known, 0, sizeof(scan->known));
	for (int i = 0; i < SCAN_WORDS; i++)
		scan->new_ports += (uint32_t)__builtin_popcountll(scan->now[i] & ~scan->known[i]);
	memcpy(scan->known, scan->now, sizeof(scan->known));
	if (scan->now_rounds > scan->known_rounds)
		scan->new_ports += (scan->now_rounds - scan->known_rounds) * PG_SEEN_PORT_BITS;
	if (scan->new_ports >= PG_PORTS)
		scan->new_ports = PG_PORTS - 1;
	scan->known_rounds = scan->now_rounds;
}

bool scans_end(struct scans *s)
{
	bool began = false;

	for (int i = 0; i < PLACES; i++) {
		if (s->places[i].round != s->round)
			continue;
		count_new_ports(&s->places[i]);
		began |= !s->places[i].proto_known;
	}
	return began;
}

struct scan *scans_find(struct scans *s, const struct scan_key *key)
{
	struct scan *place, *scan = find(s, key, &place);

	return scan && scan->round == s->round ? scan : NULL;
}

void scan_has_proto(struct scan *scan, uint8_t proto)
{
	scan->proto = scan->proto_known && scan->proto != proto ? 0 : proto;
	scan->proto_known = true;
}
