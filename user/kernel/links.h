/* SPDX-License-Identifier: GPL-2.0-only */
/* BPF links, each pinned under a name of its own: what keeps a program attached when nobody runs. */
#ifndef PORTGUARD_LINKS_H
#define PORTGUARD_LINKS_H

#include <linux/bpf.h>
#include <stdint.h>

#include "kernel/paths.h"

/**
 * link_make() - Attach a pinned program and pin the link, in the place of one of that name.
 * @target: a cgroup's descriptor, a device's index, or 0 for programs of the kernel's own functions.
 * Return: 0 or -errno; -EINVAL where the kernel does not know @type.
 */
int link_make(const struct paths *paths, const char *name, const char *program, int target,
	      enum bpf_attach_type type, uint32_t flags);

/* The same for a raw tracepoint, which is the whole machine's. */
int link_make_tracepoint(const struct paths *paths, const char *name, const char *program,
			 const char *tracepoint);

/* Detach and unpin: at once, whoever else holds the link. One that is not there is no mistake. */
void link_drop(const struct paths *paths, const char *name);

/**
 * link_target() - What a pinned link is attached to.
 * @ret_type: enum bpf_link_type. @ret_attach: enum bpf_attach_type of a cgroup's link; may be NULL.
 * Return: the device's index (others: 1), 0 if it hangs in the air, or -errno.
 */
int link_target(const struct paths *paths, const char *name, uint32_t *ret_type, uint32_t *ret_attach);

#endif
