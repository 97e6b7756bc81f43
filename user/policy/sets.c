// SPDX-License-Identifier: GPL-2.0-only
/*
 * `sets:` - names for lists of prefixes, written in place or in a file of their own, one a line. The
 * same set in two files adds up.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/list.h"
#include "policy/peer.h"
#include "policy/reader.h"
#include "policy/show.h"
#include "util/cleanup.h"

#define SETS_MAX 4096

static void set_free(struct set *s)
{
	free(s->name);
	free(s->prefixes);
}

static void add_prefix(struct reader *r, struct set *set, const char *text, size_t length,
		       struct place place)
{
	struct pg_error err = PG_ERROR_INIT;
	struct prefix prefix;
	int error;

	if (length && text[0] == '@') {
		mistakes_add(&r->mistakes, place,
			     "'%s': a set holds addresses and prefixes, not sets",
			     SHOW(text, length));
		return;
	}
	if (length == 3 && !strncasecmp(text, "any", 3)) {
		mistakes_add(&r->mistakes, place, "'%s': everybody is 0.0.0.0/0 and ::/0",
			     SHOW(text, length));
		return;
	}
	error = prefix_parse(text, length, &prefix, &err);
	error = error ?: list_append(&set->prefixes, &set->count, &prefix, sizeof(prefix));
	if (error)
		note_error(r, place, error, &err);
}

static void read_prefixes(struct reader *r, struct set *set, const struct node *n)
{
	for (size_t i = 0; i < n->count; i++) {
		const struct node *one = &n->children[i];

		if (want_scalar(r, one, "set", "an address or a prefix"))
			add_prefix(r, set, one->text, one->length, one->place);
	}
}

/* One prefix a line; blanks around it and what follows a # do not count. */
static void read_line(struct reader *r, struct set *set, size_t source, size_t number)
{
	static const char blanks[] = " \t";
	size_t length, start = 0;
	const char *line = source_line(&r->mistakes.sources[source], number, &length), *hash;

	hash = memchr(line, '#', length);
	if (hash)
		length = (size_t)(hash - line);
	while (length && memchr(blanks, line[length - 1], 2))
		length--;
	while (start < length && memchr(blanks, line[start], 2))
		start++;
	if (start < length)
		add_prefix(r, set, line + start, length - start,
			   (struct place){ source, number, start + 1 });
}

static void read_set_file(struct reader *r, struct set *set, const struct node *n)
{
	size_t length, source = r->mistakes.source_count;
	char *text;
	int error;

	if (!want_scalar(r, n, "file", "a path"))
		return;
	if (!r->world || !r->world->read_file) {
		MISTAKE(r, n, "file '%s': files cannot be read here", SHOW(n->text, n->length));
		return;
	}
	error = r->world->read_file(r->world->data, n->text, &text, &length);
	if (error) {
		MISTAKE(r, n, "file '%s' cannot be read: %s", SHOW(n->text, n->length),
			strerror(-error));
		return;
	}
	if (length > TREE_BYTES) {
		MISTAKE(r, n, "file '%s' is larger than %u MiB", SHOW(n->text, n->length),
			TREE_BYTES >> 20);
		free(text);
		return;
	}
	if (mistakes_add_source(&r->mistakes, n->text, text, length, true))
		return;
	for (size_t i = 1; i <= r->mistakes.sources[source].line_count; i++)
		read_line(r, set, source, i);
}

static void read_set_map(struct reader *r, struct set *set, const struct node *n)
{
	const struct node *key = n->count ? &n->children[0] : NULL;

	if (n->count == 2 && key->kind == NODE_SCALAR && key->text && !strcmp(key->text, "file"))
		read_set_file(r, set, &n->children[1]);
	else
		MISTAKE(r, n, "set '%s': want a list of prefixes, or {file: PATH}", set->name);
}

/* Adds the prefixes to the set of that name, if there is one. */
static void add_set(struct reader *r, struct set *set, struct place place)
{
	struct policy *p = &r->policy;

	for (size_t i = 0; i < p->set_count; i++) {
		if (strcmp(p->sets[i].name, set->name))
			continue;
		if (r->set_places[i].source == place.source)
			mistakes_add(&r->mistakes, place, "duplicate key '%s' in sets", set->name);
		r->set_places[i] = place;
		for (size_t j = 0; j < set->count; j++)
			if (list_append(&p->sets[i].prefixes, &p->sets[i].count, &set->prefixes[j],
					sizeof(*set->prefixes)))
				r->mistakes.no_memory = true;
		return;
	}
	if (p->set_count >= SETS_MAX) {
		mistakes_add(&r->mistakes, place, "more than %d sets", SETS_MAX);
		return;
	}
	if (list_append(&r->set_places, &r->set_place_count, &place, sizeof(place)) ||
	    list_append(&p->sets, &p->set_count, set, sizeof(*set)))
		r->mistakes.no_memory = true;
	else
		memset(set, 0, sizeof(*set));
}

static void read_set(struct reader *r, const struct node *name, const struct node *value)
{
	_cleanup_(set_free) struct set set = { .name = NULL };
	struct pg_error err = PG_ERROR_INIT;
	int error;

	if (!want_scalar(r, name, "sets", "a name"))
		return;
	if (!name->length) {
		MISTAKE(r, name, "set '': want a name of 1-64 letters, such as office");
		return;
	}
	error = set_name_check(name->text, name->length, &err);
	if (error) {
		note_error(r, name->place, error, &err);
		return;
	}
	set.name = strdup(name->text);
	if (!set.name) {
		r->mistakes.no_memory = true;
		return;
	}
	if (value->kind == NODE_LIST)
		read_prefixes(r, &set, value);
	else if (value->kind == NODE_MAP)
		read_set_map(r, &set, value);
	else if (!value->bad)
		MISTAKE(r, value,
			"set '%s': want a list of prefixes such as [192.0.2.0/24], or {file: "
			"PATH}; "
			"found %s",
			set.name, node_is_null(value) ? "nothing" : "a word");
	add_set(r, &set, name->place);
}

void read_sets(struct reader *r, const struct key *key, const struct node *n)
{
	if (node_is_null(n) || n->bad)
		return; /* its sets may be commented out */
	if (n->kind != NODE_MAP) {
		MISTAKE(r, n, "%s: want a map, {office: [192.0.2.0/24]}; found a %s", key->name,
			n->kind == NODE_LIST ? "list" : "word");
		return;
	}
	for (size_t i = 0; i + 1 < n->count; i += 2)
		read_set(r, &n->children[i], &n->children[i + 1]);
}
