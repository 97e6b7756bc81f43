// SPDX-License-Identifier: GPL-2.0-only
/* `kinds hooks verdicts ports scopes` of an output. What they hold is sorted, each once: equal lists, equal text. */
#include "policy/output_words.h"

#include <stdlib.h>
#include <string.h>

#include "policy/list.h"
#include "policy/ports.h"
#include "policy/scope.h"
#include "policy/show.h"
#include "util/cleanup.h"

#define PORTS_MAX 1024

_Static_assert(FILTER_TCP == RULE_TCP && FILTER_UDP == RULE_UDP,
	       "ports are taken over with their protocols");

/* Whether it is a list with something in it. */
static bool want_words(struct reader *r, const struct node *n, const char *what,
		       const char *example)
{
	if (!want_list(r, n, what, example))
		return false;
	if (!n->count)
		MISTAKE(r, n, "%s: the list is empty: leave it out for all of them", what);
	return n->count;
}

static unsigned read_bits(struct reader *r, const struct node *n, const char *what,
			  const char *const *words, unsigned first)
{
	unsigned bits = 0;

	if (!want_words(r, n, what, words[0]))
		return 0;
	for (size_t i = 0; i < n->count; i++) {
		int choice = want_choice(r, &n->children[i], what, words);

		if (choice >= 0)
			bits |= 1u << ((unsigned)choice + first);
	}
	return bits;
}

void read_kinds(struct reader *r, const struct node *n, struct event_filter *f)
{
	const char *words[EVENT_KIND_COUNT + 1] = { NULL };

	for (unsigned i = 0; i < EVENT_KIND_COUNT; i++)
		words[i] = event_kind_name((enum event_kind)i);
	f->kinds = read_bits(r, n, "kinds", words, 0);
}

void read_hooks(struct reader *r, const struct node *n, struct event_filter *f)
{
	const char *words[PG_HOOK_COUNT + 1] = { NULL };

	for (unsigned i = 0; i < PG_HOOK_COUNT; i++)
		words[i] = event_hook_name((uint8_t)i);
	f->hooks = read_bits(r, n, "hooks", words, 0);
}

void read_verdicts(struct reader *r, const struct node *n, struct event_filter *f)
{
	const char *words[PG_VERDICT_COUNT] = { NULL };

	for (unsigned i = PG_ALLOW; i < PG_VERDICT_COUNT; i++)
		words[i - PG_ALLOW] = event_verdict_name((uint8_t)i);
	f->verdicts = read_bits(r, n, "verdicts", words, PG_ALLOW);
}

static int compare_ports(const void *a, const void *b)
{
	const struct filter_ports *x = a, *y = b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	if (x->last != y->last)
		return x->last < y->last ? -1 : 1;
	return (int)x->protos - (int)y->protos;
}

static void add_ports(struct reader *r, const struct port_choice *c, struct event_filter *f)
{
	for (unsigned protos = 1; protos <= (RULE_TCP | RULE_UDP); protos++)
		for (size_t i = 0; i < c->by_protos[protos].count; i++) {
			const struct port_range *range = &c->by_protos[protos].list[i];
			struct filter_ports ports = { range->first, range->last, (uint8_t)protos };

			if (list_append(&f->ports, &f->port_count, &ports, sizeof(ports)))
				r->mistakes.no_memory = true;
		}
}

static void read_port(struct reader *r, const struct node *n, struct event_filter *f)
{
	_cleanup_port_choice_ struct port_choice c = { .any = false };
	struct pg_error err = PG_ERROR_INIT;
	size_t at = 0;
	int error;

	if (!want_scalar(r, n, "ports", "a port such as 22, 8000-8100/tcp or http"))
		return;
	error = ports_parse(n->text, n->length, r->world, &c, &at, &err);
	if (error)
		note_error(r, node_place(&r->mistakes, n, at), error, &err);
	else if (c.any)
		MISTAKE(r, n, "ports 'any': leave it out for all of them");
	else if (f->port_count >= PORTS_MAX)
		MISTAKE(r, n, "more than %d ports", PORTS_MAX);
	else
		add_ports(r, &c, f);
}

void read_filter_ports(struct reader *r, const struct node *n, struct event_filter *f)
{
	size_t kept = 0;

	if (!want_words(r, n, "ports", "22, 8000-8100/tcp"))
		return;
	for (size_t i = 0; i < n->count; i++)
		read_port(r, &n->children[i], f);
	if (f->port_count)
		qsort(f->ports, f->port_count, sizeof(*f->ports), compare_ports);
	for (size_t i = 0; i < f->port_count; i++)
		if (!kept || compare_ports(&f->ports[kept - 1], &f->ports[i]))
			f->ports[kept++] = f->ports[i];
	f->port_count = kept;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_there(const struct event_filter *f, const char *name)
{
	for (size_t i = 0; i < f->scope_count; i++)
		if (!strcmp(f->scopes[i], name))
			return true;
	return false;
}

static void read_scope_name(struct reader *r, const struct node *n, struct event_filter *f)
{
	const char *why;
	char *name;

	if (!want_scalar(r, n, "scopes", "a scope's name, or " SCOPE_HOST))
		return;
	why = strcmp(n->text, SCOPE_HOST) ? scope_name_mistake(n->text, n->length) : NULL;
	if (why) {
		MISTAKE(r, n, "scope '%s': %s", SHOW(n->text, n->length), why);
		return;
	}
	if (is_there(f, n->text))
		return;
	if (f->scope_count >= PG_MAX_SCOPES) {
		MISTAKE(r, n, "more than %d scopes", PG_MAX_SCOPES);
		return;
	}
	name = strdup(n->text);
	if (!name || list_append(&f->scopes, &f->scope_count, &name, sizeof(name))) {
		free(name);
		r->mistakes.no_memory = true;
		return;
	}
	if (strcmp(n->text, SCOPE_HOST))
		note_scope(r, n->text, n->place);
}

void read_filter_scopes(struct reader *r, const struct node *n, struct event_filter *f)
{
	if (!want_words(r, n, "scopes", SCOPE_HOST ", web"))
		return;
	for (size_t i = 0; i < n->count; i++)
		read_scope_name(r, &n->children[i], f);
	if (f->scope_count)
		qsort(f->scopes, f->scope_count, sizeof(*f->scopes), compare_names);
}
