/* SPDX-License-Identifier: GPL-2.0-only */
/* The agent's events: stream and outputs over the tables of a running guard. */
#ifndef PORTGUARD_AGENT_EVENTS_H
#define PORTGUARD_AGENT_EVENTS_H

#include "events/event.h"
#include "kernel/state.h"

struct agent_events;

struct agent_events_config {
	const struct paths *paths;
	struct state *state;		/* outlives it */
	const char *event_log;
	void (*drain)(void *data);	/* hand in what lies in the ring */
	void *data;
};

int agent_events_open(const struct agent_events_config *config, struct agent_events **ret, struct pg_error *err);
void agent_events_free(struct agent_events *e);
void agent_events_record(struct agent_events *e, const void *record, size_t size);
void agent_events_tick(struct agent_events *e);
void agent_events_finish(struct agent_events *e);	/* with a last `stop` */
void agent_events_health(struct agent_events *e, const char *action, const char *text);
/* What was told as degraded is over. */
void agent_events_recovered(struct agent_events *e, const char *what);
void agent_events_change(struct agent_events *e, const struct event *change);	/* as stream_change() */
void agent_events_reopen(struct agent_events *e);
int agent_events_fd(const struct agent_events *e);
void agent_events_dispatch(struct agent_events *e);

#endif
