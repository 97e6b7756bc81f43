/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What waits for an output, and what became of what was told to it: one file for each output, which outlives
 * the agent and the machine's next boot. It holds a ring of events in their order, of which the oldest go
 * first when it is full, and its figures, which are refusals. At every instant
 *
 *	sent + filtered + queued + lost = refusals told, up to the event spool_seq()
 *
 * since the counters began (spool_begin_anew()); what waits from before counts nothing. An agent that dies at
 * any byte leaves the file as it was at the last spool_commit(): the next one takes the events that follow
 * from history, and what had been sent since then is sent again, with the same id.
 */
#ifndef PORTGUARD_SPOOL_H
#define PORTGUARD_SPOOL_H

#include "events/event.h"

#define SPOOL_ERROR 160		/* bytes of words */
#define SPOOL_POSITION 4

struct spool;

struct spool_figures {
	uint64_t sent, filtered, queued, lost;
};

struct spool_config {
	const char *dir;		/* exists */
	const char *name;		/* of the output */
	uint64_t capacity;		/* bytes that may wait */
	uint32_t order;			/* for spool_each() */
	/* Where a new one begins: after this event; refusals told until then were never for it: `filtered`. */
	uint64_t seq, told;
};

/* A place in the queue. */
struct spool_cursor {
	uint64_t offset, passed;
};

/* One that is damaged, or none, is begun anew. A queue that is too long for @capacity loses its oldest. */
int spool_open(const struct spool_config *config, struct spool **ret);
void spool_free(struct spool *s);	/* NULL is fine */
/* The file goes; what waited is no more. */
void spool_remove(struct spool *s);

/* The counters began at 0 again after this event. */
void spool_begin_anew(struct spool *s, uint64_t seq);
/* The last event that was taken in. */
uint64_t spool_seq(const struct spool *s);
/* Refusals told up to spool_seq(): what is in no figure is lost. */
void spool_balance(struct spool *s, uint64_t told);

/* Take an event in, as one of these; its seq is above spool_seq(). @frame: as encode.h makes it. */
void spool_put(struct spool *s, const struct event *e, const char *boot_id, const char *frame, size_t length);
void spool_filter(struct spool *s, const struct event *e);
void spool_lose(struct spool *s, const struct event *e);

/* The first event that waits. A cursor whose events were lost since goes on here. */
struct spool_cursor spool_first(const struct spool *s);
bool spool_is_gone(const struct spool *s, const struct spool_cursor *at);
/* The event at the cursor, valid until the next call, and on. 1, or 0 at the end. */
int spool_next(struct spool *s, struct spool_cursor *at, char boot_id[37], struct event *ret);
bool spool_is_empty(const struct spool *s);
/* What stands before the cursor has been sent; or cannot be. */
void spool_sent(struct spool *s, const struct spool_cursor *upto);
void spool_drop(struct spool *s, const struct spool_cursor *upto);

/* Words of the sink's trouble, NULL: none. And what a sink wants to know again after a crash. */
void spool_set_error(struct spool *s, const char *text);
uint64_t *spool_position(struct spool *s);

/* Write all of that, if anything changed. 0 or -errno. */
int spool_commit(struct spool *s);
struct spool_figures spool_figures(const struct spool *s);

/* Of one output, by name; @error may be NULL. Anything but 0 ends the reading and is returned. */
typedef int (*spool_visit_fn)(void *data, const char *name, const struct spool_figures *figures, const char *error);
/* All spools of a directory as they were committed last, in their order; by anybody who may read it. */
int spool_each(const char *dir, spool_visit_fn visit, void *data);
/* Remove all that have none of these names; @gone is told of each. */
int spool_keep(const char *dir, const char *const *names, size_t count, spool_visit_fn gone, void *data);

#endif
