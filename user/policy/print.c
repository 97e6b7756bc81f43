// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rules as sentences: the canonical text, which parses to an equal rule.
 */
#include "policy/peer.h"
#include "policy/ports.h"
#include "policy/rule.h"
#include "policy/sentence.h"
#include "policy/units.h"
#include "util/json.h"

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

static void print_verb(struct json *out, const struct rule *rule)
{
	char rate[RATE_TEXT];

	if (rule->verdict == PG_DENY)
		json_append_text(out, rule->reject ? "reject " : "deny ");
	else if (rule->limit.per_second_x1000)
		json_append_format(out, "limit %s%s ", rate_print(&rule->limit, rate),
				   rule->per_source ? " per source" : "");
	else if (rule->verdict == PG_ALLOW)
		json_append_text(out, "allow ");
}

static void print_caller(struct json *out, const struct rule *rule)
{
	if (rule->user)
		json_append_format(out, " by user %s", rule->user);
	if (rule->exe)
		json_append_format(out, " by exe %s", rule->exe);
}

static void print_peer(struct json *out, const char *qualifier, const struct peer *p)
{
	char text[PEER_TEXT];

	if (p->kind != PEER_ANY)
		json_append_format(out, " %s %s", qualifier, peer_print(p, text));
}

void rule_write(struct json *out, const struct rule *rule, bool with_comment)
{
	char duration[DURATION_TEXT];

	print_verb(out, rule);
	json_append_text(out, direction_word(rule));
	ports_write(out, rule->ports, rule->port_count, rule->any, rule->protos);
	print_peer(out, rule->directions == RULE_OUT ? "to" : "from", &rule->remote);
	print_peer(out, "at", &rule->at);
	if (rule->on)
		json_append_format(out, " on %s", rule->on);
	print_caller(out, rule);
	if (rule->for_s)
		json_append_format(out, " for %s", duration_print(rule->for_s, duration));
	if (rule->log)
		json_append_text(out, " log");
	if (with_comment && rule->comment) {
		json_append_text(out, " comment ");
		sentence_quote(out, rule->comment);
	}
}

char *rule_print(const struct rule *rule, bool with_comment)
{
	_cleanup_json_ struct json out = JSON_INIT;

	rule_write(&out, rule, with_comment);
	return json_take(&out);
}

char *rule_print_line(const struct rule *rule, bool with_comment)
{
	_cleanup_json_ struct json out = JSON_INIT;

	if (rule->scope) {
		json_append(&out, "[", 1);
		json_append_text(&out, rule->scope);
		json_append(&out, "] ", 2);
	}
	rule_write(&out, rule, with_comment);
	return json_take(&out);
}
