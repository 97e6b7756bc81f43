/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tables of scopes of a slot: pg_scopes, pg_spans, pg_texts. They are written whole while the slot is
 * not in force. What two lists of ports have in common they have once: of most scopes bind and in are the same.
 */
#ifndef PORTGUARD_KERNEL_SCOPES_H
#define PORTGUARD_KERNEL_SCOPES_H

#include "kernel/edit.h"

/* Write the scopes of `to` where the slot does not have them already. -E2BIG with words: too much of them. */
int scopes_write(struct edit *e, struct pg_error *err);
/* Number 0 and all others; 0: the policy has no scopes. And that of `netns: private`, or 0. */
uint16_t scopes_count(const struct edit *e);
uint16_t scopes_netns(const struct edit *e);
/* Whether one of them says a mode of its own. */
bool scopes_say_mode(const struct edit *e);

/* One slot's to the other. 0 or -errno. */
int scopes_copy(struct state *s, uint32_t from, uint32_t to);
/* Call @fn for each answer of a slot's scopes. */
void scopes_each_answer(const struct state *s, uint32_t slot, void (*fn)(void *data, uint32_t answer),
			void *data);
/* What tells by which patterns a slot's numbers are given from how another one's are. */
uint64_t scopes_matching(const struct state *s, uint32_t slot);

#endif
