// SPDX-License-Identifier: GPL-2.0-only
/* A table of places found by hash; whoever comes when its owner is not there in this epoch takes it. */
#include "events/sources.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "util/cleanup.h"

#define PLACES 1024
#define PORT_BITS (sizeof(((struct source *)0)->ports) * 8)

struct sources {
	uint64_t seed;
	struct source places[PLACES];
};

int sources_new(struct sources **ret)
{
	struct sources *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	if (getrandom(&s->seed, sizeof(s->seed), GRND_NONBLOCK) < 0)
		s->seed = (uintptr_t)s;
	*ret = s;
	return 0;
}

void sources_free(struct sources *s)
{
	free(s);
}

static bool is_owner(const struct source *source, const struct scan_key *key, uint32_t epoch)
{
	return !memcmp(&source->key, key, sizeof(*key)) && epoch - source->epoch <= PG_SCAN_QUIET;
}

struct source *sources_find(struct sources *s, const struct scan_key *key, uint32_t epoch)
{
	struct source *place = &s->places[scan_key_hash(key, s->seed) % PLACES];

	return is_owner(place, key, epoch) ? place : NULL;
}

struct source *sources_note(struct sources *s, const struct scan_key *key, uint32_t epoch)
{
	struct source *place = &s->places[scan_key_hash(key, s->seed) % PLACES];

	if (!is_owner(place, key, epoch)) {
		if (place->epoch == epoch && place->key.family)
			return NULL;
		*place = (struct source){ .key = *key };
	}
	if (place->epoch != epoch)
		place->at_once = 0;
	place->epoch = epoch;
	return place;
}

bool source_tried(struct source *source, uint16_t port)
{
	uint64_t *word = &source->ports[port / 64 % ARRAY_SIZE(source->ports)];
	uint64_t bit = 1ULL << port % 64;

	if (*word & bit)
		return false;
	*word |= bit;
	source->port_count++;
	source->scans |= source->port_count > PG_SCAN_PORTS;
	if (source->port_count == PORT_BITS) { /* and anew */
		memset(source->ports, 0, sizeof(source->ports));
		source->port_count = 0;
	}
	return true;
}
