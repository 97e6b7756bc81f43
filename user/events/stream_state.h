/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of the stream share: drain.c takes refusals over from the kernel into the table of
 * kinds, lines.c makes lines of them, stream.c says when.
 */
#ifndef PORTGUARD_STREAM_STATE_H
#define PORTGUARD_STREAM_STATE_H

#include "events/journal.h"
#include "events/kinds.h"
#include "events/scans.h"
#include "events/sources.h"
#include "events/stream.h"

/* Never more than @max lines in any second: when each of the last @max lines was made. */
struct budget {
	uint64_t *made_ns;	/* a ring; 0: none yet */
	uint32_t max;
	uint32_t oldest;
};

struct stream {
	struct stream_config config;
	struct journal journal;
	struct kinds *kinds;
	struct scans *scans;
	struct sources *sources;
	struct process_cache processes;
	struct budget budget;
	bool crowded;			/* at the last tick there were more kinds than lines */
	uint32_t slots;			/* of pg_seen */
	uint32_t *changed;		/* scratch of a drain: slots with something new */
	uint64_t monotonic_ns, now_us;	/* the time of this call */
	uint64_t beat_ns;		/* of the last one, or the start: monotonic */
	uint64_t drained_us;		/* what came before that has been taken */
	uint64_t drained_ns;		/* when that was done: monotonic */
	struct stream_figures figures;
};

/* drain.c */

/* Take everything that is new in pg_seen. */
void drain_all(struct stream *s);
/* Tell the kernel that all was taken: slots that stay quiet may be given to other kinds. */
void drain_next_epoch(struct stream *s);
/* Take a kind that the kernel announced, if it is the first of its kind; NULL: the drain will. */
struct kind *drain_announced(struct stream *s, uint32_t slot);
/* CLOCK_MONOTONIC to UTC microseconds, never later than now. */
uint64_t drain_utc_us(const struct stream *s, uint64_t monotonic_ns);

/* lines.c */

/* Lines that may be made now, counted up to @most. */
uint32_t lines_left(const struct stream *s, uint32_t most);
/* A line for each of these kinds, as one batch. */
void lines_tell(struct stream *s, struct kind *const *kinds, size_t count);
/* Which of what waits is told: all, or a scan that goes on only now and then. */
enum lines_which { LINES_ALL, LINES_PACED };
/* Lines for what waits, @limit at most; what is too much for lines ever is folded. */
void lines_tell_waiting(struct stream *s, enum lines_which which, uint32_t limit);
/* One line of another kind: severity, seq and, where it has none, its time are set here. */
void lines_tell_event(struct stream *s, struct event *e);

#endif
