/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Addresses sorted into classes: two are of one class if exactly the same peers hold them. The number
 * of classes is at most the number of prefixes, so that each can be asked once, when compiling.
 */
#ifndef PORTGUARD_CLASSES_H
#define PORTGUARD_CLASSES_H

#include "policy/compile.h"

/* Which classes each peer holds. */
struct class_index {
	const struct peer **peers;	/* sorted, each one once; not owned */
	size_t count;
	uint32_t *first;		/* count + 1 offsets into ids */
	uint32_t *ids;			/* classes, ascending for each peer */
};

/**
 * classes_build() - Make the classes of a list of peers (none PEER_ANY).
 * @peers: sorted and made unique here; must outlive @ret_index, which takes the array over.
 * A set that the policy lacks holds no address.
 */
int classes_build(const struct policy *p, const struct peer **peers, size_t count,
		  struct class_table *ret_table, struct class_index *ret_index);
void class_index_free(struct class_index *index);
/* Number of the peer, which was in the list. */
size_t class_index_find(const struct class_index *index, const struct peer *peer);
/* The class of an address; O(log n). */
uint32_t class_of(const struct class_table *table, const uint8_t address[16]);

#endif
