// SPDX-License-Identifier: GPL-2.0-only
/*
 * The keys of a policy file that hold lists: interfaces, essentials, failsafe, protocols, sets. Lists
 * of several files add up; the first one that is said takes the place of a default.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/list.h"
#include "policy/peer.h"
#include "policy/ports.h"
#include "policy/reader.h"
#include "policy/show.h"
#include "policy/units.h"
#include "util/cleanup.h"

/* Takes @element over; what it owns is freed by @release if there is no memory. */
#define APPEND(r, list, count, element, release)                                   \
	do {                                                                       \
		if (list_append(&(list), &(count), &(element), sizeof(element))) { \
			release;                                                   \
			(r)->mistakes.no_memory = true;                            \
		}                                                                  \
	} while (0)

#define ELEMENTS_MAX 1024 /* each is compared with those before it */

/* Whether there is room for one more. */
static bool has_room(struct reader *r, const struct node *n, size_t count, const char *what)
{
	if (count < ELEMENTS_MAX)
		return true;
	MISTAKE(r, n, "more than %d %s", ELEMENTS_MAX, what);
	return false;
}

static void add_interface(struct reader *r, const struct node *n, enum attach_choice attach)
{
	struct policy *p = &r->policy;
	struct interface_choice choice = { .attach = attach };

	if (!want_scalar(r, n, "interface", "a name such as eth0"))
		return;
	if (!device_pattern_good(n->text, n->length)) {
		MISTAKE(r, n,
			"interface '%s': want a name of 1-15 letters without blank, '/' and ':', "
			"or a pattern such as veth*",
			SHOW(n->text, n->length));
		return;
	}
	if (!has_room(r, n, p->interface_count, "interfaces"))
		return;
	for (size_t i = 0; i < p->interface_count; i++)
		if (!strcmp(p->interfaces[i].pattern, n->text)) {
			MISTAKE(r, n, "interface '%s' is there already", n->text);
			return;
		}
	choice.pattern = strdup(n->text);
	if (!choice.pattern)
		r->mistakes.no_memory = true;
	else
		APPEND(r, p->interfaces, p->interface_count, choice, free(choice.pattern));
}

/* {name: veth*, attach: tc} */
static void read_interface_map(struct reader *r, const struct node *n)
{
	static const char *const attach_words[] = { "auto", "xdp", "tc", NULL };
	const struct node *name = NULL, *attach = NULL;
	int choice = -1;

	for (size_t i = 0; i + 1 < n->count; i += 2) {
		const struct node *key = &n->children[i], *value = &n->children[i + 1];
		const struct node **known = NULL;

		if (key->kind == NODE_SCALAR && key->text && !strcmp(key->text, "name"))
			known = &name;
		else if (key->kind == NODE_SCALAR && key->text && !strcmp(key->text, "attach"))
			known = &attach;
		if (!known)
			MISTAKE(r, key,
				"an interface has the keys name and attach: want {name: veth*, "
				"attach: tc}");
		else if (*known)
			MISTAKE(r, key, "duplicate key '%s' in interfaces", key->text);
		else
			*known = value;
	}
	if (attach)
		choice = want_choice(r, attach, "attach", attach_words);
	if (name)
		add_interface(r, name,
			      choice < 0 ? ATTACH_DEFAULT
					 : ATTACH_AUTO + (enum attach_choice)choice);
	else
		MISTAKE(r, n, "the interface lacks its name: want {name: veth*, attach: tc}");
}

void read_interfaces(struct reader *r, const struct key *key, const struct node *n)
{
	if (!want_list(r, n, key->name, "eth0, {name: veth*, attach: tc}"))
		return;
	r->policy.interfaces_said = true;
	for (size_t i = 0; i < n->count; i++) {
		if (n->children[i].kind == NODE_MAP)
			read_interface_map(r, &n->children[i]);
		else
			add_interface(r, &n->children[i], ATTACH_DEFAULT);
	}
}

void read_essentials(struct reader *r, const struct key *key, const struct node *n)
{
	static const char *const words[] = { "dhcp", "mdns", NULL };
	static const unsigned bits[] = { ESSENTIAL_DHCP, ESSENTIAL_MDNS };

	if (!want_list(r, n, key->name, "dhcp"))
		return;
	if (!TAKE(r->essentials_said, true))
		r->policy.essentials = 0;
	for (size_t i = 0; i < n->count; i++) {
		int choice = want_choice(r, &n->children[i], "essential", words);

		if (choice >= 0)
			r->policy.essentials |= bits[choice];
	}
}

static void add_failsafe(struct reader *r, struct failsafe_port port)
{
	struct policy *p = &r->policy;

	for (size_t i = 0; i < p->failsafe_count; i++)
		if (!memcmp(&p->failsafe[i].range, &port.range, sizeof(port.range)) &&
		    p->failsafe[i].protos == port.protos)
			return;
	APPEND(r, p->failsafe, p->failsafe_count, port, (void)0);
}

static void read_failsafe_port(struct reader *r, const struct node *n)
{
	_cleanup_port_choice_ struct port_choice c = { .any = false };
	struct pg_error err = PG_ERROR_INIT;
	size_t at = 0;
	int error;

	if (!want_scalar(r, n, "failsafe", "a port such as 22/tcp") ||
	    !has_room(r, n, r->policy.failsafe_count, "failsafe ports"))
		return;
	error = ports_parse(n->text, n->length, r->world, &c, &at, &err);
	if (error)
		note_error(r, node_place(&r->mistakes, n, at), error, &err);
	else if (c.any)
		MISTAKE(r, n, "failsafe 'any': want single ports or ranges, such as 22/tcp");
	for (unsigned protos = 1; !error && !c.any && protos <= (RULE_TCP | RULE_UDP); protos++)
		for (size_t i = 0; i < c.by_protos[protos].count; i++)
			add_failsafe(r,
				     (struct failsafe_port){ c.by_protos[protos].list[i], protos });
}

void read_failsafe(struct reader *r, const struct key *key, const struct node *n)
{
	if (!want_list(r, n, key->name, "22/tcp"))
		return;
	if (!TAKE(r->failsafe_said, true))
		r->policy.failsafe_count = 0;
	for (size_t i = 0; i < n->count; i++)
		read_failsafe_port(r, &n->children[i]);
}

static bool want_protocol(struct reader *r, const struct node *n, uint8_t *ret)
{
	struct pg_error err = PG_ERROR_INIT;
	int error;

	if (!want_scalar(r, n, "IP protocol", "a name such as vrrp, or a number"))
		return false;
	error = protocol_parse(n->text, n->length, ret, &err);
	if (error)
		note_error(r, n->place, error, &err);
	return !error;
}

/* {gre: {from: "@peers"}} */
static void read_protocol_map(struct reader *r, const struct node *n, struct protocol_rule *rule,
			      bool *good)
{
	const struct node *value = n->count == 2 ? &n->children[1] : NULL, *from;

	*good = false;
	if (!value || value->kind != NODE_MAP || value->count != 2) {
		MISTAKE(r, n, "protocols: want a name, or {NAME: {from: PEER}}");
		return;
	}
	from = &value->children[0];
	if (from->kind != NODE_SCALAR || !from->text || strcmp(from->text, "from")) {
		MISTAKE(r, from, "protocols: want {NAME: {from: PEER}}");
		return;
	}
	*good = want_protocol(r, &n->children[0], &rule->protocol);
	*good = want_peer(r, &value->children[1], "from", &rule->from) && *good;
}

void read_protocols(struct reader *r, const struct key *key, const struct node *n)
{
	struct policy *p = &r->policy;

	if (!want_list(r, n, key->name, "vrrp, {gre: {from: \"@peers\"}}"))
		return;
	for (size_t i = 0; i < n->count; i++) {
		struct protocol_rule rule = { .protocol = 0 };
		bool good;

		if (n->children[i].kind == NODE_MAP)
			read_protocol_map(r, &n->children[i], &rule, &good);
		else
			good = want_protocol(r, &n->children[i], &rule.protocol);
		good = good && has_room(r, &n->children[i], p->protocol_count, "protocols");
		if (good)
			APPEND(r, p->protocols, p->protocol_count, rule, peer_free(&rule.from));
		else
			peer_free(&rule.from);
	}
}
