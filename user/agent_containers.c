// SPDX-License-Identifier: GPL-2.0-only
/* See agent_containers.h. */
#include "agent_containers.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/guard.h"
#include "kernel/lock.h"
#include "kernel/scope_cgroups.h"
#include "kernel/scopes.h"
#include "policy/list.h"
#include "util/cleanup.h"

#define YOUNG 8 /* seconds in which a name is asked for each second; then every so many */
#define OLD 60 /* and no more from then on */

struct agent_container {
	char *id, *name; /* name: NULL: not found yet */
	bool written; /* pg_cgroups has been written with that name */
	unsigned first; /* when it was seen first, in seconds of the agent */
};

struct found {
	struct agent_container *list;
	size_t count;
};

static void container_free(struct agent_container *c)
{
	free(c->id);
	free(c->name);
}

static void found_free(struct found *f)
{
	for (size_t i = 0; i < f->count; i++)
		container_free(&f->list[i]);
	free(f->list);
	*f = (struct found){ .list = NULL };
}

static void forget(struct agent_containers *c)
{
	struct found all = { c->list, c->count };

	found_free(&all);
	c->list = NULL;
	c->count = 0;
}

void agent_containers_close(struct agent_containers *c)
{
	forget(c);
	owner_patterns_free(&c->patterns);
	container_reader_free(&c->files);
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct agent_container *)a)->id,
		      ((const struct agent_container *)b)->id);
}

static struct agent_container *find(const struct agent_containers *c, const char *id)
{
	const struct agent_container key = { .id = (char *)id };

	return c->count ? bsearch(&key, c->list, c->count, sizeof(key), compare) : NULL;
}

static int note(void *data, const char *id)
{
	struct agent_container one = { .id = strdup(id) };
	struct found *f = data;
	int r = one.id ? list_append(&f->list, &f->count, &one, sizeof(one)) : -ENOMEM;

	if (r)
		free(one.id);
	return r;
}

/* What is known of those that are there still goes over; the others are forgotten. */
static void look_around(struct agent_containers *c)
{
	_cleanup_(found_free) struct found now = { .list = NULL };

	if (containers_each(c->state->meta->cgroup_dir, note, &now))
		return; /* the next second */
	for (size_t i = 0; i < now.count; i++) {
		struct agent_container *known = find(c, now.list[i].id);

		now.list[i].first = known ? known->first : c->seconds;
		now.list[i].written = known && known->written;
		if (known)
			now.list[i].name = TAKE_PTR(known->name);
	}
	forget(c);
	if (now.count)
		qsort(now.list, now.count, sizeof(*now.list), compare);
	c->list = TAKE_PTR(now.list);
	c->count = TAKE(now.count, 0);
}

static bool is_due(const struct agent_containers *c, const struct agent_container *one)
{
	unsigned age = c->seconds - one->first;

	return !one->name && (age < YOUNG || (age <= OLD && age % YOUNG == 0));
}

static void ask_for_names(struct agent_containers *c)
{
	for (size_t i = 0; i < c->count; i++) {
		struct agent_container *one = &c->list[i];
		const char *name =
			is_due(c, one) ? container_reader_name(&c->files, one->id) : NULL;

		if (!name)
			continue;
		one->name = strdup(name);
		if (one->name && owner_names_container(&c->patterns, one->name))
			c->write = true;
	}
}

static void note_written(struct agent_containers *c)
{
	for (size_t i = 0; i < c->count; i++)
		c->list[i].written = c->list[i].name != NULL;
}

/*
 * Who put the policy in force has read the names of all containers, and written their scopes. So have we,
 * then, all of them again: one that was old, or that has another name now.
 */
static void follow(struct agent_containers *c)
{
	const struct state *s = c->state;
	uint32_t serial = s->meta->sums.serial, slot = state_slot(s);
	bool scopes = state_in_force(s)->scopes;
	uint64_t matching;

	if (c->known && serial == c->serial && slot == c->slot)
		return;
	if (scopes && state_map_scopes(c->state))
		return; /* the next look */
	matching = scopes ? scopes_matching(s, slot) : 0;
	c->serial = serial;
	c->slot = slot;
	if (c->known && matching == c->matching)
		return;
	c->matching = matching;
	c->known = true;
	c->patterns_known = false;
	forget(c);
	if (!scopes)
		return;
	look_around(c);
	ask_for_names(c);
	note_written(c);
}

/* The patterns of a policy that is new; those that fit are written once more, should some have been missed. */
static void read_patterns(struct agent_containers *c)
{
	_cleanup_policy_ struct policy p = { 0 };
	_cleanup_close_ int lock = -1;

	if (c->patterns_known || lock_take(c->paths, "lock", false, 0, &lock) ||
	    state_policy(c->state, &p, NULL))
		return; /* the next second, if a command is at work */
	owner_patterns_free(&c->patterns);
	c->patterns_known = !owner_patterns(&p, &c->patterns);
	if (!owner_has_containers(&c->patterns))
		owner_patterns_free(&c->patterns);
	for (size_t i = 0; i < c->count; i++)
		c->write |= c->list[i].name && owner_names_container(&c->patterns, c->list[i].name);
}

static const char *any_name(void *data, const char *id)
{
	const struct agent_container *one = find(data, id);

	return one ? one->name : NULL;
}

static const char *written_name(void *data, const char *id)
{
	const struct agent_container *one;

	follow(data);
	one = find(data, id);
	return one && one->written ? one->name : NULL;
}

static void write_scopes(struct agent_containers *c)
{
	const struct owner_names names = { .data = c, .container_name = any_name };
	_cleanup_guard_ struct guard g = { 0 };
	size_t wrong;

	if (guard_open(c->paths, GUARD_WRITE_NOW, &g, NULL))
		return; /* a command is at work: the next second */
	if (scope_cgroups_check(&g.state, &g.policy, &names, true, &wrong))
		return;
	note_written(c);
	c->write = false;
}

void agent_containers_check(struct agent_containers *c)
{
	c->seconds++;
	follow(c);
	read_patterns(c);
	if (!c->patterns.count)
		return;
	look_around(c);
	ask_for_names(c);
	if (c->write)
		write_scopes(c);
}

void agent_containers_open(struct agent_containers *c, const struct paths *paths,
			   struct state *state)
{
	*c = (struct agent_containers){
		.paths = paths,
		.state = state,
		.names = { .data = c, .container_name = written_name },
		.files = { .files_root = "" },
	};
}
