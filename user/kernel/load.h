/* SPDX-License-Identifier: GPL-2.0-only */
/* Loading: the skeleton of the BPF programs, sized for this machine, pinned into the instance's directory. */
#ifndef PORTGUARD_LOAD_H
#define PORTGUARD_LOAD_H

#include <stdint.h>

#include "kernel/object.h"
#include "kernel/paths.h"
#include "policy/policy.h"

/**
 * load_programs() - Load programs and maps and pin them; pg_control, which makes an instance count
 * as running, is left to the caller: its descriptor is returned.
 * @programs: those for devices that are not to be left out (choice.h); the others are load_later()'s.
 * Return: 0, -EPERM (77, naming the capability), -EOPNOTSUPP and others (69). Leftovers are removed by
 * pins_remove().
 */
int load_programs(const struct paths *paths, const struct policy *p, unsigned programs, int *ret_control_fd,
		  struct pg_error *err);

/* The same over maps of @from. Those whose layout differs are made anew; *ret_same: none was. */
int load_programs_over(const struct paths *paths, const struct policy *p, const struct paths *from,
		       enum load_maps which, bool *ret_same, int *ret_control_fd, struct pg_error *err);

/* Load and pin those programs for devices that are not there. Under the commands' lock. 0: all are there. */
int load_later(const struct paths *paths);

/*
 * Close to user space for good what programs alone write: nobody forges a first fragment, or whom a
 * socket has asked. Programs still write it; mappings for reading stay possible.
 */
void load_freeze(const struct paths *paths);

/* Whether the capabilities for loading and attaching are there; else -EPERM, naming them. */
int check_capabilities(struct pg_error *err);
/* Whether pins can be made: a bpffs, and one that PID 1 sees unless the caller chose it. Makes the directory. */
int check_bpffs(const struct paths *paths, struct pg_error *err);

/* A pinned object's descriptor, or -errno. */
int pin_open(const struct paths *paths, const char *name);
int pin_make(const struct paths *paths, const char *name, int fd);
/* Another one in its place, which is never empty. */
int pin_replace(const struct paths *paths, const char *name, int fd);
void pin_drop(const struct paths *paths, const char *name);
/* Call @fn for each pin whose name begins with @prefix. */
int pins_each(const struct paths *paths, const char *prefix, int (*fn)(const char *name, void *data), void *data);
/* Unpin everything and remove the directory; what is pinned nowhere else goes. */
int pins_remove(const struct paths *paths);

/* This thread's network namespace. Cookie 0: the kernel has no SO_NETNS_COOKIE (before 5.14). */
int netns_identity(uint64_t *ret_cookie, uint32_t *ret_inum);

#endif
