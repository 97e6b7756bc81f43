/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whether the tables of the policy are what the last command made them, and writing them again where
 * they are not: from the policy in force, which is kept in memory as long as its image was sound.
 */
#ifndef PORTGUARD_TABLES_H
#define PORTGUARD_TABLES_H

#include "kernel/held.h"
#include "kernel/sums.h"
#include "policy/owner.h"

/* What differs; bits, and how operators are told. */
#define TABLES(X)                                                    \
	X(SLOT, "the ports of the policy in force")                  \
	X(NEXT, "the ports of the policy that is not in force")      \
	X(SWITCH, "which policy is in force")                        \
	X(FIXED, "pg_control")                                       \
	X(IMAGE, "the text of the policy")                           \
	X(PEERS, "pg_peers")                                         \
	X(CASES, "pg_cases")                                         \
	X(CALLERS, "pg_callers")                                     \
	X(GROUPS, "pg_groups")                                       \
	X(RULES, "pg_rules")                                         \
	X(IFACES, "pg_ifaces")                                       \
	X(DEVICES, "pg_devices")                                     \
	X(CGROUPS, "pg_cgroups")                                     \
	X(OPEN, "a change of the policy that was cut short")

enum table {
#define X(id, words) TABLE_##id,
	TABLES(X)
#undef X
	TABLE_COUNT
};

/* What stays the same in pg_control as long as an instance lives. */
struct fixed_control {
	uint64_t netns_cookie, cgroup_id;
	uint32_t abi, netns_inum, cpus, seed, hz, cgroup_level;
};

enum { WALK_CASES, WALK_IFACES, WALK_DEVICES, WALK_CALLERS, WALKS };

struct tables {
	const struct paths *paths;
	struct state *state;
	const struct owner_names *names;	/* of containers; NULL: as their files have them */
	struct fixed_control fixed;
	struct walk walks[WALKS];
	bool walking[WALKS];
	struct policy policy;		/* in force when its image was sound last */
	uint64_t policy_image, generation;
	bool policy_known;
};

void tables_open(const struct paths *paths, struct state *state, struct tables *ret);
void tables_close(struct tables *t);

/* Under the lock, shared is enough. @held: the maps. Return: 1 << enum table of all that differ. */
unsigned tables_check(struct tables *t, const struct holdings *held);
/*
 * Whether every cgroup has its scopes, for who calls now and then: the whole tree is walked. Under the lock.
 * Return: 1 << TABLE_CGROUPS, or 0. The programs write there, too: what differs once may be on its way.
 */
unsigned tables_check_cgroups(struct tables *t);
/* After commands have worked: walks begin again. */
void tables_follow(struct tables *t);
/* Under the lock, exclusive: write again what @wrong says. 0 or -errno with words. */
int tables_repair(struct tables *t, unsigned wrong, struct pg_error *err);
/* Attach and resolve all that the policy in force wants, as guard_sync_devices(). */
int tables_sync(struct tables *t, struct pg_error *err);
/* "pg_peers, pg_cases": what @wrong says, in words. */
void tables_words(unsigned wrong, char *to, size_t size);

#endif
