// SPDX-License-Identifier: GPL-2.0-only
/*
 * The policy as a value: made, copied, compared, freed. Rules and policies have a total order, so that
 * equality does not depend on the order in which somebody wrote them. Sets: set.c.
 */
#include "policy/policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/list.h"
#include "policy/peer.h"
#include "policy/scope.h"
#include "policy/show.h"
#include "util/cleanup.h"

static const struct policy defaults = {
	.mode = PG_MODE_ENFORCE,
	.defaults = { [PG_BIND] = PG_DENY, [PG_IN] = PG_DENY, [PG_OUT] = PG_ALLOW },
	.default_raw = PG_DENY,
	.attach = ATTACH_AUTO,
	.essentials = ESSENTIAL_DHCP,
	.echo = PG_ALLOW,
	.redirect = PG_DENY,
	.forward = PG_DENY,
	.flows_max = 65536,
	.flow_udp_s = 30,
	.flow_udp_stream_s = 120,
	.flow_tcp_s = 5 * 24 * 3600,
	.events_max = 200,
	.events_number = 32473, /* of documentation, RFC 5612 */
};

int policy_init(struct policy *p)
{
	const struct failsafe_port ssh = { { 22, 22 }, RULE_TCP };

	*p = defaults;
	p->cgroup = strdup("/");
	if (!p->cgroup || list_append(&p->failsafe, &p->failsafe_count, &ssh, sizeof(ssh))) {
		policy_free(p);
		return -ENOMEM;
	}
	return 0;
}

void policy_free(struct policy *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->interface_count; i++)
		free(p->interfaces[i].pattern);
	for (size_t i = 0; i < p->protocol_count; i++)
		peer_free(&p->protocols[i].from);
	for (size_t i = 0; i < p->set_count; i++) {
		free(p->sets[i].name);
		free(p->sets[i].prefixes);
	}
	for (size_t i = 0; i < p->scope_count; i++)
		scope_free(&p->scopes[i]);
	for (size_t i = 0; i < p->output_count; i++)
		output_free(&p->outputs[i]);
	for (size_t i = 0; i < p->rule_count; i++)
		rule_free(&p->rules[i]);
	free(p->interfaces);
	free(p->scopes);
	free(p->outputs);
	free(p->cgroup);
	free(p->metrics);
	free(p->failsafe);
	free(p->protocols);
	free(p->sets);
	free(p->rules);
	memset(p, 0, sizeof(*p));
}

void rule_free(struct rule *r)
{
	free(r->ports);
	free(r->on);
	free(r->user);
	free(r->exe);
	free(r->scope);
	free(r->comment);
	peer_free(&r->remote);
	peer_free(&r->at);
	memset(r, 0, sizeof(*r));
}

static int copy_string(char **string)
{
	if (!*string)
		return 0;
	*string = strdup(*string);
	return *string ? 0 : -ENOMEM;
}

int rule_copy(const struct rule *from, struct rule *to)
{
	struct rule copy = *from;
	int r;

	/* From here on the copy owns what it points to, or points to nothing. */
	copy.remote = copy.at = (struct peer){ .kind = PEER_ANY };
	copy.ports = list_copy(from->ports, from->port_count, sizeof(*from->ports));
	r = copy_string(&copy.on);
	r = copy_string(&copy.user) ?: r;
	r = copy_string(&copy.exe) ?: r;
	r = copy_string(&copy.scope) ?: r;
	r = copy_string(&copy.comment) ?: r;
	r = peer_copy(&from->remote, &copy.remote) ?: r;
	r = peer_copy(&from->at, &copy.at) ?: r;
	if (r || (from->port_count && !copy.ports)) {
		rule_free(&copy);
		return -ENOMEM;
	}
	*to = copy;
	return 0;
}

int policy_add_rule(struct policy *p, struct rule *rule)
{
	int r = list_append(&p->rules, &p->rule_count, rule, sizeof(*rule));

	if (!r)
		memset(rule, 0, sizeof(*rule));
	return r;
}

void policy_remove_rule(struct policy *p, size_t index)
{
	rule_free(&p->rules[index]);
	p->rule_count--;
	memmove(p->rules + index, p->rules + index + 1,
		(p->rule_count - index) * sizeof(*p->rules));
}

static int copy_interfaces(const struct policy *from, struct policy *to)
{
	for (size_t i = 0; i < from->interface_count; i++) {
		struct interface_choice copy = from->interfaces[i];

		if (copy_string(&copy.pattern))
			return -ENOMEM;
		if (list_append(&to->interfaces, &to->interface_count, &copy, sizeof(copy))) {
			free(copy.pattern);
			return -ENOMEM;
		}
	}
	return 0;
}

static int copy_protocols(const struct policy *from, struct policy *to)
{
	for (size_t i = 0; i < from->protocol_count; i++) {
		struct protocol_rule copy = from->protocols[i];

		if (peer_copy(&from->protocols[i].from, &copy.from))
			return -ENOMEM;
		if (list_append(&to->protocols, &to->protocol_count, &copy, sizeof(copy))) {
			peer_free(&copy.from);
			return -ENOMEM;
		}
	}
	return 0;
}

static int copy_sets(const struct policy *from, struct policy *to)
{
	for (size_t i = 0; i < from->set_count; i++) {
		const struct set *set = &from->sets[i];
		struct set copy = { .count = set->count };

		copy.name = strdup(set->name);
		copy.prefixes = list_copy(set->prefixes, set->count, sizeof(*set->prefixes));
		if (!copy.name || (set->count && !copy.prefixes) ||
		    list_append(&to->sets, &to->set_count, &copy, sizeof(copy))) {
			free(copy.name);
			free(copy.prefixes);
			return -ENOMEM;
		}
	}
	return 0;
}

static int copy_scopes(const struct policy *from, struct policy *to)
{
	for (size_t i = 0; i < from->scope_count; i++) {
		struct scope copy;

		if (scope_copy(&from->scopes[i], &copy))
			return -ENOMEM;
		if (list_append(&to->scopes, &to->scope_count, &copy, sizeof(copy))) {
			scope_free(&copy);
			return -ENOMEM;
		}
	}
	return 0;
}

static int copy_outputs(const struct policy *from, struct policy *to)
{
	for (size_t i = 0; i < from->output_count; i++) {
		struct output copy;

		if (output_copy(&from->outputs[i], &copy))
			return -ENOMEM;
		if (list_append(&to->outputs, &to->output_count, &copy, sizeof(copy))) {
			output_free(&copy);
			return -ENOMEM;
		}
	}
	return 0;
}

static int copy_rules(const struct policy *from, struct policy *to)
{
	for (size_t i = 0; i < from->rule_count; i++) {
		struct rule copy;

		if (rule_copy(&from->rules[i], &copy))
			return -ENOMEM;
		if (policy_add_rule(to, &copy)) {
			rule_free(&copy);
			return -ENOMEM;
		}
	}
	return 0;
}

int policy_copy(const struct policy *from, struct policy *to)
{
	_cleanup_policy_ struct policy copy = *from;
	int r;

	copy.interfaces = NULL;
	copy.protocols = NULL;
	copy.sets = NULL;
	copy.scopes = NULL;
	copy.rules = NULL;
	copy.outputs = NULL;
	copy.interface_count = copy.protocol_count = copy.set_count = copy.rule_count = 0;
	copy.scope_count = copy.output_count = 0;
	copy.failsafe = list_copy(from->failsafe, from->failsafe_count, sizeof(*from->failsafe));
	r = copy_string(&copy.cgroup);
	r = copy_string(&copy.metrics) ?: r;
	if (r || (from->failsafe_count && !copy.failsafe))
		return -ENOMEM;
	r = copy_interfaces(from, &copy);
	r = r ?: copy_protocols(from, &copy);
	r = r ?: copy_sets(from, &copy);
	r = r ?: copy_scopes(from, &copy);
	r = r ?: copy_outputs(from, &copy);
	r = r ?: copy_rules(from, &copy);
	if (r)
		return r;
	*to = copy;
	memset(&copy, 0, sizeof(copy));
	return 0;
}

bool policy_out_restricted(const struct policy *p)
{
	bool restricted = p->defaults[PG_OUT] != PG_ALLOW;

	for (size_t i = 0; !restricted && i < p->rule_count; i++)
		restricted = !p->rules[i].scope && p->rules[i].verdict == PG_DENY &&
			     p->rules[i].directions & RULE_OUT;
	return restricted;
}

void policy_take_modes(struct policy *to, const struct policy *from)
{
	to->mode = from->mode;
	for (size_t i = 0; i < to->scope_count; i++) {
		const struct scope *s = policy_find_scope(from, to->scopes[i].name);

		if (!s)
			continue;
		to->scopes[i].mode = s->mode;
		to->scopes[i].mode_said = s->mode_said;
	}
}

/* A scope that answers out by an allow alone has the host's default, which then is restricted itself. */
bool policy_scopes_out_restricted(const struct policy *p)
{
	bool restricted = false;

	for (size_t i = 0; !restricted && i < p->scope_count; i++)
		restricted = p->scopes[i].defaults_said & RULE_OUT &&
			     p->scopes[i].defaults[PG_OUT] != PG_ALLOW;
	for (size_t i = 0; !restricted && i < p->rule_count; i++)
		restricted = p->rules[i].scope && p->rules[i].verdict == PG_DENY &&
			     p->rules[i].directions & RULE_OUT;
	return restricted;
}

const struct set *policy_find_set(const struct policy *p, const char *name)
{
	for (size_t i = 0; i < p->set_count; i++)
		if (!strcmp(p->sets[i].name, name))
			return &p->sets[i];
	return NULL;
}

static int compare_prefixes(const void *a, const void *b)
{
	return prefix_compare(a, b);
}

int policy_add_set(struct policy *p, struct set *set)
{
	size_t kept = 0;
	int r;

	if (set->count)
		qsort(set->prefixes, set->count, sizeof(*set->prefixes), compare_prefixes);
	for (size_t i = 0; i < set->count; i++)
		if (!kept || prefix_compare(&set->prefixes[kept - 1], &set->prefixes[i]))
			set->prefixes[kept++] = set->prefixes[i];
	set->count = kept;
	r = list_append(&p->sets, &p->set_count, set, sizeof(*set));
	if (!r)
		memset(set, 0, sizeof(*set));
	return r;
}

static int check_peer(const struct policy *p, const struct peer *peer, struct pg_error *err)
{
	_cleanup_free_ const char **names = NULL;
	const char *meant;

	if (peer->kind != PEER_SET || policy_find_set(p, peer->set))
		return 0;
	names = calloc(p->set_count + 1, sizeof(*names));
	if (!names)
		return -ENOMEM;
	for (size_t i = 0; i < p->set_count; i++)
		names[i] = p->sets[i].name;
	meant = nearest_word(peer->set, strlen(peer->set), names);
	return pg_fail(err, -EINVAL, PG_EXIT_POLICY, "unknown set '@%s'%s%s%s", peer->set,
		       meant ? ": did you mean '@" : ": sets: in the policy has none of that name",
		       meant ? meant : "", meant ? "'?" : "");
}

int policy_check_rule(const struct policy *p, const struct rule *rule, struct pg_error *err)
{
	const struct scope *scope;
	int r = rule->scope ? scope_want(p, rule->scope, &scope, err) : 0;

	return r ?: check_peer(p, &rule->remote, err) ?: check_peer(p, &rule->at, err);
}
