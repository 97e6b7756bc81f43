/* SPDX-License-Identifier: GPL-2.0-only */
/* The scopes that a policy which is not in force yet would have for a cgroup that is there. */
#ifndef PORTGUARD_SCOPE_OWNER_H
#define PORTGUARD_SCOPE_OWNER_H

#include <limits.h>

#include "kernel/containers.h"
#include "policy/owner.h"

struct scope_owners {
	struct owner_patterns patterns;	/* none: a policy without scopes, whose owners are the host */
	struct container_reader files;
	struct owner_names names;	/* as the files have them */
	char mount[PATH_MAX], root[PATH_MAX];	/* root: the enforcement root's path, "" for "/" */
};

/* *ret stays where it is. 0 or -ENOMEM. Where the enforcement root cannot be found no cgroup is in a scope. */
int scope_owners_open(const struct policy *p, struct scope_owners *ret);
void scope_owners_close(struct scope_owners *o);
/* Whether a cgroup is in any scope. @ret: numbers, nearest first, 0: none. */
bool scope_owners_find(const struct scope_owners *o, uint64_t cgroup, uint16_t ret[PG_OWNERS]);

#endif
