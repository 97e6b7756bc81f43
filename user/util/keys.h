/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A set of byte strings that numbers them in the order in which they came: 0, 1, 2 … It has a limit, and
 * chains that whoever chooses the strings cannot choose.
 */
#ifndef PORTGUARD_KEYS_H
#define PORTGUARD_KEYS_H

#include <stddef.h>
#include <stdint.h>

struct keys {
	struct key *list;	/* by number */
	uint32_t *slots;	/* number + 1; 0: free */
	uint32_t count, limit;
	uint32_t room;		/* of slots: a power of two */
	uint64_t seed;
	char *bytes;
	size_t bytes_used, bytes_room;
};

/* Zeroed is empty, but for @limit. */
void keys_init(struct keys *k, uint32_t limit);
void keys_free(struct keys *k);
/* 1: new, 0: known, its number in *ret; -ENOSPC: new, and as many as may be are there; -ENOMEM. */
int keys_add(struct keys *k, const void *bytes, size_t length, uint32_t *ret);

#endif
