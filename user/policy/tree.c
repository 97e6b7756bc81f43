// SPDX-License-Identifier: GPL-2.0-only
/*
 * YAML to a tree, through libyaml's events. The text is looked through before: libyaml takes UTF-16
 * and stops at the first bad byte without saying where it stands.
 */
#include "policy/tree.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "policy/list.h"
#include "policy/show.h"
#include "util/cleanup.h"
#include "util/utf8.h"

struct reading {
	struct mistakes *mistakes;
	size_t source;
	yaml_parser_t parser;
	size_t nodes;
	/* Where the last scalar began; the next one is looked for from there: a line may be the whole file. */
	size_t line, column, at;
	bool stop; /* no more of this file */
};

static struct place mark_place(const struct reading *r, yaml_mark_t mark)
{
	return (struct place){ .source = r->source,
			       .line = mark.line + 1,
			       .column = mark.column + 1 };
}

/* The byte of a mark, which counts characters. */
static size_t mark_offset(struct reading *r, yaml_mark_t mark)
{
	const struct source *s = &r->mistakes->sources[r->source];

	if (mark.line >= s->line_count)
		return s->length;
	if (mark.line != r->line || mark.column < r->column) {
		r->line = mark.line;
		r->column = 0;
		r->at = s->lines[mark.line];
	}
	for (size_t used; r->column < mark.column && r->at < s->length; r->column++, r->at += used)
		(void)utf8_next(s->text + r->at, s->length - r->at, &used);
	return r->at;
}

#define GIVE_UP(r, place, ...)                                   \
	do {                                                     \
		mistakes_add((r)->mistakes, place, __VA_ARGS__); \
		(r)->stop = true;                                \
	} while (0)

/* UTF-8 without control characters but line ends and tabs. */
static bool check_text(struct reading *r)
{
	const struct source *s = &r->mistakes->sources[r->source];

	if (s->length > TREE_BYTES) {
		GIVE_UP(r, ((struct place){ r->source, 1, 1 }),
			"the file is larger than %u MiB: put long sets into {file: …}",
			TREE_BYTES >> 20);
		return false;
	}
	for (size_t i = 0, used; i < s->length; i += used) {
		uint32_t c;
		bool bad;

		used = 1;
		if (utf8_is_plain(s->text[i])) /* nearly all of it */
			continue;
		c = utf8_next(s->text + i, s->length - i, &used);
		bad = c == UTF8_REPLACEMENT &&
		      (used != 3 || memcmp(s->text + i, "\xef\xbf\xbd", 3));
		if (!bad && (c == '\t' || c == '\n' || c == '\r' || !utf8_is_control(c)))
			continue;
		if (bad)
			GIVE_UP(r, source_place(r->mistakes, r->source, i),
				"'%s' is not UTF-8: want the file saved as such",
				SHOW(s->text + i, used));
		else
			GIVE_UP(r, source_place(r->mistakes, r->source, i),
				"control character U+%04X: want it left out, or written as an "
				"escape",
				c);
		return false;
	}
	return true;
}

/* A character that no word begins with: by which one it is. */
static const char *wrong_character(const char *line, size_t length, size_t column)
{
	if (memchr(line, '@', length))
		return "a word that begins with '@' is put in quotes, such as \"@office\"";
	if (memchr(line, '\t', length))
		return "YAML is indented by blanks, not tabs";
	if (column <= length && memchr("%`", line[column - 1], 2))
		return "a word that begins so is put in quotes";
	return NULL;
}

/* What libyaml complains of, and what helps. */
static const struct complaint {
	const char *problem, *help;
	bool unclosed; /* what is not closed began elsewhere: there it is to be mended */
} complaints[] = {
	{ "unexpected end of stream", "the quote that begins here is not closed", true },
	{ "unexpected document indicator", "the quote that begins here is not closed", true },
	{ "expected ',' or ']'", "a list in [ ] wants commas between its words, and its ']'",
	  false },
	{ "expected ',' or '}'", "a map in { } wants commas between its pairs, and its '}'",
	  false },
	{ "mapping values", "a sentence with ': ' is put in quotes", false },
	{ "did not find expected key", "want `key: value` below the key before it", false },
	{ "could not find expected ':'", "want `key: value`", false },
	{ "'-' indicator", "want the words of a list below each other, each behind a '-'", false },
	{ "block sequence entries", "want a list on lines of its own below its key", false },
	{ "unknown escape character", "in single quotes a backslash is only itself", false },
	{ "expected node content", "want a value here", false },
	{ "<document start>", "a policy file has one document: leave `...` and `%` lines out",
	  false },
	{ "incompatible YAML document", "leave the % line out", false },
	{ "directive", "leave the % line out", false },
};

static const struct complaint *find_complaint(const char *problem)
{
	static const struct complaint none = { NULL, NULL, false };

	for (size_t i = 0; i < ARRAY_SIZE(complaints); i++)
		if (strstr(problem, complaints[i].problem))
			return &complaints[i];
	return &none;
}

/* libyaml's words, and what helps where it is known. */
static void syntax_error(struct reading *r)
{
	struct place place = mark_place(r, r->parser.problem_mark);
	struct place began = mark_place(r, r->parser.context_mark);
	const char *problem = r->parser.problem ? r->parser.problem : "no YAML", *line;
	const struct complaint *known = find_complaint(problem);
	const char *help = known->help;
	char elsewhere[64] = "";
	size_t length;

	if (known->unclosed)
		place = began;
	else if (strstr(problem, "expected ','") && began.line < place.line)
		(void)snprintf(elsewhere, sizeof(elsewhere), " (it begins in line %zu)",
			       began.line);
	line = source_line(&r->mistakes->sources[r->source], place.line, &length);
	if (strstr(problem, "cannot start any token"))
		help = wrong_character(line, length, place.column);
	if (r->parser.error == YAML_MEMORY_ERROR)
		r->mistakes->no_memory = true;
	GIVE_UP(r, place, "YAML: %s%s%s%s", problem, help ? ": " : "", help ? help : "", elsewhere);
}

static bool next_event(struct reading *r, yaml_event_t *event)
{
	if (r->stop)
		return false;
	if (yaml_parser_parse(&r->parser, event))
		return true;
	syntax_error(r);
	return false;
}

static void refuse_extras(struct reading *r, struct place place, const void *anchor,
			  const void *tag)
{
	if (anchor)
		mistakes_add(r->mistakes, place, "anchors (&) are not taken: write it out");
	if (tag)
		mistakes_add(r->mistakes, place, "tags (!) are not taken: leave it out");
}

static enum node_style collection_style(bool flow)
{
	return flow ? STYLE_FLOW : STYLE_BLOCK;
}

static enum node_style scalar_style(yaml_scalar_style_t style)
{
	switch (style) {
	case YAML_PLAIN_SCALAR_STYLE:
		return STYLE_PLAIN;
	case YAML_SINGLE_QUOTED_SCALAR_STYLE:
		return STYLE_SINGLE;
	case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
		return STYLE_DOUBLE;
	default:
		return STYLE_BLOCK;
	}
}

static void read_node(struct reading *r, yaml_event_t *event, unsigned depth, struct node *ret);

/* What follows up to the event that ends the list or map. */
static void read_children(struct reading *r, yaml_event_type_t end, unsigned depth, struct node *n)
{
	yaml_event_t event;

	while (next_event(r, &event)) {
		struct node child;

		if (event.type == end) {
			yaml_event_delete(&event);
			return;
		}
		read_node(r, &event, depth + 1, &child);
		yaml_event_delete(&event);
		if (list_append(&n->children, &n->count, &child, sizeof(child))) {
			node_free(&child);
			r->mistakes->no_memory = r->stop = true;
		}
	}
	/* A map that was broken off has no half pair. */
	if (n->kind == NODE_MAP && n->count % 2)
		node_free(&n->children[--n->count]);
}

/* Makes a node of whatever comes, so that one mistake does not hide the next. */
static void read_node(struct reading *r, yaml_event_t *event, unsigned depth, struct node *ret)
{
	*ret = (struct node){ .kind = NODE_SCALAR,
			      .style = STYLE_PLAIN,
			      .place = mark_place(r, event->start_mark),
			      .end_line = event->end_mark.line + 1 };
	if (depth > TREE_DEPTH)
		GIVE_UP(r, ret->place, "nested more than %d deep: no policy is", TREE_DEPTH);
	else if (++r->nodes > TREE_NODES)
		GIVE_UP(r, ret->place, "more than %u values: put long sets into {file: …}",
			TREE_NODES);
	if (r->stop)
		return;
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		refuse_extras(r, ret->place, event->data.scalar.anchor, event->data.scalar.tag);
		ret->style = scalar_style(event->data.scalar.style);
		ret->at = mark_offset(r, event->start_mark);
		ret->length = event->data.scalar.length;
		ret->text = (char *)TAKE_PTR(event->data.scalar.value);
		return;
	case YAML_SEQUENCE_START_EVENT:
		refuse_extras(r, ret->place, event->data.sequence_start.anchor,
			      event->data.sequence_start.tag);
		ret->kind = NODE_LIST;
		ret->style = collection_style(event->data.sequence_start.style ==
					      YAML_FLOW_SEQUENCE_STYLE);
		read_children(r, YAML_SEQUENCE_END_EVENT, depth, ret);
		return;
	case YAML_MAPPING_START_EVENT:
		refuse_extras(r, ret->place, event->data.mapping_start.anchor,
			      event->data.mapping_start.tag);
		ret->kind = NODE_MAP;
		ret->style = collection_style(event->data.mapping_start.style ==
					      YAML_FLOW_MAPPING_STYLE);
		read_children(r, YAML_MAPPING_END_EVENT, depth, ret);
		return;
	default:
		ret->bad = true;
		mistakes_add(r->mistakes, ret->place,
			     "aliases (*) are not taken: write it out, or in quotes");
	}
}

static int read_stream(struct reading *r, struct node *ret)
{
	unsigned documents = 0;
	int found = 0;
	yaml_event_t event;

	for (bool more = true; more && next_event(r, &event); yaml_event_delete(&event)) {
		switch (event.type) {
		case YAML_STREAM_START_EVENT:
		case YAML_DOCUMENT_END_EVENT:
			break;
		case YAML_DOCUMENT_START_EVENT:
			if (documents++)
				GIVE_UP(r, mark_place(r, event.start_mark),
					"a second document: a policy file has one, policy.d/ has "
					"room for "
					"more");
			break;
		case YAML_STREAM_END_EVENT:
			more = false;
			break;
		default:
			read_node(r, &event, 1, ret);
			found = 1;
		}
	}
	return found;
}

int tree_read(struct mistakes *m, size_t source, struct node *ret)
{
	struct reading r = { .mistakes = m, .source = source, .line = SIZE_MAX };
	const struct source *s = &m->sources[source];
	int found;

	if (!check_text(&r))
		return 0;
	if (!yaml_parser_initialize(&r.parser)) {
		m->no_memory = true;
		return 0;
	}
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)s->text, s->length);
	found = read_stream(&r, ret);
	yaml_parser_delete(&r.parser);
	if (found && r.stop) {
		node_free(ret); /* what is cut off would make mistakes of its own */
		return 0;
	}
	return found;
}
