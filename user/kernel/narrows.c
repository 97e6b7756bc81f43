// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether a change of policy closes anything to those who come in by TCP; see lockout.h. Most changes open
 * something, and then nobody need be looked for whom they lock out.
 */
#include <string.h>

#include "kernel/lockout.h"
#include "policy/compile.h"
#include "policy/scope.h"

bool policy_host_guards(const struct policy *p)
{
	return p->mode == PG_MODE_ENFORCE || p->panic;
}

bool policy_guards(const struct policy *p)
{
	bool guards = p && policy_host_guards(p);

	for (size_t i = 0; p && !guards && i < p->scope_count; i++)
		guards = p->scopes[i].mode_said && p->scopes[i].mode == PG_MODE_ENFORCE;
	return guards;
}

/* Whether a port's answer can refuse what it let in before; where it depends on addresses: if it changes at all. */
static bool answer_narrows(const struct compiled *before, uint32_t a, const struct compiled *after,
			   uint32_t b, uint8_t unruled)
{
	uint32_t from = PG_ANSWER_KIND(a), to = PG_ANSWER_KIND(b);

	if (from == PG_ANSWER_ASK && to == PG_ANSWER_ASK)
		return !compiled_same_answer(before, a, after, b);
	if (from == PG_ANSWER_DENY || (from == PG_ANSWER_NONE && unruled == PG_DENY))
		return false;
	return to != PG_ANSWER_ALLOW && from != to;
}

static bool ports_narrow(const struct compiled *before, const struct intervals *from,
			 const struct compiled *after, const struct intervals *to, uint8_t unruled)
{
	const struct interval *a = from->list, *b = to->list;

	if (!from->count || !to->count)
		return from->count != to->count;
	for (uint32_t at = 0; at < PG_PORTS;) {
		uint32_t last = a->last < b->last ? a->last : b->last;

		if (answer_narrows(before, a->answer, after, b->answer, unruled))
			return true;
		at = last + 1;
		a += a->last == last;
		b += b->last == last;
	}
	return false;
}

static bool same_scopes(const struct policy *a, const struct policy *b)
{
	if (a->scope_count != b->scope_count)
		return false;
	for (size_t i = 0; i < a->scope_count; i++)
		if (scope_compare(&a->scopes[i], &b->scopes[i]))
			return false;
	return true;
}

static bool scope_narrows(const struct compiled *before, const struct compiled *after, size_t number)
{
	const struct compiled_scope *a = &before->scopes[number], *b = &after->scopes[number];

	return a->answers != b->answers || a->defaults[PG_IN] != b->defaults[PG_IN] ||
	       ports_narrow(before, &a->ports[PG_IN][PG_TCP], after, &b->ports[PG_IN][PG_TCP],
			    a->defaults[PG_IN]);
}

/* Whether some scope answers `in`. */
static bool lets_in(const struct compiled *c)
{
	for (size_t i = 1; i < c->scope_count; i++)
		if (c->scopes[i].answers & RULE_IN)
			return true;
	return false;
}

bool policy_narrows(const struct policy *from, const struct compiled *before, const struct policy *to,
		    const struct compiled *after)
{
	if (!policy_guards(to))
		return false;
	if (!policy_guards(from) || policy_host_guards(from) != policy_host_guards(to) || !same_scopes(from, to) ||
	    policy_default(from, PG_IN) != policy_default(to, PG_IN) ||
	    !compiled_same_classes(before, after))
		return true;
	for (size_t i = 1; i < before->scope_count; i++)
		if (scope_narrows(before, after, i))
			return true;
	/* What the host's rules do not mention a scope may let in; a deny of the host ends that. */
	return ports_narrow(before, &before->ports[PG_IN][PG_TCP], after, &after->ports[PG_IN][PG_TCP],
			    lets_in(before) ? PG_ALLOW : policy_default(from, PG_IN));
}
