/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The last 10,000 events of an instance, in two files of frames (encode.h) that take turns: when
 * one is full the older one is replaced. They outlive the agent; a write that was cut short by its
 * death is found and cut off. Any number of readers may read while the agent writes.
 */
#ifndef PORTGUARD_HISTORY_H
#define PORTGUARD_HISTORY_H

#include "events/event.h"
#include "util/error.h"

#define HISTORY_EVENTS 10000

struct history;

/* What history knows of the past; last_* are 0 where it is empty. */
struct history_tally {
	uint64_t last_seq;
	uint64_t last_end_us;	/* but for changes */
	uint64_t lines;		/* of refusals, from the seq that was asked for on */
	uint64_t refusals;	/* that these lines stand for */
};

/**
 * history_open() - Open the history of an instance for writing; there must be one writer only.
 * @dir:    an existing directory.
 * @source: copied; stands before the events that follow.
 * @limit:  events that a file holds before the other takes over; 0: HISTORY_EVENTS.
 */
int history_open(const char *dir, const struct event_source *source, uint32_t limit,
		 struct pg_error *err, struct history **ret);
void history_free(struct history *h);	/* what was not flushed is dropped; NULL is fine */

/* Take an event into the batch; nothing is written yet. */
int history_append(struct history *h, const struct event *e);

/* Write the batch, by one write() as a rule. 0, or -errno and the whole batch is dropped. */
int history_flush(struct history *h);

/* history_tally() - Sum up what @dir holds from @from_seq on. An empty or missing history is no error. */
int history_tally(const char *dir, uint64_t from_seq, struct history_tally *ret);

/* Called with each event; anything but 0 ends the reading and is returned. */
typedef int (*history_visit_fn)(void *data, const struct event_source *source, const struct event *e);

/* history_each() - Visit the last @limit events (0: HISTORY_EVENTS), oldest first. */
int history_each(const char *dir, uint32_t limit, history_visit_fn visit, void *data);

#endif
