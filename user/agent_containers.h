/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scopes of containers by name: the programs know a container by its id as soon as its cgroup is made, and
 * the agent adds those whose scope is given by a name. Once a second it looks for containers that are new,
 * asks the runtimes' files for the name - until there is one, at most for a minute - and where a scope
 * has that name writes the scope's number. Until then the container has the scope of what it is in.
 * Nothing is looked for as long as the policy has no scopes of containers.
 */
#ifndef PORTGUARD_AGENT_CONTAINERS_H
#define PORTGUARD_AGENT_CONTAINERS_H

#include "kernel/containers.h"
#include "kernel/state.h"
#include "policy/owner.h"

struct agent_containers {
	const struct paths *paths;
	struct state *state;		/* outlives it */
	struct owner_names names;	/* those that pg_cgroups accounts for, for who checks it */
	struct container_reader files;
	struct agent_container *list;	/* as seen last, sorted by id */
	size_t count;
	struct owner_patterns patterns;	/* of the policy in force; none if it has no scopes of containers */
	bool patterns_known;
	/* The policy as it was when all names were asked for last. */
	uint64_t matching;		/* scopes_matching() */
	uint32_t serial, slot;
	bool known;
	bool write;			/* some container's scope is to be written */
	unsigned seconds;
};

/* *c stays where it is. */
void agent_containers_open(struct agent_containers *c, const struct paths *paths, struct state *state);
void agent_containers_close(struct agent_containers *c);
/* Once a second. */
void agent_containers_check(struct agent_containers *c);

#endif
