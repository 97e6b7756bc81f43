// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is mapped late, and in parts. The kernel maps a BPF array page by page when it is asked to, not when
 * somebody looks at it, and counts every page as his who maps it: of tables of megabytes most commands
 * need little. Each has room kept for it, into which its parts are put.
 */
#include "kernel/state_late.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "kernel/load.h"
#include "kernel/map.h"

#define COUNTS_PART (64 * 1024) /* bytes: whole pages anywhere */
#define PORTS_BYTES (sizeof(uint32_t) * PG_PORTS)
#define PORTS_PARTS (PG_PORT_INDEX(PG_SLOTS, 0, 0, 0) / PG_PORTS)

/* Tables that are mapped late, in parts of the same size. */
static const struct late_table {
	const char *name;
	size_t at; /* of its pointer in struct state */
	size_t part_bytes;
	uint32_t parts;
} late_tables[STATE_LATE] = {
	[STATE_PORTS] = { "pg_ports", offsetof(struct state, ports), PORTS_BYTES, PORTS_PARTS },
	[STATE_GROUPS] = { "pg_groups", offsetof(struct state, groups),
			   sizeof(struct pg_group) * PG_MAX_GROUPS, 1 },
	[STATE_RULES] = { "pg_rules", offsetof(struct state, rules),
			  sizeof(struct pg_rule) * (PG_MAX_RULES + 1), 1 },
};

static void *late_room(const struct state *s, unsigned which)
{
	void *room;

	memcpy(&room, (const char *)s + late_tables[which].at, sizeof(room));
	return room;
}

static size_t late_bytes(unsigned which)
{
	return late_tables[which].part_bytes * late_tables[which].parts;
}

/* Room that nobody can look at: what is mapped takes its place. */
static void *keep_room(void *at, size_t bytes)
{
	return mmap(at, bytes, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (at ? MAP_FIXED : 0), -1, 0);
}

/* Held by its descriptor: who maps it later gets this very table. */
static int late_open(struct state *s, unsigned which)
{
	const struct late_table *t = &late_tables[which];
	int fd = pin_open(s->paths, t->name);
	void *room;

	if (fd < 0)
		return fd;
	s->late[which].fd = fd;
	room = keep_room(NULL, late_bytes(which));
	if (room == MAP_FAILED)
		return -errno;
	memcpy((char *)s + t->at, &room, sizeof(room));
	return 0;
}

static int late_map(struct state *s, unsigned which, uint32_t part)
{
	const struct late_table *t = &late_tables[which];
	struct state_late *late = &s->late[which];
	size_t offset = part * t->part_bytes;

	if (late->mapped & 1u << part)
		return 0;
	if (mmap((char *)late_room(s, which) + offset, t->part_bytes, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED, late->fd, (off_t)offset) == MAP_FAILED)
		return -errno;
	late->mapped |= 1u << part;
	return 0;
}

int state_map_ports(struct state *s, uint32_t slot, uint32_t table, uint32_t proto)
{
	return late_map(s, STATE_PORTS, PG_PORT_INDEX(slot, table, proto, 0) / PG_PORTS);
}

int state_map_table(struct state *s, unsigned which)
{
	int r = 0;

	for (uint32_t part = 0; !r && part < late_tables[which].parts; part++)
		r = late_map(s, which, part);
	return r;
}

int state_map_tables(struct state *s)
{
	int r = 0;

	for (unsigned i = 0; !r && i < STATE_LATE; i++)
		r = state_map_table(s, i);
	return r;
}

void state_unmap_tables(struct state *s)
{
	for (unsigned i = 0; i < STATE_LATE; i++)
		if (s->late[i].mapped && keep_room(late_room(s, i), late_bytes(i)) != MAP_FAILED)
			s->late[i].mapped = 0;
}

static int counts_open(struct state *s)
{
	struct state_counts *c = &s->counts;
	int fd = pin_open(s->paths, "pg_counts");
	long bytes = fd < 0 ? fd : map_bytes(fd);
	void *room;

	if (fd < 0)
		return fd;
	c->fd = fd;
	if (bytes < 0)
		return (int)bytes;
	room = keep_room(NULL, bytes);
	if (room == MAP_FAILED)
		return -errno;
	c->room = room;
	c->bytes = bytes;
	c->mapped = calloc(bytes / COUNTS_PART + 1, 1);
	return c->mapped ? 0 : -ENOMEM;
}

static void counts_close(struct state_counts *c)
{
	map_release(c->room, c->bytes);
	free(c->mapped);
	if (c->fd > 0)
		(void)close(c->fd);
}

static bool counts_map(const struct state_counts *c, size_t part)
{
	size_t offset = part * COUNTS_PART;
	size_t bytes = c->bytes - offset < COUNTS_PART ? c->bytes - offset : COUNTS_PART;

	if (!c->mapped[part] && mmap(c->room + offset, bytes, PROT_READ, MAP_SHARED | MAP_FIXED,
				     c->fd, (off_t)offset) == MAP_FAILED)
		return false;
	c->mapped[part] = 1;
	return true;
}

uint64_t state_count_at(const struct state *s, uint32_t index)
{
	const struct state_counts *c = &s->counts;
	size_t offset = index * sizeof(uint64_t);
	uint64_t count = 0;

	if (offset < c->bytes && counts_map(c, offset / COUNTS_PART))
		return __atomic_load_n((const uint64_t *)(const void *)(c->room + offset),
				       __ATOMIC_RELAXED);
	/* There is no memory to map it. */
	return bpf_map_lookup_elem(c->fd, &index, &count) ? 0 : count;
}

int state_late_open(struct state *s)
{
	int r = 0;

	for (unsigned i = 0; !r && i < STATE_LATE; i++)
		r = late_open(s, i);
	return r ? r : counts_open(s);
}

void state_late_close(struct state *s)
{
	for (unsigned i = 0; i < STATE_LATE; i++) {
		map_release(late_room(s, i), late_bytes(i));
		if (s->late[i].fd > 0)
			(void)close(s->late[i].fd);
	}
	counts_close(&s->counts);
}
