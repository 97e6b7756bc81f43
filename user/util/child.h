/* SPDX-License-Identifier: GPL-2.0-only */
/* Another program, run to its end. */
#ifndef PORTGUARD_CHILD_H
#define PORTGUARD_CHILD_H

#include <stddef.h>

/**
 * child_run() - Run a program without any shell, and read what it says.
 * @argv: ends with NULL; argv[0] is its path.
 * @said: of @size bytes: the beginning of what it wrote to stdout and stderr; it reads nothing.
 * Signals are as at the start of a program. Return: its exit code, 128 + the signal that ended it, or -errno.
 */
int child_run(char *const argv[], char *said, size_t size);

#endif
