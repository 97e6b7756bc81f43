/* SPDX-License-Identifier: GPL-2.0-only */
/* Every cgroup of a tree, with the scopes that its sockets have. */
#ifndef PORTGUARD_CGROUP_WALK_H
#define PORTGUARD_CGROUP_WALK_H

#include "policy/owner.h"

/* 1: it was something else before; 0, or -errno, which ends the walk. */
typedef int (*cgroup_visit_fn)(void *data, uint64_t id, const struct cgroup_owner *owner);

/**
 * cgroup_walk() - Call @visit for a cgroup and all below it, parents first.
 * @directory: of the enforcement root, whose id is @id: -ESTALE if it is another one by now.
 * @path:      its path as /proc/PID/cgroup prints it; "" for "/".
 * What is removed meanwhile is left out. One descriptor is open at a time, and no path is handed to the
 * kernel, so that it does not matter how deep others have nested them.
 */
int cgroup_walk(const char *directory, uint64_t id, const char *path, const struct owner_patterns *patterns,
		cgroup_visit_fn visit, void *data);

#endif
