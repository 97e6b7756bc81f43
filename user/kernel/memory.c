// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/memory.h"

#include <stdio.h>

#include "kernel/load.h"
#include "kernel/peers.h"
#include "policy/list.h"
#include "util/cleanup.h"

struct reading {
	const struct paths *paths;
	struct memory *memory;
};

uint64_t map_memory_bytes(int fd)
{
	_cleanup_fclose_ FILE *f = NULL;
	unsigned long long bytes = 0;
	char path[64], line[128];
	bool is_map = false;

	(void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		is_map |= !strncmp(line, "map_type:", 9);
		(void)sscanf(line, "memlock: %llu", &bytes);
	}
	return is_map ? bytes : 0;
}

static int add_pin(const char *name, void *data)
{
	struct reading *r = data;
	_cleanup_close_ int fd = pin_open(r->paths, name);
	struct map_memory map = { .bytes = fd < 0 ? 0 : map_memory_bytes(fd) };

	if (!map.bytes)
		return 0; /* a program */
	if (!strcmp(name, "pg_peers"))
		map.bytes += peers_bytes(fd);
	(void)snprintf(map.name, sizeof(map.name), "%s", name);
	r->memory->maps_total += map.bytes;
	return list_append(&r->memory->maps, &r->memory->map_count, &map, sizeof(map));
}

static uint64_t resident_bytes(int pid)
{
	_cleanup_fclose_ FILE *f = NULL;
	unsigned long long pages = 0;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	f = pid > 0 ? fopen(path, "re") : NULL;
	if (!f || fscanf(f, "%*u %llu", &pages) != 1)
		return 0;
	return pages * sysconf(_SC_PAGESIZE);
}

int memory_read(const struct paths *paths, struct memory *ret)
{
	struct memory m = { .agent_rss = resident_bytes(agent_pid(paths)) };
	struct reading reading = { paths, &m };
	int r = pins_each(paths, "pg_", add_pin, &reading);

	if (r)
		memory_free(&m);
	else
		*ret = m;
	return r;
}

void memory_free(struct memory *m)
{
	free(m->maps);
	*m = (struct memory){ 0 };
}
