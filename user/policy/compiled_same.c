// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether two compiled policies, or two answers of theirs, say the same: what is the same already need
 * not be written to the kernel again.
 */
#include <string.h>

#include "policy/compile.h"
#include "policy/peer.h"

static bool same_table(const struct class_table *a, const struct class_table *b)
{
	if (a->count != b->count || a->classes != b->classes)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->list[i].class != b->list[i].class ||
		    prefix_compare(&a->list[i].prefix, &b->list[i].prefix))
			return false;
	return true;
}

static bool same_callers(const struct compiled *a, const struct compiled *b)
{
	if (a->user_count != b->user_count || a->exe_count != b->exe_count ||
	    a->exe_classes != b->exe_classes)
		return false;
	for (size_t i = 0; i < a->user_count; i++)
		if (a->users[i] != b->users[i])
			return false;
	for (size_t i = 0; i < a->exe_count; i++)
		if (a->exes[i].class != b->exes[i].class ||
		    a->exes[i].identity.inode != b->exes[i].identity.inode ||
		    a->exes[i].identity.device != b->exes[i].identity.device)
			return false;
	return true;
}

bool compiled_same_classes(const struct compiled *a, const struct compiled *b)
{
	if (a->interface_count != b->interface_count)
		return false;
	for (size_t i = 0; i < a->interface_count; i++)
		if (strcmp(a->interfaces[i], b->interfaces[i]))
			return false;
	return same_table(&a->remote, &b->remote) && same_table(&a->local, &b->local) &&
	       same_callers(a, b);
}

static bool same_cases(const struct compiled *a, const struct group *x, const struct compiled *b,
		       const struct group *y)
{
	if (x->dimensions != y->dimensions || x->count != y->count)
		return false;
	for (size_t i = 0; i < x->count; i++)
		if (case_compare(&x->cases[i], &y->cases[i]) ||
		    !compiled_same_answer(a, x->cases[i].answer, b, y->cases[i].answer))
			return false;
	return true;
}

bool compiled_same_answer(const struct compiled *a, uint32_t x, const struct compiled *b, uint32_t y)
{
	const struct group *g, *h;

	if (PG_ANSWER_KIND(x) != PG_ANSWER_ASK || PG_ANSWER_KIND(y) != PG_ANSWER_ASK)
		return x == y;
	if (PG_ANSWER_ESSENTIAL(x) != PG_ANSWER_ESSENTIAL(y))
		return false;
	g = &a->groups[PG_ANSWER_NUMBER(x) - 1];
	h = &b->groups[PG_ANSWER_NUMBER(y) - 1];
	if (g->rule != h->rule || !compiled_same_answer(a, g->base, b, h->base))
		return false;
	if (g->rule)
		return compiled_same_answer(a, g->otherwise, b, h->otherwise);
	return same_cases(a, g, b, h);
}

bool group_equal(const struct group *a, const struct group *b)
{
	return a->base == b->base && a->rule == b->rule && a->otherwise == b->otherwise &&
	       a->dimensions == b->dimensions && a->count == b->count &&
	       (!a->count || !memcmp(a->cases, b->cases, a->count * sizeof(*a->cases)));
}
