// SPDX-License-Identifier: GPL-2.0-only
/*
 * Compiling: the port axis is swept from 0 to 65535, once for each direction and protocol, with the
 * rules that cover the place in hand. Between two places where a rule, a failsafe or an essential
 * port begins or ends the answer is the same; groups.c finds it.
 */
#include "policy/compile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/groups.h"
#include "policy/list.h"
#include "util/cleanup.h"

struct span {
	uint16_t first, last;
	struct clause clause;
};

struct sweep {
	const struct policy *policy;
	struct group_builder *builder;
	enum pg_direction direction;
	enum pg_proto proto;
	struct span *spans; /* sorted by first */
	size_t span_count;
	uint32_t *places; /* where something begins; sorted */
	size_t place_count;
	struct span **active; /* spans over the place in hand */
	size_t active_count;
	const struct clause **asking; /* room for those of them that ask */
	size_t next; /* the span that begins next */
};

static const struct {
	uint16_t port;
	unsigned bit; /* ESSENTIAL_… */
	enum pg_essential essential;
} essential_ports[] = {
	{ 68, ESSENTIAL_DHCP, PG_ESSENTIAL_DHCP4 },
	{ 546, ESSENTIAL_DHCP, PG_ESSENTIAL_DHCP6 },
	{ 5353, ESSENTIAL_MDNS, PG_ESSENTIAL_MDNS },
};

static void sweep_free(struct sweep *s)
{
	free(s->spans);
	free(s->places);
	free(s->active);
	free(s->asking);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static uint32_t ask_interface(const struct compiled *c, const char *name)
{
	char **found;

	if (!name)
		return 0;
	found = bsearch(&name, c->interfaces, c->interface_count, sizeof(*c->interfaces),
			compare_names);
	return (uint32_t)(found - c->interfaces) + 2;
}

static uint32_t ask_peer(const struct class_index *index, const struct peer *peer)
{
	return peer->kind == PEER_ANY ? 0 : (uint32_t)class_index_find(index, peer) + 1;
}

static struct clause make_clause(const struct group_builder *b, const struct rule *rule,
				 enum pg_direction direction)
{
	struct clause c = { .verdict = rule->verdict, .id = rule->id };

	c.asks[LEVEL_LOCAL] = ask_peer(&b->index[LEVEL_LOCAL], &rule->at);
	if (direction != PG_BIND)
		c.asks[LEVEL_REMOTE] = ask_peer(&b->index[LEVEL_REMOTE], &rule->remote);
	if (direction == PG_IN)
		c.asks[LEVEL_INTERFACE] = ask_interface(b->out, rule->on);
	return c;
}

static int add_places(struct sweep *s, uint32_t first, uint32_t last)
{
	uint32_t after = last + 1;

	return list_append(&s->places, &s->place_count, &first, sizeof(first))
		       ?: list_append(&s->places, &s->place_count, &after, sizeof(after));
}

static int add_spans(struct sweep *s, const struct rule *rule)
{
	struct span span = { .clause = make_clause(s->builder, rule, s->direction) };

	for (size_t i = 0; i < rule->port_count; i++) {
		span.first = rule->ports[i].first;
		span.last = rule->ports[i].last;
		if (list_append(&s->spans, &s->span_count, &span, sizeof(span)) ||
		    add_places(s, span.first, span.last))
			return -ENOMEM;
	}
	return 0;
}

static int add_built_in_places(struct sweep *s)
{
	int r = add_places(s, 0, 65535);

	for (size_t i = 0; !r && i < s->policy->failsafe_count; i++)
		r = add_places(s, s->policy->failsafe[i].range.first,
			       s->policy->failsafe[i].range.last);
	for (size_t i = 0; !r && i < ARRAY_SIZE(essential_ports); i++)
		r = add_places(s, essential_ports[i].port, essential_ports[i].port);
	return r;
}

static int compare_spans(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return x->first - y->first;
}

static int compare_places(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int prepare(struct sweep *s)
{
	int r = add_built_in_places(s);

	for (size_t i = 0; !r && i < s->policy->rule_count; i++) {
		const struct rule *rule = &s->policy->rules[i];

		if (rule_covers(rule, s->direction) && rule->protos & 1u << s->proto)
			r = add_spans(s, rule);
	}
	s->active = reallocarray(NULL, s->span_count + 1, sizeof(*s->active));
	s->asking = reallocarray(NULL, s->span_count + 1, sizeof(*s->asking));
	if (r || !s->active || !s->asking)
		return -ENOMEM;
	if (s->span_count)
		qsort(s->spans, s->span_count, sizeof(*s->spans), compare_spans);
	qsort(s->places, s->place_count, sizeof(*s->places), compare_places);
	return 0;
}

static void move_to(struct sweep *s, uint32_t port)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->active_count; i++)
		if (s->active[i]->last >= port)
			s->active[kept++] = s->active[i];
	for (; s->next < s->span_count && s->spans[s->next].first == port; s->next++)
		s->active[kept++] = &s->spans[s->next];
	s->active_count = kept;
}

/* Failsafe and essential ports are local ones. */
static bool has_built_in(const struct sweep *s)
{
	return s->direction != PG_OUT;
}

static bool is_failsafe(const struct sweep *s, uint32_t port)
{
	for (size_t i = 0; i < s->policy->failsafe_count; i++) {
		const struct failsafe_port *f = &s->policy->failsafe[i];

		if (has_built_in(s) && f->range.first <= port && port <= f->range.last &&
		    f->protos & 1u << s->proto)
			return true;
	}
	return false;
}

static enum pg_essential essential_at(const struct sweep *s, uint32_t port)
{
	for (size_t i = 0; i < ARRAY_SIZE(essential_ports); i++)
		if (has_built_in(s) && s->proto == PG_UDP && essential_ports[i].port == port &&
		    s->policy->essentials & essential_ports[i].bit)
			return essential_ports[i].essential;
	return PG_NOT_ESSENTIAL;
}

static bool asks(const struct clause *c)
{
	return c->asks[LEVEL_REMOTE] || c->asks[LEVEL_LOCAL] || c->asks[LEVEL_INTERFACE];
}

static void speak_plain(struct plain *plain, const struct clause *c)
{
	uint32_t *lowest = c->verdict == PG_DENY ? &plain->deny : &plain->allow;

	if (c->id < *lowest)
		*lowest = c->id;
}

static int answer_at(struct sweep *s, uint32_t port, uint32_t *ret)
{
	struct plain plain = { .deny = NO_RULE,
			       .allow = NO_RULE,
			       .failsafe = is_failsafe(s, port),
			       .essential = essential_at(s, port) };
	size_t asking = 0;

	move_to(s, port);
	for (size_t i = 0; i < s->active_count; i++) {
		const struct span *span = s->active[i];

		if (span->first == span->last)
			plain.failsafe = false; /* named */
		if (asks(&span->clause))
			s->asking[asking++] = &span->clause;
		else
			speak_plain(&plain, &span->clause);
	}
	return groups_answer(s->builder, &plain, s->asking, asking, ret);
}

static int add_interval(struct intervals *out, uint32_t first, uint32_t last, uint32_t answer)
{
	struct interval interval = { (uint16_t)first, (uint16_t)last, answer };

	if (out->count && out->list[out->count - 1].answer == answer) {
		out->list[out->count - 1].last = (uint16_t)last;
		return 0;
	}
	return list_append(&out->list, &out->count, &interval, sizeof(interval));
}

static int sweep(struct group_builder *b, const struct policy *p, enum pg_direction direction,
		 enum pg_proto proto)
{
	_cleanup_(sweep_free) struct sweep s = {
		.policy = p, .builder = b, .direction = direction, .proto = proto
	};
	int r = prepare(&s);

	for (size_t i = 0; !r && i + 1 < s.place_count; i++) {
		uint32_t answer = 0;

		if (s.places[i] == s.places[i + 1])
			continue;
		r = answer_at(&s, s.places[i], &answer);
		r = r
			    ?: add_interval(&b->out->ports[direction][proto], s.places[i],
					    s.places[i + 1] - 1, answer);
	}
	return r;
}

static int compile_protocols(struct group_builder *b, const struct policy *p)
{
	_cleanup_free_ struct clause *clauses = calloc(p->protocol_count + 1, sizeof(*clauses));
	_cleanup_free_ const struct clause **asking =
		calloc(p->protocol_count + 1, sizeof(*asking));

	if (!clauses || !asking)
		return -ENOMEM;
	for (unsigned protocol = 0; protocol < 256; protocol++) {
		struct plain plain = { .deny = NO_RULE, .allow = NO_RULE };
		size_t count = 0;
		int r;

		for (size_t i = 0; i < p->protocol_count; i++) {
			if (p->protocols[i].protocol != protocol)
				continue;
			clauses[i] = (struct clause){ .verdict = PG_ALLOW };
			clauses[i].asks[LEVEL_REMOTE] =
				ask_peer(&b->index[LEVEL_REMOTE], &p->protocols[i].from);
			if (asks(&clauses[i]))
				asking[count++] = &clauses[i];
			else
				speak_plain(&plain, &clauses[i]);
		}
		r = groups_answer(b, &plain, asking, count, &b->out->protocols[protocol]);
		if (r)
			return r;
	}
	return 0;
}

static int compile_interfaces(const struct policy *p, struct compiled *out)
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

int policy_compile(const struct policy *p, struct compiled *ret, struct pg_error *err)
{
	_cleanup_compiled_ struct compiled out = { .groups = NULL };
	_cleanup_(group_builder_free) struct group_builder b = { .out = &out, .err = err };
	int r = compile_interfaces(p, &out);

	r = r ?: compile_classes(p, &b);
	r = r ?: compile_protocols(&b, p);
	for (enum pg_direction direction = 0; !r && direction < PG_DIRECTION_COUNT; direction++)
		for (enum pg_proto proto = 0; !r && proto < PG_PROTO_COUNT; proto++)
			r = sweep(&b, p, direction, proto);
	if (r)
		return r;
	*ret = out;
	memset(&out, 0, sizeof(out));
	return 0;
}
