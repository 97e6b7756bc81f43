/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the agent does when its time has come: a trial that has run out is settled, runtime rules that
 * have ended are dropped. The programs stop honouring both by themselves; this keeps the books. Files
 * that `by exe` names and that were replaced are looked up again.
 */
#ifndef PORTGUARD_AGENT_TIMES_H
#define PORTGUARD_AGENT_TIMES_H

#include "kernel/state.h"

struct agent_times {
	const struct paths *paths;
	struct state *state;		/* outlives it */
	int timer_fd;			/* readable when a trial runs out */
	unsigned looks;
	struct policy policy;		/* in force, if it names files; else empty */
	uint64_t files;			/* sum over them */
	uint32_t serial;		/* of pg_sums, when the policy was read */
	uint64_t next_end_ns;		/* of a runtime rule; UINT64_MAX: none */
	uint32_t slot;			/* pg_control's, as seen last */
	bool known;
};

/* @t: paths and state set. 0 or -errno. */
int agent_times_open(struct agent_times *t);
void agent_times_close(struct agent_times *t);
/* Several times a second, and when timer_fd says so. Return: devices and hooks want a look. */
bool agent_times_check(struct agent_times *t);

#endif
