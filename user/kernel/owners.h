/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who holds a socket: sock_diag gives its inode, and /proc/PID/fd names that of whoever has it open. One
 * look through /proc answers for all sockets at once. Kernel sockets, and those of processes that we may
 * not look into, are nobody's.
 */
#ifndef PORTGUARD_OWNERS_H
#define PORTGUARD_OWNERS_H

#include <stddef.h>
#include <stdint.h>

struct owner_process {
	uint32_t pid;
	char *comm, *exe, *cgroup;	/* each may be NULL */
};

struct owner {
	uint64_t inode;
	uint32_t processes;		/* how many hold it */
	uint32_t last_pid;		/* of them, while looking */
	size_t first;			/* processes > 0: index of the first, by pid, in owners.processes */
};

struct owners {
	struct owner *list;		/* after owners_find() sorted by inode, each once */
	size_t count;
	struct owner_process *processes;
	size_t process_count;
};

/* A socket to look for. 0 or -ENOMEM. */
int owners_add(struct owners *o, uint64_t inode);
/* Look for all of them. @proc: where procfs is mounted. 0 or -errno. */
int owners_find(struct owners *o, const char *proc);
/* The first process that holds a socket, and how many do; NULL: none. Owned by @o. */
const struct owner_process *owners_of(const struct owners *o, uint64_t inode, uint32_t *ret_processes);
/**
 * owners_one() - A process that holds a socket, of those of one cgroup: as a rule that in which it was made.
 * @proc:   where procfs is mounted.
 * @cgroup: a directory.
 * @budget: how many descriptors may be looked at, and processes for OWNERS_PROCESS each; is used up.
 * Return: a descriptor of its directory in procfs, with *ret_pid; -ENOENT: none; -EDQUOT: not found within @budget.
 */
int owners_one(const char *proc, const char *cgroup, uint64_t inode, unsigned *budget, uint32_t *ret_pid);
#define OWNERS_PROCESS 8
void owners_free(struct owners *o);
#define _cleanup_owners_ __attribute__((cleanup(owners_free)))

/* Inodes of the sockets that processes hold whose program's name begins with @name (sshd); sorted. */
int owners_held_by(const char *name, uint64_t **ret_inodes, size_t *ret_count);

#endif
