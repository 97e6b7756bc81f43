// SPDX-License-Identifier: GPL-2.0-only
/* list: the rules in force, numbered, with their counters and the time they have left; then what is there by itself. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/print.h"
#include "kernel/guard.h"
#include "policy/rule.h"
#include "policy/scope.h"
#include "util/cleanup.h"

static const char *origin_name(enum rule_origin origin)
{
	return origin == ORIGIN_FILE ? "file" : "runtime";
}

struct row {
	size_t number;			/* 0: built in */
	char *text;			/* owned */
	const char *scope, *origin, *comment;
	uint64_t hits;
	bool ends;			/* it says `for`, and has been put in force */
	uint64_t left_s;		/* until it ends; 0: it has */
};

static void row_free(struct row *r)
{
	free(r->text);
}

/* Begun seconds count, as they do for whoever waits. */
static uint64_t seconds_left(const struct rule *r, uint64_t now_ns)
{
	return r->until_ns > now_ns ? (r->until_ns - now_ns + 999999999u) / 1000000000u : 0;
}

static int rule_row(const struct guard *g, size_t i, bool with_comment, struct row *ret)
{
	const struct rule *r = &g->policy.rules[i];

	*ret = (struct row){
		.number = i + 1,
		.text = rule_print(r, with_comment),
		.scope = r->scope ? r->scope : SCOPE_HOST,
		.origin = origin_name(r->origin),
		.comment = r->comment,
		.hits = state_rule_hits(&g->state, r),
		.ends = r->for_s && r->until_ns,
		.left_s = seconds_left(r, boot_now_ns()),
	};
	return ret->text ? 0 : -ENOMEM;
}

static void row_json(struct json *j, const struct row *r)
{
	json_object(j);
	if (r->number)
		json_member_u64(j, "number", r->number);
	else
		json_member_null(j, "number");
	json_member_string(j, "text", r->text);
	json_member_string(j, "scope", r->scope);
	json_member_string(j, "origin", r->origin);
	json_member_u64(j, "hits", r->hits);
	if (r->ends)
		json_member_u64(j, "expires_in", r->left_s);
	else
		json_member_null(j, "expires_in");
	json_member_string(j, "comment", r->comment);
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

static bool built_in_row(const struct guard *g, size_t i, struct row *ret)
{
	bool failsafe = false;

	*ret = (struct row){ .text = built_in_text(&g->policy, i, &failsafe), .scope = SCOPE_HOST };
	ret->origin = failsafe ? "failsafe" : "essential";
	ret->hits = built_in_hits(&g->state, failsafe);
	return ret->text;
}

static int list_json(const struct guard *g, struct pg_error *err)
{
	_cleanup_json_ struct json j = JSON_INIT;
	bool more = true;

	json_object(&j);
	json_key(&j, "rules");
	json_array(&j);
	for (size_t i = 0; i < g->policy.rule_count; i++) {
		_cleanup_(row_free) struct row row;

		if (rule_row(g, i, false, &row))
			return -ENOMEM;
		row_json(&j, &row);
	}
	for (size_t i = 0; more; i++) {
		_cleanup_(row_free) struct row row;

		more = built_in_row(g, i, &row);
		if (more)
			row_json(&j, &row);
	}
	json_array_end(&j);
	json_object_end(&j);
	return print_json(&j, err);
}

/* What is left, in its two largest units: 2d3h, 1h59m, 59m30s, 7s. Return: @text of LEFT_TEXT. */
#define LEFT_TEXT 32
static const char *left_text(const struct row *r, char *text)
{
	static const struct {
		uint64_t seconds;
		char letter;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	unsigned long long rest = r->left_s;
	size_t i = 0;
	int n;

	if (!r->ends || !rest)
		return r->ends ? "ended" : "-";
	while (rest < units[i].seconds)
		i++;
	n = snprintf(text, LEFT_TEXT, "%llu%c", rest / units[i].seconds, units[i].letter);
	rest %= units[i].seconds;
	if (i + 1 < ARRAY_SIZE(units) && rest / units[i + 1].seconds)
		(void)snprintf(text + n, LEFT_TEXT - (size_t)n, "%llu%c",
			       rest / units[i + 1].seconds, units[i + 1].letter);
	return text;
}

/* Columns that are only there where some rule needs them: who has neither scopes nor `for` reads fewer. */
struct columns {
	int scope;	/* its width; 0: none */
	bool left;
};

static struct columns choose_columns(const struct policy *p)
{
	struct columns c = { .scope = 0 };

	for (size_t i = 0; i < p->rule_count; i++) {
		const struct rule *r = &p->rules[i];
		int width = r->scope ? (int)strlen(r->scope) : 0;

		c.left |= r->for_s != 0;
		if (width > c.scope)
			c.scope = width;
	}
	if (c.scope && c.scope < (int)strlen("scope"))
		c.scope = (int)strlen("scope");
	return c;
}

static void print_line(const struct columns *c, const char *number, const char *hits,
		       const char *origin, const char *left, const char *scope, const char *rule)
{
	(void)printf("%4s  %10s  %-9s  ", number, hits, origin);
	if (c->left)
		(void)printf("%-7s  ", left);
	if (c->scope)
		(void)printf("%-*s  ", c->scope, scope);
	(void)printf("%s\n", rule);
}

static void row_text(const struct columns *c, const struct row *r)
{
	char number[24] = "-", hits[24] = "-", left[LEFT_TEXT];

	if (r->number) {
		(void)snprintf(number, sizeof(number), "%zu", r->number);
		(void)snprintf(hits, sizeof(hits), "%llu", (unsigned long long)r->hits);
	}
	print_line(c, number, hits, r->origin, left_text(r, left), r->scope, r->text);
}

static int list_text(const struct guard *g, struct pg_error *err)
{
	struct columns columns = choose_columns(&g->policy);
	bool more = true;

	print_line(&columns, "no.", "hits", "from", "left", "scope", "rule");
	for (size_t i = 0; i < g->policy.rule_count; i++) {
		_cleanup_(row_free) struct row row;

		if (rule_row(g, i, true, &row))
			return -ENOMEM;
		row_text(&columns, &row);
	}
	for (size_t i = 0; more; i++) {
		_cleanup_(row_free) struct row row;

		more = built_in_row(g, i, &row);
		if (more)
			row_text(&columns, &row);
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
