/* SPDX-License-Identifier: GPL-2.0-only */
/* What each output has been told, and what became of it: for `status` and metrics, with or without an agent. */
#ifndef PORTGUARD_PUBLISHED_H
#define PORTGUARD_PUBLISHED_H

#include <stddef.h>
#include <stdint.h>

struct output_figures {
	char *name;
	uint64_t sent, filtered, queued, lost;	/* refusals; queued: those that wait */
	char *error;				/* NULL: none */
};

/* In the order of the policy, the event log first. */
struct published {
	struct output_figures *list;
	size_t count;
};

/* Of the outputs whose spools are in that directory of an instance; none if there is none. 0 or -errno. */
int published_read(const char *dir, struct published *ret);
void published_free(struct published *p);
#define _cleanup_published_ __attribute__((cleanup(published_free)))

#endif
