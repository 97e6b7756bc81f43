/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One output at work: filter and `max:` decide what it gets, the spool keeps it in order until it has arrived,
 * the sink is opened, written to, and opened again after ever longer pauses. Nothing here blocks.
 */
#ifndef PORTGUARD_OUTLET_H
#define PORTGUARD_OUTLET_H

#include "events/output.h"
#include "events/spool.h"

struct outlet;

struct outlet_place {
	const char *dir;			/* of spools; exists */
	const struct event_source *source;	/* outlives it */
	int epoll_fd;				/* where its descriptor is watched; data.ptr is the outlet */
	uint64_t seq, told;			/* struct spool_config's */
	bool counters_are_new;			/* spool_begin_anew(), after seq */
	uint32_t order;
};

/* @config is copied. The spool is open then, the sink is opened at once or later. 0 or -errno. */
int outlet_new(const struct output *config, const struct outlet_place *place, struct outlet **ret);
/* Ends in order: what has arrived is no longer waiting. NULL is fine. */
void outlet_free(struct outlet *o);
/* Is no output any more; returns the refusals that waited for it. */
uint64_t outlet_remove(struct outlet *o);

/* The enterprise number of what is sent from now on. */
void outlet_set_number(struct outlet *o, uint32_t number);

const struct output *outlet_config(const struct outlet *o);
struct spool *outlet_spool(struct outlet *o);

/* An event is told; those that were taken already are not taken again. */
void outlet_take(struct outlet *o, const struct event *e, const char *boot_id, const char *frame, size_t length);
/* The batch is whole: send what can be sent, and commit. */
void outlet_flush(struct outlet *o);
/* About once a second, before new events: what has arrived is sent; what is broken may be tried again. */
void outlet_tick(struct outlet *o);
/* epoll says so. */
void outlet_ready(struct outlet *o, uint32_t events);
/* Open it anew: somebody moved the file away. */
void outlet_reopen(struct outlet *o);
/* The agent ends: no more patience. Whether anything is still under way. */
bool outlet_finish(struct outlet *o);
/* Not 0: why it is not open, -errno; and in words. */
int outlet_error(const struct outlet *o);
const char *outlet_trouble(const struct outlet *o);

#endif
