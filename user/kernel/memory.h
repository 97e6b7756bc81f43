/* SPDX-License-Identifier: GPL-2.0-only */
/* What an instance takes: its maps, as the kernel counts them, and its agent. */
#ifndef PORTGUARD_MEMORY_H
#define PORTGUARD_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/paths.h"

struct map_memory {
	char name[32];
	uint64_t bytes;
};

struct memory {
	uint64_t agent_rss;	/* 0: there is none */
	struct map_memory *maps;
	size_t map_count;
	uint64_t maps_total;
};

/* What the kernel itself says that a map takes (fdinfo's memlock); 0: it is no map. */
uint64_t map_memory_bytes(int fd);

/* 0 or -errno. */
int memory_read(const struct paths *paths, struct memory *ret);
void memory_free(struct memory *m);
#define _cleanup_memory_ __attribute__((cleanup(memory_free)))

#endif
