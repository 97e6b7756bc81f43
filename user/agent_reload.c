// SPDX-License-Identifier: GPL-2.0-only
/* The policy's files, read again; see agent_reload.h. */
#include "agent_reload.h"

#include <errno.h>
#include <stdio.h>

#include "config.h"
#include "kernel/guard.h"
#include "util/cleanup.h"

static int put_in_force(struct agent_reload *l, struct guard *g, struct policy *next, struct pg_error *err)
{
	bool by_hand = l->wanted == RELOAD_BY_HAND, changed = false;
	const struct guard_told told = {
		.action = "reload",
		.actor = by_hand ? &l->by.event : &guard_nobody,
		.text = by_hand ? "the policy's files were read again at SIGHUP"
				: "the policy's files are new",
		.compare = true,
	};
	const struct guard_change how = { .new_generation = true,
					  .wait_for_devices = true,
					  .told = &told };
	int r = guard_open(l->paths, GUARD_WRITE_NOW, g, err);

	if (!r && g->state.meta->mode_typed && !by_hand)
		policy_take_modes(next, &g->policy);
	r = r ? r : guard_merge(g, next, false, err);
	r = r ? r : guard_change(g, next, &how, &changed, err);
	if (!r && (changed || by_hand))
		g->state.meta->mode_typed = 0;
	return r;
}

void agent_reload_look(struct agent_reload *l)
{
	const char *now = l->state->meta->degraded;

	if (l->degraded[0] && !now[0])
		agent_events_recovered(l->events, l->degraded);
	(void)snprintf(l->degraded, sizeof(l->degraded), "%s", now);
}

void agent_reload(struct agent_reload *l)
{
	_cleanup_policy_ struct policy next = { 0 };
	_cleanup_guard_ struct guard g = { 0 };
	struct pg_error err = PG_ERROR_INIT;
	struct pg_meta *meta = l->state->meta;
	int r = config_load_watched(&l->watch, &next, &err);

	r = r ? r : put_in_force(l, &g, &next, &err);
	if (r == -EBUSY)
		return; /* a command is at work, or a trial under way: again in a second */
	l->wanted = RELOAD_NOT;
	(void)snprintf(meta->degraded, sizeof(meta->degraded), "%.200s", r ? err.text : "");
	if (r)
		l->say(l->data, "degraded", err.text);
	agent_reload_look(l);
}
