/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Unit and container of a cgroup, for events. The names of containers stand in the runtimes' files: what was
 * found is believed for a minute, what was not is looked for again in the next second.
 */
#ifndef PORTGUARD_AGENT_PLACES_H
#define PORTGUARD_AGENT_PLACES_H

#include "events/process.h"
#include "kernel/containers.h"
#include "policy/place.h"

#define AGENT_PLACES 32

struct agent_places {
	char root[4096];		/* path of the enforcement root */
	struct container_reader files;
	struct place last;		/* the answer's texts */
	struct {
		char id[PLACE_ID], name[CONTAINER_NAME];	/* name: empty: none found */
		unsigned second;
	} names[AGENT_PLACES];
	unsigned next, second;
};

void agent_places_open(struct agent_places *p, const char *root);
void agent_places_close(struct agent_places *p);
/* Once a second. */
void agent_places_tick(struct agent_places *p);
/* As stream_config.place: texts until the next call. */
void agent_places_find(struct agent_places *p, const char *cgroup, struct process_place *ret);

#endif
