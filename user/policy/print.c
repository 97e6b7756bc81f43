// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rules as sentences: the canonical text, which parses to an equal rule.
 */
#include <stdio.h>
#include <stdlib.h>

#include "policy/peer.h"
#include "policy/ports.h"
#include "policy/rule.h"
#include "util/cleanup.h"

static void print_peer(FILE *out, const char *qualifier, const struct peer *p)
{
	char text[PREFIX_TEXT];

	if (p->kind == PEER_PREFIX)
		(void)fprintf(out, " %s %s", qualifier, prefix_print(&p->prefix, text));
	else if (p->kind == PEER_SET)
		(void)fprintf(out, " %s @%s", qualifier, p->set);
}

static void print_comment(FILE *out, const char *comment)
{
	(void)fputs(" comment \"", out);
	for (; *comment; comment++) {
		if (*comment == '"' || *comment == '\\')
			(void)fputc('\\', out);
		(void)fputc(*comment, out);
	}
	(void)fputc('"', out);
}

char *rule_print(const struct rule *rule, bool with_comment)
{
	_cleanup_free_ char *ports =
		ports_print(rule->ports, rule->port_count, rule->any, rule->protos);
	_cleanup_free_ char *text = NULL;
	size_t length;
	FILE *out;

	if (!ports)
		return NULL;
	out = open_memstream(&text, &length);
	if (!out)
		return NULL;
	if (rule->verdict != PG_NONE)
		(void)fputs(rule->verdict == PG_ALLOW ? "allow " : "deny ", out);
	if (rule->directions != (RULE_BIND | RULE_IN))
		(void)fputs(rule->directions == RULE_BIND ? "bind " : "in ", out);
	(void)fputs(ports, out);
	print_peer(out, "from", &rule->from);
	print_peer(out, "at", &rule->at);
	if (rule->on)
		(void)fprintf(out, " on %s", rule->on);
	if (with_comment && rule->comment)
		print_comment(out, rule->comment);
	/* A stream in memory fails for want of memory alone. */
	return fclose(out) ? NULL : TAKE_PTR(text);
}
