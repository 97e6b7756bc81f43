/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pg_cgroups from user space: the scopes of every cgroup below the enforcement root, as
 * policy/owner.h finds them. The programs do the same for each cgroup that is made from then on.
 */
#ifndef PORTGUARD_SCOPE_CGROUPS_H
#define PORTGUARD_SCOPE_CGROUPS_H

#include "kernel/edit.h"
#include "policy/owner.h"

/**
 * scope_cgroups_write() - Write the numbers of the slot that is about to be put in force.
 * Its tables are written. The other slot's numbers stay. A cgroup that was removed, but of which sockets
 * live, keeps the scopes that both policies have.
 * Return: 0 or -errno, with words where it is the cgroup's fault (69).
 */
int scope_cgroups_write(struct edit *e, struct pg_error *err);

/*
 * The scopes of sockets that were made in a cgroup: its entry in the slot in force; all 0 where it has none.
 * @map: of pin_open("pg_cgroups").
 */
void scope_cgroups_owner(const struct state *s, int map, uint64_t id, uint16_t ret[PG_OWNERS]);

/*
 * How many entries are not what @p, the policy in force, says; @mend: make them so, in both slots where they
 * name scopes alike. @names: of containers; NULL: as the runtimes' files have them now. 0 or -errno.
 */
int scope_cgroups_check(struct state *s, const struct policy *p, const struct owner_names *names, bool mend,
			size_t *ret_wrong);

#endif
