// SPDX-License-Identifier: GPL-2.0-only
/*
 * Asking what was compiled, the way the kernel asks its maps: port, classes, case, decision.
 */
#include <stdlib.h>
#include <string.h>

#include "policy/classes.h"
#include "policy/peer.h"
#include "util/cleanup.h"

void compiled_free(struct compiled *c)
{
	for (size_t d = 0; d < PG_PORT_DIRECTIONS; d++)
		for (size_t proto = 0; proto < PG_PROTO_COUNT; proto++)
			free(c->ports[d][proto].list);
	for (size_t i = 0; i < c->group_count; i++)
		free(c->groups[i].cases);
	for (size_t i = 0; i < c->interface_count; i++)
		free(c->interfaces[i]);
	free(c->groups);
	free(c->remote.list);
	free(c->local.list);
	free(c->interfaces);
	memset(c, 0, sizeof(*c));
}

uint32_t compiled_answer(const struct compiled *c, enum pg_direction direction, enum pg_proto proto,
			 uint16_t port)
{
	const struct intervals *ports = &c->ports[direction][proto];
	size_t low = 0, high = ports->count;

	while (low + 1 < high) {
		size_t middle = (low + high) / 2;

		if (ports->list[middle].first <= port)
			low = middle;
		else
			high = middle;
	}
	return ports->list[low].answer;
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

int case_compare(const struct case_entry *a, const struct case_entry *b)
{
	if (a->remote != b->remote)
		return a->remote < b->remote ? -1 : 1;
	if (a->local != b->local)
		return a->local < b->local ? -1 : 1;
	return (a->interface > b->interface) - (a->interface < b->interface);
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

uint32_t compiled_resolve(const struct compiled *c, uint32_t answer, const struct pg_question *q,
			  const char *interface)
{
	struct case_entry key = { .remote = 0 };
	const struct group *g;

	if (PG_ANSWER_KIND(answer) != PG_ANSWER_ASK)
		return answer;
	g = &c->groups[PG_ANSWER_NUMBER(answer) - 1];
	if (g->dimensions & PG_DIM_REMOTE)
		key.remote = class_of(&c->remote, q->remote);
	if (g->dimensions & PG_DIM_LOCAL)
		key.local = class_of(&c->local, q->local);
	if (g->dimensions & PG_DIM_INTERFACE)
		key.interface = interface_class(c, interface, q->vlan);
	return find_case(g, &key);
}

struct pg_decision compiled_decide(const struct compiled *c, const struct policy *p,
				   const struct pg_question *q, const char *interface)
{
	uint32_t answer = compiled_answer(c, q->direction, q->proto, q->port);

	return pg_decide(compiled_resolve(c, answer, q, interface), q, p->defaults[q->direction]);
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

bool compiled_may_allow(const struct compiled *c, const struct policy *p,
			enum pg_direction direction, enum pg_proto proto, uint16_t port)
{
	uint32_t answer = compiled_answer(c, direction, proto, port);
	const struct group *g;

	if (PG_ANSWER_KIND(answer) != PG_ANSWER_ASK)
		return answer_may_allow(answer, p->defaults[direction]);
	g = &c->groups[PG_ANSWER_NUMBER(answer) - 1];
	if (answer_may_allow(g->base, p->defaults[direction]))
		return true;
	for (size_t i = 0; i < g->count; i++)
		if (answer_may_allow(g->cases[i].answer, p->defaults[direction]))
			return true;
	return false;
}

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

bool compiled_same_classes(const struct compiled *a, const struct compiled *b)
{
	if (a->interface_count != b->interface_count)
		return false;
	for (size_t i = 0; i < a->interface_count; i++)
		if (strcmp(a->interfaces[i], b->interfaces[i]))
			return false;
	return same_table(&a->remote, &b->remote) && same_table(&a->local, &b->local);
}

bool group_equal(const struct group *a, const struct group *b)
{
	return a->base == b->base && a->dimensions == b->dimensions && a->count == b->count &&
	       (!a->count || !memcmp(a->cases, b->cases, a->count * sizeof(*a->cases)));
}
