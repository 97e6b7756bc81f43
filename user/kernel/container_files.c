// SPDX-License-Identifier: GPL-2.0-only
/* The runtimes' files; see container_files.h. */
#include "kernel/container_files.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "portguard/place.h"
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

int container_file_docker(char *text, size_t length, char *to)
{
	static const struct place_of_name places[] = { { { "Name" }, 1, "/" } };

	return find(text, length, places, ARRAY_SIZE(places), to);
}

int container_file_oci(char *text, size_t length, char *to)
{
	static const struct place_of_name places[] = {
		{ { "annotations", "io.kubernetes.cri.container-name" }, 2, "" },
		{ { "annotations", "io.kubernetes.container.name" }, 2, "" },
		{ { "annotations", "io.kubernetes.cri-o.ContainerName" }, 2, "" },
	};

	return find(text, length, places, ARRAY_SIZE(places), to);
}

/* Id and first name of an element, in whatever order they come; empty: not seen yet. */
struct listed {
	size_t element;
	char id[PG_ID_MAX + 1], name[CONTAINER_NAME];
	int (*found)(void *data, const char *id, const char *name);
	void *data;
};

static int end_element(struct listed *l)
{
	int r = 0;

	if (l->id[0] && container_name_is_valid(l->name))
		r = l->found(l->data, l->id, l->name);
	l->id[0] = l->name[0] = '\0';
	return r;
}

/* What is cut is no id, and no name. */
static void note(char *to, size_t size, const char *text)
{
	if (!to[0] && strlen(text) < size)
		memcpy(to, text, strlen(text) + 1);
}

static int look_in_list(void *data, const struct json_value *v)
{
	struct listed *l = data;
	int r = 0;

	if (v->depth < 2 || v->path[0][0])
		return 0;
	if (v->element != l->element)
		r = end_element(l);
	l->element = v->element;
	if (!v->string)
		return r;
	if (v->depth == 2 && !strcmp(v->path[1], "id"))
		note(l->id, sizeof(l->id), v->text);
	if (v->depth == 3 && !strcmp(v->path[1], "names") && !v->path[2][0])
		note(l->name, sizeof(l->name), v->text);
	return r;
}

int container_file_list(char *text, size_t length,
			int (*found)(void *data, const char *id, const char *name), void *data)
{
	struct listed l = { .found = found, .data = data };
	int r = json_each(text, length, look_in_list, &l);

	return r ? r : end_element(&l);
}
