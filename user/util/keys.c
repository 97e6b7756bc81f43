// SPDX-License-Identifier: GPL-2.0-only
#include "util/keys.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct key {
	size_t at, length; /* in bytes */
	uint64_t hash;
};

void keys_init(struct keys *k, uint32_t limit)
{
	*k = (struct keys){ .limit = limit };
	if (getrandom(&k->seed, sizeof(k->seed), GRND_NONBLOCK) < 0)
		k->seed = (uintptr_t)k; /* before the kernel has randomness: what the loader gave */
}

void keys_free(struct keys *k)
{
	free(k->list);
	free(k->slots);
	free(k->bytes);
	*k = (struct keys){ 0 };
}

static uint64_t hash_of(const struct keys *k, const void *bytes, size_t length)
{
	const uint8_t *at = bytes;
	uint64_t hash = k->seed;

	for (size_t i = 0; i < length; i++) {
		hash = (hash ^ at[i]) * 0x9e3779b97f4a7c15ULL;
		hash ^= hash >> 29;
	}
	return hash;
}

static uint32_t *slot_of(const struct keys *k, uint64_t hash, const void *bytes, size_t length)
{
	uint32_t i = hash & (k->room - 1);

	for (; k->slots[i]; i = (i + 1) & (k->room - 1)) {
		const struct key *key = &k->list[k->slots[i] - 1];

		if (key->hash == hash && key->length == length &&
		    (!length || !memcmp(k->bytes + key->at, bytes, length)))
			break;
	}
	return &k->slots[i];
}

/* Slots for twice the keys, and a place in the list for each. */
static int grow(struct keys *k)
{
	uint32_t room = k->room ? k->room * 2 : 64;
	struct key *list = realloc(k->list, room / 2 * sizeof(*list));
	uint32_t *slots = list ? calloc(room, sizeof(*slots)) : NULL;

	if (list)
		k->list = list;
	if (!slots)
		return -ENOMEM;
	free(k->slots);
	k->slots = slots;
	k->room = room;
	for (uint32_t i = 0; i < k->count; i++) {
		uint32_t at = list[i].hash & (room - 1);

		while (slots[at])
			at = (at + 1) & (room - 1);
		slots[at] = i + 1;
	}
	return 0;
}

static int keep_bytes(struct keys *k, const void *bytes, size_t length)
{
	size_t room = k->bytes_room ? k->bytes_room : 1024;
	char *grown;

	while (room < k->bytes_used + length)
		room *= 2;
	if (room != k->bytes_room) {
		grown = realloc(k->bytes, room);
		if (!grown)
			return -ENOMEM;
		k->bytes = grown;
		k->bytes_room = room;
	}
	if (length)
		memcpy(k->bytes + k->bytes_used, bytes, length);
	k->bytes_used += length;
	return 0;
}

int keys_add(struct keys *k, const void *bytes, size_t length, uint32_t *ret)
{
	uint64_t hash = hash_of(k, bytes, length);
	uint32_t *slot;

	if (k->count * 2 >= k->room && grow(k))
		return -ENOMEM;
	slot = slot_of(k, hash, bytes, length);
	if (*slot) {
		*ret = *slot - 1;
		return 0;
	}
	if (k->count == k->limit)
		return -ENOSPC;
	if (keep_bytes(k, bytes, length))
		return -ENOMEM;
	k->list[k->count] = (struct key){ k->bytes_used - length, length, hash };
	*ret = k->count++;
	*slot = k->count;
	return 1;
}
