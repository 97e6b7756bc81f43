/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The agent takes over what commands noted, and the agent itself (events/changes.h): each change becomes an event,
 * with its own time, also one that was made while no agent ran.
 */
#ifndef PORTGUARD_AGENT_CHANGES_H
#define PORTGUARD_AGENT_CHANGES_H

#include "agent_events.h"

struct agent_changes {
	const struct paths *paths;
	const struct state *state;	/* outlives it, as do the events */
	struct agent_events *events;
	bool settled;			/* what a former agent told and did not take away has been left out */
};

/* Several times a second, and whenever somebody asks for all events. While a command is at work nothing is taken. */
void agent_changes_take(struct agent_changes *c);

#endif
