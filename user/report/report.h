/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A report: the sums of events, and how the guard is now, which the caller has found out. Written as one HTML
 * page without any script or reference, or as JSON with the same figures. Pure.
 */
#ifndef PORTGUARD_REPORT_H
#define PORTGUARD_REPORT_H

#include "report/sums.h"
#include "util/json.h"
#include "util/services.h"

struct report_answer {
	char *verdict, *reason, *rule;	/* as `ports --json` has them */
};

/* Who listens; every text may be NULL but the first four, and is anybody's. */
struct report_listener {
	bool denied, inner;	/* inner: no packets from outside come there */
	char *local, *proto, *scope;
	struct report_answer bind, in;
	char *service, *process, *program, *unit, *container;
};

struct report_guard {
	bool up;
	char why_not[512];	/* where it is not, or must not be asked */
	bool agent, panic;
	enum pg_mode mode;
	char degraded[256];
	uint64_t counters[PG_HOOK_COUNT][PG_VERDICT_COUNT];	/* since it came up */
	uint64_t emitted, suppressed, lost;	/* lines, refusals only in a count, refusals in no line */
	bool listeners_known;
	char listeners_why_not[512];
	struct report_listener *listeners;
	size_t listener_count;
	char *listeners_json;	/* an array, as `ports --json` has it */
};

void report_guard_free(struct report_guard *g);

struct report {
	const struct report_sums *sums;
	const struct report_guard *guard;
	const struct services *services;
	const struct event_source *here;	/* where there is no event to say it */
	bool from_files;	/* --from, not history */
	uint64_t made_us;
};

/* The kernel's refusals since the guard came up; how many of them no event tells yet. */
uint64_t report_counted(const struct report_guard *g);
uint64_t report_waiting(const struct report_guard *g);

/* Append it to @out, whose error sticks. */
void report_page(struct json *out, const struct report *r);
void report_json(struct json *out, const struct report *r);

#endif
