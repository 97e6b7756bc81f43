// SPDX-License-Identifier: GPL-2.0-only
#include "events/published.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/file.h"
#include "util/json_read.h"

#define LARGEST_FILE 65536

static int take_text(const struct json_value *v, char **to)
{
	free(*to);
	*to = v->string ? strdup(v->text) : NULL;
	return v->string && !*to ? -ENOMEM : 0;
}

static int take_member(struct output_figures *o, const struct json_value *v)
{
	const char *name = v->path[1];
	uint64_t number = strtoull(v->text, NULL, 10);

	if (!strcmp(name, "name"))
		return take_text(v, &o->name);
	if (!strcmp(name, "error"))
		return take_text(v, &o->error);
	if (!strcmp(name, "sent"))
		o->sent = number;
	else if (!strcmp(name, "filtered"))
		o->filtered = number;
	else if (!strcmp(name, "queued"))
		o->queued = number;
	else if (!strcmp(name, "lost"))
		o->lost = number;
	return 0;
}

/* Objects come one after the other: @data's last one, or a new one. */
static int take_value(void *data, const struct json_value *v)
{
	struct published *p = data;
	struct output_figures *grown;

	if (v->depth != 2)
		return 0;
	if (v->element == p->count) {
		grown = reallocarray(p->list, p->count + 1, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		p->list = grown;
		p->list[p->count++] = (struct output_figures){ 0 };
	}
	return take_member(&p->list[p->count - 1], v);
}

void published_free(struct published *p)
{
	for (size_t i = 0; i < p->count; i++) {
		free(p->list[i].name);
		free(p->list[i].error);
	}
	free(p->list);
	*p = (struct published){ 0 };
}

int published_parse(const char *text, size_t length, struct published *ret)
{
	_cleanup_published_ struct published p = { 0 };
	_cleanup_free_ char *list = NULL;
	int r = asprintf(&list, "[%.*s]", (int)length, text);

	if (r < 0)
		return -ENOMEM;
	r = json_each_own(list, (size_t)r, take_value, &p);
	for (size_t i = 0; !r && i < p.count; i++)
		if (!p.list[i].name)
			r = -EINVAL;
	if (!r)
		*ret = TAKE(p, (struct published){ 0 });
	return r;
}

int published_read(const char *path, struct published *ret)
{
	_cleanup_free_ char *text = NULL;
	size_t length = 0;
	int r = file_read(path, LARGEST_FILE, &text, &length);

	if (r == -ENOENT) {
		*ret = (struct published){ 0 };
		return 0;
	}
	return r ? r : published_parse(text, length, ret);
}
