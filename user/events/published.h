/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the agent publishes of its outputs for other processes, in the file `outputs` of the run
 * directory: an object of JSON for each, with commas between. It counts for as long as the agent runs.
 */
#ifndef PORTGUARD_PUBLISHED_H
#define PORTGUARD_PUBLISHED_H

#include <stddef.h>
#include <stdint.h>

struct output_figures {
	char *name;
	uint64_t sent, filtered, queued, lost;	/* refusals; queued: those that wait */
	char *error;				/* NULL: none */
};

struct published {
	struct output_figures *list;
	size_t count;
};

/* @text: of the file. 0, -EINVAL (it is none), -ENOMEM. */
int published_parse(const char *text, size_t length, struct published *ret);
/* Of the file; none if there is none. */
int published_read(const char *path, struct published *ret);
void published_free(struct published *p);
#define _cleanup_published_ __attribute__((cleanup(published_free)))

#endif
