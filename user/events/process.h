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
	uint32_t pid, ppid, uid;
	uint64_t started_ns;
	uint64_t cgroup_id;
	char comm[17];		/* never empty */
	char *exe, *cmdline, *cgroup;	/* each may be NULL */
};

#define PROCESS_CACHE 64

struct process_cache {
	const char *proc;	/* where procfs is mounted */
	void *data;
	const char *(*cgroup_path)(void *data, uint64_t id);	/* may be NULL */
	struct process *recent[PROCESS_CACHE];
};

/* A reference to the process of @r, or NULL where memory is short. */
struct process *process_get(struct process_cache *c, const struct pg_record_refusal *r);
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
