/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hooks of the enforcement root's cgroup: bind, listen, socket, connect, send, deliver. Each is a
 * line of a table; a hook may have several programs. Links are pinned as link_NAME. And `scopes`, by which
 * the programs see cgroups come and go: raw tracepoints, which the kernel neither detaches nor lets run
 * another program; they go with the last who holds their link.
 */
#ifndef PORTGUARD_HOOKS_H
#define PORTGUARD_HOOKS_H

#include <stdbool.h>

#include "kernel/paths.h"
#include "portguard/abi.h"

/* What not every policy needs. */
struct hooks_wanted {
	bool out_restricted;	/* some out may be refused; then raw sockets may not write IP headers */
	bool scopes;
};

/**
 * hooks_attach() - Attach what is not attached, and detach what the policy does not need.
 * @cgroup_dir: directory of the enforcement root.
 * `listen` is refused where the kernel can (lsm_cgroup, fmod_ret), else only seen (sockops).
 * Return: 0 or -errno with words (69). Doing it again does nothing.
 */
int hooks_attach(const struct paths *paths, const char *cgroup_dir, struct hooks_wanted wanted,
		 struct pg_error *err);
/* `scopes` alone. *ret_fresh: it was not attached, so that cgroups may have been made unseen. */
int hooks_attach_scopes(const struct paths *paths, bool *ret_fresh, struct pg_error *err);
bool hooks_scopes_attached(const struct paths *paths);

/* Every program that the policy needs is attached. */
bool hooks_attached(const struct paths *paths, struct hooks_wanted wanted);

/* Calls @fn once for each hook but `scopes`: whether all of its programs are attached, and by what. */
void hooks_each(const struct paths *paths, struct hooks_wanted wanted,
		void (*fn)(void *data, enum pg_hook hook, bool attached, const char *via), void *data);

#endif
