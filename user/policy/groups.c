// SPDX-License-Identifier: GPL-2.0-only
/*
 * Groups: one dimension after the other (enum level) the clauses are sorted by the
 * classes that they ask for. Each class gets the clauses that hold it and those that do not ask; all
 * classes that nobody asks for get the latter alone, and that is worked out once and copied. Thus the
 * work grows with the cases that come out of it and not with rules times classes.
 */
#include "policy/groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/chain.h"
#include "policy/list.h"
#include "util/cleanup.h"

#define HASH_ROOM (PG_MAX_GROUPS * 2)
#define MAX_PAIRS (4u * PG_MAX_CASES) /* memory that one dimension of a group may take */

struct pair {
	uint32_t class;
	const struct clause *clause;
};

struct expansion {
	struct group_builder *builder;
	const struct plain *plain;
	struct group group;
	uint32_t key[LEVELS];
};

static const unsigned dimension[LEVELS] = { PG_DIM_REMOTE, PG_DIM_LOCAL, PG_DIM_INTERFACE,
						PG_DIM_USER, PG_DIM_EXE };

void group_builder_free(struct group_builder *b)
{
	for (size_t i = 0; i < ARRAY_SIZE(b->index); i++)
		class_index_free(&b->index[i]);
	free(b->hash);
	b->hash = NULL;
}

int groups_too_big(struct group_builder *b)
{
	return pg_help(b->err,
		       pg_fail(b->err, -E2BIG, PG_EXIT_POLICY,
			       "the policy is too large: its rules that ask addresses, devices, "
			       "users, files or times make more than %u cases or %u groups",
			       PG_MAX_CASES, PG_MAX_GROUPS - 1),
		       "Put addresses that share their rules into one set, and ports that share "
		       "them into one rule.");
}

static int check_room(struct expansion *e, size_t more)
{
	size_t used = e->builder->total_cases + e->group.count;

	return more > PG_MAX_CASES || used > PG_MAX_CASES - more ? groups_too_big(e->builder) : 0;
}

static int add_case(struct expansion *e, const struct case_entry *entry)
{
	return check_room(e, 1)
		       ?: list_append(&e->group.cases, &e->group.count, entry, sizeof(*entry));
}

static uint32_t class_count(const struct expansion *e, enum level level)
{
	const struct compiled *out = e->builder->out;

	switch (level) {
	case LEVEL_REMOTE:
		return out->remote.classes;
	case LEVEL_LOCAL:
		return out->local.classes;
	case LEVEL_INTERFACE:
		return (uint32_t)out->interface_count + 2;
	case LEVEL_USER:
		return (uint32_t)out->user_count + 1;
	default:
		return out->exe_classes;
	}
}

static uint32_t *case_class(struct case_entry *entry, enum level level)
{
	switch (level) {
	case LEVEL_REMOTE:
		return &entry->remote;
	case LEVEL_LOCAL:
		return &entry->local;
	case LEVEL_INTERFACE:
		return &entry->interface;
	case LEVEL_USER:
		return &entry->user;
	default:
		return &entry->exe;
	}
}

/* How many classes a clause asks for at a level; their list, unless it is an interface or a user. */
static size_t classes_asked(const struct expansion *e, enum level level, const struct clause *c,
			    const uint32_t **ret_ids)
{
	const struct class_index *index = &e->builder->index[level];
	uint32_t peer = c->asks[level] - 1;

	*ret_ids = NULL;
	if (level == LEVEL_INTERFACE)
		return c->verdict == PG_DENY ? 2 : 1;
	if (level == LEVEL_USER)
		return 1;
	*ret_ids = index->ids + index->first[peer];
	return index->first[peer + 1] - index->first[peer];
}

/* Deny is asked of packets whose device is not known, too; allow is not. */
static uint32_t class_asked(const struct clause *c, enum level level, const uint32_t *ids, size_t i)
{
	if (ids)
		return ids[i];
	return i ? PG_IFACE_UNKNOWN : c->asks[level];
}

static int compare_pairs(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	return (x->class > y->class) - (x->class < y->class);
}

/* Clauses at one level, sorted by class; those that do not ask come first in @ret_mixed. */
struct sorted {
	struct pair *pairs;
	size_t pair_count;
	const struct clause **mixed;
	size_t wild;
};

static void sorted_free(struct sorted *s)
{
	free(s->pairs);
	free(s->mixed);
}

static int sort_clauses(struct expansion *e, enum level level, const struct clause *const *clauses,
			size_t count, struct sorted *s)
{
	const uint32_t *ids;
	size_t total = 0;

	for (size_t i = 0; i < count; i++)
		total += clauses[i]->asks[level] ? classes_asked(e, level, clauses[i], &ids) : 0;
	if (total > MAX_PAIRS)
		return groups_too_big(e->builder);
	s->pairs = reallocarray(NULL, total + 1, sizeof(*s->pairs));
	s->mixed = reallocarray(NULL, count + 1, sizeof(*s->mixed));
	if (!s->pairs || !s->mixed)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		size_t asked;

		if (!clauses[i]->asks[level]) {
			s->mixed[s->wild++] = clauses[i];
			continue;
		}
		asked = classes_asked(e, level, clauses[i], &ids);
		for (size_t j = 0; j < asked; j++)
			s->pairs[s->pair_count++] =
				(struct pair){ class_asked(clauses[i], level, ids, j), clauses[i] };
	}
	qsort(s->pairs, s->pair_count, sizeof(*s->pairs), compare_pairs);
	return 0;
}

static int expand(struct expansion *e, enum level level, const struct clause *const *clauses,
		  size_t count);

/* The classes that somebody asks for. */
static int expand_asked(struct expansion *e, enum level level, struct sorted *s)
{
	for (size_t i = 0; i < s->pair_count;) {
		size_t count = s->wild;
		int r;

		e->key[level] = s->pairs[i].class;
		for (; i < s->pair_count && s->pairs[i].class == e->key[level]; i++)
			s->mixed[count++] = s->pairs[i].clause;
		r = expand(e, level + 1, s->mixed, count);
		if (r)
			return r;
	}
	return 0;
}

/* All others: class 0 is one of them, since nobody can ask for it; its cases are copied. */
static int expand_others(struct expansion *e, enum level level, struct sorted *s)
{
	size_t start = e->group.count, end, next = 0;
	int r;

	e->key[level] = 0;
	r = expand(e, level + 1, s->mixed, s->wild);
	end = e->group.count;
	for (uint32_t class = 1; !r && end > start && class < class_count(e, level); class ++) {
		while (next < s->pair_count && s->pairs[next].class < class)
			next++;
		if (next < s->pair_count && s->pairs[next].class == class)
			continue;
		for (size_t i = start; !r && i < end; i++) {
			struct case_entry copy = e->group.cases[i];

			*case_class(&copy, level) = class;
			r = add_case(e, &copy);
		}
	}
	return r;
}

/* One combination of classes. */
static int expand_case(struct expansion *e, const struct clause *const *clauses, size_t count)
{
	struct case_entry entry = { .answer = 0 };
	int r;

	for (enum level level = 0; level < LEVELS; level++)
		*case_class(&entry, level) = e->key[level];
	r = chain_answer(e->builder, e->plain, clauses, count, &entry.answer);
	if (r || entry.answer == e->group.base)
		return r;
	return add_case(e, &entry);
}

static int expand(struct expansion *e, enum level level, const struct clause *const *clauses,
		  size_t count)
{
	_cleanup_(sorted_free) struct sorted s = { .pairs = NULL };
	int r;

	if (level == LEVELS)
		return expand_case(e, clauses, count);
	if (!(e->group.dimensions & dimension[level])) {
		e->key[level] = 0;
		return expand(e, level + 1, clauses, count);
	}
	r = sort_clauses(e, level, clauses, count, &s);
	r = r ?: expand_asked(e, level, &s);
	return r ?: expand_others(e, level, &s);
}

static int compare_cases(const void *a, const void *b)
{
	return case_compare(a, b);
}

static size_t hash_group(const struct group *g)
{
	uint64_t hash = 0xcbf29ce484222325 ^ g->base ^ (uint64_t)g->dimensions << 32; /* FNV-1a */

	hash = (hash ^ g->rule ^ (uint64_t)g->otherwise << 32) * 0x100000001b3;
	for (size_t i = 0; i < g->count; i++) {
		const struct case_entry *c = &g->cases[i];

		hash = (hash ^ c->remote ^ (uint64_t)c->local << 32) * 0x100000001b3;
		hash = (hash ^ c->answer ^ (uint64_t)c->interface << 32) * 0x100000001b3;
		hash = (hash ^ c->user ^ (uint64_t)c->exe << 32) * 0x100000001b3;
	}
	return (size_t)(hash ^ hash >> 32);
}

int groups_add(struct group_builder *b, struct group *g, uint32_t *ret)
{
	size_t i = hash_group(g) & (HASH_ROOM - 1);

	if (!b->hash)
		b->hash = calloc(HASH_ROOM, sizeof(*b->hash));
	if (!b->hash)
		return -ENOMEM;
	for (; b->hash[i]; i = (i + 1) & (HASH_ROOM - 1)) {
		if (!group_equal(&b->out->groups[b->hash[i] - 1], g))
			continue;
		*ret = b->hash[i];
		return 0;
	}
	if (b->out->group_count >= PG_MAX_GROUPS - 1)
		return groups_too_big(b);
	if (list_append(&b->out->groups, &b->out->group_count, g, sizeof(*g)))
		return -ENOMEM;
	b->total_cases += g->count;
	g->cases = NULL;
	*ret = b->hash[i] = (uint32_t)b->out->group_count;
	return 0;
}

/* What those say that ask nothing is the base, and what most attempts meet. */
static int find_base(struct expansion *e, const struct clause **clauses, size_t count)
{
	_cleanup_free_ const struct clause **wild = NULL;
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		found += !clause_asks(clauses[i]);
	if (found == count || !found)
		return chain_answer(e->builder, e->plain, clauses, found, &e->group.base);
	wild = reallocarray(NULL, found, sizeof(*wild));
	if (!wild)
		return -ENOMEM;
	found = 0;
	for (size_t i = 0; i < count; i++)
		if (!clause_asks(clauses[i]))
			wild[found++] = clauses[i];
	return chain_answer(e->builder, e->plain, wild, found, &e->group.base);
}

int groups_answer(struct group_builder *b, const struct plain *plain, const struct clause **clauses,
		  size_t count, uint32_t *ret)
{
	struct expansion e = { .builder = b, .plain = plain };
	uint32_t number = 0;
	int r;

	count = chain_prune(plain, clauses, count);
	for (size_t i = 0; i < count; i++)
		for (enum level level = 0; level < LEVELS; level++)
			e.group.dimensions |= clauses[i]->asks[level] ? dimension[level] : 0;
	r = find_base(&e, clauses, count);
	if (!r && e.group.dimensions)
		r = expand(&e, LEVEL_REMOTE, clauses, count);
	*ret = e.group.base;
	if (!r && e.group.count) {
		qsort(e.group.cases, e.group.count, sizeof(*e.group.cases), compare_cases);
		r = groups_add(b, &e.group, &number);
		*ret = PG_ANSWER(PG_ANSWER_ASK, plain->essential, number);
	}
	free(e.group.cases);
	return r;
}
