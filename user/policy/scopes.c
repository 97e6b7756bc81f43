// SPDX-License-Identifier: GPL-2.0-only
/*
 * `scopes:` - whose sockets a part of the policy is for. A scope is named by `name:`, or else by its
 * selector; a second file that names it adds rules to it, and may say what the first left out.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/list.h"
#include "policy/reader.h"
#include "policy/scope.h"
#include "policy/show.h"
#include "util/cleanup.h"

/* The keys of a scope: struct key's field is an index here. The selectors are enum scope_kind. */
enum scope_key {
	KEY_NAME = SCOPE_NETNS + 1,
	KEY_MODE,
	KEY_DEFAULT,
	KEY_INHERIT,
	KEY_RULES,
	SCOPE_KEYS
};

struct scope_words {
	const struct node *values[SCOPE_KEYS];
	bool wrong; /* some key was: it may have been meant for what is missing */
};

/* A map's key stands before its value. */
static const struct node *key_of(const struct node *value)
{
	return value - 1;
}

/* The selector that stands first in the file, or NULL; others are mistakes. */
static const struct node *want_selector(struct reader *r, const struct scope_words *w,
					enum scope_kind *ret_kind)
{
	const struct node *first = NULL;

	for (enum scope_kind kind = SCOPE_CONTAINER; kind <= SCOPE_NETNS; kind++)
		if (w->values[kind] && (!first || w->values[kind] < first)) {
			first = w->values[kind];
			*ret_kind = kind;
		}
	for (enum scope_kind kind = SCOPE_CONTAINER; kind <= SCOPE_NETNS; kind++)
		if (w->values[kind] && w->values[kind] != first)
			MISTAKE(r, key_of(w->values[kind]),
				"'%s' is a second selector: a scope has one of container, unit, "
				"cgroup and netns",
				scope_kinds[kind]);
	return first;
}

static bool good_selector(struct reader *r, const struct node *n, enum scope_kind kind)
{
	static const char *const wanted[] = { "a name, an id or a pattern such as ci-*",
					      "a unit such as nginx.service",
					      "a path such as /system.slice/*", "private" };
	const char *why;

	if (!want_scalar(r, n, scope_kinds[kind], wanted[kind]))
		return false;
	why = scope_selector_mistake(kind, n->text, n->length);
	if (why)
		MISTAKE(r, n, "%s '%s': %s", scope_kinds[kind], SHOW(n->text, n->length), why);
	return !why;
}

static bool good_name(struct reader *r, const struct node *n)
{
	const char *why;

	if (!want_scalar(r, n, "name", "a name such as web"))
		return false;
	why = scope_name_mistake(n->text, n->length);
	if (why)
		MISTAKE(r, n, "scope '%s': %s", SHOW(n->text, n->length), why);
	return !why;
}

/* Index of a new scope without settings, or -1. */
static ptrdiff_t add_scope(struct reader *r, const struct node *name)
{
	struct scope_note note = { .first = name->place, .last = name->place };
	struct scope scope = { .name = strdup(name->text) };
	struct policy *p = &r->policy;

	if (p->scope_count + 1 >= PG_MAX_SCOPES) {
		MISTAKE(r, name, "more than %d scopes", PG_MAX_SCOPES - 1);
		free(scope.name);
		return -1;
	}
	if (!scope.name ||
	    list_append(&r->scope_notes, &r->scope_note_count, &note, sizeof(note))) {
		free(scope.name);
		r->mistakes.no_memory = true;
		return -1;
	}
	if (list_append(&p->scopes, &p->scope_count, &scope, sizeof(scope))) {
		free(scope.name);
		r->scope_note_count--;
		r->mistakes.no_memory = true;
		return -1;
	}
	return (ptrdiff_t)p->scope_count - 1;
}

/* The scope that is named, as another file has made it, or a new one; -1: a mistake. */
static ptrdiff_t find_scope(struct reader *r, const struct node *name)
{
	const struct scope *found = policy_find_scope(&r->policy, name->text);
	struct scope_note *note;

	if (!found)
		return add_scope(r, name);
	note = &r->scope_notes[found - r->policy.scopes];
	if (note->last.source == name->place.source) {
		MISTAKE(r, name, "scope '%s' is there already, in line %zu",
			SHOW(name->text, name->length), note->last.line);
		return -1;
	}
	note->last = name->place;
	return found - r->policy.scopes;
}

static void set_selector(struct reader *r, ptrdiff_t scope, enum scope_kind kind,
			 const struct node *n)
{
	struct scope_note *note = &r->scope_notes[scope];
	struct scope *s = &r->policy.scopes[scope];

	if (note->selected && (s->kind != kind || strcmp(s->selector, n->text))) {
		MISTAKE(r, key_of(n), "scope '%s' is %s: %s already, in %s:%zu",
			SHOW_STRING(s->name), scope_kinds[s->kind], SHOW_STRING(s->selector),
			r->mistakes.sources[note->selector.source].name, note->selector.line);
		return;
	}
	if (note->selected)
		return;
	s->kind = kind;
	s->selector = strdup(n->text);
	if (!s->selector)
		r->mistakes.no_memory = true;
	note->selected = true;
	note->selector = n->place;
}

/* Whether the scope's scalar is said for the first time in all files; else a mistake. */
static bool say_once(struct reader *r, const struct node *value, enum scope_scalar scalar,
		     const char *what)
{
	struct place *said = &r->scope_notes[r->scope].said[scalar];

	if (said->line) {
		MISTAKE(r, key_of(value), "%s of scope '%s' is said already in %s:%zu: only lists add up",
			what, SHOW_STRING(r->policy.scopes[r->scope].name),
			r->mistakes.sources[said->source].name, said->line);
		return false;
	}
	*said = key_of(value)->place;
	return true;
}

static void read_scope_mode(struct reader *r, const struct node *n)
{
	struct scope *s = &r->policy.scopes[r->scope];
	int choice = say_once(r, n, SCOPE_MODE, "mode") ? want_mode(r, n, "mode") : -1;

	if (choice < 0)
		return;
	s->mode = (enum pg_mode)choice;
	s->mode_said = true;
}

static void read_scope_inherit(struct reader *r, const struct node *n)
{
	static const char *const words[] = { "true", "false", NULL };
	int choice = say_once(r, n, SCOPE_INHERIT, "inherit") ? want_choice(r, n, "inherit", words) : -1;

	if (choice >= 0)
		r->policy.scopes[r->scope].inherit = !choice;
}

/* key->field is the scalar; raw is no direction. */
static void read_scope_verdict(struct reader *r, const struct key *key, const struct node *n)
{
	struct scope *s = &r->policy.scopes[r->scope];
	unsigned direction = (unsigned)(key->field - SCOPE_DEFAULT_BIND);
	uint8_t verdict;

	if (n->kind == NODE_SCALAR && n->text && !strcmp(n->text, "reject")) {
		MISTAKE(r, n, "%s 'reject': want allow or deny: what a scope refuses gets no answer",
			key->name);
		return;
	}
	verdict = want_verdict(r, n, key->name, NULL);
	if (verdict == PG_NONE || !say_once(r, n, (enum scope_scalar)key->field, key->name))
		return;
	if (key->field == SCOPE_DEFAULT_RAW) {
		s->raw = verdict;
		s->raw_said = true;
	} else {
		s->defaults[direction] = verdict;
		s->defaults_said |= 1u << direction;
	}
}

static void read_scope_default(struct reader *r, const struct node *n)
{
	static const struct key keys[] = {
		{ "bind", read_scope_verdict, NULL, SCOPE_DEFAULT_BIND },
		{ "in", read_scope_verdict, NULL, SCOPE_DEFAULT_IN },
		{ "out", read_scope_verdict, NULL, SCOPE_DEFAULT_OUT },
		{ "raw", read_scope_verdict, NULL, SCOPE_DEFAULT_RAW },
	};

	read_map(r, n, keys, ARRAY_SIZE(keys), "default");
}

static void read_settings(struct reader *r, const struct scope_words *w)
{
	static const struct key rules = { "rules", read_rules, NULL, 0 };

	if (w->values[KEY_MODE])
		read_scope_mode(r, w->values[KEY_MODE]);
	if (w->values[KEY_INHERIT])
		read_scope_inherit(r, w->values[KEY_INHERIT]);
	if (w->values[KEY_DEFAULT])
		read_scope_default(r, w->values[KEY_DEFAULT]);
	if (w->values[KEY_RULES])
		read_rules(r, &rules, w->values[KEY_RULES]);
}

/* The scope that a map is about; -1: a mistake. */
static ptrdiff_t which_scope(struct reader *r, const struct node *map, const struct scope_words *w)
{
	enum scope_kind kind = SCOPE_CONTAINER;
	const struct node *selector = want_selector(r, w, &kind), *name = w->values[KEY_NAME];
	bool good = !selector || good_selector(r, selector, kind);
	ptrdiff_t scope;

	if (name)
		good &= good_name(r, name);
	if (!name && !selector && !w->wrong)
		MISTAKE(r, map,
			"the scope lacks its selector: want one of container, unit, cgroup and "
			"netns");
	if (!good || (!name && !selector))
		return -1;
	/* A selector is a name, too, unless it holds what a command line could not say. */
	if (!name && !good_name(r, selector))
		return -1;
	scope = find_scope(r, name ? name : selector);
	if (scope >= 0 && selector)
		set_selector(r, scope, kind, selector);
	return scope;
}

/* For what follows a mistake: its own mistakes are to be found, too. */
static ptrdiff_t lost_scope(struct reader *r, const struct node *map)
{
	const struct node name = { .text = (char *)"?", .place = map->place };
	bool full = r->policy.scope_count + 1 >= PG_MAX_SCOPES;
	ptrdiff_t scope = full ? -1 : add_scope(r, &name);

	if (scope >= 0)
		r->scope_notes[scope].selected = true;
	return scope;
}

static void read_words(struct reader *r, const struct node *map, const struct scope_words *w)
{
	r->scope = which_scope(r, map, w);
	if (r->scope < 0)
		r->scope = lost_scope(r, map);
	if (r->scope >= 0)
		read_settings(r, w);
	r->scope = -1;
}

/* The values are only kept at first: which scope they are of is known when all have been seen. */
static void keep(struct reader *r, const struct key *key, const struct node *n)
{
	r->scope_words->values[key->field] = n;
}

static void read_scope(struct reader *r, const struct node *n)
{
	static const struct key keys[] = {
		{ "container", keep, NULL, SCOPE_CONTAINER }, { "unit", keep, NULL, SCOPE_UNIT },
		{ "cgroup", keep, NULL, SCOPE_CGROUP },       { "netns", keep, NULL, SCOPE_NETNS },
		{ "name", keep, NULL, KEY_NAME },             { "mode", keep, NULL, KEY_MODE },
		{ "default", keep, NULL, KEY_DEFAULT },       { "inherit", keep, NULL, KEY_INHERIT },
		{ "rules", keep, NULL, KEY_RULES },
	};
	struct scope_words words = { .values = { NULL } };
	size_t before = r->mistakes.count + r->mistakes.left_out;

	if (n->bad)
		return;
	if (n->kind != NODE_MAP) {
		MISTAKE(r, n, "a scope is a map such as {unit: nginx.service, rules: [...]}");
		return;
	}
	r->scope_words = &words;
	read_map(r, n, keys, ARRAY_SIZE(keys), "a scope");
	r->scope_words = NULL;
	words.wrong = r->mistakes.count + r->mistakes.left_out > before;
	read_words(r, n, &words);
}

void read_scopes(struct reader *r, const struct key *key, const struct node *n)
{
	if (node_is_null(n))
		return; /* its scopes may be commented out */
	if (!want_list(r, n, key->name, "{unit: nginx.service, rules: [...]}"))
		return;
	for (size_t i = 0; i < n->count; i++)
		read_scope(r, &n->children[i]);
}
