// SPDX-License-Identifier: GPL-2.0-only
/*
 * The counters are read from the mapped tables, without the commands' lock; the policy, for its mode, only after it
 * has changed.
 */
#include "cmd/top_guard.h"

#include <stdio.h>

#include "util/names.h"

void top_guard_forget(struct top_guard *g)
{
	if (g->mapped)
		state_close(&g->state);
	*g = (struct top_guard){ 0 };
}

/* The first look says how much there is, not how fast it comes. */
static void count(struct top_guard *g, unsigned side, const uint64_t now[2], uint64_t second,
		  struct screen_rates *rates)
{
	if (g->counted && now[0] >= g->refused[side] && now[1] >= g->allowed[side]) {
		top_series_add(&rates->refused, second, now[0] - g->refused[side]);
		top_series_add(&rates->allowed, second, now[1] - g->allowed[side]);
	}
	g->refused[side] = rates->total = now[0];
	g->allowed[side] = now[1];
}

/* What was counted since the last look belongs to the second that is over. */
static void read_counters(struct top_guard *g, struct screen *s)
{
	uint64_t sums[2][2] = { 0 };

	for (unsigned hook = 0; hook < PG_HOOK_COUNT; hook++) {
		unsigned call = hook != PG_HOOK_INBOUND && hook != PG_HOOK_DELIVER;

		sums[call][0] += state_verdicts(&g->state, hook, PG_DENY) +
				 state_verdicts(&g->state, hook, PG_AUDIT);
		sums[call][1] += state_verdicts(&g->state, hook, PG_ALLOW);
	}
	count(g, 0, sums[0], s->now - 1, &s->packets);
	count(g, 1, sums[1], s->now - 1, &s->calls);
	g->counted = true;
}

/* A command that is at work now is asked again in a second. */
static void read_policy(struct top_guard *g, const struct paths *paths)
{
	_cleanup_guard_ struct guard guard = { 0 };
	uint32_t changes = __atomic_load_n(&g->state.control->changes, __ATOMIC_SEQ_CST);

	if (g->changes_seen == changes + 1 || guard_open(paths, GUARD_READ, &guard, NULL))
		return;
	g->changes_seen = changes + 1;
	g->mode = guard.policy.mode;
	g->panic = guard.policy.panic;
}

void top_guard_look(struct top_guard *g, const struct paths *paths, bool agent, struct screen *s)
{
	const char *degraded;

	if (!g->mapped)
		g->mapped = !state_open(paths, false, &g->state, NULL);
	s->trouble = true;
	if (!g->mapped) {
		(void)snprintf(s->state, sizeof(s->state), "the guard is down");
		return;
	}
	read_counters(g, s);
	if (!agent) {
		(void)snprintf(s->state, sizeof(s->state), "no agent runs: nobody tells events");
		return;
	}
	read_policy(g, paths);
	degraded = g->state.meta->degraded;
	s->trouble = g->panic || *degraded || g->mode != PG_MODE_ENFORCE;
	(void)snprintf(s->state, sizeof(s->state), "%s%s%s%.100s", mode_names[g->mode],
		       g->panic ? ", PANIC" : "", *degraded ? ", degraded: " : "", degraded);
}
