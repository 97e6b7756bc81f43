/* SPDX-License-Identifier: GPL-2.0-only */
/* The agent reads the policy's files again, when they change or at SIGHUP: put in force, or reported and left. */
#ifndef PORTGUARD_AGENT_RELOAD_H
#define PORTGUARD_AGENT_RELOAD_H

#include "agent_events.h"
#include "config_watch.h"
#include "events/actor.h"

struct agent_reload {
	const struct paths *paths;
	const struct state *state; /* outlives it, as do the events */
	struct agent_events *events;
	void (*say)(void *data, const char *action, const char *text);
	void *data;
	struct config_watch watch;
	enum { RELOAD_NOT, RELOAD_BY_WATCH, RELOAD_BY_HAND } wanted;
	struct actor by; /* who sent SIGHUP */
	char degraded[256]; /* as pg_meta had it last; empty: not */
};

/* Where a command is at work, or a trial under way, it stays wanted. */
void agent_reload(struct agent_reload *l);
/* What was degraded may have recovered: by a command, a reload, or the watch. */
void agent_reload_look(struct agent_reload *l);

#endif
