// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rules as sentences: the canonical text, which parses to an equal rule.
 */
#include <stdio.h>
#include <stdlib.h>

#include "policy/peer.h"
#include "policy/ports.h"
#include "policy/rule.h"
#include "policy/sentence.h"
#include "policy/units.h"
#include "util/cleanup.h"

static const char *direction_word(const struct rule *rule)
{
	switch (rule->directions) {
	case RULE_BIND:
		return "bind ";
	case RULE_IN:
		return "in ";
	case RULE_OUT:
		return "out ";
	}
	return "";
}

static void print_verb(FILE *out, const struct rule *rule)
{
	char rate[RATE_TEXT];

	if (rule->verdict == PG_DENY)
		(void)fputs(rule->reject ? "reject " : "deny ", out);
	else if (rule->limit.per_second_x1000)
		(void)fprintf(out, "limit %s%s ", rate_print(&rule->limit, rate),
			      rule->per_source ? " per source" : "");
	else if (rule->verdict == PG_ALLOW)
		(void)fputs("allow ", out);
}

static void print_caller(FILE *out, const struct rule *rule)
{
	if (rule->user)
		(void)fprintf(out, " by user %s", rule->user);
	if (rule->exe)
		(void)fprintf(out, " by exe %s", rule->exe);
}

static void print_peer(FILE *out, const char *qualifier, const struct peer *p)
{
	char text[PEER_TEXT];

	if (p->kind != PEER_ANY)
		(void)fprintf(out, " %s %s", qualifier, peer_print(p, text));
}

void rule_write(FILE *out, const struct rule *rule, bool with_comment)
{
	char duration[DURATION_TEXT];

	print_verb(out, rule);
	(void)fputs(direction_word(rule), out);
	ports_write(out, rule->ports, rule->port_count, rule->any, rule->protos);
	print_peer(out, rule->directions == RULE_OUT ? "to" : "from", &rule->remote);
	print_peer(out, "at", &rule->at);
	if (rule->on)
		(void)fprintf(out, " on %s", rule->on);
	print_caller(out, rule);
	if (rule->for_s)
		(void)fprintf(out, " for %s", duration_print(rule->for_s, duration));
	if (rule->log)
		(void)fputs(" log", out);
	if (with_comment && rule->comment) {
		(void)fputs(" comment ", out);
		sentence_quote(out, rule->comment);
	}
}

char *rule_print(const struct rule *rule, bool with_comment)
{
	_cleanup_free_ char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return NULL;
	rule_write(out, rule, with_comment);
	/* A stream in memory fails for want of memory alone. */
	return fclose(out) ? NULL : TAKE_PTR(text);
}

char *rule_print_line(const struct rule *rule, bool with_comment)
{
	_cleanup_free_ char *text = rule_print(rule, with_comment);
	char *line;

	if (!text || !rule->scope)
		return TAKE_PTR(text);
	return asprintf(&line, "[%s] %s", rule->scope, text) < 0 ? NULL : line;
}
