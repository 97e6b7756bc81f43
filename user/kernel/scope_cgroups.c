// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entries for all cgroups; see scope_cgroups.h. What has come into the map since the walk began is left
 * alone: a program made it, from tables that are whole.
 */
#include "kernel/scope_cgroups.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>

#include "kernel/cgroup.h"
#include "kernel/cgroup_walk.h"
#include "kernel/containers.h"
#include "kernel/load.h"
#include "kernel/scopes.h"
#include "policy/owner.h"
#include "util/cleanup.h"

#define BATCH 4096

struct entry {
	uint64_t id;
	struct pg_cgroup value;
	bool seen; /* its cgroup is there */
};

struct walk {
	int map;
	uint32_t slot;
	bool write;
	bool both; /* slots have the same numbers */
	struct container_reader files;
	struct owner_names from_files;
	struct owner_patterns patterns;
	struct entry *known; /* sorted; as the map was when the walk began */
	size_t known_count, known_room, wrong;
};

static void walk_free(struct walk *w)
{
	free(w->known);
	owner_patterns_free(&w->patterns);
	container_reader_free(&w->files);
	cleanup_close(&w->map);
}

/* --- the map ------------------------------------------------------------------------------------ */

static int compare_entries(const void *a, const void *b)
{
	uint64_t x = ((const struct entry *)a)->id, y = ((const struct entry *)b)->id;

	return (x > y) - (x < y);
}

static int keep_entries(struct walk *w, const uint64_t *keys, const struct pg_cgroup *values, size_t count)
{
	if (w->known_count + count > w->known_room) {
		size_t room = (w->known_count + count) * 2;
		struct entry *grown = reallocarray(w->known, room, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		w->known = grown;
		w->known_room = room;
	}
	for (size_t i = 0; i < count; i++)
		w->known[w->known_count++] = (struct entry){ .id = keys[i], .value = values[i] };
	return 0;
}

static int read_entries(struct walk *w)
{
	_cleanup_free_ uint64_t *keys = calloc(BATCH, sizeof(*keys));
	_cleanup_free_ struct pg_cgroup *values = calloc(BATCH, sizeof(*values));
	uint64_t at = 0;
	bool begun = false;
	int r = keys && values ? 0 : -ENOMEM;

	while (!r) {
		uint64_t next = 0;
		__u32 count = BATCH;
		int error = bpf_map_lookup_batch(w->map, begun ? &at : NULL, &next, keys, values, &count,
						 NULL)
				    ? -errno
				    : 0;

		if (error && error != -ENOENT)
			return error;
		r = keep_entries(w, keys, values, count);
		if (error)
			break; /* all of them */
		at = next;
		begun = true;
	}
	if (!r && w->known_count)
		qsort(w->known, w->known_count, sizeof(*w->known), compare_entries);
	return r;
}

static struct entry *find_entry(const struct walk *w, uint64_t id)
{
	const struct entry key = { .id = id };

	if (!w->known_count)
		return NULL;
	return bsearch(&key, w->known, w->known_count, sizeof(key), compare_entries);
}

static bool says_nothing(const struct pg_cgroup *c)
{
	static const struct pg_cgroup nothing;

	return !memcmp(c, &nothing, sizeof(nothing));
}

static int put_entry(struct walk *w, uint64_t id, const struct pg_cgroup *value)
{
	int r;

	w->wrong++;
	if (!w->write)
		return 0;
	if (says_nothing(value))
		r = bpf_map_delete_elem(w->map, &id);
	else
		r = bpf_map_update_elem(w->map, &id, value, BPF_ANY);
	return !r || errno == ENOENT ? 0 : -errno;
}

static int visit(void *data, uint64_t id, const struct cgroup_owner *owner)
{
	struct walk *w = data;
	struct entry *known = find_entry(w, id);
	struct pg_cgroup now = { .place = 0 }, next;
	int r;

	if (known) {
		now = known->value;
		known->seen = true;
	} else {
		(void)bpf_map_lookup_elem(w->map, &id, &now); /* made since, or it has none */
	}
	next = now;
	memcpy(next.scope[w->slot & 1], owner->scope, sizeof(owner->scope));
	if (w->both)
		memcpy(next.scope[!w->slot], owner->scope, sizeof(owner->scope));
	next.place = owner->place;
	if (!memcmp(&next, &now, sizeof(now)))
		return 0;
	r = put_entry(w, id, &next);
	return r ? r : 1;
}

/* The path of the enforcement root as /proc/PID/cgroup prints it; "" for "/". */
static int root_path(const struct state *s, char *to, size_t size)
{
	const char *directory = s->meta->cgroup_dir;
	char mount[1024];
	size_t skip;
	int r = cgroup_mount(mount, sizeof(mount));

	if (r)
		return r;
	skip = strlen(mount);
	if (!strncmp(directory, mount, skip) && (!directory[skip] || directory[skip] == '/')) {
		(void)snprintf(to, size, "%s", directory + skip);
	} else {
		r = cgroup_path(mount, s->control->cgroup_id, to, size);
		if (r)
			return r;
	}
	for (skip = strlen(to); skip && to[skip - 1] == '/';)
		to[--skip] = '\0';
	return 0;
}

/* --- what is removed ---------------------------------------------------------------------------- */

struct same_scope {
	const struct scope *scope;
	uint16_t number;
};

static int compare_same(const void *a, const void *b)
{
	const struct scope *x = ((const struct same_scope *)a)->scope, *y = ((const struct same_scope *)b)->scope;
	int order = strcmp(x->name, y->name);

	order = order ? order : (x->kind > y->kind) - (x->kind < y->kind);
	return order ? order : strcmp(x->selector, y->selector);
}

/* Numbers of one policy -> those of the same scopes in the other, by index. NULL: no memory. */
static uint16_t *same_numbers(const struct policy *from, const struct policy *to)
{
	_cleanup_free_ struct same_scope *sorted = calloc(to->scope_count + 1, sizeof(*sorted));
	uint16_t *ret = calloc(PG_MAX_SCOPES, sizeof(*ret));

	if (!sorted || !ret) {
		free(ret);
		return NULL;
	}
	for (size_t i = 0; i < to->scope_count; i++)
		sorted[i] = (struct same_scope){ &to->scopes[i], (uint16_t)(i + 1) };
	qsort(sorted, to->scope_count, sizeof(*sorted), compare_same);
	for (size_t i = 0; to->scope_count && i < from->scope_count; i++) {
		const struct same_scope key = { &from->scopes[i], 0 };
		const struct same_scope *found =
			bsearch(&key, sorted, to->scope_count, sizeof(key), compare_same);

		ret[i + 1] = found ? found->number : 0;
	}
	return ret;
}

static void translate(const uint16_t *numbers, const uint16_t from[PG_OWNERS], uint16_t to[PG_OWNERS])
{
	unsigned next = PG_OWNER_CGROUP;

	memset(to, 0, PG_OWNERS * sizeof(*to));
	to[PG_OWNER_CONTAINER] = numbers[from[PG_OWNER_CONTAINER] % PG_MAX_SCOPES];
	to[PG_OWNER_UNIT] = numbers[from[PG_OWNER_UNIT] % PG_MAX_SCOPES];
	for (unsigned i = PG_OWNER_CGROUP; i < PG_OWNER_NETNS; i++)
		if (numbers[from[i] % PG_MAX_SCOPES])
			to[next++] = numbers[from[i] % PG_MAX_SCOPES];
}

static int keep_removed(struct walk *w, const struct policy *from, const struct policy *to)
{
	_cleanup_free_ uint16_t *numbers = same_numbers(from, to);
	int r = numbers ? 0 : -ENOMEM;

	for (size_t i = 0; !r && i < w->known_count; i++) {
		const struct entry *e = &w->known[i];
		struct pg_cgroup next = e->value;

		if (e->seen)
			continue;
		translate(numbers, next.scope[!w->slot], next.scope[w->slot & 1]);
		next.place = 0; /* nothing is made below it any more */
		if (memcmp(&next, &e->value, sizeof(next)) != 0 || says_nothing(&next))
			r = put_entry(w, e->id, &next);
	}
	return r;
}

/* --- both --------------------------------------------------------------------------------------- */

static int walk(struct walk *w, const struct state *s, const struct policy *p, const struct owner_names *names)
{
	char path[PG_META_PATH];
	int r = owner_patterns(p, &w->patterns);

	w->files.files_root = "";
	w->from_files = (struct owner_names){ .data = &w->files, .container_name = container_reader_name };
	w->patterns.names = names ? names : &w->from_files;
	w->map = r ? -1 : pin_open(s->paths, "pg_cgroups");
	if (!r && w->map < 0)
		r = w->map;
	r = r ? r : read_entries(w);
	r = r ? r : root_path(s, path, sizeof(path));
	return r ? r
		 : cgroup_walk(s->meta->cgroup_dir, s->control->cgroup_id, path, &w->patterns, visit, w);
}

/* Neither slot has scopes any more: no program looks, and places are found again when one has. */
static int drop_all(const struct paths *paths)
{
	_cleanup_(walk_free) struct walk w = { .map = pin_open(paths, "pg_cgroups") };
	int r = w.map < 0 ? w.map : read_entries(&w);

	for (size_t i = 0; !r && i < w.known_count; i++)
		(void)bpf_map_delete_elem(w.map, &w.known[i].id); /* its cgroup may have gone, too */
	return r;
}

int scope_cgroups_write(struct edit *e, struct pg_error *err)
{
	_cleanup_(walk_free) struct walk w = { .map = -1, .slot = e->slot, .write = true };
	const struct policy *to = e->change->to, *from = e->change->from ? e->change->from : to;
	const struct pg_meta *meta = e->state->meta;
	int r;

	if (!state_has_scopes(e->state))
		return drop_all(e->state->paths);
	if (!meta->cgroup_dir[0])
		return 0;
	r = walk(&w, e->state, to, NULL);
	r = r ? r : keep_removed(&w, from, to);
	if (r == -E2BIG)
		return pg_fail(err, r, PG_EXIT_UNAVAILABLE,
			       "scopes: more cgroups are in one than pg_cgroups holds");
	return r ? pg_fail(err, r, PG_EXIT_UNAVAILABLE, "scopes: cgroup %s: %s", meta->cgroup_dir,
			   strerror(-r))
		 : 0;
}

void scope_cgroups_owner(const struct state *s, int map, uint64_t id, uint16_t ret[PG_OWNERS])
{
	struct pg_cgroup c = { .place = 0 };

	if (id && state_in_force(s)->scopes)
		(void)bpf_map_lookup_elem(map, &id, &c); /* it has none */
	memcpy(ret, c.scope[state_slot(s)], sizeof(c.scope[0]));
}

int scope_cgroups_check(struct state *s, const struct policy *p, const struct owner_names *names, bool mend,
			size_t *ret_wrong)
{
	_cleanup_(walk_free) struct walk w = { .map = -1, .slot = state_slot(s), .write = mend };
	int r = state_has_scopes(s) ? state_map_scopes(s) : 0;

	w.both = !r && scopes_matching(s, 0) == scopes_matching(s, 1);
	if (!r && s->meta->cgroup_dir[0])
		r = walk(&w, s, p, names);
	if (!r)
		*ret_wrong = w.wrong;
	return r;
}
