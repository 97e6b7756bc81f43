/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The agent's watch against tampering: all that commands have pinned, attached and written is there,
 * and is what they made of it; what is not is put right and told. The law: whoever works under the
 * commands' lock and counts pg_sums.serial up may change anything, nobody else may change anything
 * but what traffic changes. A check works under that lock, so it never sees a change half done.
 *
 * Not seen is who changes tables and sums alike, and what is put before our programs: a TCX program
 * or filter that passes packets past the others.
 */
#ifndef PORTGUARD_WATCH_H
#define PORTGUARD_WATCH_H

#include "kernel/state.h"
#include "policy/owner.h"

#define WATCH_MS 500

struct watch_config {
	const struct paths *paths;
	struct state *state;		/* outlives the watch */
	const struct owner_names *names;	/* of containers: those that pg_cgroups accounts for; outlives it */
	/* A finding: action `tamper`, or `degraded` where it could not be put right, `recovered` where that is over. */
	void (*say)(void *data, const char *action, const char *text);
	void *data;
};

struct watch;

int watch_open(const struct watch_config *config, struct watch **ret, struct pg_error *err);
void watch_free(struct watch *w);
/* Hold what has come, at once. By the agent, after its own work under the commands' lock. */
void watch_follow(struct watch *w);

/*
 * Look at everything, each WATCH_MS. While a command holds the lock nothing is looked at.
 * Return: false: `down` has taken the guard away, nothing is put back.
 */
bool watch_check(struct watch *w);

#endif
