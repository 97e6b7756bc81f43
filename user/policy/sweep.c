// SPDX-License-Identifier: GPL-2.0-only
/* Sweeping; see sweep.h. groups.c finds the answer of a place from the rules that cover it. */
#include "policy/sweep.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/list.h"
#include "util/cleanup.h"

struct span {
	uint16_t first, last;
	struct clause clause;
};

struct sweep {
	struct compiler *compiler;
	const struct policy *policy;
	const struct swept *what;
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

int compare_names(const void *a, const void *b)
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

uint32_t ask_peer(const struct class_index *index, const struct peer *peer)
{
	return peer->kind == PEER_ANY ? 0 : (uint32_t)class_index_find(index, peer) + 1;
}

/* A rule that is not in force yet lasts longer than one that is. */
static uint64_t lasts_until(const struct rule *rule)
{
	if (!rule->for_s)
		return 0;
	return rule->until_ns ? rule->until_ns : (1ull << 63) + rule->for_s;
}

static void ask_caller(const struct compiler *c, const struct rule *rule, struct clause *clause)
{
	if (rule->user)
		clause->asks[LEVEL_USER] = callers_user_class(c->groups.out, rule->uid);
	if (rule->exe)
		clause->asks[LEVEL_EXE] = (uint32_t)exe_keys_find(&c->exes, rule) + 1;
}

/* The union says who may be let in; who counts and who logs is the scope itself. */
static struct clause make_clause(const struct sweep *s, const struct rule *rule)
{
	const struct group_builder *b = &s->compiler->groups;
	bool own = s->what->for_whom != SWEPT_UNION;
	struct clause c = { .rule = rule,
			    .verdict = rule->verdict,
			    .id = rule->id,
			    .until = lasts_until(rule),
			    .limited = own && s->direction != PG_BIND &&
				       rule->limit.per_second_x1000,
			    .log = own && rule->log,
			    .reject = rule->reject };

	c.asks[LEVEL_LOCAL] = ask_peer(&b->index[LEVEL_LOCAL], &rule->at);
	if (s->direction != PG_BIND)
		c.asks[LEVEL_REMOTE] = ask_peer(&b->index[LEVEL_REMOTE], &rule->remote);
	if (s->direction == PG_IN)
		c.asks[LEVEL_INTERFACE] = ask_interface(b->out, rule->on);
	else
		ask_caller(s->compiler, rule, &c);
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
	struct span span = { .clause = make_clause(s, rule) };

	for (size_t i = 0; i < rule->port_count; i++) {
		span.first = rule->ports[i].first;
		span.last = rule->ports[i].last;
		if (list_append(&s->spans, &s->span_count, &span, sizeof(span)) ||
		    add_places(s, span.first, span.last))
			return -ENOMEM;
	}
	return 0;
}

/* Failsafe and essential ports are the host's, and local ones. */
static bool has_built_in(const struct sweep *s)
{
	return s->what->for_whom == SWEPT_HOST && s->direction != PG_OUT;
}

static int add_built_in_places(struct sweep *s)
{
	int r = add_places(s, 0, 65535);

	if (!has_built_in(s))
		return r;
	for (size_t i = 0; !r && i < s->policy->failsafe_count; i++)
		r = add_places(s, s->policy->failsafe[i].range.first,
			       s->policy->failsafe[i].range.last);
	for (size_t i = 0; !r && i < ARRAY_SIZE(essential_ports); i++)
		r = add_places(s, essential_ports[i].port, essential_ports[i].port);
	return r;
}

/* By place; those that say the same follow each other, the lowest id first. */
static int compare_spans(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	if (x->first != y->first || x->last != y->last)
		return x->first != y->first ? x->first - y->first : x->last - y->last;
	return memcmp(x->clause.asks, y->clause.asks, sizeof(x->clause.asks))
		       ?: (x->clause.id > y->clause.id) - (x->clause.id < y->clause.id);
}

static bool is_same_again(const struct span *a, const struct span *b)
{
	return a->first == b->first && a->last == b->last && !a->clause.until && !b->clause.until &&
	       !memcmp(a->clause.asks, b->clause.asks, sizeof(a->clause.asks));
}

/* Many scopes say the same, and each of them would be active at that place. */
static void drop_repeated(struct sweep *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->span_count; i++)
		if (!kept || !is_same_again(&s->spans[kept - 1], &s->spans[i]))
			s->spans[kept++] = s->spans[i];
	s->span_count = kept;
}

static int compare_places(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static bool is_swept(const struct sweep *s, const struct rule *rule)
{
	if (s->what->for_whom == SWEPT_UNION && rule->verdict != PG_ALLOW)
		return false;
	return rule_covers(rule, s->direction) && rule->protos & 1u << s->proto;
}

static int prepare(struct sweep *s)
{
	int r = add_built_in_places(s);

	for (size_t i = 0; !r && i < s->what->count; i++)
		if (is_swept(s, s->what->rules[i]))
			r = add_spans(s, s->what->rules[i]);
	s->active = reallocarray(NULL, s->span_count + 1, sizeof(*s->active));
	s->asking = reallocarray(NULL, s->span_count + 1, sizeof(*s->asking));
	if (r || !s->active || !s->asking)
		return -ENOMEM;
	if (s->span_count)
		qsort(s->spans, s->span_count, sizeof(*s->spans), compare_spans);
	if (s->what->for_whom == SWEPT_UNION)
		drop_repeated(s);
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

static int answer_at(struct sweep *s, uint32_t port, uint32_t *ret)
{
	struct plain plain = { .failsafe = is_failsafe(s, port), .essential = essential_at(s, port) };
	size_t asking = 0;

	move_to(s, port);
	if (s->policy->panic && !plain.failsafe) {
		*ret = PG_ANSWER(PG_ANSWER_NONE, PG_NOT_ESSENTIAL, 0);
		return 0;
	}
	for (size_t i = 0; i < s->active_count; i++) {
		const struct span *span = s->active[i];

		if (span->first == span->last)
			plain_name(&plain, &span->clause);
		if (clause_asks(&span->clause) || !clause_is_lasting(&span->clause))
			s->asking[asking++] = &span->clause;
		else
			plain_speak(&plain, &span->clause);
	}
	return groups_answer(&s->compiler->groups, &plain, s->asking, asking, ret);
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

int sweep(struct compiler *c, const struct swept *what, enum pg_direction direction, enum pg_proto proto,
	  struct intervals *out)
{
	_cleanup_(sweep_free) struct sweep s = { .compiler = c,
						 .policy = c->policy,
						 .what = what,
						 .direction = direction,
						 .proto = proto };
	int r = prepare(&s);

	for (size_t i = 0; !r && i + 1 < s.place_count; i++) {
		uint32_t answer = 0;

		if (s.places[i] == s.places[i + 1])
			continue;
		r = answer_at(&s, s.places[i], &answer);
		r = r ?: add_interval(out, s.places[i], s.places[i + 1] - 1, answer);
	}
	return r;
}
