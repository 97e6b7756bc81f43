/* SPDX-License-Identifier: GPL-2.0-only */
/* The cgroup2 hierarchy: where it is mounted (never assumed), and paths in it. */
#ifndef PORTGUARD_CGROUP_H
#define PORTGUARD_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

int cgroup_mount(char *to, size_t size);
/* @path: below the mount, or a directory of it as the file system names it. Its directory, checked. */
int cgroup_directory(const char *path, char *to, size_t size, struct pg_error *err);
/* @directory: of a cgroup. @ret_level: its depth; the mount's root is 0 but in a cgroup namespace. */
int cgroup_identity(const char *directory, uint64_t *ret_id, uint32_t *ret_level);
/* The path of a cgroup by its id, as /proc/PID/cgroup prints it; -ESTALE if it is gone. */
int cgroup_path(const char *mount, uint64_t id, char *to, size_t size);

#endif
