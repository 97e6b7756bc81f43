/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whose packets were refused of late, and on how many ports: who tries many, but too slowly for the kernel to
 * call it a scan (so many in a second), is told as one all the same. A source may have no place here: that
 * makes lines, and changes no count.
 */
#ifndef PORTGUARD_SOURCES_H
#define PORTGUARD_SOURCES_H

#include "events/scans.h"

struct source {
	struct scan_key key;
	uint32_t epoch;		/* of its last packet; PG_SCAN_QUIET later it is forgotten */
	uint32_t at_once;	/* kinds told at once in that epoch */
	uint64_t ports[4];	/* tried, by their low bits */
	uint16_t port_count;	/* bits set in @ports */
	bool scans;		/* there were more than PG_SCAN_PORTS */
};

struct sources;

int sources_new(struct sources **ret);
void sources_free(struct sources *s);	/* NULL is fine */

/* A packet of that source came in @epoch. NULL: others of this epoch have its place. */
struct source *sources_note(struct sources *s, const struct scan_key *key, uint32_t epoch);
/* It tried @port. Return: whether that is a new one. */
bool source_tried(struct source *source, uint16_t port);
/* NULL: nothing is known of it. */
struct source *sources_find(struct sources *s, const struct scan_key *key, uint32_t epoch);

#endif
