// SPDX-License-Identifier: GPL-2.0-only
/* Filters; see filter.h. What a line does not know - the port of a scan - fits no list. */
#include "events/filter.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define CLOCK_SET_BACK 2 /* seconds; events of one moment may come a little out of order */

static bool has_bit(unsigned bits, unsigned number)
{
	return !bits || bits & 1u << number;
}

static unsigned proto_bit(uint8_t proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return FILTER_TCP;
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		return FILTER_UDP;
	default:
		return 0;
	}
}

static bool has_port(const struct event_filter *f, const struct event *e)
{
	const struct event_endpoint *asked = event_asked(e);

	for (size_t i = 0; i < f->port_count && asked->known && asked->port_known; i++)
		if (asked->port >= f->ports[i].first && asked->port <= f->ports[i].last &&
		    f->ports[i].protos & proto_bit(e->proto))
			return true;
	return !f->port_count;
}

static bool has_scope(const struct event_filter *f, const struct event *e)
{
	for (size_t i = 0; i < f->scope_count && e->scope; i++)
		if (!strcmp(f->scopes[i], e->scope))
			return true;
	return !f->scope_count;
}

bool filter_passes(const struct event_filter *f, const struct event *e)
{
	if (!has_bit(f->kinds, e->kind))
		return false;
	if (e->kind != EVENT_VERDICT)
		return true;
	return has_bit(f->hooks, e->hook) && has_bit(f->verdicts, e->verdict) && has_port(f, e) &&
	       has_scope(f, e);
}

bool filter_rate_passes(struct filter_rate *r, uint32_t max, const struct event *e)
{
	uint64_t second = e->end_us / 1000000;

	if (!max || e->kind != EVENT_VERDICT)
		return true;
	if (second > r->second || second + CLOCK_SET_BACK < r->second) {
		r->second = second;
		r->lines = 0;
	}
	if (r->lines >= max)
		return false;
	r->lines++;
	return true;
}

void filter_free(struct event_filter *f)
{
	for (size_t i = 0; i < f->scope_count; i++)
		free(f->scopes[i]);
	free(f->scopes);
	free(f->ports);
	*f = (struct event_filter){ .kinds = 0 };
}

int filter_copy(const struct event_filter *from, struct event_filter *to)
{
	struct event_filter copy = *from;
	bool whole = true;

	copy.ports = calloc(from->port_count + 1, sizeof(*copy.ports));
	copy.scopes = calloc(from->scope_count + 1, sizeof(*copy.scopes));
	copy.scope_count = 0;
	if (copy.ports && from->port_count)
		memcpy(copy.ports, from->ports, from->port_count * sizeof(*copy.ports));
	for (size_t i = 0; copy.scopes && i < from->scope_count; i++) {
		copy.scopes[i] = strdup(from->scopes[i]);
		whole &= copy.scopes[i] != NULL;
		copy.scope_count++;
	}
	if (!copy.ports || !copy.scopes || !whole) {
		filter_free(&copy);
		return -ENOMEM;
	}
	*to = copy;
	return 0;
}
