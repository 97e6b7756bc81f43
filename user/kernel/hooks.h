/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hooks of the enforcement root's cgroup: bind, listen, socket, connect, send, deliver. Each is a
 * line of a table; a hook may have several programs. Links are pinned as link_NAME.
 */
#ifndef PORTGUARD_HOOKS_H
#define PORTGUARD_HOOKS_H

#include <stdbool.h>

#include "kernel/paths.h"
#include "portguard/abi.h"

/**
 * hooks_attach() - Attach what is not attached, and detach what the policy does not need.
 * @cgroup_dir: directory of the enforcement root.
 * @out_restricted: some out may be refused; then raw sockets may not write IP headers.
 * `listen` is refused where the kernel can (lsm_cgroup, fmod_ret), else only seen (sockops).
 * Return: 0 or -errno with words (69). Doing it again does nothing.
 */
int hooks_attach(const struct paths *paths, const char *cgroup_dir, bool out_restricted, struct pg_error *err);

/* Every program that the policy needs is attached. */
bool hooks_attached(const struct paths *paths, bool out_restricted);

/* Calls @fn once for each hook: whether all of its programs are attached, and by what. */
void hooks_each(const struct paths *paths, bool out_restricted,
		void (*fn)(void *data, enum pg_hook hook, bool attached, const char *via), void *data);

#endif
