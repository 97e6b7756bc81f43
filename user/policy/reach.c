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

static void note_allow(struct reach *r, enum pg_reason reason, uint32_t rule)
{
	if (!r->allow)
		r->allowed = (struct pg_decision){ .verdict = PG_ALLOW, .reason = reason, .rule = rule };
	r->allow = true;
}

static void note(struct reach *r, uint32_t answer, const struct policy *p)
{
	uint32_t rule = PG_ANSWER_NUMBER(answer);

	if (PG_ANSWER_KIND(answer) == PG_ANSWER_ALLOW) {
		note_allow(r, rule ? PG_REASON_RULE : PG_REASON_FAILSAFE, rule);
	} else if (PG_ANSWER_KIND(answer) == PG_ANSWER_DENY) {
		r->deny = true;
	} else if (policy_default(p, PG_IN) == PG_ALLOW) {
		note_allow(r, PG_REASON_DEFAULT, 0);
	} else {
		if (PG_ANSWER_ESSENTIAL(answer))
			note_allow(r, PG_REASON_ESSENTIAL, 0);
		r->deny = true; /* all but what is essential */
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

static int reach_group(const struct group *g, const struct compiled *c, const struct policy *p,
		       const struct reach_socket *s, struct reach *ret)
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
		note(ret, compiled_settle(c, e->answer, s->now_ns), p);
		seen++;
	}
	if (seen < remote.count * local.count * devices)
		note(ret, compiled_settle(c, g->base, s->now_ns), p);
	return 0;
}

int reach_in(const struct compiled *c, const struct policy *p, const struct reach_socket *s,
	     struct reach *ret)
{
	uint32_t answer =
		compiled_settle(c, compiled_answer(c, PG_IN, s->proto, s->port), s->now_ns);

	*ret = (struct reach){ .allow = false };
	if (PG_ANSWER_KIND(answer) == PG_ANSWER_ASK)
		return reach_group(&c->groups[PG_ANSWER_NUMBER(answer) - 1], c, p, s, ret);
	note(ret, answer, p);
	return 0;
}
