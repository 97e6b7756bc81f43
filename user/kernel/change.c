// SPDX-License-Identifier: GPL-2.0-only
/*
 * One policy becomes the next; see state.h for the law. The difference between the two, compiled, is a
 * list of spans of ports with their new answers: written to the slot that is not in force, then, once
 * that is, to the other.
 */
#include <errno.h>
#include <linux/membarrier.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "kernel/classes.h"
#include "kernel/image_map.h"
#include "kernel/state.h"
#include "kernel/sums.h"
#include "util/cleanup.h"

#define HEADER_BYTES offsetof(struct pg_slot, bits)

struct span {
	uint8_t direction, proto;
	uint16_t first, last;
	uint32_t answer;
};

struct edit {
	struct state *state;
	const struct change *change;
	struct compiled from, to;
	bool same_classes;
	uint32_t slot; /* the one that is written */
	uint32_t table; /* of the classes of `to` */
	struct classes maps;
	uint32_t *numbers; /* of to's groups in the kernel, 0: none yet */
	uint8_t *taken; /* a byte for each group number of the kernel */
	struct span *spans;
	size_t span_count, span_room;
};

static void edit_free(struct edit *e)
{
	compiled_free(&e->from);
	compiled_free(&e->to);
	classes_close(&e->maps);
	free(e->numbers);
	free(e->taken);
	free(e->spans);
}

static const struct pg_slot *in_force(const struct state *s)
{
	return &s->control->slots[s->control->slot & 1];
}

/* Until every program that may still look at the former slot has ended (an RCU grace period). */
static void wait_for_programs(void)
{
	(void)syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

static uint32_t *slot_answers(struct state *s, uint32_t slot)
{
	return s->ports + PG_PORT_INDEX(slot, 0, 0, 0);
}

static void copy_slot(struct state *s, uint32_t from, uint32_t to)
{
	wait_for_programs();
	memcpy(&s->control->slots[to], &s->control->slots[from], sizeof(struct pg_slot));
	memcpy(slot_answers(s, to), slot_answers(s, from),
	       sizeof(uint32_t) * PG_PORT_INDEX(1, 0, 0, 0));
	s->meta->sums.slots[to] = s->meta->sums.slots[from];
}

static void clear_slot(struct state *s, uint32_t slot)
{
	wait_for_programs();
	memset(&s->control->slots[slot], 0, sizeof(struct pg_slot));
	memset(slot_answers(s, slot), 0, sizeof(uint32_t) * PG_PORT_INDEX(1, 0, 0, 0));
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
	uint32_t *answers = s->ports + PG_PORT_INDEX(slot, span->direction, span->proto, 0);
	__u64 *bits = s->control->slots[slot].bits[span->direction][span->proto];

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

		*sum -= checksum_ports(&t, span->direction, span->proto, span->first, span->last);
		write_span(e->state, slot, span);
		*sum += checksum_ports(&t, span->direction, span->proto, span->first, span->last);
	}
}

static void note_taken(struct edit *e, uint32_t answer)
{
	if (PG_ANSWER_KIND(answer) == PG_ANSWER_ASK)
		e->taken[PG_ANSWER_NUMBER(answer) % PG_MAX_GROUPS] = 1;
}

/* Which groups either slot speaks of. */
static int find_taken(struct edit *e)
{
	free(e->taken);
	e->taken = calloc(PG_MAX_GROUPS, 1);
	if (!e->taken)
		return -ENOMEM;
	for (uint32_t i = 0; i < PG_PORT_INDEX(PG_SLOTS, 0, 0, 0); i++)
		note_taken(e, e->state->ports[i]);
	for (uint32_t slot = 0; slot < PG_SLOTS; slot++)
		for (uint32_t i = 0; i < 256; i++)
			note_taken(e, e->state->control->slots[slot].protocols[i]);
	return 0;
}

static int new_group_number(struct edit *e, uint32_t *ret)
{
	struct pg_meta *meta = e->state->meta;
	int r = e->taken ? 0 : find_taken(e);

	for (uint32_t tries = 0; !r && tries < PG_MAX_GROUPS; tries++) {
		uint32_t number = ++meta->next_group % PG_MAX_GROUPS;

		if (!number || e->taken[number])
			continue;
		e->taken[number] = 1;
		*ret = number;
		return 0;
	}
	return r ? r : -E2BIG;
}

static int open_classes(struct edit *e)
{
	_cleanup_devices_ struct devices devices = { 0 };
	int r;

	if (e->maps.peers >= 0)
		return 0;
	e->maps.sums = &e->state->meta->sums;
	r = classes_open(e->state->paths, &e->maps);
	if (r || e->same_classes)
		return r;
	r = classes_write(&e->maps, &e->to, e->table);
	if (!r && e->to.interface_count)
		r = e->change->devices(&devices);
	return r ? r : classes_write_devices(&e->maps, &e->to, e->table, &devices);
}

static int make_group(struct edit *e, uint32_t index)
{
	const struct group *from = &e->to.groups[index];
	struct pg_group group = { .base = from->base, .table = e->table, .dimensions = from->dimensions };
	uint32_t number;
	int r = open_classes(e);

	r = r ? r : new_group_number(e, &number);
	if (r)
		return r;
	e->state->groups[number] = group;
	r = cases_write(&e->maps, number, from);
	if (!r)
		e->numbers[index] = number;
	return r;
}

/* The answer as the kernel has it: a group by its number there. */
static int kernel_answer(struct edit *e, uint32_t answer, uint32_t *ret)
{
	uint32_t index = PG_ANSWER_NUMBER(answer) - 1;
	int r = 0;

	*ret = answer;
	if (PG_ANSWER_KIND(answer) != PG_ANSWER_ASK)
		return 0;
	if (!e->numbers[index])
		r = make_group(e, index);
	*ret = PG_ANSWER(PG_ANSWER_ASK, PG_ANSWER_ESSENTIAL(answer), e->numbers[index]);
	return r;
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

static int find_spans(struct edit *e, uint8_t direction, uint8_t proto)
{
	static struct interval nothing = { 0, PG_PORTS - 1, 0 };
	struct intervals from = e->from.ports[direction][proto], to = e->to.ports[direction][proto];
	size_t i = 0, j = 0;
	int r = 0;

	if (!from.count)
		from = (struct intervals){ &nothing, 1 };
	for (uint32_t at = 0; !r && at < PG_PORTS;) {
		const struct interval *a = &from.list[i], *b = &to.list[j];
		uint16_t last = a->last < b->last ? a->last : b->last;

		if (!same_answer(e, a->answer, b->answer))
			r = add_span(e, (struct span){ direction, proto, at, last, 0 }, b->answer);
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

static int fill_header(struct edit *e)
{
	struct pg_slot *slot = &e->state->control->slots[e->slot];
	const struct policy *p = e->change->to;
	uint32_t hz = ticks_per_second();
	int r = 0;

	slot->generation = in_force(e->state)->generation + e->change->new_generation;
	slot->table = e->table;
	slot->mode = p->mode;
	memcpy(slot->defaults, p->defaults, sizeof(slot->defaults));
	slot->echo = p->echo;
	slot->echo_rate = p->echo_rate;
	slot->redirect = p->redirect;
	slot->forward = p->forward;
	slot->loopback = p->loopback;
	slot->close_listeners = p->on_listen_close;
	slot->raw = p->default_raw;
	slot->out_restricted = policy_out_restricted(p);
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

static bool group_unused(void *data, uint32_t group)
{
	return !((struct edit *)data)->taken[group % PG_MAX_GROUPS];
}

static bool table_unused(void *data, uint32_t table)
{
	struct edit *e = data;

	for (uint32_t i = 1; i < PG_MAX_GROUPS; i++)
		if (e->taken[i] && e->state->groups[i].table == table)
			return false;
	return table != e->table;
}

/* Groups that neither slot speaks of any more. Failing to take them away costs memory only. */
static void drop_unused(struct edit *e)
{
	if (e->maps.peers < 0 || find_taken(e))
		return;
	wait_for_programs();
	cases_drop(&e->maps, group_unused, e);
	if (!e->same_classes)
		classes_drop(&e->maps, table_unused, e);
}

static int prepare(struct edit *e, struct pg_error *err)
{
	struct pg_meta *meta = e->state->meta;
	int r = policy_compile(e->change->to, &e->to, err);

	if (!r && e->change->from)
		r = policy_compile(e->change->from, &e->from, err);
	if (r)
		return r;
	e->same_classes = e->change->from && compiled_same_classes(&e->from, &e->to);
	/* Counted up before it is used: what a killed command left in a table is never found again. */
	e->table = e->same_classes ? in_force(e->state)->table : ++meta->next_table;
	e->numbers = calloc(e->to.group_count + 1, sizeof(*e->numbers));
	return e->numbers ? 0 : -ENOMEM;
}

static int fill_slot(struct edit *e)
{
	const struct checksum_tables t = slot_tables(e->state, e->slot);
	struct pg_sums *sums = &e->state->meta->sums;
	uint64_t image;
	int r = 0;

	for (unsigned direction = 0; direction < PG_PORT_DIRECTIONS; direction++)
		for (unsigned proto = 0; !r && proto < PG_PROTO_COUNT; proto++)
			r = find_spans(e, direction, proto);
	if (!r && !e->same_classes &&
	    (e->change->anew || e->to.remote.count || e->to.local.count ||
	     e->to.interface_count))
		r = open_classes(e);
	if (r)
		return r;
	write_spans(e, e->slot);
	sums->slots[e->slot] -= checksum_header(&t);
	r = fill_header(e);
	sums->slots[e->slot] += checksum_header(&t);
	r = r ? r : image_map_write(e->state->paths, e->slot, e->change->to);
	r = r ? r : image_sum(e->state->paths, e->slot, &image, NULL, NULL);
	if (!r)
		sums->images[e->slot] = image;
	return r;
}

/* The other slot, so that the next change costs little; or nothing of what lay there. */
static void follow(struct edit *e, uint32_t before)
{
	struct state *s = e->state;

	if (e->change->anew) {
		clear_slot(s, before);
	} else if (!memcmp(&s->control->slots[0], &s->control->slots[1], HEADER_BYTES)) {
		write_spans(e, before);
		s->meta->in_step = 1;
	}
	drop_unused(e);
	if (e->change->anew)
		sums_seal_classes(s);
}

static int make_change(struct edit *e, struct pg_error *err)
{
	struct state *s = e->state;
	uint32_t before = !e->slot;
	int r = prepare(e, err);

	if (r)
		return r;
	if (e->change->anew)
		clear_slot(s, e->slot);
	else if (!s->meta->in_step)
		copy_slot(s, before, e->slot);
	s->meta->in_step = 0;
	r = fill_slot(e);
	if (r)
		return pg_fail(err, r, PG_EXIT_UNAVAILABLE,
			       "policy: the kernel's tables cannot hold it: %s", strerror(-r));
	s->meta->sums.slot = e->slot;
	__atomic_store_n(&s->control->slot, e->slot, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&s->control->changes, 1, __ATOMIC_SEQ_CST);
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
	};
	int r;

	sums->open = 1; /* until it is 0 again the sums may be behind */
	sums->serial++;
	r = make_change(&e, err);
	if (e.maps.ifaces >= 0)
		sums_seal_devices(s);
	sums->open = 0;
	return r;
}

int state_resolve_devices(struct state *s, const struct policy *p, const struct devices *devices,
			  struct pg_error *err)
{
	_cleanup_compiled_ struct compiled c = { 0 };
	_cleanup_classes_ struct classes maps = CLASSES_INIT;
	int r = policy_compile(p, &c, err);

	if (r || !c.interface_count)
		return r;
	r = classes_open(s->paths, &maps);
	return r ? r : classes_write_devices(&maps, &c, in_force(s)->table, devices);
}
