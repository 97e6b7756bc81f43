// SPDX-License-Identifier: GPL-2.0-only
/*
 * One policy becomes the next; see state.h for the law. The difference between the two, compiled, is a
 * list of spans of ports with their new answers: written to the slot that is not in force, then, once
 * that is, to the other.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "kernel/edit.h"
#include "kernel/image_map.h"
#include "kernel/scope_cgroups.h"
#include "kernel/scopes.h"
#include "kernel/sums.h"
#include "util/cleanup.h"

#define HEADER_BYTES offsetof(struct pg_slot, bits)

static void edit_free(struct edit *e)
{
	compiled_free(&e->from);
	compiled_free(&e->to);
	classes_close(&e->maps);
	free(e->numbers);
	free(e->taken);
	free(e->spans);
}

static int copy_slot(struct state *s, uint32_t from, uint32_t to)
{
	int r;

	wait_for_programs();
	memcpy(&s->control->slots[to], &s->control->slots[from], sizeof(struct pg_slot));
	r = state_copy_ports(s, from, to);
	r = r ? r : scopes_copy(s, from, to);
	s->meta->sums.slots[to] = s->meta->sums.slots[from];
	return r;
}

static void clear_slot(struct state *s, uint32_t slot)
{
	wait_for_programs();
	memset(&s->control->slots[slot], 0, sizeof(struct pg_slot));
	state_clear_ports(s, slot);
	s->meta->sums.slots[slot] = 0;
}

static void set_bit(__u64 *bits, uint32_t port, bool on)
{
	uint64_t bit = 1ULL << port % 64;

	/* One writer, under the lock; readers see whole words. */
	__atomic_store_n(&bits[port / 64], on ? bits[port / 64] | bit : bits[port / 64] & ~bit,
			 __ATOMIC_RELEASE);
}

/* A bit is set after its answer is there and cleared before it goes: every moment is the one or the other policy. */
static void write_span(struct state *s, uint32_t slot, const struct span *span)
{
	uint32_t *answers = s->ports + PG_PORT_INDEX(slot, span->table, span->proto, 0);
	__u64 *bits = s->control->slots[slot].bits[span->table][span->proto];

	for (uint32_t port = span->first; port <= span->last; port++) {
		if (!span->answer)
			set_bit(bits, port, false);
		__atomic_store_n(&answers[port], span->answer, __ATOMIC_RELEASE);
		if (span->answer)
			set_bit(bits, port, true);
	}
}

static void write_spans(struct edit *e, uint32_t slot)
{
	const struct checksum_tables t = slot_tables(e->state, slot);
	__u64 *sum = &e->state->meta->sums.slots[slot];

	for (size_t i = 0; i < e->span_count; i++) {
		const struct span *span = &e->spans[i];

		*sum -= checksum_ports(&t, span->table, span->proto, span->first, span->last);
		write_span(e->state, slot, span);
		*sum += checksum_ports(&t, span->table, span->proto, span->first, span->last);
	}
}

static bool same_answer(const struct edit *e, uint32_t from, uint32_t to)
{
	if (PG_ANSWER_KIND(from) != PG_ANSWER_ASK || PG_ANSWER_KIND(to) != PG_ANSWER_ASK)
		return from == to;
	return e->same_classes && compiled_same_answer(&e->from, from, &e->to, to);
}

static int add_span(struct edit *e, struct span span, uint32_t answer)
{
	if (e->span_count == e->span_room) {
		size_t room = e->span_room ? e->span_room * 2 : 64;
		struct span *grown = reallocarray(e->spans, room, sizeof(span));

		if (!grown)
			return -ENOMEM;
		e->spans = grown;
		e->span_room = room;
	}
	e->spans[e->span_count++] = span;
	return kernel_answer(e, answer, &e->spans[e->span_count - 1].answer);
}

static struct intervals whole(struct intervals list)
{
	static struct interval nothing = { 0, PG_PORTS - 1, 0 };

	return list.count ? list : (struct intervals){ &nothing, 1 };
}

static int find_spans(struct edit *e, uint8_t table, uint8_t proto)
{
	struct intervals from = whole(e->from.ports[table][proto]);
	struct intervals to = whole(e->to.ports[table][proto]);
	size_t i = 0, j = 0;
	int r = 0;

	for (uint32_t at = 0; !r && at < PG_PORTS;) {
		const struct interval *a = &from.list[i], *b = &to.list[j];
		uint16_t last = a->last < b->last ? a->last : b->last;

		if (!same_answer(e, a->answer, b->answer))
			r = add_span(e, (struct span){ table, proto, at, last, 0 }, b->answer);
		i += a->last == last;
		j += b->last == last;
		at = last + 1u;
	}
	return r;
}

/* Jiffies a second: the coarse clock's resolution is one of them. */
static uint32_t ticks_per_second(void)
{
	struct timespec resolution;

	(void)clock_getres(CLOCK_MONOTONIC_COARSE, &resolution);
	return (1000000000u + resolution.tv_nsec / 2) / resolution.tv_nsec;
}

static void fill_answers(struct pg_slot *slot, const struct policy *p)
{
	for (unsigned i = 0; i < PG_DIRECTION_COUNT; i++)
		slot->defaults[i] = policy_default(p, i);
	slot->panic = p->panic;
	slot->in_reject = p->in_reject && !p->panic;
	slot->forward = p->panic ? PG_DENY : p->forward;
	slot->raw = p->panic ? PG_DENY : p->default_raw;
	slot->out_restricted = p->panic || policy_out_restricted(p);
}

static int fill_header(struct edit *e)
{
	struct pg_slot *slot = &e->state->control->slots[e->slot];
	const struct policy *p = e->change->to;
	uint32_t hz = ticks_per_second();
	int r = 0;

	slot->generation = state_in_force(e->state)->generation + e->change->new_generation;
	slot->table = e->table;
	slot->mode = p->mode;
	fill_answers(slot, p);
	slot->asks_exe = e->to.exe_classes > 1;
	slot->scopes = scopes_count(e);
	slot->netns_scope = scopes_netns(e);
	slot->one_mode = !scopes_say_mode(e);
	slot->echo = p->echo;
	slot->echo_rate = p->echo_rate;
	slot->redirect = p->redirect;
	slot->loopback = p->loopback;
	slot->close_listeners = p->on_listen_close;
	slot->flow_ticks[PG_FLOW_UDP] = p->flow_udp_s * hz;
	slot->flow_ticks[PG_FLOW_MULTICAST] = 30 * hz;
	slot->flow_ticks[PG_FLOW_UDP_STREAM] = p->flow_udp_stream_s * hz;
	slot->flow_ticks[PG_FLOW_TCP_SYN] = 120 * hz; /* as conntrack's */
	slot->flow_ticks[PG_FLOW_TCP] = p->flow_tcp_s * hz;
	slot->flow_ticks[PG_FLOW_TCP_CLOSING] = 120 * hz;
	for (uint32_t i = 0; !r && i < 256; i++)
		if (!same_answer(e, e->from.protocols[i], e->to.protocols[i]))
			r = kernel_answer(e, e->to.protocols[i], &slot->protocols[i]);
	return r;
}

static int compile(const struct change *c, const struct policy *p, struct compiled *given,
		   struct compiled *ret, struct pg_error *err)
{
	if (!given)
		return p ? policy_compile_exes(p, c->exes, ret, err) : 0;
	*ret = TAKE(*given, (struct compiled){ 0 });
	return 0;
}

/*
 * Counted up before it is used: what a killed command left in a table is never found again. Its place in
 * pg_peers is not that of the table in force.
 */
static uint32_t new_table(struct state *s)
{
	__u32 *next = &s->meta->next_table;

	do
		++*next;
	while (*next % PG_SLOTS == state_in_force(s)->table % PG_SLOTS);
	return *next;
}

static int prepare(struct edit *e, struct pg_error *err)
{
	const struct change *c = e->change;
	int r = compile(c, c->to, c->to_compiled, &e->to, err);

	r = r ? r : compile(c, c->from, c->from_compiled, &e->from, err);
	if (r)
		return r;
	e->same_classes = e->change->from && compiled_same_classes(&e->from, &e->to) &&
			  groups_know_exes(e);
	e->table = e->same_classes ? state_in_force(e->state)->table : new_table(e->state);
	e->numbers = calloc(e->to.group_count + 1, sizeof(*e->numbers));
	return e->numbers ? 0 : -ENOMEM;
}

/*
 * What conditions ask. Both slots see it: a rule that both know differs in its end alone, which is one
 * word; the others belong to ids that no policy in force has.
 */
static int write_facts(struct edit *e)
{
	__u64 *sum = &e->state->meta->sums.rules;

	for (size_t i = 0; i < e->to.fact_count; i++) {
		const struct rule_facts *from = &e->to.facts[i];
		struct pg_rule *to = &e->state->rules[from->id];
		int r = state_make_part(e->state, STATE_RULES, from->id);

		if (!r && from->facts.per_second_x1000 && !from->facts.per_source)
			r = state_make_part(e->state, STATE_LIMITS, from->id);
		if (r)
			return r;
		if (!memcmp(to, &from->facts, sizeof(*to)))
			continue;
		*sum -= checksum_bytes(from->id * sizeof(*to), to, sizeof(*to));
		to->per_second_x1000 = from->facts.per_second_x1000;
		to->burst = from->facts.burst;
		to->per_source = from->facts.per_source;
		to->host = from->facts.host;
		__atomic_store_n(&to->until_ns, from->facts.until_ns, __ATOMIC_RELEASE);
		*sum += checksum_bytes(from->id * sizeof(*to), to, sizeof(*to));
	}
	return 0;
}

/* What a slot adds up to but for its ports; where its tables of scopes are may be news. */
static uint64_t rest_of_slot(const struct edit *e)
{
	const struct checksum_tables t = slot_tables(e->state, e->slot);

	return checksum_header(&t) + checksum_scopes(&t);
}

/* Where the spans lie: in both slots, since the other one follows. */
static int make_spans(const struct edit *e)
{
	int r = 0;

	for (size_t i = 0; !r && i < e->span_count; i++)
		for (uint32_t slot = 0; !r && slot < PG_SLOTS; slot++)
			r = state_make_ports(e->state, slot, e->spans[i].table, e->spans[i].proto);
	return r;
}

static int fill_slot(struct edit *e, struct pg_error *err)
{
	struct pg_sums *sums = &e->state->meta->sums;
	uint64_t image;
	int r = write_facts(e);

	for (unsigned table = 0; table < PG_PORT_TABLES; table++)
		for (unsigned proto = 0; !r && proto < PG_PROTO_COUNT; proto++)
			r = find_spans(e, table, proto);
	if (!r && !e->same_classes &&
	    (e->change->anew || e->to.remote.count || e->to.local.count ||
	     e->to.interface_count || e->to.user_count || e->to.exe_count))
		r = groups_open(e);
	r = r ? r : make_spans(e);
	if (r)
		return r;
	write_spans(e, e->slot);
	sums->slots[e->slot] -= rest_of_slot(e);
	r = scopes_write(e, err);
	r = r ? r : fill_header(e);
	sums->slots[e->slot] += rest_of_slot(e);
	r = r ? r : image_map_write(e->state->paths, e->slot, e->change->to);
	r = r ? r : image_sum(e->state->paths, e->slot, &image, NULL, NULL);
	if (!r)
		sums->images[e->slot] = image;
	return r;
}

void state_switch(struct state *s, uint32_t slot)
{
	s->meta->sums.slot = slot;
	__atomic_store_n(&s->control->slot, slot, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&s->control->changes, 1, __ATOMIC_SEQ_CST);
}

/*
 * The one word that puts a policy in force also says that it is on trial. Killed between these lines:
 * whoever finds that the sums name the other slot goes back to that.
 */
static void try_slot(struct state *s, uint32_t slot, uint64_t until_ns)
{
	__atomic_store_n(&s->control->try_until_ns, until_ns, __ATOMIC_SEQ_CST);
	__atomic_store_n(&s->control->slot, slot | PG_SLOT_TRIED, __ATOMIC_SEQ_CST);
	s->meta->sums.slot = slot | PG_SLOT_TRIED;
	__atomic_add_fetch(&s->control->changes, 1, __ATOMIC_SEQ_CST);
}

void state_end_trial(struct state *s, bool confirmed)
{
	uint32_t tried = s->control->slot & 1;

	s->meta->in_step = 0;
	s->meta->sums.serial++;
	state_switch(s, confirmed ? tried : !tried);
}

/* The other slot, so that the next change costs little; or nothing of what lay there. */
static void follow(struct edit *e, uint32_t before)
{
	struct state *s = e->state;

	image_map_shrink(s->paths, before);
	if (e->change->anew) {
		clear_slot(s, before);
	} else if (!e->scopes_written &&
		   !memcmp(&s->control->slots[0], &s->control->slots[1], HEADER_BYTES)) {
		write_spans(e, before);
		s->meta->in_step = 1;
	}
	groups_drop_unused(e);
	if (e->change->anew)
		sums_seal_classes(s);
}

/* The slot as a policy that is to be changed begins with: the one in force, or nothing. */
static int begin_slot(struct edit *e)
{
	struct state *s = e->state;
	int r = 0;

	if (e->change->anew) {
		clear_slot(s, e->slot);
	} else if (!s->meta->in_step) {
		r = copy_slot(s, !e->slot, e->slot);
		e->scopes_moved = s->control->slots[e->slot].scopes != 0;
	}
	s->meta->in_step = 0;
	return r;
}

/*
 * Containers by name are the agent's to write, and it writes no slot of other patterns than those in force:
 * such a slot lacks those that came meanwhile.
 */
static bool misses_names(const struct edit *e, uint64_t matching)
{
	const struct policy *to = e->change->to;
	bool containers = false;

	for (size_t i = 0; i < to->scope_count; i++)
		containers |= to->scopes[i].kind == SCOPE_CONTAINER;
	return containers && matching != scopes_matching(e->state, !e->slot);
}

/*
 * Numbers of scopes that pg_cgroups has for this slot are kept by the programs as long as the slot's
 * patterns stay what they are.
 */
static int write_cgroups(struct edit *e, uint64_t matching, struct pg_error *err)
{
	struct state *s = e->state;
	bool whole = !e->change->anew && !e->change->cgroups && !e->cut_short &&
		     !misses_names(e, matching);
	int r;

	if (scopes_matching(s, e->slot) == matching && (whole || !state_has_scopes(s)))
		return 0;
	r = scope_cgroups_write(e, err);
	if (r)
		s->control->slots[e->slot].scopes = 0; /* of what is here nothing is right */
	return r;
}

static int make_change(struct edit *e, struct pg_error *err)
{
	struct state *s = e->state;
	uint32_t before = !e->slot;
	uint64_t matching;
	int r = state_has_scopes(s) ? state_map_scopes(s) : 0;

	r = r ? r : prepare(e, err);
	if (!r && (e->change->anew || !s->meta->in_step)) /* all of a slot is written */
		r = state_map_tables(s);
	if (r)
		return r;
	matching = scopes_matching(s, e->slot);
	r = begin_slot(e);
	r = r ? r : fill_slot(e, err);
	r = r ? r : write_cgroups(e, matching, err);
	if (r && err && err->text[0])
		return r;
	if (r)
		return pg_fail(err, r, PG_EXIT_UNAVAILABLE,
			       "policy: the kernel's tables cannot hold it: %s", strerror(-r));
	if (e->change->try_until_ns) {
		try_slot(s, e->slot, e->change->try_until_ns);
		return 0;
	}
	state_switch(s, e->slot);
	follow(e, before);
	return 0;
}

int state_change(struct state *s, const struct change *change, struct pg_error *err)
{
	struct pg_sums *sums = &s->meta->sums;
	_cleanup_(edit_free) struct edit e = {
		.state = s,
		.change = change,
		.slot = !(s->control->slot & 1),
		.maps = CLASSES_INIT,
		.cut_short = sums->open,
	};
	int r;

	if (state_is_tried(s)) /* the other slot holds what may have to come back */
		return pg_fail(err, -EBUSY, PG_EXIT_BUSY, "a policy is on trial");
	sums->open = 1; /* until it is 0 again the sums may be behind */
	sums->serial++;
	r = make_change(&e, err);
	if (e.maps.ifaces >= 0)
		sums_seal_devices(s);
	sums->open = 0;
	return r;
}

int state_resolve_devices(struct state *s, const struct policy *p, const struct devices *devices)
{
	_cleanup_compiled_ struct compiled c = { 0 };
	_cleanup_classes_ struct classes maps = CLASSES_INIT;
	int r = policy_compile_interfaces(p, &c);

	if (r || !c.interface_count)
		return r;
	r = classes_open(s->paths, &maps);
	return r ? r : classes_write_devices(&maps, &c, state_in_force(s)->table, devices);
}
