// SPDX-License-Identifier: GPL-2.0-only
/*
 * Owners of cgroups; see owner.h. A policy of a thousand scopes meets a thousand cgroups here: most
 * patterns are dismissed by their bytes before the first wildcard.
 */
#include "policy/owner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "portguard/place.h"

#define ID_PREFIX_MIN 6
#define SERVICE ".service"
#define SOCKET ".socket"
#define WHOLE 0x8000 /* weight of what has no wildcard */
#define STEPS_MOST 4096 /* a pattern that wants more matches nothing (bpf/scope.bpf.c) */

/* --- patterns ----------------------------------------------------------------------------------- */

static bool is_id_prefix(const char *text, size_t length)
{
	return length >= ID_PREFIX_MIN && length <= PG_ID_MAX &&
	       strspn(text, "0123456789abcdef") == length;
}

static bool ends(const char *text, size_t length, const char *with)
{
	size_t n = strlen(with);

	return length > n && !memcmp(text + length - n, with, n);
}

static int make_pattern(const struct scope *s, struct owner_pattern *ret)
{
	size_t length = strlen(s->selector);

	*ret = (struct owner_pattern){ .selector = (uint8_t)(PG_SELECT_CONTAINER + s->kind) };
	if (s->kind == SCOPE_NETNS)
		return 0; /* there is but one kind of them */
	ret->text = calloc(length + 2, 1);
	if (!ret->text)
		return -ENOMEM;
	memcpy(ret->text, s->selector, length);
	ret->cut_id = s->kind == SCOPE_CONTAINER && is_id_prefix(ret->text, length);
	if (ret->cut_id)
		ret->text[length++] = '*';
	ret->length = (uint32_t)length;
	ret->prefix = (uint32_t)strcspn(ret->text, "*?[");
	ret->weight = (uint16_t)(length | (ret->prefix == length ? WHOLE : 0));
	ret->with_socket = s->kind == SCOPE_UNIT && ends(ret->text, length, SERVICE);
	return 0;
}

int owner_patterns(const struct policy *p, struct owner_patterns *ret)
{
	struct owner_patterns all = { .list = calloc(p->scope_count + 1, sizeof(*all.list)) };
	int r = all.list ? 0 : -ENOMEM;

	for (; !r && all.count < p->scope_count; all.count += !r)
		r = make_pattern(&p->scopes[all.count], &all.list[all.count]);
	if (r)
		owner_patterns_free(&all);
	else
		*ret = all;
	return r;
}

void owner_patterns_free(struct owner_patterns *p)
{
	for (size_t i = 0; i < p->count; i++)
		free(p->list[i].text);
	free(p->list);
	*p = (struct owner_patterns){ .list = NULL };
}

/* --- matching ----------------------------------------------------------------------------------- */

/* What follows @done bytes that are the same in both. */
static bool glob(const char *pattern, size_t pattern_length, const char *text, size_t length, size_t done)
{
	const struct pg_bytes p = { pattern, 0, (__u32)pattern_length, ~0u };
	const struct pg_bytes t = { text, 0, (__u32)length, ~0u };
	__u64 state = PG_GLOB_BEGIN;

	for (; done < STEPS_MOST && !(state & PG_GLOB_DONE); done++)
		state = pg_glob_step(state, &p, &t);
	return state & PG_GLOB_MATCH;
}

/* The first @length bytes of the pattern. */
static bool matches(const struct owner_pattern *p, size_t length, const char *text, size_t text_length)
{
	size_t prefix = p->prefix < length ? p->prefix : length;

	if (text_length < prefix || memcmp(p->text, text, prefix))
		return false;
	if (prefix == length)
		return text_length == length;
	return glob(p->text + prefix, length - prefix, text + prefix, text_length - prefix, prefix);
}

static bool unit_matches(const struct owner_pattern *p, const char *name, size_t length)
{
	if (matches(p, p->length, name, length))
		return true;
	return p->with_socket && ends(name, length, SOCKET) &&
	       matches(p, p->length - strlen(SERVICE), name, length - strlen(SOCKET));
}

static bool name_matches(const struct owner_pattern *p, const char *name)
{
	return name && matches(p, p->length - p->cut_id, name, strlen(name));
}

bool owner_has_containers(const struct owner_patterns *p)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->list[i].selector == PG_SELECT_CONTAINER)
			return true;
	return false;
}

bool owner_names_container(const struct owner_patterns *p, const char *name)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->list[i].selector == PG_SELECT_CONTAINER && name_matches(&p->list[i], name))
			return true;
	return false;
}

/* The number of the scope of that kind which has the most weight, or 0. @name: of a container, or NULL. */
static uint16_t best(const struct owner_patterns *p, enum pg_selector selector, const char *text, size_t length,
		     const char *name)
{
	uint16_t found = 0;

	for (size_t i = 0; i < p->count; i++) {
		const struct owner_pattern *one = &p->list[i];

		if (one->selector != selector || (found && one->weight <= p->list[found - 1].weight))
			continue;
		if (selector == PG_SELECT_UNIT ? unit_matches(one, text, length)
					       : matches(one, one->length, text, length) ||
							 name_matches(one, name))
			found = (uint16_t)(i + 1);
	}
	return found;
}

static uint16_t best_container(const struct owner_patterns *p, const char *id, size_t length)
{
	const char *name = NULL;
	char copy[PG_ID_MAX + 1];

	if (!owner_has_containers(p))
		return 0;
	if (p->names && length < sizeof(copy)) {
		memcpy(copy, id, length);
		copy[length] = '\0';
		name = p->names->container_name(p->names->data, copy);
	}
	return best(p, PG_SELECT_CONTAINER, id, length, name);
}

/* The innermost `cgroup:` scope goes before those around it. */
static void put_cgroup(struct cgroup_owner *o, uint16_t number)
{
	uint16_t *cgroups = o->scope + PG_OWNER_CGROUP;

	if (!number || cgroups[0] == number)
		return;
	memmove(cgroups + 1, cgroups, (PG_OWNER_CGROUPS - 1) * sizeof(*cgroups));
	cgroups[0] = number;
}

static size_t last_name(const char *path, size_t length)
{
	while (length && path[length - 1] != '/')
		length--;
	return length;
}

void owner_below(const struct owner_patterns *p, const struct cgroup_owner *parent, const char *path,
		 size_t length, struct cgroup_owner *ret)
{
	const struct pg_bytes name = { path, (__u32)last_name(path, length), (__u32)length, ~0u };
	struct pg_named named = pg_name(parent->place, &name);
	struct cgroup_owner o = *parent;
	uint16_t number = 0;

	o.place = PG_PLACE_NONE;
	if (length + 1 >= PG_GLOB_MAX) {
		*ret = o;
		return;
	}
	if (named.unit)
		number = best(p, PG_SELECT_UNIT, path + named.unit_at, length - named.unit_at, NULL);
	o.scope[PG_OWNER_UNIT] = number ? number : o.scope[PG_OWNER_UNIT];
	number = 0;
	if (named.container)
		number = best_container(p, path + named.id_at, named.id_end - named.id_at);
	o.scope[PG_OWNER_CONTAINER] = number ? number : o.scope[PG_OWNER_CONTAINER];
	put_cgroup(&o, best(p, PG_SELECT_CGROUP, path, length, NULL));
	o.place = named.place;
	*ret = o;
}

void owner_of_root(const struct owner_patterns *p, const char *path, size_t length, struct cgroup_owner *ret)
{
	struct cgroup_owner o = { .place = PG_PLACE_SLICE };

	for (size_t end = 1; end <= length; end++)
		if (end == length || path[end] == '/')
			put_cgroup(&o, best(p, PG_SELECT_CGROUP, path, end, NULL));
	*ret = o;
}
