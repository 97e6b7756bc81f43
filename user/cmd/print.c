// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/print.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "policy/diff.h"
#include "policy/ports.h"
#include "policy/rule.h"
#include "util/cleanup.h"

static const struct {
	unsigned essential;
	const char *text;
} essentials[] = {
	{ ESSENTIAL_DHCP, "allow in 68/udp from any port 67/udp (dhcp)" },
	{ ESSENTIAL_DHCP, "allow in 546/udp from fe80::/10 port 547/udp (dhcp)" },
	{ ESSENTIAL_DHCP, "allow bind 68,546/udp by user root (dhcp)" },
	{ ESSENTIAL_MDNS, "allow bind 5353/udp (mdns)" },
	{ ESSENTIAL_MDNS, "allow in 5353/udp at 224.0.0.251 (mdns)" },
	{ ESSENTIAL_MDNS, "allow in 5353/udp at ff02::fb (mdns)" },
};

/* The first rule of bind or in that names the failsafe port: it alone decides then. */
static const struct rule *shadows(const struct policy *p, const struct failsafe_port *port)
{
	for (size_t i = 0; i < p->rule_count; i++) {
		const struct rule *r = &p->rules[i];

		if (r->scope || r->any || r->directions == RULE_OUT || !(r->protos & port->protos))
			continue;
		for (size_t j = 0; j < r->port_count; j++)
			if (r->ports[j].first == r->ports[j].last &&
			    r->ports[j].first >= port->range.first &&
			    r->ports[j].first <= port->range.last)
				return r;
	}
	return NULL;
}

static char *failsafe_text(const struct policy *p, const struct failsafe_port *port)
{
	_cleanup_free_ char *ports = ports_print(&port->range, 1, false, port->protos),
			    *shadow = NULL;
	const struct rule *rule = shadows(p, port);
	char *text = NULL;

	if (rule)
		shadow = rule_print(rule, false);
	if (!ports || (rule && !shadow))
		return NULL;
	if (asprintf(&text, rule ? "allow %s (shadowed by: %s)" : "allow %s", ports, shadow) < 0)
		return NULL;
	return text;
}

char *built_in_text(const struct policy *p, size_t i, bool *ret_failsafe)
{
	*ret_failsafe = false;
	for (size_t j = 0; j < ARRAY_SIZE(essentials); j++)
		if (p->essentials & essentials[j].essential && !i--)
			return strdup(essentials[j].text);
	*ret_failsafe = true;
	return i < p->failsafe_count ? failsafe_text(p, &p->failsafe[i]) : NULL;
}

/* The lines of one sign, without it. */
static void add_lines(struct json *j, const char *name, const char *diff, char sign)
{
	json_key(j, name);
	json_array(j);
	for (const char *line = diff; *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (*line == sign)
			json_bytes(j, line + 2, strcspn(line + 2, "\n"));
	json_array_end(j);
}

static int print_difference_json(const char *diff, struct pg_error *err)
{
	_cleanup_json_ struct json j = JSON_INIT;

	json_object(&j);
	json_member_bool(&j, "changed", diff[0]);
	add_lines(&j, "removed", diff, '-');
	add_lines(&j, "added", diff, '+');
	json_object_end(&j);
	return print_json(&j, err);
}

int print_difference(const struct pg_context *ctx, const struct policy *from,
		     const struct policy *to, bool *ret_differs, struct pg_error *err)
{
	_cleanup_free_ char *text = policy_diff(from, to);

	if (!text)
		return -ENOMEM;
	if (ret_differs)
		*ret_differs = text[0];
	if (ctx->json)
		return print_difference_json(text, err);
	(void)fputs(text, stdout);
	return print_done(err);
}

int print_done(struct pg_error *err)
{
	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	if (errno == EPIPE)
		return 0; /* who reads has seen enough */
	return pg_fail(err, -EIO, PG_EXIT_OUTPUT, "output: %s", strerror(errno));
}

int print_json(struct json *j, struct pg_error *err)
{
	if (json_error(j))
		return -ENOMEM;
	(void)printf("%s\n", j->text);
	return print_done(err);
}
