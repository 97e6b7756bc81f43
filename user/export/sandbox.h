/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an exporter gives away before it speaks with anybody outside: root and all capabilities, new
 * privileges, files (Landlock) and system calls (seccomp) that it does not need. What is left: sockets
 * of TCP, UDP and the unix kind, to read the configuration of name look-ups below /etc, and its
 * state directory.
 *
 * It must be the only thread: Landlock holds for the thread that asks and those it makes.
 */
#ifndef PORTGUARD_SANDBOX_H
#define PORTGUARD_SANDBOX_H

#include <stdint.h>
#include <sys/types.h>

#include "util/error.h"

#define LANDLOCK_NONE 0		/* the kernel has none, or it is switched off */

struct sandbox {
	uid_t uid;		/* become this user; 0: stay who we are, who must not be root */
	gid_t gid;
	const char *host;	/* looked up once, by the user, before the rest is shut; see below */
	bool threads;		/* it makes some later */
	const char *writable;	/* a directory */
	uint16_t port;		/* the only one of TCP to connect to, with 53 (Linux 6.7); 0: any */
};

/* sandbox_user() - Look up whom to become; @name NULL: `portguard`. */
int sandbox_user(const char *name, struct sandbox *s, struct pg_error *err);

/**
 * sandbox_enter() - There is no way back.
 * @ret_landlock: the version that restricts files from now on.
 * The machine's way to look up names may be made of libraries that are loaded when they are first needed;
 * inside nothing can be loaded any more. So @host is looked up on the way, whether it is found or not.
 */
int sandbox_enter(const struct sandbox *s, int *ret_landlock, struct pg_error *err);

/* landlock.c: the version, LANDLOCK_NONE included, or -errno. */
int landlock_enter(const struct sandbox *s);
/* syscalls.c: 0 or -errno. */
int syscalls_enter(const struct sandbox *s);

#endif
