// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compiling: classes first, of all that the policy's rules ask; then the tables of the host and of each
 * scope, swept one after the other (sweep.c, scope_tables.c), and what the rules that conditions ask say.
 */
#include "policy/compile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/list.h"
#include "policy/scope_tables.h"
#include "policy/sweep.h"
#include "util/cleanup.h"

static int compile_protocols(struct compiler *compiler)
{
	const struct policy *p = compiler->policy;
	struct group_builder *b = &compiler->groups;
	_cleanup_free_ struct clause *clauses = calloc(p->protocol_count + 1, sizeof(*clauses));
	_cleanup_free_ const struct clause **asking =
		calloc(p->protocol_count + 1, sizeof(*asking));

	if (!clauses || !asking)
		return -ENOMEM;
	for (unsigned protocol = 0; protocol < 256 && !p->panic; protocol++) {
		struct plain plain = { .deny = NULL };
		size_t count = 0;
		int r;

		for (size_t i = 0; i < p->protocol_count; i++) {
			if (p->protocols[i].protocol != protocol)
				continue;
			clauses[i] = (struct clause){ .verdict = PG_ALLOW };
			clauses[i].asks[LEVEL_REMOTE] =
				ask_peer(&b->index[LEVEL_REMOTE], &p->protocols[i].from);
			if (clause_asks(&clauses[i]))
				asking[count++] = &clauses[i];
			else
				plain_speak(&plain, &clauses[i]);
		}
		r = groups_answer(b, &plain, asking, count, &b->out->protocols[protocol]);
		if (r)
			return r;
	}
	return 0;
}

int policy_compile_interfaces(const struct policy *p, struct compiled *out)
{
	size_t kept = 0;

	out->interfaces = calloc(p->rule_count + 1, sizeof(*out->interfaces));
	if (!out->interfaces)
		return -ENOMEM;
	for (size_t i = 0; i < p->rule_count; i++) {
		if (!p->rules[i].on || !rule_covers(&p->rules[i], PG_IN))
			continue;
		out->interfaces[out->interface_count] = strdup(p->rules[i].on);
		if (!out->interfaces[out->interface_count++])
			return -ENOMEM;
	}
	qsort(out->interfaces, out->interface_count, sizeof(*out->interfaces), compare_names);
	for (size_t i = 0; i < out->interface_count; i++) {
		if (kept && !strcmp(out->interfaces[kept - 1], out->interfaces[i]))
			free(out->interfaces[i]);
		else
			out->interfaces[kept++] = out->interfaces[i];
	}
	out->interface_count = kept;
	return 0;
}

static int compile_classes(const struct policy *p, struct group_builder *b)
{
	_cleanup_free_ const struct peer **remote =
		calloc(p->rule_count + p->protocol_count + 1, sizeof(*remote));
	_cleanup_free_ const struct peer **at = calloc(p->rule_count + 1, sizeof(*at));
	size_t remote_count = 0, at_count = 0;
	int r;

	if (!remote || !at)
		return -ENOMEM;
	for (size_t i = 0; i < p->rule_count; i++) {
		if (p->rules[i].remote.kind != PEER_ANY)
			remote[remote_count++] = &p->rules[i].remote;
		if (p->rules[i].at.kind != PEER_ANY)
			at[at_count++] = &p->rules[i].at;
	}
	for (size_t i = 0; i < p->protocol_count; i++)
		if (p->protocols[i].from.kind != PEER_ANY)
			remote[remote_count++] = &p->protocols[i].from;
	r = classes_build(p, remote, remote_count, &b->out->remote, &b->index[LEVEL_REMOTE]);
	if (r)
		return r;
	(void)TAKE_PTR(remote); /* the index's now */
	r = classes_build(p, at, at_count, &b->out->local, &b->index[LEVEL_LOCAL]);
	if (!r)
		(void)TAKE_PTR(at);
	return r;
}

static int compare_ids(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* The ids that conditions ask, sorted, each once. */
static int find_asked(const struct compiled *c, uint32_t **ret, size_t *ret_count)
{
	uint32_t *ids = calloc(c->group_count + 1, sizeof(*ids));
	size_t count = 0, kept = 0;

	if (!ids)
		return -ENOMEM;
	for (size_t i = 0; i < c->group_count; i++)
		if (c->groups[i].rule)
			ids[count++] = c->groups[i].rule;
	qsort(ids, count, sizeof(*ids), compare_ids);
	for (size_t i = 0; i < count; i++)
		if (!kept || ids[kept - 1] != ids[i])
			ids[kept++] = ids[i];
	*ret = ids;
	*ret_count = kept;
	return 0;
}

/* Rules that share an id say the same; the end that is later is both's. */
static void note_facts(const struct rule *rule, struct rule_facts *f)
{
	f->id = rule->id;
	f->facts.per_second_x1000 = rule->limit.per_second_x1000;
	f->facts.burst = rule->limit.burst;
	f->facts.per_source = rule->per_source;
	f->facts.host = !rule->scope;
	if (rule->until_ns > f->facts.until_ns)
		f->facts.until_ns = rule->until_ns;
}

static int compile_facts(const struct policy *p, struct compiled *out)
{
	_cleanup_free_ uint32_t *asked = NULL;
	int r = find_asked(out, &asked, &out->fact_count);

	if (r || !out->fact_count)
		return r;
	out->facts = calloc(out->fact_count, sizeof(*out->facts));
	if (!out->facts)
		return -ENOMEM;
	for (size_t i = 0; i < p->rule_count; i++) {
		const uint32_t *found = bsearch(&p->rules[i].id, asked, out->fact_count,
						sizeof(*asked), compare_ids);

		if (found)
			note_facts(&p->rules[i], &out->facts[found - asked]);
	}
	return 0;
}

static int compile_callers(struct compiler *c, const struct exe_world *exes)
{
	struct group_builder *b = &c->groups;

	return callers_users(c->policy, b->out)
		       ?: callers_exes(c->policy, exes, b->out, &c->exes, &b->index[LEVEL_EXE]);
}

static void compiler_free(struct compiler *c)
{
	group_builder_free(&c->groups);
	exe_keys_free(&c->exes);
}

int policy_compile_exes(const struct policy *p, const struct exe_world *exes, struct compiled *ret,
			struct pg_error *err)
{
	_cleanup_compiled_ struct compiled out = { .groups = NULL };
	_cleanup_(compiler_free) struct compiler c = { .policy = p,
						       .groups = { .out = &out, .err = err } };
	int r = policy_compile_interfaces(p, &out);

	r = r ?: compile_classes(p, &c.groups);
	r = r ?: compile_callers(&c, exes);
	r = r ?: compile_protocols(&c);
	r = r ?: compile_tables(&c);
	r = r ?: compile_facts(p, &out);
	if (r)
		return r;
	*ret = out;
	memset(&out, 0, sizeof(out));
	return 0;
}

int policy_compile(const struct policy *p, struct compiled *ret, struct pg_error *err)
{
	return policy_compile_exes(p, NULL, ret, err);
}

uint8_t policy_default(const struct policy *p, enum pg_direction direction)
{
	return p->panic ? PG_DENY : p->defaults[direction];
}

void policy_begin_times(struct policy *p, uint64_t now_ns)
{
	for (size_t i = 0; i < p->rule_count; i++)
		if (p->rules[i].for_s && !p->rules[i].until_ns)
			p->rules[i].until_ns = now_ns + p->rules[i].for_s * 1000000000ull;
}
