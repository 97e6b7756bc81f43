// SPDX-License-Identifier: GPL-2.0-only
/* Mapping a running instance's tables, and reading them; change.c turns one policy into the next. */
#include "kernel/state.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "kernel/checksum.h"
#include "kernel/image_map.h"
#include "kernel/load.h"
#include "kernel/map.h"
#include "kernel/upgrade.h"

#define SCOPES_BYTES (PG_SCOPE_STRIDE * PG_SLOTS * PG_MAX_SCOPES)
#define SPANS_BYTES (sizeof(struct pg_span) * PG_SLOTS * PG_MAX_SPANS)
#define TEXTS_BYTES (sizeof(struct pg_texts) * PG_SLOTS)
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

struct mapping {
	const char *name;
	bool write;
	void **at;
};

static size_t counts_bytes(const struct state *s)
{
	return (size_t)(s->control->cpus + 1) * PG_COUNT_REGION * sizeof(uint64_t);
}

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

void state_close(struct state *s)
{
	if (s->counts)
		map_release(s->counts, counts_bytes(s));
	map_release(s->control, sizeof(*s->control));
	for (unsigned i = 0; i < STATE_LATE; i++) {
		map_release(late_room(s, i), late_bytes(i));
		if (s->late[i].fd > 0)
			(void)close(s->late[i].fd);
	}
	map_release(s->meta, sizeof(*s->meta));
	map_release(s->scopes, SCOPES_BYTES);
	map_release(s->spans, SPANS_BYTES);
	map_release(s->texts, TEXTS_BYTES);
	*s = (struct state){ 0 };
}

static int not_running(long r, const struct paths *paths, struct pg_error *err)
{
	if (r == -EACCES || r == -EPERM) {
		(void)pg_fail(err, r, PG_EXIT_PERMISSION,
			      "instance %s: missing CAP_BPF, or not its owner", paths->instance);
		return pg_help(err, r, "run it as root");
	}
	if (r != -ENOENT)
		return pg_fail(err, r, PG_EXIT_UNAVAILABLE, "instance %s: %s", paths->instance,
			       strerror(-r));
	(void)pg_fail(err, -ENOENT, PG_EXIT_UNAVAILABLE,
		      "instance %s is not running in %s; start it: portguard run, or portguard up",
		      paths->instance, paths->bpffs);
	return -ENOENT;
}

bool state_has_scopes(const struct state *s)
{
	return s->control->slots[0].scopes || s->control->slots[1].scopes;
}

int state_map_scopes(struct state *s)
{
	const struct mapping all[] = {
		{ "pg_spans", true, (void **)&s->spans },
		{ "pg_texts", true, (void **)&s->texts },
		{ "pg_scopes", true, (void **)&s->scopes },
	};

	for (size_t i = 0; !s->scopes && i < sizeof(all) / sizeof(*all); i++) {
		long r = *all[i].at ? 0 : map_pinned(s->paths, all[i].name, all[i].write, all[i].at);

		if (r < 0)
			return r;
	}
	return 0;
}

int state_open(const struct paths *paths, bool starting, struct state *ret, struct pg_error *err)
{
	_cleanup_state_ struct state s = { .paths = paths };
	const struct mapping all[] = {
		{ "pg_control", true, (void **)&s.control },
		{ "pg_meta", true, (void **)&s.meta },
		{ "pg_counts", false, (void **)&s.counts },
	};
	int r = 0;

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		long bytes = map_pinned(paths, all[i].name, all[i].write, all[i].at);

		if (bytes < 0)
			return not_running(bytes, paths, err);
		if (i || starting)
			continue;
		if (!s.control->abi)
			return not_running(-ENOENT, paths, err);
		if (s.control->abi != PG_ABI_VERSION)
			return upgrade_refuse_layout(paths, s.control->abi, err);
	}
	for (unsigned i = 0; !r && i < STATE_LATE; i++)
		r = late_open(&s, i);
	if (!r && state_has_scopes(&s))
		r = state_map_scopes(&s);
	if (r)
		return not_running(r, paths, err);
	*ret = s;
	s = (struct state){ 0 };
	return 0;
}

uint64_t boot_now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

bool state_is_tried(const struct state *s)
{
	return s->control->slot & PG_SLOT_TRIED;
}

uint64_t state_try_left_ns(const struct state *s)
{
	uint64_t now = boot_now_ns(), until = s->control->try_until_ns;

	return state_is_tried(s) && until > now ? until - now : 0;
}

uint32_t state_slot(const struct state *s)
{
	uint32_t slot = s->control->slot & 1;

	return state_is_tried(s) && !state_try_left_ns(s) ? !slot : slot;
}

uint64_t state_stamp(const struct state *s)
{
	const struct pg_control *c = s->control;

	/* The seed tells this start from those before it. */
	return (uint64_t)c->seed << 32 | (c->changes & 0x1fffffff) << 3 | (c->abi != 0) << 2 |
	       (c->slot & 3);
}

const struct pg_slot *state_in_force(const struct state *s)
{
	return &s->control->slots[state_slot(s)];
}

int state_policy(const struct state *s, struct policy *ret, struct pg_error *err)
{
	return image_map_read(s->paths, state_slot(s), ret, err);
}

static uint64_t count_from(const struct state *s, uint32_t region, uint32_t id)
{
	uint64_t sum = 0;

	for (; region <= s->control->cpus; region++)
		sum += __atomic_load_n(&s->counts[(size_t)region * PG_COUNT_REGION + id],
				       __ATOMIC_RELAXED);
	return sum;
}

uint64_t state_count(const struct state *s, uint32_t id)
{
	return count_from(s, 0, id);
}

uint64_t state_verdicts(const struct state *s, enum pg_hook hook, enum pg_verdict verdict)
{
	uint64_t sum = 0;

	for (uint32_t reason = 0; reason < PG_REASON_COUNT; reason++)
		sum += state_count(s, PG_COUNT_VERDICT(hook, verdict, reason));
	return sum;
}

uint64_t state_packets(const struct state *s, enum pg_hook hook, enum pg_verdict verdict)
{
	uint64_t sum = 0;

	for (uint32_t reason = 0; reason < PG_REASON_COUNT; reason++)
		sum += count_from(s, 1, PG_COUNT_VERDICT(hook, verdict, reason));
	return sum;
}

uint64_t state_rule_hits(const struct state *s, const struct rule *rule)
{
	return state_count(s, PG_COUNT_RULE(rule->id)) - rule->hits_base;
}
