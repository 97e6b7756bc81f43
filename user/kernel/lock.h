/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Locks of an instance: the commands' (`lock`) and the agent's (`agent.pid`), files in its run directory.
 *
 * The lock itself is flock(2)'s, shared or exclusive. Before it stands a turnstile, a record lock on the
 * same file, through which one at a time goes: who waits at the lock keeps it shut, so that readers that
 * come later do not pass a writer that waits. The kernel keeps those before it in the order in which
 * they came (since Linux 5.0 each waits for the one before), and both end with who holds them.
 */
#ifndef PORTGUARD_LOCK_H
#define PORTGUARD_LOCK_H

#include "kernel/paths.h"

#define LOCK_WAIT_MS 10000	/* for other commands */

/**
 * lock_take() - Take a lock; closing *ret_fd gives it back.
 * @exclusive: else shared with others that take it so.
 * @wait_ms:   at most; 0: not at all.
 * Return: 0, -EBUSY when the time is over, or -errno.
 */
int lock_take(const struct paths *p, const char *name, bool exclusive, int wait_ms, int *ret_fd);

/* The commands' lock, with words: -EBUSY (75) says who holds it. @wait_ms as above. */
int lock_commands(const struct paths *p, bool exclusive, int wait_ms, int *ret_fd, struct pg_error *err);

#endif
