// SPDX-License-Identifier: GPL-2.0-only
/* See agent_later.h. A process of its own loads them, with which the memory goes that it takes. */
#include "agent_later.h"

#include <stdio.h>
#include <string.h>

#include "kernel/load.h"
#include "kernel/lock.h"
#include "util/child.h"
#include "util/cleanup.h"

static int load(void *paths)
{
	return load_later(paths);
}

static int load_apart(const struct paths *paths)
{
	pid_t pid = child_begin(load, (void *)paths);

	return pid < 0 ? pid : child_end(pid);
}

void agent_later_load(const struct paths *paths, struct state *s, struct watch *w, struct agent_events *e)
{
	_cleanup_close_ int lock = -1;
	char text[128];
	int r = lock_take(paths, "lock", true, LOCK_WAIT_MS, &lock);

	if (!r) {
		r = load_apart(paths);
		s->meta->sums.serial++;
		watch_follow(w);
	}
	if (!r)
		return;
	(void)snprintf(text, sizeof(text),
		       "programs for devices that are not here could not be loaded: %s", strerror(-r));
	agent_events_health(e, "degraded", text);
}
