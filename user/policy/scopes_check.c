// SPDX-License-Identifier: GPL-2.0-only
/* What can be known of scopes only after the last file: that each has its selector, and none another's. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/reader.h"
#include "policy/scope.h"
#include "policy/show.h"
#include "util/cleanup.h"

/* A file by itself may name a scope that the running policy knows. */
static int borrow_selector(const struct reader *r, struct scope *s)
{
	const struct policy *known = r->world ? r->world->sets_of : NULL;
	const struct scope *found = known ? policy_find_scope(known, s->name) : NULL;

	if (!found)
		return -ENOENT;
	s->kind = found->kind;
	s->selector = strdup(found->selector);
	return s->selector ? 0 : -ENOMEM;
}

static void unknown_scope(struct reader *r, size_t i)
{
	const struct policy *p = &r->policy;
	_cleanup_free_ const char **names = calloc(p->scope_count + 1, sizeof(*names));
	const char *name = p->scopes[i].name, *meant;
	size_t count = 0;

	if (!names) {
		r->mistakes.no_memory = true;
		return;
	}
	for (size_t j = 0; j < p->scope_count; j++)
		if (p->scopes[j].selector)
			names[count++] = p->scopes[j].name;
	meant = mistakes_want_help(&r->mistakes) ? nearest_word(name, strlen(name), names) : NULL;
	if (meant)
		mistakes_add(&r->mistakes, r->scope_notes[i].first,
			     "scope '%s' has no selector in any file: did you mean '%s'?",
			     SHOW_STRING(name), SHOW_STRING(meant));
	else
		mistakes_add(&r->mistakes, r->scope_notes[i].first,
			     "scope '%s' has no selector in any file: want one of container, unit, "
			     "cgroup and netns",
			     SHOW_STRING(name));
}

static int compare_selectors(const void *a, const void *b)
{
	const struct scope *const *x = a, *const *y = b;
	int order = (int)(*x)->kind - (int)(*y)->kind;

	order = order ?: strcmp((*x)->selector, (*y)->selector);
	return order ?: (*x > *y) - (*x < *y);
}

/* Of two scopes with one selector none would be the nearer. */
static void check_selectors(struct reader *r)
{
	const struct policy *p = &r->policy;
	_cleanup_free_ const struct scope **sorted = calloc(p->scope_count + 1, sizeof(*sorted));
	size_t count = 0;

	if (!sorted) {
		r->mistakes.no_memory = true;
		return;
	}
	for (size_t i = 0; i < p->scope_count; i++)
		if (p->scopes[i].selector)
			sorted[count++] = &p->scopes[i];
	qsort(sorted, count, sizeof(*sorted), compare_selectors);
	for (size_t i = 1; i < count; i++) {
		const struct scope *a = sorted[i - 1], *b = sorted[i];

		if (a->kind == b->kind && !strcmp(a->selector, b->selector))
			mistakes_add(&r->mistakes, r->scope_notes[b - p->scopes].selector,
				     "%s: %s is scope '%s' already", scope_kinds[b->kind],
				     SHOW_STRING(b->selector), SHOW_STRING(a->name));
	}
}

void check_scopes(struct reader *r)
{
	for (size_t i = 0; i < r->policy.scope_count; i++) {
		int error = 0;

		if (!r->scope_notes[i].selected)
			error = borrow_selector(r, &r->policy.scopes[i]);
		if (error == -ENOENT)
			unknown_scope(r, i);
		else if (error)
			r->mistakes.no_memory = true;
	}
	check_selectors(r);
}
