// SPDX-License-Identifier: GPL-2.0-only
/*
 * Asking what was compiled, the way the kernel asks its maps: port, classes, case, condition, decision.
 */
#include <stdlib.h>
#include <string.h>

#include "policy/callers.h"
#include "policy/classes.h"
#include "util/cleanup.h"

static void ports_free(struct intervals ports[][PG_PROTO_COUNT], size_t tables)
{
	for (size_t i = 0; i < tables; i++)
		for (size_t proto = 0; proto < PG_PROTO_COUNT; proto++)
			free(ports[i][proto].list);
}

void compiled_free(struct compiled *c)
{
	ports_free(c->ports, PG_PORT_TABLES);
	for (size_t i = 0; i < c->scope_count; i++)
		ports_free(c->scopes[i].ports, PG_PORT_DIRECTIONS);
	for (size_t i = 0; i < c->group_count; i++)
		free(c->groups[i].cases);
	for (size_t i = 0; i < c->interface_count; i++)
		free(c->interfaces[i]);
	free(c->groups);
	free(c->remote.list);
	free(c->local.list);
	free(c->interfaces);
	free(c->users);
	free(c->exes);
	free(c->facts);
	free(c->scopes);
	memset(c, 0, sizeof(*c));
}

static uint32_t find_interval(const struct intervals *ports, uint16_t port)
{
	size_t low = 0, high = ports->count;

	while (low + 1 < high) {
		size_t middle = (low + high) / 2;

		if (ports->list[middle].first <= port)
			low = middle;
		else
			high = middle;
	}
	return ports->count ? ports->list[low].answer : 0;
}

uint32_t compiled_answer(const struct compiled *c, enum pg_direction direction, enum pg_proto proto,
			 uint16_t port)
{
	return find_interval(&c->ports[direction][proto], port);
}

uint32_t compiled_scope_answer(const struct compiled *c, size_t number, enum pg_direction direction,
			       enum pg_proto proto, uint16_t port)
{
	return find_interval(&c->scopes[number].ports[direction][proto], port);
}

static uint32_t interface_class(const struct compiled *c, const char *name, uint32_t vlan)
{
	if (vlan)
		return PG_IFACE_UNKNOWN;
	for (size_t i = 0; name && i < c->interface_count; i++)
		if (!strcmp(c->interfaces[i], name))
			return (uint32_t)i + 2;
	return 0;
}

static uint32_t exe_class(const struct compiled *c, const struct pg_question *q)
{
	size_t low = 0, high = c->exe_count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		const struct exe_identity *at = &c->exes[middle].identity;

		if (at->device == q->exe_device && at->inode == q->exe_inode)
			return c->exes[middle].class;
		if (at->device < q->exe_device ||
		    (at->device == q->exe_device && at->inode < q->exe_inode))
			low = middle + 1;
		else
			high = middle;
	}
	return 0;
}

static const struct pg_rule *find_facts(const struct compiled *c, uint32_t id)
{
	for (size_t low = 0, high = c->fact_count; low < high;) {
		size_t middle = (low + high) / 2;

		if (c->facts[middle].id == id)
			return &c->facts[middle].facts;
		if (c->facts[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static int compare_numbers(uint32_t a, uint32_t b)
{
	return (a > b) - (a < b);
}

int case_compare(const struct case_entry *a, const struct case_entry *b)
{
	return compare_numbers(a->remote, b->remote)
		       ?: compare_numbers(a->local, b->local)
		       ?: compare_numbers(a->interface, b->interface)
		       ?: compare_numbers(a->user, b->user)
		       ?: compare_numbers(a->exe, b->exe);
}

static uint32_t find_case(const struct group *g, const struct case_entry *key)
{
	size_t low = 0, high = g->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = case_compare(&g->cases[middle], key);

		if (!order)
			return g->cases[middle].answer;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return g->base;
}

static uint32_t ask_cases(const struct compiled *c, const struct group *g,
			  const struct pg_question *q, const struct circumstances *in)
{
	struct case_entry key = { .remote = 0 };

	if (g->dimensions & PG_DIM_REMOTE)
		key.remote = class_of(&c->remote, q->remote);
	if (g->dimensions & PG_DIM_LOCAL)
		key.local = class_of(&c->local, q->local);
	if (g->dimensions & PG_DIM_INTERFACE)
		key.interface = interface_class(c, in->interface, q->vlan);
	if (g->dimensions & PG_DIM_USER)
		key.user = callers_user_class(c, q->uid);
	if (g->dimensions & PG_DIM_EXE)
		key.exe = exe_class(c, q);
	return find_case(g, &key);
}

static bool has_ended(const struct pg_rule *facts, uint64_t now_ns)
{
	return facts && facts->until_ns && now_ns >= facts->until_ns;
}

/* As the kernel has it: what leaves is remembered although this rule lets its answer in. */
static bool ends_too_soon(const struct pg_rule *facts, const struct group *g,
			  const struct pg_question *q)
{
	return facts && facts->until_ns && q->fresh == PG_FRESH_LEAVING && q->proto == PG_TCP &&
	       PG_ANSWER_KIND(g->base) == PG_ANSWER_ALLOW;
}

static uint32_t ask_condition(const struct compiled *c, const struct group *g,
			      const struct pg_question *q, const struct circumstances *in)
{
	const struct pg_rule *facts = find_facts(c, g->rule);

	if (has_ended(facts, in->now_ns) || ends_too_soon(facts, g, q))
		return g->otherwise;
	if (!facts || !facts->per_second_x1000 || q->direction == PG_BIND ||
	    q->fresh == PG_FRESH_PASSED || (q->fresh == PG_FRESH_MET && facts->host))
		return g->base;
	if (q->fresh != PG_FRESH_YES && q->fresh != PG_FRESH_MET)
		return g->otherwise;
	if (!in->take_token || in->take_token(in->data, g->rule, q))
		return g->base;
	return PG_ANSWER(PG_ANSWER_DENY, 0, g->rule) | PG_ANSWER_RATE;
}

static uint32_t resolve(const struct compiled *c, uint32_t answer, const struct pg_question *q,
			const struct circumstances *in)
{
	for (int step = 0; step < PG_MAX_STEPS && PG_ANSWER_KIND(answer) == PG_ANSWER_ASK; step++) {
		const struct group *g = &c->groups[PG_ANSWER_NUMBER(answer) - 1];

		answer = g->rule ? ask_condition(c, g, q, in) : ask_cases(c, g, q, in);
	}
	return answer;
}

uint32_t compiled_resolve(const struct compiled *c, uint32_t answer, const struct pg_question *q,
			  const char *interface)
{
	const struct circumstances in = { .interface = interface };

	return resolve(c, answer, q, &in);
}

struct pg_decision compiled_decide_in(const struct compiled *c, const struct policy *p,
				      const struct pg_question *q, const struct circumstances *in)
{
	uint32_t answer = resolve(c, compiled_answer(c, q->direction, q->proto, q->port), q, in);
	struct pg_decision d = pg_decide(answer, q, policy_default(p, q->direction));

	if (d.reason == PG_REASON_NO_RULE && q->direction == PG_IN && p->in_reject)
		d.flags = PG_ANSWER_REJECT;
	return d;
}

struct pg_decision compiled_decide(const struct compiled *c, const struct policy *p,
				   const struct pg_question *q, const char *interface)
{
	const struct circumstances in = { .interface = interface };

	return compiled_decide_in(c, p, q, &in);
}

/* A deny of a rule, else an allow of a rule or of what is built in, else the default of the nearer one. */
static struct pg_decision stronger(struct pg_decision near, struct pg_decision far)
{
	bool near_default = near.reason == PG_REASON_NO_RULE || near.reason == PG_REASON_DEFAULT;
	bool far_default = far.reason == PG_REASON_NO_RULE || far.reason == PG_REASON_DEFAULT;

	if (far_default)
		return near;
	return near_default || (far.verdict == PG_DENY && near.verdict != PG_DENY) ? far : near;
}

struct pg_decision compiled_decide_scopes(const struct compiled *c, const struct policy *p,
					  const size_t *scopes, size_t count,
					  const struct pg_question *q,
					  const struct circumstances *in)
{
	struct pg_decision d = { .verdict = PG_NONE };

	for (size_t i = 0; i < count; i++) {
		const struct compiled_scope *s = &c->scopes[scopes[i]];
		struct pg_decision own;
		uint32_t answer;

		if (!(s->answers & 1u << q->direction))
			continue;
		answer = find_interval(&s->ports[q->direction][q->proto], q->port);
		own = pg_decide(resolve(c, answer, q, in), q, s->defaults[q->direction]);
		d = d.verdict == PG_NONE ? own : stronger(d, own);
		if (!p->scopes[scopes[i] - 1].inherit)
			return d;
	}
	return d.verdict == PG_NONE ? compiled_decide_in(c, p, q, in)
				    : stronger(d, compiled_decide_in(c, p, q, in));
}

struct pg_decision compiled_decide_union(const struct compiled *c, const struct pg_question *q,
					 const struct circumstances *in)
{
	uint32_t answer = find_interval(&c->ports[PG_PORT_SCOPES][q->proto], q->port);
	struct pg_question asked = *q;

	asked.fresh = PG_FRESH_PASSED;
	return pg_decide(resolve(c, answer, &asked, in), &asked, PG_DENY);
}

uint32_t compiled_settle(const struct compiled *c, uint32_t answer, uint64_t now_ns)
{
	while (PG_ANSWER_KIND(answer) == PG_ANSWER_ASK) {
		const struct group *g = &c->groups[PG_ANSWER_NUMBER(answer) - 1];

		if (!g->rule)
			break;
		answer = has_ended(find_facts(c, g->rule), now_ns) ? g->otherwise : g->base;
	}
	return answer;
}

static bool answer_may_allow(uint32_t answer, uint8_t unruled)
{
	switch (PG_ANSWER_KIND(answer)) {
	case PG_ANSWER_ALLOW:
		return true;
	case PG_ANSWER_DENY:
		return false;
	}
	return unruled == PG_ALLOW || PG_ANSWER_ESSENTIAL(answer);
}

bool compiled_may_allow_at(const struct compiled *c, const struct policy *p,
			   enum pg_direction direction, enum pg_proto proto, uint16_t port,
			   uint64_t now_ns)
{
	uint8_t unruled = policy_default(p, direction);
	uint32_t answer = compiled_settle(c, compiled_answer(c, direction, proto, port), now_ns);
	const struct group *g;

	if (PG_ANSWER_KIND(answer) != PG_ANSWER_ASK)
		return answer_may_allow(answer, unruled);
	g = &c->groups[PG_ANSWER_NUMBER(answer) - 1];
	if (answer_may_allow(compiled_settle(c, g->base, now_ns), unruled))
		return true;
	for (size_t i = 0; i < g->count; i++)
		if (answer_may_allow(compiled_settle(c, g->cases[i].answer, now_ns), unruled))
			return true;
	return false;
}

bool compiled_may_allow(const struct compiled *c, const struct policy *p,
			enum pg_direction direction, enum pg_proto proto, uint16_t port)
{
	return compiled_may_allow_at(c, p, direction, proto, port, 0);
}
