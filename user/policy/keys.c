// SPDX-License-Identifier: GPL-2.0-only
/*
 * The keys of a policy file that hold one value, and the table of all of them. A new key is a reader
 * and a line here (or in lists.c, if it is a list).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/endpoint.h"
#include "policy/paths.h"
#include "policy/reader.h"
#include "policy/show.h"
#include "policy/units.h"
#include "util/cleanup.h"

#define DURATION_MAX (24 * 86400) /* half of what 32 bits of jiffies count */

#define EVENTS_MAX 1000000u

uint8_t want_verdict(struct reader *r, const struct node *n, const char *what, bool *ret_reject)
{
	static const char *const words[] = { "allow", "deny", NULL };
	static const char *const more[] = { "allow", "deny", "reject", NULL };
	int choice = want_choice(r, n, what, ret_reject ? more : words);

	if (choice >= 0 && ret_reject)
		*ret_reject = choice == 2;
	return choice < 0 ? PG_NONE : choice ? PG_DENY : PG_ALLOW;
}

#define FIELD(name) offsetof(struct policy, name)

static void *field(struct reader *r, const struct key *key)
{
	return (char *)&r->policy + key->field;
}

static bool is_word(const struct node *n, const char *word)
{
	return n->kind == NODE_SCALAR && n->text && !strcmp(n->text, word);
}

static void read_verdict(struct reader *r, const struct key *key, const struct node *n)
{
	uint8_t verdict;

	if (is_word(n, "reject")) {
		MISTAKE(r, n,
			"%s 'reject': want allow or deny: there is an answer only to what comes in",
			key->name);
		return;
	}
	verdict = want_verdict(r, n, key->name, NULL);
	if (verdict != PG_NONE)
		*(uint8_t *)field(r, key) = verdict;
}

static void read_number(struct reader *r, const struct node *n, const char *what, uint32_t least,
			uint32_t most, uint32_t *ret)
{
	struct pg_error err = PG_ERROR_INIT;
	int error;

	if (!want_scalar(r, n, what, "a number"))
		return;
	error = number_parse(n->text, n->length, least, most, ret, &err);
	if (error)
		mistakes_add(&r->mistakes, n->place, "%s %s", what, err.text);
}

static void read_duration(struct reader *r, const struct key *key, const struct node *n)
{
	struct pg_error err = PG_ERROR_INIT;
	int error;

	if (!want_scalar(r, n, key->name, "a duration such as 30s"))
		return;
	error = duration_parse(n->text, n->length, DURATION_MAX, field(r, key), &err);
	if (error)
		mistakes_add(&r->mistakes, n->place, "%s %s", key->name, err.text);
}

static void read_version(struct reader *r, const struct key *key, const struct node *n)
{
	if (!want_scalar(r, n, key->name, "1"))
		return;
	if (strcmp(n->text, "1"))
		MISTAKE(r, n, "version '%s': this portguard reads version 1",
			SHOW(n->text, n->length));
}

int want_mode(struct reader *r, const struct node *n, const char *what)
{
	static const char *const words[] = { "enforce", "audit", "off", NULL };

	return want_choice(r, n, what, words);
}

static void read_mode(struct reader *r, const struct key *key, const struct node *n)
{
	int choice = want_mode(r, n, key->name);

	if (choice >= 0)
		r->policy.mode = (enum pg_mode)choice;
}

static void read_cgroup(struct reader *r, const struct key *key, const struct node *n)
{
	const char *why;
	char *path;

	if (!want_scalar(r, n, key->name,
			 "a path below the cgroup2 mount, such as / or /system.slice"))
		return;
	why = path_mistake(n->text, n->length);
	if (why) {
		MISTAKE(r, n, "cgroup '%s': %s", SHOW(n->text, n->length), why);
		return;
	}
	path = strdup(n->text);
	if (!path) {
		r->mistakes.no_memory = true;
		return;
	}
	free(r->policy.cgroup);
	r->policy.cgroup = path;
}

static void read_attach(struct reader *r, const struct key *key, const struct node *n)
{
	static const char *const words[] = { "auto", "xdp", "tc", NULL };
	int choice = want_choice(r, n, key->name, words);

	if (choice >= 0)
		r->policy.attach = ATTACH_AUTO + (enum attach_choice)choice;
}

static void read_loopback(struct reader *r, const struct key *key, const struct node *n)
{
	static const char *const words[] = { "true", "false", NULL };
	int choice = want_choice(r, n, key->name, words);

	if (choice >= 0)
		r->policy.loopback = !choice;
}

static void read_on_listen(struct reader *r, const struct key *key, const struct node *n)
{
	static const char *const words[] = { "report", "close", NULL };
	int choice = want_choice(r, n, key->name, words);

	if (choice >= 0)
		r->policy.on_listen_close = choice;
}

static void read_default_in(struct reader *r, const struct key *key, const struct node *n)
{
	bool reject = false;
	uint8_t verdict = want_verdict(r, n, key->name, &reject);

	if (verdict == PG_NONE)
		return;
	r->policy.defaults[PG_IN] = verdict;
	r->policy.in_reject = reject;
}

static void read_default(struct reader *r, const struct key *key, const struct node *n)
{
	static const struct key keys[] = {
		{ "bind", read_verdict, "default: bind", FIELD(defaults[PG_BIND]) },
		{ "in", read_default_in, "default: in", 0 },
		{ "out", read_verdict, "default: out", FIELD(defaults[PG_OUT]) },
		{ "raw", read_verdict, "default: raw", FIELD(default_raw) },
	};

	read_map(r, n, keys, ARRAY_SIZE(keys), key->name);
}

static void read_echo(struct reader *r, const struct key *key, const struct node *n)
{
	static const char *const words[] = { "allow", "deny", NULL };
	struct pg_error err = PG_ERROR_INIT;
	const char *meant;

	if (!want_scalar(r, n, key->name, "allow, deny or a rate such as 10/s"))
		return;
	meant = nearest_word(n->text, n->length, words);
	if (is_word(n, "allow"))
		r->policy.echo = PG_ALLOW;
	else if (is_word(n, "deny"))
		r->policy.echo = PG_DENY;
	else if (!rate_parse(n->text, n->length, &r->policy.echo_rate, &err))
		r->policy.echo = PG_NONE;
	else if (meant)
		MISTAKE(r, n, "echo '%s': did you mean '%s'?", SHOW(n->text, n->length), meant);
	else
		MISTAKE(r, n, "echo %s", err.text);
}

static void read_icmp(struct reader *r, const struct key *key, const struct node *n)
{
	static const struct key keys[] = {
		{ "echo", read_echo, "icmp: echo", 0 },
		{ "redirect", read_verdict, "icmp: redirect", FIELD(redirect) },
	};

	read_map(r, n, keys, ARRAY_SIZE(keys), key->name);
}

static void read_flows_max(struct reader *r, const struct key *key, const struct node *n)
{
	(void)key;
	read_number(r, n, "max", 1024, 1 << 24, &r->policy.flows_max);
}

static void read_flows(struct reader *r, const struct key *key, const struct node *n)
{
	static const struct key keys[] = {
		{ "max", read_flows_max, "flows: max", 0 },
		{ "udp", read_duration, "flows: udp", FIELD(flow_udp_s) },
		{ "udp-stream", read_duration, "flows: udp-stream", FIELD(flow_udp_stream_s) },
		{ "tcp", read_duration, "flows: tcp", FIELD(flow_tcp_s) },
	};

	read_map(r, n, keys, ARRAY_SIZE(keys), key->name);
}

void read_lines_a_second(struct reader *r, const struct node *n, const char *what, uint32_t most,
			 uint32_t *ret)
{
	uint32_t lines;

	if (!want_scalar(r, n, what, "lines a second, such as 200/s"))
		return;
	if (n->length < 3 || strcmp(n->text + n->length - 2, "/s") ||
	    number_parse(n->text, n->length - 2, 1, most, &lines, NULL))
		MISTAKE(r, n, "%s '%s': want lines a second, 1-%u, such as 200/s", what,
			SHOW(n->text, n->length), most);
	else
		*ret = lines;
}

static void read_events_max(struct reader *r, const struct key *key, const struct node *n)
{
	read_lines_a_second(r, n, key->name, EVENTS_MAX, &r->policy.events_max);
}

static void read_events_number(struct reader *r, const struct key *key, const struct node *n)
{
	(void)key;
	read_number(r, n, "number", 1, UINT32_MAX, &r->policy.events_number);
}

static void read_events(struct reader *r, const struct key *key, const struct node *n)
{
	static const struct key keys[] = {
		{ "max", read_events_max, "events: max", 0 },
		{ "number", read_events_number, "events: number", 0 },
	};

	read_map(r, n, keys, ARRAY_SIZE(keys), key->name);
}

static void read_metrics(struct reader *r, const struct key *key, const struct node *n)
{
	struct pg_error err = PG_ERROR_INIT;
	struct endpoint endpoint;
	int error;

	if (!want_scalar(r, n, key->name, "where to serve them, such as " ENDPOINT_EXAMPLE))
		return;
	error = endpoint_parse(n->text, n->length, &endpoint, &err);
	if (error) {
		mistakes_add(&r->mistakes, n->place, "metrics %s", err.text);
		return;
	}
	r->policy.metrics = strdup(n->text);
	r->mistakes.no_memory |= !r->policy.metrics;
}

void read_root(struct reader *r, const struct node *root)
{
	static const struct key keys[] = {
		{ "version", read_version, NULL, 0 }, /* each file may say it */
		{ "mode", read_mode, "mode", 0 },
		{ "interfaces", read_interfaces, NULL, 0 },
		{ "cgroup", read_cgroup, "cgroup", 0 },
		{ "attach", read_attach, "attach", 0 },
		{ "default", read_default, NULL, 0 },
		{ "essentials", read_essentials, NULL, 0 },
		{ "failsafe", read_failsafe, NULL, 0 },
		{ "protocols", read_protocols, NULL, 0 },
		{ "icmp", read_icmp, NULL, 0 },
		{ "forward", read_verdict, "forward", FIELD(forward) },
		{ "loopback", read_loopback, "loopback", 0 },
		{ "on_listen", read_on_listen, "on_listen", 0 },
		{ "flows", read_flows, NULL, 0 },
		{ "events", read_events, NULL, 0 },
		{ "sets", read_sets, NULL, 0 },
		{ "rules", read_rules, NULL, 0 },
		{ "scopes", read_scopes, NULL, 0 },
		{ "outputs", read_outputs, NULL, 0 },
		{ "metrics", read_metrics, "metrics", 0 },
	};

	read_map(r, root, keys, ARRAY_SIZE(keys), "the policy");
}
