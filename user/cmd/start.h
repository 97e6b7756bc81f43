/* SPDX-License-Identifier: GPL-2.0-only */
/* The words that run and up share. */
#ifndef PORTGUARD_CMD_START_H
#define PORTGUARD_CMD_START_H

#include "cmd/cmd.h"
#include "kernel/guard.h"

#define MOST_INTERFACES 64

struct start_words {
	const char *config;	/* never NULL */
	const char *cgroup, *event_log;
	const char *interfaces[MOST_INTERFACES];
	size_t interface_count;
	bool force;
};

int start_words(int argc, char **argv, struct start_words *ret, struct pg_error *err);
/* For the agent: what to begin with; @policy is referred to. */
struct guard_start start_from_words(const struct start_words *w, struct policy *policy);

#endif
