// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reach: where a port's answer depends on addresses or the device, every case of its group that a packet
 * to the socket can be is looked at, and the group's base if some packet is none of the cases.
 */
#include "policy/reach.h"

#include <errno.h>
#include <stdlib.h>

#include "policy/classes.h"
#include "policy/peer.h"
#include "util/cleanup.h"

/* Classes of one dimension that a packet to the socket can have. */
struct possible {
	bool *classes; /* NULL: only `one` */
	uint32_t one;
	size_t count;
};

static void possible_free(struct possible *p)
{
	free(p->classes);
}

static void add(struct possible *p, uint32_t class)
{
	p->count += !p->classes[class];
	p->classes[class] = true;
}

/* Every class that an address of the socket's families can have; 0 unless the policy names all of them. */
static int possible_addresses(const struct class_table *table, const struct reach_socket *s,
			      struct possible *ret)
{
	bool rest_v4 = s->v4, rest_v6 = s->v6;

	ret->classes = calloc((size_t)table->classes + 1, sizeof(*ret->classes));
	if (!ret->classes)
		return -ENOMEM;
	for (size_t i = 0; i < table->count; i++) {
		const struct prefix *p = &table->list[i].prefix;
		bool v4 = prefix_is_v4(p);

		if (v4 ? s->v4 : s->v6)
			add(ret, table->list[i].class);
		rest_v4 = rest_v4 && !(v4 && p->length == 96);
		rest_v6 = rest_v6 && !(!v4 && p->length == 0);
	}
	if (rest_v4 || rest_v6)
		add(ret, 0);
	return 0;
}

static bool is_possible(const struct possible *p, uint32_t class)
{
	return p->classes ? p->classes[class] : p->one == class;
}

/* What the host, or one scope, says to those who may come. */
struct said {
	bool allows, denies, nothing; /* by rules, and what is built in; nothing: the default stands */
	struct pg_decision allowed; /* the first that allows */
};

static void note_allow(struct said *to, enum pg_reason reason, uint32_t rule)
{
	if (!to->allows)
		to->allowed =
			(struct pg_decision){ .verdict = PG_ALLOW, .reason = reason, .rule = rule };
	to->allows = true;
}

static void note(struct said *to, uint32_t answer)
{
	uint32_t rule = PG_ANSWER_NUMBER(answer);

	if (PG_ANSWER_KIND(answer) == PG_ANSWER_ALLOW) {
		note_allow(to, rule ? PG_REASON_RULE : PG_REASON_FAILSAFE, rule);
	} else if (PG_ANSWER_KIND(answer) == PG_ANSWER_DENY) {
		to->denies = true;
	} else {
		if (PG_ANSWER_ESSENTIAL(answer))
			note_allow(to, PG_REASON_ESSENTIAL, 0);
		to->nothing = true; /* to all but what is essential */
	}
}

static int possible_of(const struct group *g, const struct compiled *c,
		       const struct reach_socket *s, struct possible *remote,
		       struct possible *local)
{
	int r = 0;

	*remote = *local = (struct possible){ .count = 1 };
	if (g->dimensions & PG_DIM_REMOTE) {
		remote->count = 0;
		r = possible_addresses(&c->remote, s, remote);
	}
	if (r || !(g->dimensions & PG_DIM_LOCAL))
		return r;
	if (s->local) {
		local->one = class_of(&c->local, s->local);
		return 0;
	}
	local->count = 0;
	return possible_addresses(&c->local, s, local);
}

static int reach_group(const struct group *g, const struct compiled *c, const struct reach_socket *s,
		       struct said *ret)
{
	_cleanup_(possible_free) struct possible remote = { 0 }, local = { 0 };
	size_t devices = g->dimensions & PG_DIM_INTERFACE ? c->interface_count + 1 : 1, seen = 0;
	int r = possible_of(g, c, s, &remote, &local);

	if (r)
		return r;
	for (size_t i = 0; i < g->count; i++) {
		const struct case_entry *e = &g->cases[i];

		if (!is_possible(&remote, e->remote) || !is_possible(&local, e->local) ||
		    e->interface == PG_IFACE_UNKNOWN)
			continue;
		note(ret, compiled_settle(c, e->answer, s->now_ns));
		seen++;
	}
	if (seen < remote.count * local.count * devices)
		note(ret, compiled_settle(c, g->base, s->now_ns));
	return 0;
}

static int ask_answer(const struct compiled *c, uint32_t answer, const struct reach_socket *s,
		      struct said *ret)
{
	answer = compiled_settle(c, answer, s->now_ns);
	*ret = (struct said){ .allows = false };
	if (PG_ANSWER_KIND(answer) == PG_ANSWER_ASK)
		return reach_group(&c->groups[PG_ANSWER_NUMBER(answer) - 1], c, s, ret);
	note(ret, answer);
	return 0;
}

/* All that count; the nearest's default stands for those to whom none says anything. */
struct heard {
	struct said all;
	bool closed; /* one denies whoever comes */
	uint8_t unruled; /* PG_NONE: nobody was asked yet */
};

static void hear(struct heard *h, const struct said *one, uint8_t unruled)
{
	bool first = h->unruled == PG_NONE;

	if (first)
		h->unruled = unruled;
	if (!h->all.allows)
		h->all.allowed = one->allowed;
	h->all.allows |= one->allows;
	h->all.denies |= one->denies;
	h->all.nothing = one->nothing && (first || h->all.nothing);
	h->closed |= one->denies && !one->allows && !one->nothing;
}

static void conclude(const struct heard *h, struct reach *ret)
{
	bool open = h->all.nothing && h->unruled == PG_ALLOW;

	*ret = (struct reach){
		.allow = (h->all.allows || open) && !h->closed,
		.deny = h->all.denies || (h->all.nothing && h->unruled != PG_ALLOW),
		.allowed = h->all.allowed,
	};
	if (!h->all.allows && ret->allow)
		ret->allowed = (struct pg_decision){ .verdict = PG_ALLOW,
						     .reason = PG_REASON_DEFAULT };
}

int reach_in(const struct compiled *c, const struct policy *p, const struct reach_socket *s,
	     struct reach *ret)
{
	struct heard h = { .unruled = PG_NONE };
	struct said one;
	bool further = true;
	int r = 0;

	for (unsigned i = 0; !r && further && s->owner && i < PG_OWNERS; i++) {
		uint16_t number = s->owner[i];
		uint32_t answer;

		if (!number || number >= c->scope_count || !(c->scopes[number].answers & RULE_IN))
			continue;
		answer = compiled_scope_answer(c, number, PG_IN, s->proto, s->port);
		r = ask_answer(c, answer, s, &one);
		hear(&h, &one, c->scopes[number].defaults[PG_IN]);
		further = p->scopes[number - 1].inherit;
	}
	if (!r && further) {
		r = ask_answer(c, compiled_answer(c, PG_IN, s->proto, s->port), s, &one);
		hear(&h, &one, policy_default(p, PG_IN));
	}
	if (!r)
		conclude(&h, ret);
	return r;
}
