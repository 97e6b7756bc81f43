// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is mapped late, and in parts. The kernel maps a BPF array page by page when it is asked to, not when
 * somebody looks at it, and counts every page as his who maps it: of tables of megabytes most commands
 * need little. Each has room kept for it, into which its parts are put; a part that is not there reads as nothing.
 */
#include "kernel/state_late.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "kernel/checksum.h"
#include "kernel/load.h"
#include "kernel/map.h"
#include "util/cleanup.h"

#define COUNTS_PART (64 * 1024) /* bytes: whole pages anywhere */
#define PORTS_BYTES (sizeof(uint32_t) * PG_PORTS)
#define ONE_SLOT (PG_PORT_TABLES * PG_PROTO_COUNT) /* parts of PORTS_BYTES */

/* Tables that are mapped late, in parts of the same size: each an array of its own but for near ports. */
static const struct late_table {
	const char *name;
	size_t at; /* of its pointer in struct state */
	size_t element_bytes;
	uint32_t elements, parts; /* elements: of a part */
} late_tables[STATE_LATE] = {
	[STATE_PORTS] = { "pg_far_ports", offsetof(struct state, ports),
			  sizeof(struct pg_port_line), PG_PORT_LINES, PG_SLOTS *ONE_SLOT },
	[STATE_GROUPS] = { "pg_groups", offsetof(struct state, groups), sizeof(struct pg_group),
			   PG_GROUPS_PART, PG_MAX_GROUPS / PG_GROUPS_PART },
	[STATE_RULES] = { "pg_rules", offsetof(struct state, rules), sizeof(struct pg_rule),
			  PG_RULES_PART, (PG_MAX_RULES + 1) / PG_RULES_PART },
	[STATE_LIMITS] = { "pg_limits", offsetof(struct state, limits), sizeof(uint64_t),
			   PG_RULES_PART, (PG_MAX_RULES + 1) / PG_RULES_PART },
	[STATE_SCOPES] = { "pg_scopes", offsetof(struct state, scopes), PG_SCOPE_STRIDE,
			   PG_SCOPES_PART, PG_SLOTS *PG_MAX_SCOPES / PG_SCOPES_PART },
	[STATE_SPANS] = { "pg_spans", offsetof(struct state, spans), sizeof(struct pg_span),
			  PG_SPANS_PART, PG_SLOTS *PG_MAX_SPANS / PG_SPANS_PART },
	[STATE_TEXTS] = { "pg_texts", offsetof(struct state, texts), sizeof(struct pg_texts), 1,
			  PG_SLOTS },
};

static bool is_of_scopes(unsigned which)
{
	return which >= STATE_SCOPES;
}

static void *late_room(const struct state *s, unsigned which)
{
	void *room;

	memcpy(&room, (const char *)s + late_tables[which].at, sizeof(room));
	return room;
}

/* Whole pages. */
static size_t part_bytes(unsigned which)
{
	return late_tables[which].element_bytes * late_tables[which].elements;
}

static size_t late_bytes(unsigned which)
{
	return part_bytes(which) * late_tables[which].parts;
}

/* Room that nobody can look at, or that reads as nothing: what is mapped takes its place. */
static void *keep_room(void *at, size_t bytes, int access)
{
	return mmap(at, bytes, access,
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
	room = keep_room(NULL, late_bytes(which), PROT_NONE);
	if (room == MAP_FAILED)
		return -errno;
	memcpy((char *)s + t->at, &room, sizeof(room));
	return 0;
}

static bool is_near(unsigned which, uint32_t part)
{
	return which == STATE_PORTS && part % ONE_SLOT / PG_PROTO_COUNT < PG_NEAR_TABLES;
}

/* In its map. */
static uint32_t place_of(unsigned which, uint32_t part)
{
	return which != STATE_PORTS
		       ? part
		       : PG_PORT_PLACE(part / ONE_SLOT, part % ONE_SLOT / PG_PROTO_COUNT,
				       part % PG_PROTO_COUNT);
}

/* Pinned as well: to open a map by what another one holds takes more than CAP_BPF. */
static void part_name(unsigned which, uint32_t part, char ret[32])
{
	(void)snprintf(ret, 32, "pg_part_%s_%u", late_tables[which].name + strlen("pg_"),
		       place_of(which, part));
}

/*
 * The array that programs see as a part. -ENOENT: they see none. One that lost its pin is an error, since what
 * it holds is not known.
 */
static int part_open(const struct state *s, unsigned which, uint32_t part)
{
	_cleanup_close_ int fd = -1;
	uint32_t place = place_of(which, part), id;
	char name[32];
	int r;

	if (is_near(which, part))
		return fcntl(s->near_ports, F_DUPFD_CLOEXEC, 3);
	if (bpf_map_lookup_elem(s->late[which].fd, &place, &id))
		return -errno;
	part_name(which, part, name);
	fd = pin_open(s->paths, name);
	if (fd < 0)
		return fd == -ENOENT ? -EPROTO : fd;
	r = map_holds(s->late[which].fd, place, fd);
	return r == -ESTALE ? -ENOENT : r ? r : TAKE_FD(fd);
}

static int late_map(struct state *s, unsigned which, uint32_t part)
{
	char *at = (char *)late_room(s, which) + part * part_bytes(which);
	struct state_late *late = &s->late[which];
	off_t offset = is_near(which, part) ? (off_t)(place_of(which, part) * PORTS_BYTES) : 0;
	_cleanup_close_ int fd = -1;

	if (late->mapped & 1u << part)
		return 0;
	fd = part_open(s, which, part);
	if (fd == -ENOENT)
		return keep_room(at, part_bytes(which), PROT_READ) == MAP_FAILED ? -errno : 0;
	if (fd < 0)
		return fd;
	if (mmap(at, part_bytes(which), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
		 offset) == MAP_FAILED)
		return -errno;
	late->mapped |= 1u << part;
	return 0;
}

static uint32_t ports_part(uint32_t slot, uint32_t table, uint32_t proto)
{
	return PG_PORT_INDEX(slot, table, proto, 0) / PG_PORTS;
}

int state_map_ports(struct state *s, uint32_t slot, uint32_t table, uint32_t proto)
{
	return late_map(s, STATE_PORTS, ports_part(slot, table, proto));
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

	for (unsigned i = 0; !r && !is_of_scopes(i); i++)
		r = state_map_table(s, i);
	return r;
}

int state_map_scopes(struct state *s)
{
	int r = 0;

	for (unsigned i = STATE_SCOPES; !r && i < STATE_LATE; i++) {
		r = s->late[i].fd > 0 ? 0 : late_open(s, i);
		s->late[i].mapped = 0;
		r = r ? r : state_map_table(s, i);
	}
	return r;
}

void state_unmap_tables(struct state *s)
{
	for (unsigned i = 0; !is_of_scopes(i); i++)
		if (keep_room(late_room(s, i), late_bytes(i), PROT_NONE) != MAP_FAILED)
			s->late[i].mapped = 0;
}

/* --- making parts ------------------------------------------------------------------------------- */

static int make_array(const struct state *s, unsigned which, const char *pin, int *ret_fd)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	const struct late_table *t = &late_tables[which];
	_cleanup_close_ int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, t->name, sizeof(uint32_t),
						t->element_bytes, t->elements, &options);
	int r = fd < 0 ? -errno : pin_make(s->paths, pin, fd);

	if (!r)
		*ret_fd = TAKE_FD(fd);
	return r;
}

/* Who was killed between the two steps has left an array that is pinned alone. */
static int make_part(struct state *s, unsigned which, uint32_t part)
{
	const uint32_t *mapped = &s->late[which].mapped;
	const uint32_t place = place_of(which, part);
	int r = late_map(s, which, part);
	_cleanup_close_ int fd = -1;
	char name[32];

	if (r || *mapped & 1u << part)
		return r;
	part_name(which, part, name);
	fd = pin_open(s->paths, name);
	r = fd == -ENOENT ? make_array(s, which, name, &fd) : fd < 0 ? fd : 0;
	r = r ? r : map_put(s->late[which].fd, place, fd);
	return r ? r : late_map(s, which, part);
}

int state_make_part(struct state *s, unsigned which, uint32_t element)
{
	return make_part(s, which, element / late_tables[which].elements);
}

int state_make_ports(struct state *s, uint32_t slot, uint32_t table, uint32_t proto)
{
	return make_part(s, STATE_PORTS, ports_part(slot, table, proto));
}

/* The answers of a part, or NULL where there are none. */
static uint32_t *part_answers(const struct state *s, uint32_t slot, uint32_t table, uint32_t proto)
{
	bool there = s->late[STATE_PORTS].mapped >> ports_part(slot, table, proto) & 1;

	return there ? s->ports + PG_PORT_INDEX(slot, table, proto, 0) : NULL;
}

static int copy_part(struct state *s, uint32_t from, uint32_t to, uint32_t table, uint32_t proto)
{
	const uint32_t *answers = part_answers(s, from, table, proto);
	int r = answers ? state_make_ports(s, to, table, proto) : 0;

	if (r || !part_answers(s, to, table, proto))
		return r;
	if (answers)
		memcpy(part_answers(s, to, table, proto), answers, PORTS_BYTES);
	else
		memset(part_answers(s, to, table, proto), 0, PORTS_BYTES);
	return 0;
}

int state_copy_ports(struct state *s, uint32_t from, uint32_t to)
{
	int r = 0;

	for (uint32_t table = 0; table < PG_PORT_TABLES; table++)
		for (uint32_t proto = 0; !r && proto < PG_PROTO_COUNT; proto++)
			r = copy_part(s, from, to, table, proto);
	return r;
}

void state_clear_ports(struct state *s, uint32_t slot)
{
	for (uint32_t table = 0; table < PG_PORT_TABLES; table++)
		for (uint32_t proto = 0; proto < PG_PROTO_COUNT; proto++)
			if (part_answers(s, slot, table, proto))
				memset(part_answers(s, slot, table, proto), 0, PORTS_BYTES);
}

/* --- counters ----------------------------------------------------------------------------------- */

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
	room = keep_room(NULL, bytes, PROT_NONE);
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
	int r = 0, fd = pin_open(s->paths, "pg_ports");

	if (fd < 0)
		return fd;
	s->near_ports = fd;
	for (unsigned i = 0; !r && !is_of_scopes(i); i++)
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
	if (s->near_ports > 0)
		(void)close(s->near_ports);
	counts_close(&s->counts);
}
