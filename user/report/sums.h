/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a report is made of: events in, sums out. Pure. Memory is bounded: the tables hold
 * REPORT_KEYS_MAX kinds each, exact for any history; what a longer log has beyond that is summed up in one
 * row, so that each table adds up to the same totals.
 */
#ifndef PORTGUARD_REPORT_SUMS_H
#define PORTGUARD_REPORT_SUMS_H

#include "events/event.h"
#include "util/keys.h"

#define REPORT_KEYS_MAX 65536
#define REPORT_BUCKETS_MAX 64
#define REPORT_NOTES_MAX 50

/* Refusals; audit: what would have been one. */
struct report_count {
	uint64_t deny, audit;
};

/* Packets have sources, calls have programs. */
enum report_side { REPORT_PACKETS, REPORT_CALLS, REPORT_SIDE_COUNT };

enum report_row_kind {
	REPORT_ROW_KNOWN,
	REPORT_ROW_SCANS,	/* ports: lines that sum up a scan */
	REPORT_ROW_NONE,	/* the events do not say */
	REPORT_ROW_REST,	/* beyond REPORT_KEYS_MAX */
};

struct report_row {
	enum report_row_kind kind;
	struct report_count count;
	uint64_t first_us, last_us;
	uint64_t hooks[PG_HOOK_COUNT];	/* deny and audit */
	uint32_t ports, sources, programs;	/* how many different ones */
	uint32_t scanned;		/* a source: the most ports that a line on its scans summed up; 0: none */
	/* what: of ports; of sources and programs, the last attempt's */
	bool out, port_known;
	uint8_t hook, proto;
	uint16_t port;
	uint8_t ip[16];			/* of sources */
	/* of programs: NULL what is not known */
	uint32_t uid;
	char *exe, *comm, *unit, *container, *cmdline;
};

struct report_table {
	struct report_row *rows;
	size_t count;
	struct keys keys;
};

struct report_bucket {
	struct report_count sides[REPORT_SIDE_COUNT];
};

/* A change or what befell the guard. */
struct report_note {
	uint64_t time_us;
	int severity;
	enum event_kind kind;
	char *action, *text, *before, *after, *actor;	/* NULL what is not known */
};

struct report_sums {
	uint64_t from_us, to_us;	/* UTC, as the buckets are */
	struct event_source source;	/* of the first event */
	bool mixed;			/* others of another host or instance */
	/* of all events, in the window or not */
	uint64_t events;
	uint64_t first_seq, last_seq;	/* the least, the greatest */
	uint64_t begins_us;		/* the oldest event's time */
	/* in the window */
	uint64_t lines;			/* of refusals */
	struct report_count sides[REPORT_SIDE_COUNT];
	struct report_count reasons[PG_HOOK_COUNT][PG_REASON_COUNT];
	uint64_t step_us, buckets_us;	/* width of a bucket, begin of the first: whole steps since 1970 */
	size_t bucket_count;
	struct report_bucket buckets[REPORT_BUCKETS_MAX];
	struct report_table ports, sources, programs;	/* after report_finish(): the most refused first */
	struct keys pairs;
	struct report_note notes[REPORT_NOTES_MAX];	/* after report_finish(): the newest first */
	size_t note_count;
	uint64_t notes_left_out;	/* that gave way to more important ones */
	uint64_t tampers, losses, degradations, changes;
};

/* @from_us < @to_us: the window, both ends included. */
void report_begin(struct report_sums *s, uint64_t from_us, uint64_t to_us);
void report_free(struct report_sums *s);
/* 0 or -ENOMEM. The event's strings are copied. */
int report_take(struct report_sums *s, const struct event_source *source, const struct event *e);
void report_finish(struct report_sums *s);

/* What all that is in the window adds up to. */
struct report_count report_total(const struct report_sums *s);
/* Whether nothing older than the window can be missing: the events begin before it, or with the very first. */
bool report_is_complete(const struct report_sums *s);
/* How many lines lie between the first and the last event and are not there. */
uint64_t report_missing(const struct report_sums *s);

/* The bucket of a moment in the window. */
size_t report_bucket_of(const struct report_sums *s, uint64_t us);

static inline uint64_t report_weight(const struct report_count *c)
{
	return c->deny + c->audit;
}

#endif
