// SPDX-License-Identifier: GPL-2.0-only
/* The runtimes' files; see container_files.h. */
#include "kernel/container_files.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/json_read.h"

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

bool container_name_is_valid(const char *name)
{
	return name[0] && strspn(name, LETTERS) && !name[strspn(name, LETTERS "_.-")] &&
	       strlen(name) < CONTAINER_NAME;
}

/* Where a name may stand; of several the first in the list is taken. */
struct place_of_name {
	const char *path[2];
	size_t depth;
	const char *skip; /* what stands before the name */
};

struct search {
	const struct place_of_name *places;
	size_t count;
	size_t best; /* count: none yet */
	char *to;
};

static bool is_at(const struct json_value *v, const struct place_of_name *p)
{
	if (!v->string || v->depth != p->depth)
		return false;
	for (size_t i = 0; i < p->depth; i++)
		if (strcmp(v->path[i], p->path[i]))
			return false;
	return !strncmp(v->text, p->skip, strlen(p->skip)) &&
	       container_name_is_valid(v->text + strlen(p->skip));
}

static int look(void *data, const struct json_value *v)
{
	struct search *s = data;

	for (size_t i = 0; i < s->best; i++)
		if (is_at(v, &s->places[i])) {
			(void)snprintf(s->to, CONTAINER_NAME, "%s",
				       v->text + strlen(s->places[i].skip));
			s->best = i;
		}
	return 0;
}

static int find(char *text, size_t length, const struct place_of_name *places, size_t count,
		char *to)
{
	char found[CONTAINER_NAME];
	struct search s = { .places = places, .count = count, .best = count, .to = found };
	int r = json_each(text, length, look, &s);

	if (r)
		return r == -ENOMEM ? r : -ENOENT;
	if (s.best == count)
		return -ENOENT;
	memcpy(to, found, CONTAINER_NAME);
	return 0;
}

int container_name_docker(char *text, size_t length, const char *id, char *to)
{
	static const struct place_of_name places[] = { { { "Name" }, 1, "/" } };

	(void)id; /* the file is this container's */
	return find(text, length, places, ARRAY_SIZE(places), to);
}

int container_name_oci(char *text, size_t length, const char *id, char *to)
{
	static const struct place_of_name places[] = {
		{ { "annotations", "io.kubernetes.cri.container-name" }, 2, "" },
		{ { "annotations", "io.kubernetes.container.name" }, 2, "" },
		{ { "annotations", "io.kubernetes.cri-o.ContainerName" }, 2, "" },
	};

	(void)id; /* the file is this container's */
	return find(text, length, places, ARRAY_SIZE(places), to);
}

/* Id and name of an element, in whatever order they come. */
struct listed {
	const char *id;
	bool id_seen, name_seen;
	size_t with_id, with_name; /* elements */
	char name[CONTAINER_NAME];
};

static bool is_member(const struct json_value *v, const char *name, bool in_list)
{
	return v->string && v->depth == (in_list ? 3u : 2u) && !v->path[0][0] &&
	       !strcmp(v->path[1], name) && (!in_list || !v->path[2][0]);
}

static int look_in_list(void *data, const struct json_value *v)
{
	struct listed *l = data;

	if (is_member(v, "id", false) && !strcmp(v->text, l->id)) {
		l->id_seen = true;
		l->with_id = v->element;
	}
	if (is_member(v, "names", true) && (!l->name_seen || l->with_name != v->element)) {
		l->name_seen = true;
		l->with_name = v->element;
		(void)snprintf(l->name, sizeof(l->name), "%s", v->text);
	}
	return l->id_seen && l->name_seen && l->with_id == l->with_name;
}

int container_name_podman(char *text, size_t length, const char *id, char *to)
{
	struct listed l = { .id = id };
	int r = json_each(text, length, look_in_list, &l);

	if (r == -ENOMEM)
		return r;
	if (r != 1 || !container_name_is_valid(l.name))
		return -ENOENT;
	memcpy(to, l.name, CONTAINER_NAME);
	return 0;
}
