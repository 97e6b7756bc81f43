/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tables of a policy add up to: a sum over (place, value), so that whoever writes one word
 * takes its former share away and adds the new one, and nobody adds up a million words for it. What
 * programs never look at (the answer of a port whose bit is not set) has no share. It finds what was
 * changed by accident or by hand; it is no signature: who can write the tables can write the sums, too.
 */
#ifndef PORTGUARD_CHECKSUM_H
#define PORTGUARD_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

#include "portguard/abi.h"

/* One slot's tables. */
struct checksum_tables {
	const struct pg_slot *slot;
	const uint32_t *answers;	/* PG_PORT_INDEX(0, …) */
	const char *scopes;		/* PG_SCOPE_STRIDE bytes each; NULL, as the next two: not mapped */
	const struct pg_span *spans;
	const char *texts;
};

/* Elements of a mapped array are padded to 8 bytes. */
#define PG_SCOPE_STRIDE ((sizeof(struct pg_scope) + 7) / 8 * 8)

/* How much of its tables of scopes a slot uses; 0 where there are none. Never more than there is. */
struct scopes_used {
	uint32_t scopes, spans, texts;
};
struct scopes_used scopes_used(const struct checksum_tables *t);

/* Bytes in their order, the first of them at @place; zeros add nothing. */
uint64_t checksum_bytes(uint64_t place, const void *bytes, size_t size);
/* An entry of a map that has no order. */
uint64_t checksum_entry(const void *key, size_t key_size, const void *value, size_t value_size);

/* What is in a slot beside its ports and scopes. */
uint64_t checksum_header(const struct checksum_tables *t);
/* Ports @first to @last (inclusive). */
uint64_t checksum_ports(const struct checksum_tables *t, uint32_t table, uint32_t proto, uint32_t first,
			uint32_t last);
/* Its scopes, with their ports and patterns. */
uint64_t checksum_scopes(const struct checksum_tables *t);
/* The whole slot. An empty one adds up to 0. */
uint64_t checksum_slot(const struct checksum_tables *t);

#endif
