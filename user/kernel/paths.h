/* SPDX-License-Identifier: GPL-2.0-only */
/* Where an instance keeps what: pins in bpffs, socket and locks in /run, history in /var/lib. */
#ifndef PORTGUARD_PATHS_H
#define PORTGUARD_PATHS_H

#include <stdbool.h>
#include <sys/types.h>

#include "util/error.h"

#define PG_PATH 1024

struct paths {
	char instance[33];
	char bpffs[PG_PATH];
	bool bpffs_said;	/* by --bpffs or PORTGUARD_BPFFS: the caller decides */
	char pins[PG_PATH + 64], run[PG_PATH], var[PG_PATH];
};

/* Names are [a-z0-9-]{1,32}: bpffs refuses dots. Either may be NULL: "default", /sys/fs/bpf. */
int paths_init(struct paths *p, const char *instance, const char *bpffs, struct pg_error *err);

/* mkdir -p with mode 0700 for what is made; 0 or -errno. */
int make_directories(const char *path);
/**
 * paths_let_readers_in() - Let those who may follow events, besides root, through to what is in `run`.
 * These are the members of this machine's own group `portguard`. No name service is asked for it: at boot
 * there is no network yet. They cannot list the directory.
 * @ret_group: (gid_t)-1 where there is no such group, and nothing changes.
 */
int paths_let_readers_in(const struct paths *p, gid_t *ret_group);
/* The pid of a running agent, or 0. */
int agent_pid(const struct paths *p);

#endif
