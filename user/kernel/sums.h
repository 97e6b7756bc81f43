/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sums of a running instance (struct pg_sums): commands keep them as they change tables, the agent
 * compares them with what the tables hold. Small tables are mapped and added up at once; maps with
 * keys are walked in slices, since a walk costs a system call or a copy for each entry.
 */
#ifndef PORTGUARD_SUMS_H
#define PORTGUARD_SUMS_H

#include "kernel/checksum.h"
#include "kernel/state.h"

static inline struct checksum_tables slot_tables(const struct state *s, uint32_t slot)
{
	return (struct checksum_tables){
		.slot = &s->control->slots[slot],
		.answers = s->ports + PG_PORT_INDEX(slot, 0, 0, 0),
		.scopes = s->scopes ? s->scopes + slot * PG_MAX_SCOPES * PG_SCOPE_STRIDE : NULL,
		.spans = s->spans ? s->spans + slot * PG_MAX_SPANS : NULL,
		.texts = s->texts ? s->texts[slot].bytes : NULL,
	};
}

/* What the pinned image of a slot adds up to. @ret_text: a copy of it, or NULL where it is damaged; may be NULL. */
int image_sum(const struct paths *paths, uint32_t slot, uint64_t *ret, char **ret_text, size_t *ret_length);

/* A walk through a map, as far as it has come. */
struct walk {
	int fd;
	bool begun;
	uint32_t key_size, value_size;
	uint64_t sum;
	char at[64];
};

/**
 * walk_begin() - Begin at the first entry.
 * @fd: of a hash; the caller's, open until the walk is done.
 */
int walk_begin(struct walk *w, int fd);
/* Go on for about @entries. Return: 1 when the end was reached (@w->sum is whole), 0: there is more, or -errno. */
int walk_step(struct walk *w, size_t entries);
/* The whole map at once. */
int map_sum(int fd, uint64_t *ret);

/* Take what pg_ifaces and pg_devices hold now for right: who calls has just written them. */
void sums_seal_devices(struct state *s);
/* Likewise what groups lead to, after it was written from nothing. */
void sums_seal_classes(struct state *s);

/* What pg_groups and pg_rules add up to now. */
uint64_t groups_sum(const struct state *s);
uint64_t rules_sum(const struct state *s);

#endif
