// SPDX-License-Identifier: GPL-2.0-only
/* allow, deny, reject and limit: a rule more, now. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/edit.h"
#include "cmd/print.h"
#include "config.h"
#include "policy/rule.h"
#include "util/cleanup.h"

struct rules {
	struct rule *list;
	size_t count;
};

static void rules_free(struct rules *r)
{
	for (size_t i = 0; i < r->count; i++)
		rule_free(&r->list[i]);
	free(r->list);
}

static int parse(const char *verb, const struct edit_words *w, struct rules *ret,
		 struct pg_error *err)
{
	_cleanup_free_ const char **words = calloc(w->count + 1, sizeof(*words));
	struct policy_world world;

	if (!words)
		return -ENOMEM;
	words[0] = verb;
	memcpy(words + 1, w->words, w->count * sizeof(*words));
	config_world(&world, ".");
	return rule_parse(words, w->count + 1, false, &world, &ret->list, &ret->count, NULL, err);
}

static int check_permanent(const struct edit_words *w, const struct rules *rules,
			   struct pg_error *err)
{
	if (!w->permanent || !rules->list[0].for_s)
		return 0;
	return usage_error(err, "--permanent keeps a rule, and `for` ends it: want one of them");
}

static int put_in_scope(struct rules *rules, const struct policy *p, const struct edit_words *w,
			struct pg_error *err)
{
	const struct scope *scope;
	int r = edit_scope(p, w, &scope, err);

	for (size_t i = 0; !r && scope && i < rules->count; i++) {
		rules->list[i].scope = strdup(scope->name);
		r = rules->list[i].scope ? 0 : -ENOMEM;
	}
	return r;
}

/* The same sentence again is the same rule; its later comment stands. */
static int say_again(struct rule *there, struct rule *rule, struct edit_told *told)
{
	int r = edit_tell_rule(&told->before, there);

	there->until_ns = 0; /* `for` begins again */
	if (rule->comment) {
		free(there->comment);
		there->comment = TAKE_PTR(rule->comment);
	}
	return r ? r : edit_tell_rule(&told->after, there);
}

static int add(struct policy *to, struct rule *rule, struct edit_told *told, struct pg_error *err)
{
	ptrdiff_t at = policy_find_rule(to, rule);
	int r;

	if (at >= 0)
		return say_again(&to->rules[at], rule, told);
	r = policy_check_rule(to, rule, err);
	rule->origin = ORIGIN_RUNTIME;
	r = r ? r : edit_tell_rule(&told->after, rule);
	return r ? r : policy_add_rule(to, rule);
}

static void say_how_long(const struct guard *g, const struct edit_words *w, bool timed,
			 const struct pg_context *ctx)
{
	if (ctx->json || w->dry_run || w->permanent || timed)
		return;
	for (size_t i = 0; i < g->policy.rule_count; i++)
		if (g->policy.rules[i].origin == ORIGIN_RUNTIME) {
			(void)fprintf(stderr, "until reboot; keep it with: portguard save\n");
			return;
		}
}

int cmd_allow(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err)
{
	_cleanup_guard_ struct guard guard = { 0 };
	_cleanup_policy_ struct policy next = { 0 };
	_cleanup_(rules_free) struct rules rules = { 0 };
	_cleanup_edit_told_ struct edit_told told = { .action = argv[0] };
	struct edit_words words;
	bool timed = false;
	int r = edit_words(argc, argv, &words, err);

	if (!r && !words.count)
		r = usage_error(err, "%s what? name a port", argv[0]);
	r = r ? r : parse(argv[0], &words, &rules, err);
	r = r ? r : check_permanent(&words, &rules, err);
	r = r ? r : guard_open(&ctx->paths, GUARD_WRITE, &guard, err);
	r = r ? r : put_in_scope(&rules, &guard.policy, &words, err);
	r = r ? r : policy_copy(&guard.policy, &next);
	if (!r)
		timed = rules.list[0].for_s;
	for (size_t i = 0; !r && i < rules.count; i++)
		r = add(&next, &rules.list[i], &told, err);
	if (!r)
		r = edit_finish(ctx, &guard, &next, &words, &told, err);
	if (!r)
		say_how_long(&guard, &words, timed, ctx);
	return r;
}
