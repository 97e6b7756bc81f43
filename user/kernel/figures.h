/* SPDX-License-Identifier: GPL-2.0-only */
/* The guard's figures, as status, metrics and the heartbeat tell them. */
#ifndef PORTGUARD_FIGURES_H
#define PORTGUARD_FIGURES_H

#include "events/published.h"
#include "kernel/hook_rows.h"
#include "kernel/state.h"
#include "util/json.h"

struct event_figures {
	uint64_t emitted, suppressed, lost;
};

struct figures {
	const struct policy *policy;	/* in force; the caller's */
	uint64_t generation;
	char degraded[256];		/* why; empty: not */
	uint64_t try_left_s;		/* rounded up; 0: no policy is on trial */
	int agent;			/* its pid; 0: none runs */
	struct hook_rows hooks;
	uint64_t verdicts[PG_HOOK_COUNT][PG_VERDICT_COUNT];
	struct event_figures events;
	struct published outputs;
	uint64_t flows, flows_max;
	uint64_t ring_used, ring_size;	/* bytes */
};

/* A look at what is pinned; no lock is needed. 0, or -errno with words (69). */
int figures_read(const struct state *s, const struct policy *p, struct figures *ret,
		 struct pg_error *err);
void figures_free(struct figures *f);
#define _cleanup_figures_ __attribute__((cleanup(figures_free)))

/* {"bind":{"allow":N,"deny":N,"audit":N}, ...} */
void counters_json(struct json *j, const struct state *s);

#endif
