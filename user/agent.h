/* SPDX-License-Identifier: GPL-2.0-only */
/* The agent: the loop that ties guard, events and outputs together. */
#ifndef PORTGUARD_AGENT_H
#define PORTGUARD_AGENT_H

#include "config_watch.h"
#include "kernel/guard.h"

struct agent_start {
	const struct paths *paths;
	struct guard_start guard;	/* its policy is taken over */
	const char *event_log;		/* or NULL */
	struct config_watch watch;	/* opened before the policy was read; taken over */
};

/* Guard, say that all is ready, and stream events until SIGTERM. 0 or -errno. */
int agent_run(const struct agent_start *start, struct pg_error *err);

#endif
