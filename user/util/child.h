/* SPDX-License-Identifier: GPL-2.0-only */
/* Another program, run to its end; or a call in a process of its own. */
#ifndef PORTGUARD_CHILD_H
#define PORTGUARD_CHILD_H

#include <stddef.h>
#include <sys/types.h>

/**
 * child_run() - Run a program without any shell, and read what it says.
 * @argv: ends with NULL; argv[0] is its path.
 * @said: of @size bytes: the beginning of what it wrote to stdout and stderr; it reads nothing.
 * Signals are as at the start of a program. Return: its exit code, 128 + the signal that ended it, or -errno.
 */
int child_run(char *const argv[], char *said, size_t size);

/* A call in a process of its own, which ends with this one at the latest. Return: its pid, or -errno. */
pid_t child_begin(int (*call)(void *data), void *data);
/* What it returned, 0 or -errno; -ECHILD: it was killed. */
int child_end(pid_t pid);

#endif
