// SPDX-License-Identifier: GPL-2.0-only
/* See agent_changes.h. */
#include "agent_changes.h"

#include <stdio.h>

#include "events/changes.h"
#include "kernel/lock.h"
#include "util/cleanup.h"

static void tell_lost(const struct agent_changes *c, uint64_t lost)
{
	char text[128];

	if (!lost)
		return;
	(void)snprintf(text, sizeof(text),
		       "%llu changes of the policy, or more, have no event: their notes are gone",
		       (unsigned long long)lost);
	agent_events_health(c->events, "lost", text);
}

void agent_changes_take(struct agent_changes *c)
{
	_cleanup_changes_ struct changes noted = { .list = NULL };
	const char *dir = c->paths->var;
	_cleanup_close_ int lock = -1;

	/* Shared is enough: who notes has it alone, and nobody else takes. */
	if (!changes_wait(dir) || lock_take(c->paths, "lock", false, 0, &lock))
		return;
	if (changes_read(dir, state_stamp(c->state), !c->settled, &noted))
		return; /* the next time */
	for (size_t i = 0; i < noted.count; i++)
		agent_events_change(c->events, &noted.list[i]);
	tell_lost(c, noted.lost);
	c->settled = !changes_clear(dir);
}
