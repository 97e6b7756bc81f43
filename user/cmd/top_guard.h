/* SPDX-License-Identifier: GPL-2.0-only */
/* What top shows of the guard itself: its counters, its mode. */
#ifndef PORTGUARD_CMD_TOP_GUARD_H
#define PORTGUARD_CMD_TOP_GUARD_H

#include "kernel/guard.h"
#include "top/screen.h"

struct top_guard {
	struct state state;
	bool mapped;
	uint32_t changes_seen;		/* control->changes that the policy was read at, plus one */
	enum pg_mode mode;
	bool panic;
	bool counted;			/* packets, calls: as they were a second ago */
	uint64_t refused[2], allowed[2];
};

/* Once a second, into the screen's state and rates. @agent: one is followed. */
void top_guard_look(struct top_guard *g, const struct paths *paths, bool agent, struct screen *s);
/* It may be another one the next time. */
void top_guard_forget(struct top_guard *g);

#endif
