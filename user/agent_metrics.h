/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The agent's endpoint for metrics: served where the policy in force says (`metrics:`), nowhere if it
 * says nothing. Where that cannot be it is tried again, and told until then. Making the page takes at
 * most a twentieth of the agent's time, however often one asks for it.
 */
#ifndef PORTGUARD_AGENT_METRICS_H
#define PORTGUARD_AGENT_METRICS_H

#include "kernel/state.h"
#include "metrics/server.h"

struct agent_metrics {
	const struct paths *paths;
	struct state *state;		/* outlives it */
	void (*say)(void *data, const char *action, const char *text);
	void *data;
	struct server *server;
	struct policy policy;		/* in force, when it was looked at last */
	uint32_t changes, slot;		/* of pg_control, then */
	bool known;
	char *at;			/* where it is served, or NULL */
	int error;			/* why it is not, or 0 */
	char trouble[200];		/* the same in words */
	unsigned seconds;		/* since then */
	struct json page;
	uint64_t good_until_ns;		/* the page, or that there is none */
};

/* @m: paths, state, say and data set; it stays where it is. 0 or -errno. */
int agent_metrics_open(struct agent_metrics *m);
void agent_metrics_close(struct agent_metrics *m);
/* Readable when agent_metrics_dispatch() has something to do. */
int agent_metrics_fd(const struct agent_metrics *m);
void agent_metrics_dispatch(struct agent_metrics *m);
/* Once a second. */
void agent_metrics_tick(struct agent_metrics *m);

#endif
