// SPDX-License-Identifier: GPL-2.0-only
/*
 * PORTS[/PROTO]. A number means tcp and udp unless a protocol is said; the name of a service takes the
 * protocols that /etc/services lists, so one word can become several lists. Ranges are merged with
 * ranges; single ports stay as they are, since only they name a port.
 */
#include "policy/ports.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/list.h"
#include "policy/peer.h"
#include "policy/sentence.h"
#include "policy/show.h"
#include "util/cleanup.h"

#define MISTAKE -EINVAL, PG_EXIT_POLICY
#define SERVICE_PORTS 32
#define SERVICE_NAME 64

struct parse {
	const char *text;
	const struct policy_world *world;
	unsigned protos; /* said behind the '/', or 0 */
	struct port_choice choice;
	size_t at;
	struct pg_error *err;
};

void port_choice_free(struct port_choice *c)
{
	for (size_t i = 0; i < ARRAY_SIZE(c->by_protos); i++)
		free(c->by_protos[i].list);
	*c = (struct port_choice){ .any = false };
}

static int append(struct port_list *l, struct port_range range)
{
	return list_append(&l->list, &l->count, &range, sizeof(range));
}

static int compare_ranges(const void *a, const void *b)
{
	const struct port_range *x = a, *y = b;

	return x->first != y->first ? x->first - y->first : x->last - y->last;
}

static bool single(struct port_range r)
{
	return r.first == r.last;
}

/* Drops repeated ports and merges ranges that overlap or touch. */
static void normalise(struct port_list *l)
{
	struct port_range *range = NULL, *last = NULL;
	size_t kept = 0;

	if (l->count)
		qsort(l->list, l->count, sizeof(*l->list), compare_ranges);
	for (size_t i = 0; i < l->count; i++) {
		struct port_range r = l->list[i];

		if (last && !compare_ranges(last, &r))
			continue;
		if (!single(r) && range && r.first <= range->last + 1) {
			if (r.last > range->last)
				range->last = r.last;
			continue;
		}
		last = &l->list[kept++];
		*last = r;
		if (!single(r))
			range = last;
	}
	l->count = kept;
}

static bool contains(const struct port_list *l, struct port_range r)
{
	return l->count && bsearch(&r, l->list, l->count, sizeof(r), compare_ranges);
}

/* Takes out of @l what is in @other. */
static void subtract(struct port_list *l, const struct port_list *other)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->count; i++)
		if (!contains(other, l->list[i]))
			l->list[kept++] = l->list[i];
	l->count = kept;
}

/* What tcp and udp both have belongs to both. */
static int unite_protos(struct port_choice *c)
{
	struct port_list *tcp = &c->by_protos[RULE_TCP], *udp = &c->by_protos[RULE_UDP];
	struct port_list *both = &c->by_protos[RULE_TCP | RULE_UDP];

	normalise(tcp);
	normalise(udp);
	for (size_t i = 0; i < tcp->count; i++)
		if (contains(udp, tcp->list[i]) && append(both, tcp->list[i]))
			return -ENOMEM;
	normalise(both);
	subtract(tcp, both);
	subtract(udp, both);
	return 0;
}

/* A number of digits only. */
static int parse_number(struct parse *p, const char *text, size_t length, uint16_t *ret)
{
	unsigned number = 0;

	p->at = (size_t)(text - p->text);
	for (size_t i = 0; i < length && number <= 65535; i++)
		number = number * 10 + (unsigned)(text[i] - '0');
	if (length > 1 && text[0] == '0')
		return pg_fail(p->err, MISTAKE, "port '%s': want 1-65535 without leading zeros",
			       SHOW(text, length));
	if (number < 1 || number > 65535)
		return pg_fail(p->err, MISTAKE, "port '%s': want 1-65535", SHOW(text, length));
	*ret = (uint16_t)number;
	return 0;
}

static int parse_range(struct parse *p, const char *text, size_t length, size_t dash)
{
	struct port_range r;
	int error;

	if (!dash || dash + 1 == length || memchr(text + dash + 1, '-', length - dash - 1))
		return pg_fail(p->err, MISTAKE,
			       "port range '%s': want two numbers, such as 8000-8100",
			       SHOW(text, length));
	error = parse_number(p, text, dash, &r.first);
	if (!error)
		error = parse_number(p, text + dash + 1, length - dash - 1, &r.last);
	if (error)
		return error;
	if (r.first > r.last) {
		p->at = (size_t)(text - p->text);
		return pg_fail(p->err, MISTAKE, "port range '%s' is empty: want %u-%u",
			       SHOW(text, length), r.last, r.first);
	}
	return append(&p->choice.by_protos[p->protos ? p->protos : RULE_TCP | RULE_UDP], r);
}

/* Words of other programs, and of other places of a sentence. */
static const char *foreign_port(const char *text, size_t length)
{
	static const struct {
		const char *word, *answer;
	} words[] = {
		{ "*", "say 'any'" },
		{ "all", "say 'any'" },
		{ "tcp", "want the port in front, such as 80/tcp, or any/tcp" },
		{ "udp", "want the port in front, such as 53/udp, or any/udp" },
		{ "icmp", "it has no ports: see icmp: in the policy" },
		{ "icmpv6", "it has no ports: see icmp: in the policy" },
		{ "port", "leave the word out: the number is enough" },
		{ "ports", "leave the word out: the numbers are enough" },
		{ "proto", "leave the word out: the protocol follows the port, 80/tcp" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strlen(words[i].word) == length && !strncasecmp(text, words[i].word, length))
			return words[i].answer;
	if (length == 3 && !strncasecmp(text, "any", 3))
		return "did you mean 'any'?";
	if (!prefix_parse(text, length, &(struct prefix){ .length = 0 }, NULL))
		return "an address follows from, to or at, as in any from 192.0.2.7";
	return text[0] == '@' ? "a set has addresses, not ports: it follows from, to or at" : NULL;
}

static int unknown_service(struct parse *p, const char *text, size_t length)
{
	const char *why = "neither a port 1-65535 nor the name of a service";
	const char *answer = foreign_port(text, length);
	size_t digits = strspn(text, "0123456789");

	if (answer)
		why = answer;
	else if (memchr("+-", text[0], 2))
		why = "a port has no sign: want 1-65535";
	else if (digits && digits < length && (text[digits] == ':' || text[digits] == '.'))
		why = "a range is written with '-', such as 8000-8100";
	else if (length > 1 && !memcmp(text, "0x", 2))
		why = "a port is plain decimal: want 1-65535";
	else if (memchr(text, ';', length))
		why = "lists are written 80,443";
	else if (memchr(text, '-', length))
		why = "neither the name of a service nor a range of two numbers, such as 8000-8100";
	return pg_fail(p->err, MISTAKE, "port '%s': %s", SHOW(text, length), why);
}

static int add_service(struct parse *p, const char *name, const struct failsafe_port *ports,
		       size_t count)
{
	bool added = false;

	for (size_t i = 0; i < count; i++) {
		unsigned protos = p->protos ? ports[i].protos & p->protos : ports[i].protos;

		if (!protos)
			continue;
		if (append(&p->choice.by_protos[protos & 3], ports[i].range))
			return -ENOMEM;
		added = true;
	}
	if (added)
		return 0;
	return pg_fail(p->err, MISTAKE,
		       "service '%s' has no %s port in /etc/services: want its number", name,
		       p->protos == RULE_TCP ? "tcp" : "udp");
}

static int parse_service(struct parse *p, const char *text, size_t length)
{
	struct failsafe_port ports[SERVICE_PORTS];
	char name[SERVICE_NAME];
	size_t count;

	if (!p->world || !p->world->service)
		return pg_fail(p->err, MISTAKE,
			       "port '%s': want numbers 1-65535; no names are looked up here",
			       SHOW(text, length));
	if (length >= sizeof(name) || memchr("+-", text[0], 2))
		return unknown_service(p, text, length);
	memcpy(name, text, length);
	name[length] = '\0';
	count = p->world->service(p->world->data, name, ports, SERVICE_PORTS);
	return count ? add_service(p, name, ports, count) : unknown_service(p, text, length);
}

static int parse_element(struct parse *p, const char *text, size_t length)
{
	size_t digits = strspn(text, "0123456789"), numeric = strspn(text, "0123456789-");
	struct port_range r = { 0, 0 };
	int error;

	p->at = (size_t)(text - p->text);
	if (!length)
		return pg_fail(p->err, MISTAKE,
			       "a port is missing beside a comma: lists are written 80,443");
	if (length == 3 && !memcmp(text, "any", 3))
		return pg_fail(p->err, MISTAKE, "'any' stands alone, not in a list of ports");
	if (digits >= length) {
		error = parse_number(p, text, length, &r.first);
		r.last = r.first;
		return error ? error
			     : append(&p->choice.by_protos[p->protos ? p->protos
								     : RULE_TCP | RULE_UDP],
				      r);
	}
	if (digits && numeric >= length)
		return parse_range(p, text, length,
				   (size_t)((char *)memchr(text, '-', length) - text));
	return parse_service(p, text, length);
}

static int parse_elements(struct parse *p, const char *text, size_t length)
{
	if (length == 3 && !memcmp(text, "any", 3)) {
		p->choice.any = true;
		return append(&p->choice.by_protos[p->protos ? p->protos : RULE_TCP | RULE_UDP],
			      (struct port_range){ 0, 65535 });
	}
	for (;;) {
		const char *comma = memchr(text, ',', length);
		size_t part = comma ? (size_t)(comma - text) : length;
		int r = parse_element(p, text, part);

		if (r || !comma)
			return r;
		text += part + 1;
		length -= part + 1;
	}
}

static int parse_proto(struct parse *p, const char *text, size_t length)
{
	const char *why = "want tcp or udp";

	p->at = (size_t)(text - p->text);
	if (length == 3 && !memcmp(text, "tcp", 3))
		return p->protos = RULE_TCP, 0;
	if (length == 3 && !memcmp(text, "udp", 3))
		return p->protos = RULE_UDP, 0;
	if (memchr(text, ',', length) || memchr(text, '/', length))
		why = "want one protocol, for the whole list: write a rule for each, or leave it "
		      "out for both";
	else if ((length == 7 && !strncasecmp(text, "udplite", 7)) ||
		 (length == 8 && !strncasecmp(text, "udp-lite", 8)))
		why = "UDP-Lite goes with udp";
	else if ((length == 3 && (!strncasecmp(text, "any", 3) || !strncasecmp(text, "all", 3))) ||
		 (length == 4 && !strncasecmp(text, "both", 4)))
		why = "leave it out for both tcp and udp";
	else if (length == 1 && memchr("sm", text[0], 2))
		why = "want tcp or udp (if this is a rate, limit stands in front of it)";
	else if (length && text[0] >= '0' && text[0] <= '9')
		why = "want PORT/PROTO, such as 80/tcp";
	else if (length && strncasecmp(text, "tcp", length) && strncasecmp(text, "udp", length))
		why = "want tcp or udp (other protocols have no ports here: see protocols: in the "
		      "policy)";
	return pg_fail(p->err, MISTAKE, "protocol '%s': %s", SHOW(text, length), why);
}

static int parse(struct parse *p, size_t length)
{
	const char *slash = memchr(p->text, '/', length);
	size_t ports = slash ? (size_t)(slash - p->text) : length;
	int r = 0;

	if (!ports)
		return pg_fail(p->err, MISTAKE,
			       "'%s' lacks the port: want PORT/PROTO, such as 80/tcp",
			       SHOW(p->text, length));
	if (ports == 3 && slash && (!memcmp(p->text, "tcp", 3) || !memcmp(p->text, "udp", 3)))
		return pg_fail(p->err, MISTAKE, "'%s': the port comes first, such as 80/tcp",
			       SHOW(p->text, length));
	if (slash)
		r = parse_proto(p, slash + 1, length - ports - 1);
	if (!r)
		r = parse_elements(p, p->text, ports);
	return r ? r : unite_protos(&p->choice);
}

int ports_parse(const char *text, size_t length, const struct policy_world *world,
		struct port_choice *ret, size_t *ret_at, struct pg_error *err)
{
	struct parse p = { .text = text, .world = world, .err = err };
	int r = parse(&p, length);

	if (r) {
		*ret_at = p.at;
		port_choice_free(&p.choice);
		return r;
	}
	*ret = p.choice;
	return 0;
}

void ports_write(struct json *out, const struct port_range *ports, size_t count, bool any,
		 unsigned protos)
{
	if (any)
		json_append_text(out, "any");
	for (size_t i = 0; !any && i < count; i++) {
		if (i)
			json_append(out, ",", 1);
		json_append_u64(out, ports[i].first);
		if (single(ports[i]))
			continue;
		json_append(out, "-", 1);
		json_append_u64(out, ports[i].last);
	}
	if (protos == RULE_TCP || protos == RULE_UDP)
		json_append_text(out, protos == RULE_TCP ? "/tcp" : "/udp");
}

char *ports_print(const struct port_range *ports, size_t count, bool any, unsigned protos)
{
	_cleanup_json_ struct json out = JSON_INIT;

	ports_write(&out, ports, count, any, protos);
	return json_take(&out);
}
