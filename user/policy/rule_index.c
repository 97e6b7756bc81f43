// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hash of rules; see rule_index.h. What two equal rules have in common goes into it, but not all of
 * that: rules that differ in the rest alone are few.
 */
#include "policy/rule_index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint64_t add(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
	return hash ^ hash >> 32;
}

static uint64_t add_text(uint64_t hash, const char *text)
{
	for (; text && *text; text++)
		hash = (hash ^ (uint8_t)*text) * 0x100000001b3;
	return hash;
}

static uint64_t add_peer(uint64_t hash, const struct peer *p)
{
	uint64_t halves[2];

	if (p->kind != PEER_PREFIX)
		return add_text(hash, p->set);
	memcpy(halves, p->prefix.address, sizeof(halves));
	return add(add(add(hash, halves[0]), halves[1]), p->prefix.length);
}

static uint64_t hash_of(const struct rule *r)
{
	uint64_t hash = add(r->directions | r->protos << 8, (uint64_t)r->verdict);

	for (size_t i = 0; i < r->port_count; i++)
		hash = add(hash, (uint64_t)r->ports[i].first << 16 | r->ports[i].last);
	hash = add_peer(add_peer(hash, &r->remote), &r->at);
	hash = add_text(add_text(hash, r->on), r->exe);
	return add(add_text(hash, r->scope), r->for_s);
}

int rule_index_open(struct rule_index *x, size_t rules)
{
	size_t places = 16;

	while (places <= rules * 2)
		places *= 2;
	x->places = calloc(places, sizeof(*x->places));
	x->mask = places - 1;
	return x->places ? 0 : -ENOMEM;
}

void rule_index_close(struct rule_index *x)
{
	free(x->places);
	x->places = NULL;
}

static bool is_at(const struct rule_place *place, const struct rule *rule, uint64_t hash)
{
	return place->hash == hash && rule_equal(place->rule, rule);
}

/* Where it is, or would be. */
static struct rule_place *place_of(const struct rule_index *x, const struct rule *rule,
				   uint64_t hash)
{
	size_t at = hash & x->mask;

	while (x->places[at].rule && !is_at(&x->places[at], rule, hash))
		at = (at + 1) & x->mask;
	return &x->places[at];
}

const struct rule *rule_index_put(struct rule_index *x, const struct rule *rule)
{
	uint64_t hash = hash_of(rule);
	struct rule_place *place = place_of(x, rule, hash);

	if (place->rule)
		return place->rule;
	*place = (struct rule_place){ rule, hash };
	return NULL;
}

const struct rule *rule_index_find(const struct rule_index *x, const struct rule *rule)
{
	return place_of(x, rule, hash_of(rule))->rule;
}

int rule_index_of(const struct policy *p, struct rule_index *ret)
{
	int r = rule_index_open(ret, p->rule_count);

	for (size_t i = 0; !r && i < p->rule_count; i++)
		(void)rule_index_put(ret, &p->rules[i]);
	return r;
}
