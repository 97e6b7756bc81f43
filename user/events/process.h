/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The process behind a refusal: what the kernel's record says, and what /proc adds while the
 * process lives. Within a second the same process is looked up once.
 */
#ifndef PORTGUARD_PROCESS_H
#define PORTGUARD_PROCESS_H

#include "events/event.h"

struct process {
	unsigned refs;
	uint32_t pid, ppid, uid;	/* pid 0: none of these, nor comm, exe and cmdline is known */
	uint64_t started_ns;
	uint64_t cgroup_id;
	char comm[17];		/* never empty, if the pid is known */
	char *exe, *cmdline, *cgroup;	/* each may be NULL */
	char *unit, *container_id, *container_name;	/* likewise */
};

/* Where a cgroup belongs; each may be NULL. */
struct process_place {
	const char *unit, *container_id, *container_name;
};

#define PROCESS_CACHE 64

struct process_cache {
	const char *proc;	/* where procfs is mounted */
	void *data;
	const char *(*cgroup_path)(void *data, uint64_t id);	/* may be NULL */
	void (*place)(void *data, const char *cgroup, struct process_place *ret);	/* may be NULL */
	struct process *recent[PROCESS_CACHE];
};

/* A reference to the process of @r, or NULL where memory is short. */
struct process *process_get(struct process_cache *c, const struct pg_record_refusal *r);
/*
 * The process @pid whose directory in procfs is @dir_fd (-1: not known), of which there is no record; @cgroup, which
 * may be NULL, is told where it has none itself. Not kept in the cache.
 */
struct process *process_of(const struct process_cache *c, uint32_t pid, int dir_fd, const char *cgroup);
struct process *process_ref(struct process *p);		/* NULL is fine */
void process_unref(struct process *p);			/* NULL is fine */
/* What was looked up is no longer fresh. */
void process_cache_clear(struct process_cache *c);

/**
 * process_read() - What procfs says of a process.
 * @started_ns: since boot; where the process of that pid began at another time, nothing is read.
 * @ret_exe, @ret_cmdline: allocated, or untouched where they cannot be had.
 */
void process_read(const char *proc, uint32_t pid, uint64_t started_ns, char **ret_exe, char **ret_cmdline);

#endif
