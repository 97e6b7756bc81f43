/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Looking into JSON that others have written, for short words of plain ASCII. libyaml reads it: JSON is
 * YAML but for some bytes, which are made harmless before. So escapes and all that is not ASCII come out
 * as '?', and strings are cut behind JSON_STRING_MAX bytes: enough to find a word, not to print a text.
 */
#ifndef PORTGUARD_JSON_READ_H
#define PORTGUARD_JSON_READ_H

#include <stdbool.h>
#include <stddef.h>

#define JSON_PATH_MAX 8		/* names on a path; values that lie deeper are passed over */
#define JSON_DEPTH_MAX 64	/* what is nested deeper is not read at all */
#define JSON_STRING_MAX 512

/* A value that is neither list nor map. */
struct json_value {
	const char *path[JSON_PATH_MAX];	/* names from the outside in; "" in a list */
	size_t depth;
	size_t element;				/* of the list that is outermost: which, from 0 */
	const char *text;
	bool string;				/* else a number, true, false or null */
};

/**
 * json_each() - Visit every value in the order of the text.
 * @text:  is changed.
 * @found: what it returns, but for 0, ends the visit.
 * Return: 0, -EINVAL (no JSON, or too deep: what came before it was visited), -ENOMEM, or what @found said.
 */
int json_each(char *text, size_t length, int (*found)(void *data, const struct json_value *value), void *data);

#endif
