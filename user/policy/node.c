// SPDX-License-Identifier: GPL-2.0-only
/*
 * Nodes of a tree as values, and where in the file a byte of a scalar's text stands: quotes and escapes take
 * more room there than in the text. Nothing here looks at a line from its beginning: a policy that a program
 * wrote may be one line.
 */
#include <stdlib.h>
#include <string.h>

#include "policy/tree.h"
#include "util/utf8.h"

void node_free(struct node *n)
{
	for (size_t i = 0; i < n->count; i++)
		node_free(&n->children[i]);
	free(n->children);
	free(n->text);
	memset(n, 0, sizeof(*n));
}

bool node_is_null(const struct node *n)
{
	return n->kind == NODE_SCALAR && n->style == STYLE_PLAIN && !n->length;
}

static size_t characters(const char *text, size_t length)
{
	size_t count = 0;

	for (size_t i = 0, used; i < length; i += used, count++)
		(void)utf8_next(text + i, length - i, &used);
	return count;
}

/* Source characters that one character of a quoted scalar takes. */
static size_t quoted_width(enum node_style style, const char *text, size_t length)
{
	if (style == STYLE_SINGLE)
		return length > 1 && text[0] == '\'' && text[1] == '\'' ? 2 : 1;
	if (text[0] != '\\' || length < 2)
		return 1;
	return text[1] == 'x' ? 4 : text[1] == 'u' ? 6 : text[1] == 'U' ? 10 : 2;
}

struct place node_place(const struct mistakes *m, const struct node *n, size_t offset)
{
	const struct source *s = &m->sources[n->place.source];
	size_t wanted = characters(n->text, offset < n->length ? offset : n->length);
	size_t at = n->at + 1, used; /* past the quote */
	struct place place = n->place;

	if (n->end_line != n->place.line || n->style < STYLE_PLAIN)
		return place;
	if (n->style == STYLE_PLAIN) {
		place.column += wanted;
		return place;
	}
	place.column++;
	for (; wanted && at < s->length; wanted--) {
		size_t width = quoted_width(n->style, s->text + at, s->length - at);

		place.column += width;
		for (; width && at < s->length; width--, at += used)
			(void)utf8_next(s->text + at, s->length - at, &used);
	}
	return place;
}

bool node_is_cut(const struct mistakes *m, const struct node *n)
{
	const struct source *s = &m->sources[n->place.source];
	size_t at = n->at + n->length;

	if (n->style != STYLE_PLAIN || n->end_line != n->place.line)
		return false;
	while (at < s->length && s->text[at] == ' ')
		at++;
	return at < s->length && s->text[at] == '#';
}
