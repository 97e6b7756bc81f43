/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The last 10,000 events of an instance, in two files of frames (encode.h) that take turns: when
 * one is full the older one is replaced. They outlive the agent; a write that was cut short by its
 * death is found and cut off. Any number of readers may read while the agent writes.
 */
#ifndef PORTGUARD_HISTORY_H
#define PORTGUARD_HISTORY_H

#include "events/segment.h"
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

/* The enterprise number of events from now on; with an empty batch. */
void history_set_number(struct history *h, uint32_t number);

/* Take an event into the batch; nothing is written yet. */
int history_append(struct history *h, const struct event *e);

/* Write the batch, by one write() as a rule. 0, or -errno and the whole batch is dropped. */
int history_flush(struct history *h);

/* history_tally() - Sum up what @dir holds from @from_seq on. An empty or missing history is no error. */
int history_tally(const char *dir, uint64_t from_seq, struct history_tally *ret);

/* Called with each event; anything but 0 ends the reading and is returned. */
typedef int (*history_visit_fn)(void *data, const struct event_source *source, const struct event *e);

/* Where somebody reads who follows the writer. */
struct history_cursor {
	struct segment_reader reader;
	uint64_t turn;		/* of the file that it reads: the writer counts its turns */
};

#define HISTORY_CURSOR_INIT { .reader = SEGMENT_READER_INIT }

/* Begin to read in the file in which @seq lies, or else the oldest. 0 or -errno. */
int history_seek(const struct history *h, uint64_t seq, struct history_cursor *ret);
/**
 * history_next() - The next event, valid until the next call; cursor->reader.source is whose.
 * Files that take their turn meanwhile are followed; what was replaced before it was read is left out.
 * Return: 1, 0 at the end of what is written - which may be asked again - or -errno.
 */
int history_next(const struct history *h, struct history_cursor *cursor, struct event *ret);
void history_cursor_close(struct history_cursor *cursor);

/**
 * history_after() - Where to go on for a reader whose last event was @seq of the boot @boot_id.
 * @ret_seq: the first that it has not; the reader skips what comes before. 0: all there is.
 * The numbers go on over boots, but a machine that lost its power may have lost the last of them with
 * their events, and gives them again: then it is the boot that tells which events the reader has.
 */
int history_after(const struct history *h, const char *boot_id, uint64_t seq, uint64_t *ret_seq);

/* history_each() - Visit the last @limit events (0: HISTORY_EVENTS), oldest first. */
int history_each(const char *dir, uint32_t limit, history_visit_fn visit, void *data);

#endif
