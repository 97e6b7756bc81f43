// SPDX-License-Identifier: GPL-2.0-only
/*
 * Equality of rules and policies. A sentence is what it says: its comment, id, origin and counters are
 * not part of it. Lists whose order means nothing are sorted before they are compared.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/list.h"
#include "policy/peer.h"
#include "policy/rule_index.h"
#include "policy/scope.h"
#include "util/cleanup.h"

bool rule_covers(const struct rule *r, enum pg_direction direction)
{
	bool strict = r->verdict != PG_ALLOW || r->limit.per_second_x1000;

	if (!(r->directions & 1u << direction))
		return false;
	switch (strict ? direction : PG_OUT) {
	case PG_BIND:
		return r->remote.kind == PEER_ANY && !r->on;
	case PG_IN:
		return !r->user && !r->exe;
	default:
		return true;
	}
}

bool rule_names_port(const struct rule *r, uint16_t port)
{
	size_t low = 0, high = r->port_count;

	/* (port, port) sorts before every range that begins there. */
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (r->ports[middle].first < port)
			low = middle + 1;
		else
			high = middle;
	}
	return low < r->port_count && r->ports[low].first == port && r->ports[low].last == port;
}

static int compare_numbers(size_t a, size_t b)
{
	return a == b ? 0 : a < b ? -1 : 1;
}

static int compare_strings(const char *a, const char *b)
{
	if (!a || !b)
		return (a != NULL) - (b != NULL);
	return strcmp(a, b);
}

static int compare_ports(const struct rule *a, const struct rule *b)
{
	int order = compare_numbers(a->any, b->any);

	for (size_t i = 0; !order && i < a->port_count && i < b->port_count; i++) {
		order = compare_numbers(a->ports[i].first, b->ports[i].first);
		order = order ?: compare_numbers(a->ports[i].last, b->ports[i].last);
	}
	return order ?: compare_numbers(a->port_count, b->port_count);
}

static int compare_verbs(const struct rule *a, const struct rule *b)
{
	int order = compare_numbers(a->verdict, b->verdict);

	order = order ?: compare_numbers(a->reject, b->reject);
	order = order ?: compare_numbers(a->limit.per_second_x1000, b->limit.per_second_x1000);
	order = order ?: compare_numbers(a->limit.burst, b->limit.burst);
	return order ?: compare_numbers(a->per_source, b->per_source);
}

/* Two names of one number are one user. */
static int compare_callers(const struct rule *a, const struct rule *b)
{
	int order = compare_numbers(a->user != NULL, b->user != NULL);

	if (!order && a->user)
		order = compare_numbers(a->uid, b->uid);
	return order ?: compare_strings(a->exe, b->exe);
}

int rule_compare(const struct rule *a, const struct rule *b)
{
	int order = compare_verbs(a, b);

	order = order ?: compare_numbers(a->directions, b->directions);
	order = order ?: compare_ports(a, b);
	order = order ?: compare_numbers(a->protos, b->protos);
	order = order ?: peer_compare(&a->remote, &b->remote);
	order = order ?: peer_compare(&a->at, &b->at);
	order = order ?: compare_strings(a->on, b->on);
	order = order ?: compare_callers(a, b);
	order = order ?: compare_numbers(a->for_s, b->for_s);
	order = order ?: compare_numbers(a->log, b->log);
	return order ?: compare_strings(a->scope, b->scope);
}

bool rule_equal(const struct rule *a, const struct rule *b)
{
	return !rule_compare(a, b);
}

ptrdiff_t policy_find_rule(const struct policy *p, const struct rule *rule)
{
	for (size_t i = 0; i < p->rule_count; i++)
		if (rule_equal(&p->rules[i], rule))
			return (ptrdiff_t)i;
	return -1;
}

static int compare_failsafe(const void *a, const void *b)
{
	const struct failsafe_port *x = a, *y = b;
	int order = compare_numbers(x->range.first, y->range.first);

	order = order ?: compare_numbers(x->range.last, y->range.last);
	return order ?: compare_numbers(x->protos, y->protos);
}

static int compare_protocols(const void *a, const void *b)
{
	const struct protocol_rule *x = a, *y = b;

	return compare_numbers(x->protocol, y->protocol) ?: peer_compare(&x->from, &y->from);
}

static int compare_interfaces(const void *a, const void *b)
{
	const struct interface_choice *x = a, *y = b;

	return compare_strings(x->pattern, y->pattern) ?: compare_numbers(x->attach, y->attach);
}

static int compare_sets(const void *a, const void *b)
{
	const struct set *x = a, *y = b;
	int order = compare_strings(x->name, y->name);

	for (size_t i = 0; !order && i < x->count && i < y->count; i++)
		order = prefix_compare(&x->prefixes[i], &y->prefixes[i]);
	return order ?: compare_numbers(x->count, y->count);
}

static int compare_outputs(const void *a, const void *b)
{
	const struct output *x = a, *y = b;

	return strcmp(x->text, y->text);
}

static int compare_scopes(const void *a, const void *b)
{
	return scope_compare(a, b);
}

/* Whether two lists hold the same; without memory for it: no. */
static bool same_list(const void *a, size_t a_count, const void *b, size_t b_count, size_t size,
		      int (*compare)(const void *, const void *))
{
	_cleanup_free_ char *x = NULL, *y = NULL;

	if (a_count != b_count)
		return false;
	if (!a_count)
		return true;
	x = list_copy(a, a_count, size);
	y = list_copy(b, b_count, size);
	if (!x || !y)
		return false;
	qsort(x, a_count, size, compare);
	qsort(y, b_count, size, compare);
	for (size_t i = 0; i < a_count; i++)
		if (compare(x + i * size, y + i * size))
			return false;
	return true;
}

static bool same_scalars(const struct policy *a, const struct policy *b)
{
	return a->panic == b->panic && a->mode == b->mode &&
	       !memcmp(a->defaults, b->defaults, sizeof(a->defaults)) &&
	       a->in_reject == b->in_reject && a->default_raw == b->default_raw &&
	       a->interfaces_said == b->interfaces_said && a->outputs_said == b->outputs_said &&
	       !compare_strings(a->cgroup, b->cgroup) &&
	       !compare_strings(a->metrics, b->metrics) && a->attach == b->attach &&
	       a->essentials == b->essentials && a->echo == b->echo && a->redirect == b->redirect &&
	       !memcmp(&a->echo_rate, &b->echo_rate, sizeof(a->echo_rate)) &&
	       a->forward == b->forward && a->loopback == b->loopback &&
	       a->on_listen_close == b->on_listen_close && a->flows_max == b->flows_max &&
	       a->flow_udp_s == b->flow_udp_s && a->flow_udp_stream_s == b->flow_udp_stream_s &&
	       a->flow_tcp_s == b->flow_tcp_s && a->events_max == b->events_max &&
	       a->events_number == b->events_number;
}

/* No policy has a rule twice; without memory they are not the same. */
static bool same_rules(const struct policy *a, const struct policy *b)
{
	_cleanup_rule_index_ struct rule_index index = { .places = NULL };
	bool same = a->rule_count == b->rule_count && !rule_index_of(b, &index);

	for (size_t i = 0; same && i < a->rule_count; i++)
		same = rule_index_find(&index, &a->rules[i]) != NULL;
	return same;
}

#define SAME_LIST(field, field_count, compare) \
	same_list(a->field, a->field_count, b->field, b->field_count, sizeof(*a->field), compare)

bool policy_equal(const struct policy *a, const struct policy *b)
{
	return same_scalars(a, b) && SAME_LIST(failsafe, failsafe_count, compare_failsafe) &&
	       SAME_LIST(protocols, protocol_count, compare_protocols) &&
	       SAME_LIST(interfaces, interface_count, compare_interfaces) &&
	       SAME_LIST(sets, set_count, compare_sets) &&
	       SAME_LIST(outputs, output_count, compare_outputs) &&
	       SAME_LIST(scopes, scope_count, compare_scopes) &&
	       same_rules(a, b);
}
