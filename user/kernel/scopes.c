// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writing a slot's scopes; see scopes.h. They are built in memory first: as long as that goes on the slot
 * still has what lay in it, and the groups that this leads to are not given to others.
 */
#include "kernel/scopes.h"

#include <errno.h>
#include <string.h>

#include "kernel/sums.h"
#include "policy/owner.h"
#include "util/cleanup.h"

#define LISTS (PG_PORT_DIRECTIONS * PG_PROTO_COUNT)

/* A list of spans that is there, by what it adds up to. */
struct known_list {
	uint64_t sum;
	struct pg_span_list list; /* count 0: none */
};

struct tables {
	char *scopes; /* PG_SCOPE_STRIDE each */
	struct pg_span *spans;
	uint32_t span_count, span_room;
	char *texts;
	uint32_t text_bytes;
	struct known_list *known; /* a hash; places is a power of two */
	size_t places;
};

static void tables_free(struct tables *t)
{
	free(t->scopes);
	free(t->spans);
	free(t->texts);
	free(t->known);
}

static int tables_make(struct tables *t, size_t scopes)
{
	t->places = 16;
	while (t->places < scopes * LISTS * 2)
		t->places *= 2;
	t->scopes = calloc(scopes, PG_SCOPE_STRIDE);
	t->texts = malloc(PG_TEXTS);
	t->known = calloc(t->places, sizeof(*t->known));
	return t->scopes && t->texts && t->known ? 0 : -ENOMEM;
}

static struct pg_scope *scope_at(const struct tables *t, size_t number)
{
	return (struct pg_scope *)(t->scopes + number * PG_SCOPE_STRIDE);
}

/* --- ports -------------------------------------------------------------------------------------- */

static int add_span(struct tables *t, struct pg_span span)
{
	if (t->span_count == t->span_room) {
		uint32_t room = t->span_room ? t->span_room * 2 : 1024;
		struct pg_span *grown = reallocarray(t->spans, room, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		t->spans = grown;
		t->span_room = room;
	}
	t->spans[t->span_count++] = span;
	return 0;
}

/* The list that was just added, or an equal one from before. */
static struct pg_span_list stored_once(struct tables *t, struct pg_span_list list)
{
	size_t size = list.count * sizeof(*t->spans);
	uint64_t sum = checksum_bytes(0, t->spans + list.start, size);

	for (size_t at = sum;; at++) {
		struct known_list *known = &t->known[at & (t->places - 1)];

		if (!known->list.count) {
			*known = (struct known_list){ sum, list };
			return list;
		}
		if (known->sum != sum || known->list.count != list.count ||
		    memcmp(t->spans + known->list.start, t->spans + list.start, size) != 0)
			continue;
		t->span_count = list.start;
		return known->list;
	}
}

static bool names_rule(uint32_t answer)
{
	return PG_ANSWER_KIND(answer) == PG_ANSWER_ALLOW || PG_ANSWER_KIND(answer) == PG_ANSWER_DENY;
}

/* The lowest id that the scope's answers name. */
static uint32_t first_rule(const struct compiled_scope *c)
{
	const struct intervals *lists = &c->ports[0][0];
	uint32_t first = UINT32_MAX;

	for (unsigned i = 0; i < LISTS; i++)
		for (size_t j = 0; j < lists[i].count; j++) {
			uint32_t answer = lists[i].list[j].answer;

			if (names_rule(answer) && PG_ANSWER_NUMBER(answer) < first)
				first = PG_ANSWER_NUMBER(answer);
		}
	return first == UINT32_MAX ? 0 : first;
}

static int put_ports(struct edit *e, struct tables *t, const struct intervals *from, uint32_t first,
		     struct pg_span_list *ret, struct pg_error *err)
{
	struct pg_span_list list = { .start = t->span_count };
	int r = 0;

	for (size_t i = 0; !r && i < from->count; i++) {
		struct pg_span span = { from->list[i].first, from->list[i].last, 0 };

		if (!from->list[i].answer)
			continue;
		r = kernel_answer(e, from->list[i].answer, &span.answer);
		if (names_rule(span.answer))
			span.answer -= PG_ANSWER(0, 0, first);
		r = r ? r : add_span(t, span);
	}
	list.count = t->span_count - list.start;
	if (r || !list.count)
		return r;
	*ret = stored_once(t, list);
	if (t->span_count <= PG_MAX_SPANS)
		return 0;
	return pg_fail(err, -E2BIG, PG_EXIT_POLICY,
		       "scopes: their rules cut the ports into more than %u parts", PG_MAX_SPANS);
}

/* --- scopes ------------------------------------------------------------------------------------- */

/* A scope that inherits may stand in any other, but in none that is always further in. */
static bool out_restricted_further(const struct compiled *c, const struct policy *p, const struct scope *s)
{
	bool restricted = policy_out_restricted(p);

	for (size_t i = 0; !restricted && i < p->scope_count; i++)
		restricted = &p->scopes[i] != s && p->scopes[i].kind >= s->kind &&
			     c->scopes[i + 1].out_restricted;
	return restricted;
}

/* What a scope says beside its ports and its pattern. */
static struct pg_scope settings(const struct compiled *all, const struct policy *p, size_t number)
{
	const struct compiled_scope *c = &all->scopes[number];
	const struct scope *s = number ? &p->scopes[number - 1] : NULL;
	struct pg_scope to = { .answers = (uint8_t)c->answers, .out_restricted = c->out_restricted };

	memcpy(to.defaults, c->defaults, sizeof(to.defaults));
	if (!s)
		return to;
	if (s->inherit && c->answers & RULE_OUT && !c->out_restricted)
		to.out_restricted = out_restricted_further(all, p, s);
	to.inherit = s->inherit;
	to.mode = s->mode_said ? (uint8_t)s->mode + 1 : 0;
	to.raw = s->raw_said ? s->raw : 0;
	to.selector = (uint8_t)(PG_SELECT_CONTAINER + s->kind);
	return to;
}

static int put_pattern(struct tables *t, const struct owner_pattern *from, struct pg_scope *to,
		       struct pg_error *err)
{
	if (from->length > PG_TEXTS - t->text_bytes)
		return pg_fail(err, -E2BIG, PG_EXIT_POLICY,
			       "scopes: their patterns are more than %u bytes together", PG_TEXTS);
	to->with_socket = from->with_socket;
	to->weight = from->weight;
	to->pattern = t->text_bytes;
	to->pattern_length = from->length;
	if (from->length)
		memcpy(t->texts + t->text_bytes, from->text, from->length);
	t->text_bytes += from->length;
	return 0;
}

static int put_scope(struct edit *e, struct tables *t, size_t number, struct pg_error *err)
{
	const struct compiled_scope *c = &e->to.scopes[number];
	struct pg_scope *to = scope_at(t, number);
	int r = 0;

	*to = settings(&e->to, e->change->to, number);
	to->first_rule = first_rule(c);
	for (unsigned d = 0; d < PG_PORT_DIRECTIONS; d++)
		for (unsigned proto = 0; !r && proto < PG_PROTO_COUNT; proto++)
			r = put_ports(e, t, &c->ports[d][proto], to->first_rule,
				      &to->ports[d][proto], err);
	return r;
}

static int build(struct edit *e, struct tables *t, struct pg_error *err)
{
	_cleanup_owner_patterns_ struct owner_patterns patterns = { .list = NULL };
	int r = owner_patterns(e->change->to, &patterns);

	r = r ? r : tables_make(t, e->to.scope_count);
	for (size_t i = 0; !r && i < e->to.scope_count; i++) {
		r = put_scope(e, t, i, err);
		if (!r && i)
			r = put_pattern(t, &patterns.list[i - 1], scope_at(t, i), err);
	}
	return r;
}

/* --- what is there already ---------------------------------------------------------------------- */

static bool same_ports(const struct edit *e, const struct intervals *a, const struct intervals *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->list[i].first != b->list[i].first ||
		    !compiled_same_answer(&e->from, a->list[i].answer, &e->to, b->list[i].answer))
			return false;
	return true;
}

static bool same_scope(const struct edit *e, size_t number)
{
	const struct compiled_scope *a = &e->from.scopes[number], *b = &e->to.scopes[number];
	const struct scope *s = number ? &e->change->from->scopes[number - 1] : NULL;
	const struct scope *t = number ? &e->change->to->scopes[number - 1] : NULL;
	struct pg_scope x = settings(&e->from, e->change->from, number);
	struct pg_scope y = settings(&e->to, e->change->to, number);

	if (memcmp(&x, &y, sizeof(x)) != 0 || (s && strcmp(s->selector, t->selector) != 0))
		return false;
	for (unsigned d = 0; d < PG_PORT_DIRECTIONS; d++)
		for (unsigned proto = 0; proto < PG_PROTO_COUNT; proto++)
			if (!same_ports(e, &a->ports[d][proto], &b->ports[d][proto]))
				return false;
	return true;
}

/* Whether the slot, which is in step with the one in force or a copy of it, has these scopes. */
static bool are_there(const struct edit *e)
{
	if (e->from.scope_count != e->to.scope_count)
		return false;
	if (e->to.scope_count && !e->same_classes)
		return false;
	for (size_t i = 0; i < e->to.scope_count; i++)
		if (!same_scope(e, i))
			return false;
	return true;
}

/* --- the slot ----------------------------------------------------------------------------------- */

static char *slot_scopes(const struct state *s, uint32_t slot)
{
	return s->scopes + slot * PG_MAX_SCOPES * PG_SCOPE_STRIDE;
}

/* Parts for so many elements of a table from @first on. */
static int make_parts(struct state *s, unsigned which, uint32_t first, uint32_t count,
		      uint32_t part)
{
	int r = 0;

	for (uint32_t i = 0; !r && i < count; i += part)
		r = state_make_part(s, which, first + i);
	return r;
}

static int make_room(struct state *s, uint32_t slot, const struct scopes_used *used)
{
	int r = make_parts(s, STATE_SCOPES, slot * PG_MAX_SCOPES, used->scopes, PG_SCOPES_PART);

	r = r ? r : make_parts(s, STATE_SPANS, slot * PG_MAX_SPANS, used->spans, PG_SPANS_PART);
	return r ? r : state_make_part(s, STATE_TEXTS, slot);
}

int scopes_write(struct edit *e, struct pg_error *err)
{
	_cleanup_(tables_free) struct tables t = { .scopes = NULL };
	struct scopes_used used = { .scopes = e->to.scope_count };
	struct state *s = e->state;
	int r;

	if (are_there(e))
		return 0;
	e->scopes_written = true;
	if (!e->to.scope_count)
		return 0; /* the slot's header says that there are none */
	r = state_map_scopes(s);
	r = r ? r : build(e, &t, err);
	used.spans = t.span_count;
	r = r ? r : make_room(s, e->slot, &used);
	if (r)
		return r;
	wait_for_programs(); /* that still look at what was in force before */
	memcpy(slot_scopes(s, e->slot), t.scopes, e->to.scope_count * PG_SCOPE_STRIDE);
	if (t.span_count)
		memcpy(s->spans + e->slot * PG_MAX_SPANS, t.spans, t.span_count * sizeof(*t.spans));
	memcpy(s->texts[e->slot].bytes, t.texts, t.text_bytes);
	return 0;
}

uint16_t scopes_count(const struct edit *e)
{
	return (uint16_t)e->to.scope_count;
}

uint16_t scopes_netns(const struct edit *e)
{
	const struct policy *p = e->change->to;

	for (size_t i = 0; i < p->scope_count; i++)
		if (p->scopes[i].kind == SCOPE_NETNS)
			return (uint16_t)(i + 1);
	return 0;
}

bool scopes_say_mode(const struct edit *e)
{
	const struct policy *p = e->change->to;

	for (size_t i = 0; i < p->scope_count; i++)
		if (p->scopes[i].mode_said)
			return true;
	return false;
}

int scopes_copy(struct state *s, uint32_t from, uint32_t to)
{
	const struct checksum_tables t = slot_tables(s, from);
	const struct scopes_used used = scopes_used(&t);
	int r;

	if (!used.scopes || !t.scopes || !t.spans || !t.texts)
		return 0;
	r = make_room(s, to, &used);
	if (r)
		return r;
	memcpy(slot_scopes(s, to), t.scopes, used.scopes * PG_SCOPE_STRIDE);
	memcpy(s->spans + to * PG_MAX_SPANS, t.spans, used.spans * sizeof(*t.spans));
	memcpy(s->texts[to].bytes, t.texts, used.texts);
	return 0;
}

void scopes_each_answer(const struct state *s, uint32_t slot, void (*fn)(void *data, uint32_t answer),
			void *data)
{
	const struct checksum_tables t = slot_tables(s, slot);
	const struct scopes_used used = scopes_used(&t);

	for (uint32_t i = 0; t.spans && i < used.spans; i++)
		fn(data, t.spans[i].answer);
}

uint64_t scopes_matching(const struct state *s, uint32_t slot)
{
	const struct checksum_tables t = slot_tables(s, slot);
	const struct scopes_used used = scopes_used(&t);
	uint64_t sum = used.scopes;

	for (uint32_t i = 1; t.scopes && t.texts && i < used.scopes; i++) {
		struct pg_scope one = *(const struct pg_scope *)(t.scopes + i * PG_SCOPE_STRIDE);
		struct pg_scope by = { .selector = one.selector,
				       .with_socket = one.with_socket,
				       .weight = one.weight,
				       .pattern_length = one.pattern_length };

		if (one.pattern > PG_TEXTS || one.pattern_length > PG_TEXTS - one.pattern)
			continue; /* damaged */
		sum = checksum_entry(&by, sizeof(by), t.texts + one.pattern, one.pattern_length) +
		      sum * 0x9e3779b97f4a7c15u;
	}
	return sum;
}
