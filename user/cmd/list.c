// SPDX-License-Identifier: GPL-2.0-only
/* list: the rules in force, numbered, with their counters; then what is there by itself. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/print.h"
#include "policy/rule.h"
#include "util/cleanup.h"

static const char *origin_name(enum rule_origin origin)
{
	return origin == ORIGIN_FILE ? "file" : "runtime";
}

static void row_json(struct json *j, size_t number, const char *text, const char *origin,
		     uint64_t hits, const char *comment)
{
	json_object(j);
	if (number)
		json_member_u64(j, "number", number);
	else
		json_member_null(j, "number");
	json_member_string(j, "text", text);
	json_member_string(j, "scope", "host");
	json_member_string(j, "origin", origin);
	json_member_u64(j, "hits", hits);
	json_member_null(j, "expires_in");
	json_member_string(j, "comment", comment);
	json_object_end(j);
}

/* What passed because of a built-in row: counted by reason, not by port. */
static uint64_t built_in_hits(const struct state *s, bool failsafe)
{
	static const enum pg_hook hooks[] = { PG_HOOK_BIND, PG_HOOK_LISTEN, PG_HOOK_INBOUND,
					      PG_HOOK_DELIVER };
	uint32_t reason = failsafe ? PG_REASON_FAILSAFE : PG_REASON_ESSENTIAL;
	uint64_t hits = 0;

	for (size_t i = 0; i < ARRAY_SIZE(hooks); i++)
		hits += state_count(s, PG_COUNT_VERDICT(hooks[i], PG_ALLOW, reason));
	return hits;
}

static int list_json(const struct guard *g, struct pg_error *err)
{
	_cleanup_json_ struct json j = JSON_INIT;
	bool failsafe;
	char *text;

	json_object(&j);
	json_key(&j, "rules");
	json_array(&j);
	for (size_t i = 0; i < g->policy.rule_count; i++) {
		const struct rule *r = &g->policy.rules[i];
		_cleanup_free_ char *sentence = rule_print(r, false);

		row_json(&j, i + 1, sentence, origin_name(r->origin), state_rule_hits(&g->state, r),
			 r->comment);
	}
	for (size_t i = 0; (text = built_in_text(&g->policy, i, &failsafe)); i++) {
		row_json(&j, 0, text, failsafe ? "failsafe" : "essential",
			 built_in_hits(&g->state, failsafe), NULL);
		free(text);
	}
	json_array_end(&j);
	json_object_end(&j);
	return print_json(&j, err);
}

static int list_text(const struct guard *g, struct pg_error *err)
{
	bool failsafe;
	char *text;

	(void)printf("%4s  %10s  %-9s  %s\n", "no.", "hits", "from", "rule");
	for (size_t i = 0; i < g->policy.rule_count; i++) {
		const struct rule *r = &g->policy.rules[i];
		_cleanup_free_ char *sentence = rule_print(r, true);

		if (!sentence)
			return -ENOMEM;
		(void)printf("%4zu  %10llu  %-9s  %s\n", i + 1,
			     (unsigned long long)state_rule_hits(&g->state, r),
			     origin_name(r->origin), sentence);
	}
	for (size_t i = 0; (text = built_in_text(&g->policy, i, &failsafe)); i++) {
		(void)printf("%4s  %10s  %-9s  %s\n", "-", "-", failsafe ? "failsafe" : "essential",
			     text);
		free(text);
	}
	return print_done(err);
}

int cmd_list(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err)
{
	_cleanup_guard_ struct guard guard = { 0 };
	int left = take_options(argc, argv, NULL, 0, err), r;

	if (left < 0)
		return left;
	if (left)
		return usage_error(err, "unexpected word '%.64s'", argv[1]);
	r = guard_open(&ctx->paths, GUARD_READ, &guard, err);
	if (r)
		return r;
	return ctx->json ? list_json(&guard, err) : list_text(&guard, err);
}
