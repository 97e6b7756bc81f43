/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What procfs says of a process. One descriptor of /proc/PID is opened and everything is read through
 * it: it stands for that very process, so no other can slip in under the same pid between two reads.
 */
#ifndef PORTGUARD_PROC_H
#define PORTGUARD_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* @proc: where procfs is mounted. A descriptor, or -errno. */
int proc_open(const char *proc, uint32_t pid);
/* Up to @size bytes of a file of the process; how many, 0 on failure. */
size_t proc_read(int dir_fd, const char *name, char *bytes, size_t size);
/* The program's file, as a path (` (deleted)` behind it where it is gone); NULL: none, or not for us. */
char *proc_exe(int dir_fd);
/* The name that the process has, which is its own to choose; NULL: it is gone, or without memory. */
char *proc_comm(int dir_fd);

/* Of /proc/PID/stat, proc(5). */
struct proc_stat {
	char comm[64];
	uint32_t parent;
	uint32_t tty;		/* the controlling terminal's device number; 0: none */
	uint64_t started;	/* ticks since boot */
};

/* False, and *ret worth nothing: the process is gone. */
bool proc_stat(int dir_fd, struct proc_stat *ret);
/* Its real user; false: it is gone. */
bool proc_uid(int dir_fd, uint32_t *ret);
/* The words with blanks between them, at most 4096 bytes; NULL: it has none, as kernel threads, or is gone. */
char *proc_cmdline(int dir_fd);
/* A terminal's name below /dev, such as pts/3; MAJOR:MINOR of drivers that are not everywhere. */
void proc_tty_name(uint32_t tty, char *to, size_t size);

/* The path of its cgroup in the cgroup2 hierarchy, such as /system.slice/ssh.service; or NULL. */
char *proc_cgroup(int dir_fd);

/* The pid if a directory of procfs is a process's, else 0. */
uint32_t proc_pid(const char *name);

#endif
