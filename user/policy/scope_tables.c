// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tables of host and scopes. The rules are sorted by scope once, so that each table costs its own
 * rules, however many scopes there are. Rules whose scope the policy does not have are nobody's.
 */
#include "policy/scope_tables.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/list.h"
#include "util/cleanup.h"

/* The rules by owner: 0 is the host, i + 1 scope i, and behind them those of nobody. */
struct by_owner {
	const struct rule **rules;
	size_t *start; /* of each owner in rules; one more than there are */
	size_t owners;
};

static void by_owner_free(struct by_owner *o)
{
	free(o->rules);
	free(o->start);
}

static int compare_scopes(const void *a, const void *b)
{
	return strcmp((*(const struct scope *const *)a)->name,
		      (*(const struct scope *const *)b)->name);
}

static size_t owner_of(const struct policy *p, const struct scope **sorted, const struct rule *rule)
{
	const struct scope wanted = { .name = rule->scope }, *key = &wanted, **found = NULL;

	if (!rule->scope)
		return 0;
	if (p->scope_count)
		found = bsearch(&key, sorted, p->scope_count, sizeof(*sorted), compare_scopes);
	return found ? (size_t)(*found - p->scopes) + 1 : p->scope_count + 1;
}

/* Mostly it is the scope of the rule before. */
static bool has_same_scope(const struct rule *a, const struct rule *b)
{
	return a->scope && b->scope && !strcmp(a->scope, b->scope);
}

static int sort_rules(const struct policy *p, struct by_owner *o)
{
	_cleanup_free_ const struct scope **sorted = calloc(p->scope_count + 1, sizeof(*sorted));
	_cleanup_free_ size_t *owner = calloc(p->rule_count + 1, sizeof(*owner));

	o->owners = p->scope_count + 1;
	o->rules = calloc(p->rule_count + 1, sizeof(*o->rules));
	o->start = calloc(o->owners + 3, sizeof(*o->start));
	if (!sorted || !owner || !o->rules || !o->start)
		return -ENOMEM;
	for (size_t i = 0; i < p->scope_count; i++)
		sorted[i] = &p->scopes[i];
	qsort(sorted, p->scope_count, sizeof(*sorted), compare_scopes);
	for (size_t i = 0; i < p->rule_count; i++) {
		owner[i] = i && has_same_scope(&p->rules[i - 1], &p->rules[i])
				   ? owner[i - 1]
				   : owner_of(p, sorted, &p->rules[i]);
		o->start[owner[i] + 2]++;
	}
	for (size_t i = 2; i < o->owners + 3; i++)
		o->start[i] += o->start[i - 1];
	/* start[owner + 1] now is where the owner's next rule goes, and in the end its end. */
	for (size_t i = 0; i < p->rule_count; i++)
		o->rules[o->start[owner[i] + 1]++] = &p->rules[i];
	return 0;
}

static struct swept rules_of(const struct by_owner *o, size_t owner, enum swept_for for_whom)
{
	return (struct swept){ .rules = o->rules + o->start[owner],
			       .count = o->start[owner + 1] - o->start[owner],
			       .for_whom = for_whom };
}

static int sweep_host(struct compiler *c, const struct by_owner *o)
{
	struct swept host = rules_of(o, 0, SWEPT_HOST);
	int r = 0;

	for (enum pg_direction d = 0; !r && d < PG_DIRECTION_COUNT; d++)
		for (enum pg_proto proto = 0; !r && proto < PG_PROTO_COUNT; proto++)
			r = sweep(c, &host, d, proto, &c->groups.out->ports[d][proto]);
	return r;
}

/* Under panic no scope has a say: all is asked of the host, whose failsafe ports stay. */
static void describe_scope(const struct policy *p, const struct scope *s, const struct swept *own,
			   struct compiled_scope *ret)
{
	ret->answers = p->panic ? 0 : s->defaults_said;
	if (s->raw_said && !p->panic)
		ret->answers |= PG_SCOPE_RAW;
	for (enum pg_direction d = 0; d < PG_DIRECTION_COUNT; d++) {
		ret->defaults[d] = s->defaults_said & 1u << d ? s->defaults[d] : p->defaults[d];
		if (p->panic)
			ret->defaults[d] = PG_DENY;
	}
	for (size_t i = 0; !p->panic && i < own->count; i++)
		for (enum pg_direction d = 0; d < PG_DIRECTION_COUNT; d++)
			if (rule_covers(own->rules[i], d))
				ret->answers |= 1u << d;
	ret->out_restricted = ret->answers & RULE_OUT && ret->defaults[PG_OUT] != PG_ALLOW;
	for (size_t i = 0; i < own->count && ret->answers & RULE_OUT; i++)
		ret->out_restricted |=
			own->rules[i]->verdict == PG_DENY && rule_covers(own->rules[i], PG_OUT);
}

/* Whether a rule says the same of bind and in, or nothing of both. */
static bool says_both_ways(const struct rule *r)
{
	unsigned ways = r->directions & (RULE_BIND | RULE_IN);

	return !ways || (ways == (RULE_BIND | RULE_IN) && r->remote.kind == PEER_ANY && !r->on &&
			 !r->user && !r->exe && !r->limit.per_second_x1000);
}

/* So it is in most scopes: then one sweep is enough for bind and in, or for tcp and udp. */
static bool are_same_ways(const struct swept *own)
{
	for (size_t i = 0; i < own->count; i++)
		if (!says_both_ways(own->rules[i]))
			return false;
	return true;
}

static bool are_same_protos(const struct swept *own, enum pg_direction direction)
{
	for (size_t i = 0; i < own->count; i++)
		if (own->rules[i]->directions & 1u << direction &&
		    own->rules[i]->protos != (RULE_TCP | RULE_UDP))
			return false;
	return true;
}

static int repeat(const struct intervals *from, struct intervals *ret)
{
	ret->list = list_copy(from->list, from->count, sizeof(*from->list));
	ret->count = ret->list ? from->count : 0;
	return ret->list ? 0 : -ENOMEM;
}

static int sweep_scope(struct compiler *c, const struct by_owner *o, size_t owner)
{
	struct compiled_scope *scope = &c->groups.out->scopes[owner];
	struct swept own = rules_of(o, owner, SWEPT_SCOPE);
	bool same_ways = are_same_ways(&own);
	int r = 0;

	describe_scope(c->policy, &c->policy->scopes[owner - 1], &own, scope);
	for (enum pg_direction d = 0; d < PG_DIRECTION_COUNT; d++)
		for (enum pg_proto proto = 0; proto < PG_PROTO_COUNT; proto++) {
			struct intervals *to = &scope->ports[d][proto];

			if (r || !(scope->answers & 1u << d))
				continue;
			if (d == PG_IN && same_ways && scope->answers & RULE_BIND)
				r = repeat(&scope->ports[PG_BIND][proto], to);
			else if (proto == PG_UDP && are_same_protos(&own, d))
				r = repeat(&scope->ports[d][PG_TCP], to);
			else
				r = sweep(c, &own, d, proto, to);
		}
	return r;
}

/* A scope that lets in what none of its rules speaks of. */
static bool allows_all_in(const struct compiled *out)
{
	for (size_t i = 1; i < out->scope_count; i++)
		if (out->scopes[i].answers & RULE_IN && out->scopes[i].defaults[PG_IN] == PG_ALLOW)
			return true;
	return false;
}

static int allow_everything(struct intervals *ret)
{
	ret->list = malloc(sizeof(*ret->list));
	if (!ret->list)
		return -ENOMEM;
	ret->list[0] = (struct interval){ 0, 65535, PG_ANSWER(PG_ANSWER_ALLOW, 0, 0) };
	ret->count = 1;
	return 0;
}

static int sweep_union(struct compiler *c, const struct by_owner *o)
{
	struct intervals *all = c->groups.out->ports[PG_PORT_SCOPES];
	struct swept rules = rules_of(o, 1, SWEPT_UNION);
	bool everything = allows_all_in(c->groups.out);
	int r;

	rules.count = c->policy->panic ? 0 : o->start[o->owners] - o->start[1];
	r = everything ? allow_everything(&all[PG_TCP]) : sweep(c, &rules, PG_IN, PG_TCP, &all[PG_TCP]);
	if (r)
		return r;
	if (everything || are_same_protos(&rules, PG_IN))
		return repeat(&all[PG_TCP], &all[PG_UDP]);
	return sweep(c, &rules, PG_IN, PG_UDP, &all[PG_UDP]);
}

int compile_tables(struct compiler *c)
{
	_cleanup_(by_owner_free) struct by_owner o = { .rules = NULL };
	struct compiled *out = c->groups.out;
	int r = sort_rules(c->policy, &o) ?: sweep_host(c, &o);

	if (r || !c->policy->scope_count)
		return r;
	out->scopes = calloc(o.owners, sizeof(*out->scopes));
	if (!out->scopes)
		return -ENOMEM;
	out->scope_count = o.owners;
	for (size_t owner = 1; !r && owner < o.owners; owner++)
		r = sweep_scope(c, &o, owner);
	return r ?: sweep_union(c, &o);
}
