/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the agent does when its time has come: a trial that has run out is settled, runtime rules that
 * have ended are dropped. The programs stop honouring both by themselves; this keeps the books. It also
 * tells of trials and panic that began and ended.
 */
#ifndef PORTGUARD_AGENT_TIMES_H
#define PORTGUARD_AGENT_TIMES_H

#include "kernel/state.h"

struct agent_times {
	const struct paths *paths;
	struct state *state;		/* outlives it */
	/* A change that was seen: the command's word, and what it means. */
	void (*tell)(void *data, const char *action, const char *text);
	void *data;
	int timer_fd;			/* readable when a trial runs out */
	uint32_t serial;		/* of pg_sums, when ends were looked up */
	uint64_t next_end_ns;		/* of a runtime rule; UINT64_MAX: none */
	uint32_t slot;			/* pg_control's, as seen last */
	bool panic, ends_known;
};

/* @t: paths, state, tell and data set. 0 or -errno. */
int agent_times_open(struct agent_times *t);
void agent_times_close(struct agent_times *t);
/* Several times a second, and when timer_fd says so. Return: devices and hooks want a look. */
bool agent_times_check(struct agent_times *t);

#endif
