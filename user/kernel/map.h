/* SPDX-License-Identifier: GPL-2.0-only */
/* A pinned array, mapped: what is read and written without a system call. */
#ifndef PORTGUARD_MAP_H
#define PORTGUARD_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/paths.h"

/* The bytes of an array, as it is mapped (value size rounded up to 8, times entries), or -errno. */
long map_bytes(int fd);
/* Map a pinned array whole. Return: its size in bytes (value size rounded up to 8, times entries), or -errno. */
long map_pinned(const struct paths *paths, const char *name, bool write, void **ret);
/* Whether @inner is what a map of maps has at a place: 0; -ENOENT: nothing is there, -ESTALE: another one. */
int map_holds(int outer, uint32_t place, int inner);
/* Make @inner what a map of maps has at a place; waits until no program sees the former. 0 or -errno. */
int map_put(int outer, uint32_t place, int inner);
void map_release(void *at, size_t size);

#endif
