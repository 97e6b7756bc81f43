/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which scopes answer for the sockets of a cgroup: what user space writes into pg_cgroups when a policy is
 * put in force, and what the programs find for a cgroup that is made later. Pure; names and patterns mean
 * what portguard/place.h and portguard/glob.h say.
 */
#ifndef PORTGUARD_OWNER_H
#define PORTGUARD_OWNER_H

#include "policy/policy.h"

/* What a scope is matched by, as pg_scopes and pg_texts hold it. */
struct owner_pattern {
	char *text;		/* owned */
	uint32_t length;
	uint32_t prefix;	/* bytes before its first wildcard; length: it has none */
	uint16_t weight;	/* without wildcards before with them, then the longer */
	uint8_t selector;	/* enum pg_selector */
	bool with_socket;
	bool cut_id;		/* container: the '*' at its end is there for ids alone */
};

/* What the path of a container's cgroup does not say. */
struct owner_names {
	void *data;
	/* The name of a container; NULL: nobody knows. It is used before the next one is asked for. */
	const char *(*container_name)(void *data, const char *id);
};

/* Those of a policy; its number is a scope's index + 1. */
struct owner_patterns {
	struct owner_pattern *list;
	size_t count;
	const struct owner_names *names;	/* or NULL: containers are matched by their ids alone */
};

/* 0 or -ENOMEM. A container's id may be cut short: it gets a '*'. */
int owner_patterns(const struct policy *p, struct owner_patterns *ret);
void owner_patterns_free(struct owner_patterns *p);
#define _cleanup_owner_patterns_ __attribute__((cleanup(owner_patterns_free)))

/* Whether there are scopes of containers; then names matter. And whether one has that name. */
bool owner_has_containers(const struct owner_patterns *p);
bool owner_names_container(const struct owner_patterns *p, const char *name);

/* A cgroup's half of struct pg_cgroup. */
struct cgroup_owner {
	uint16_t scope[PG_OWNERS];	/* numbers, nearest first; 0: none */
	uint8_t place;			/* enum pg_place, for the names below it */
};

/*
 * The enforcement root: `cgroup:` scopes that hold it or a cgroup above it; units and containers are
 * recognised below. Paths are whole, as /proc/PID/cgroup prints them; those that PG_GLOB_MAX bytes
 * do not hold match nothing of their own, and nothing is recognised below them.
 */
void owner_of_root(const struct owner_patterns *p, const char *path, size_t length, struct cgroup_owner *ret);
/* A cgroup by what its parent has. */
void owner_below(const struct owner_patterns *p, const struct cgroup_owner *parent, const char *path, size_t length,
		 struct cgroup_owner *ret);

/* The place of a scope of this kind among PG_OWNERS, where it alone answers. */
static inline enum pg_owner owner_place(enum scope_kind kind)
{
	static const enum pg_owner places[] = { PG_OWNER_CONTAINER, PG_OWNER_UNIT, PG_OWNER_CGROUP,
						PG_OWNER_NETNS };

	return places[kind];
}

#endif
