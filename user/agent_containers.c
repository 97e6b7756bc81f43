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

		one->name = one->name ? one->name : name ? strdup(name) : NULL;
		if (name && one->name && owner_names_container(&c->patterns, name))
			c->write = true;
	}
}

static void begin_anew(struct agent_containers *c, const struct policy *p)
{
	owner_patterns_free(&c->patterns);
	forget(c); /* names that have changed since are asked for, too */
	if (owner_patterns(p, &c->patterns))
		c->read = false;
	else if (!owner_has_containers(&c->patterns))
		owner_patterns_free(&c->patterns);
}

/* After the scopes have become others, or a trial has ended. */
static void read_policy(struct agent_containers *c)
{
	_cleanup_policy_ struct policy p = { 0 };
	_cleanup_close_ int lock = -1;
	uint64_t matching = 0;

	if (state_has_scopes(c->state) && state_map_scopes(c->state))
		return;
	if (state_in_force(c->state)->scopes)
		matching = scopes_matching(c->state, state_slot(c->state));
	if (c->read && matching == c->matching)
		return;
	if (lock_take(c->paths, "lock", false, 0, &lock) || state_policy(c->state, &p, NULL))
		return; /* the next second */
	c->matching = matching;
	c->read = true;
	begin_anew(c, &p);
}

static const char *name_of(void *data, const char *id)
{
	const struct agent_container *one = find(data, id);

	return one ? one->name : NULL;
}

static void write_scopes(struct agent_containers *c)
{
	const struct owner_names names = { .data = c, .container_name = name_of };
	_cleanup_guard_ struct guard g = { 0 };
	size_t wrong;

	if (guard_open(c->paths, GUARD_WRITE_NOW, &g, NULL))
		return; /* a command is at work: the next second */
	if (!scope_cgroups_check(&g.state, &g.policy, &names, true, &wrong))
		c->write = false;
}

void agent_containers_check(struct agent_containers *c)
{
	c->seconds++;
	read_policy(c);
	if (!c->patterns.count)
		return;
	look_around(c);
	ask_for_names(c);
	if (c->write)
		write_scopes(c);
}
