// SPDX-License-Identifier: GPL-2.0-only
/* JSON through libyaml's events; see json_read.h. */
#include "util/json_read.h"

#include <errno.h>
#include <string.h>
#include <yaml.h>

#include "util/cleanup.h"

/* A list or map that is open. */
struct level {
	bool map, has_key;
	char *key; /* of a map, while has_key */
	size_t element;
};

struct visit {
	struct level levels[JSON_DEPTH_MAX];
	size_t depth;
	int (*found)(void *data, const struct json_value *value);
	void *data;
};

/*
 * libyaml refuses control characters, surrogates and keys of more than 1024 bytes, all of which JSON may
 * have. Return: the length that is left.
 */
static size_t make_plain(char *text, size_t length)
{
	size_t to = 0, begin = 0;
	bool inside = false;

	for (size_t i = 0; i < length; i++) {
		char c = text[i];

		if (inside && c == '\\') {
			i++;
			c = '?';
		} else if (c == '"') {
			inside = !inside;
			begin = to;
		} else if (c < ' ' || c > '~') {
			c = inside ? '?' : ' ';
		}
		if (!inside || to - begin <= JSON_STRING_MAX)
			text[to++] = c;
	}
	return to;
}

static int visit_value(struct visit *v, const char *text, bool string)
{
	struct json_value value = { .depth = v->depth, .text = text, .string = string };
	bool in_list = false;

	if (v->depth > JSON_PATH_MAX)
		return 0;
	for (size_t i = 0; i < v->depth; i++) {
		const struct level *l = &v->levels[i];

		value.path[i] = l->map ? l->key : "";
		if (!l->map && !in_list)
			value.element = l->element;
		in_list |= !l->map;
	}
	return v->found(v->data, &value);
}

/* A value of the innermost list or map is complete. */
static void end_value(struct visit *v)
{
	struct level *l;

	if (!v->depth)
		return;
	l = &v->levels[v->depth - 1];
	l->element++;
	l->has_key = false;
	free(TAKE_PTR(l->key));
}

static int take_scalar(struct visit *v, yaml_event_t *event)
{
	struct level *l = v->depth ? &v->levels[v->depth - 1] : NULL;
	bool string = event->data.scalar.style == YAML_DOUBLE_QUOTED_SCALAR_STYLE;
	int r;

	if (!string && event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
		return -EINVAL;
	if (l && l->map && !l->has_key) {
		if (!string)
			return -EINVAL;
		l->key = (char *)TAKE_PTR(event->data.scalar.value);
		l->has_key = true;
		return 0;
	}
	r = visit_value(v, (const char *)event->data.scalar.value, string);
	end_value(v);
	return r;
}

static int enter(struct visit *v, bool map, bool flow)
{
	const struct level *l = v->depth ? &v->levels[v->depth - 1] : NULL;

	if (!flow || v->depth == JSON_DEPTH_MAX || (l && l->map && !l->has_key))
		return -EINVAL;
	v->levels[v->depth++] = (struct level){ .map = map };
	return 0;
}

static int take_event(struct visit *v, yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return take_scalar(v, event);
	case YAML_MAPPING_START_EVENT:
		return enter(v, true, event->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE);
	case YAML_SEQUENCE_START_EVENT:
		return enter(v, false,
			     event->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE);
	case YAML_MAPPING_END_EVENT:
	case YAML_SEQUENCE_END_EVENT:
		v->depth--;
		end_value(v);
		return 0;
	case YAML_ALIAS_EVENT:
		return -EINVAL;
	default:
		return 0;
	}
}

static int visit_all(struct visit *v, yaml_parser_t *parser)
{
	bool more = true;
	int r = 0;

	while (!r && more) {
		yaml_event_t event;

		if (!yaml_parser_parse(parser, &event))
			return parser->error == YAML_MEMORY_ERROR ? -ENOMEM : -EINVAL;
		r = take_event(v, &event);
		more = event.type != YAML_DOCUMENT_END_EVENT && event.type != YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	return r;
}

int json_each(char *text, size_t length, int (*found)(void *data, const struct json_value *value),
	      void *data)
{
	struct visit v = { .found = found, .data = data };
	yaml_parser_t parser;
	int r;

	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text,
				     make_plain(text, length));
	r = visit_all(&v, &parser);
	yaml_parser_delete(&parser);
	for (size_t i = 0; i < v.depth; i++)
		free(v.levels[i].key);
	return r;
}
