// SPDX-License-Identifier: GPL-2.0-only
/* remove: a rule less, by its number, its sentence, or its sentence without the verb. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/edit.h"
#include "config.h"
#include "policy/diff.h"
#include "policy/rule.h"
#include "policy/rule_index.h"
#include "policy/scope.h"
#include "util/cleanup.h"

static bool is_number(const char *word)
{
	return word[0] && !word[strspn(word, "0123456789")];
}

static int remove_one(struct policy *p, size_t i, struct edit_told *told)
{
	int r = edit_tell_rule(&told->before, &p->rules[i]);

	if (!r)
		policy_remove_rule(p, i);
	return r;
}

static int remove_number(struct policy *p, const char *word, struct edit_told *told,
			 struct pg_error *err)
{
	unsigned long n = strtoul(word, NULL, 10);

	if (strlen(word) > 9 || !n || n > p->rule_count) {
		(void)pg_fail(err, 0, PG_EXIT_NEGATIVE,
			      "remove: there is no rule number %.32s (digits alone are a number of "
			      "portguard list; a rule of that port: remove allow %.32s)",
			      word, word);
		return PG_EXIT_NEGATIVE;
	}
	return remove_one(p, n - 1, told);
}

/* Take away what one sentence says: of any verb, if it says none, and with any `for`. 0 or -ENOMEM. */
static int remove_said(struct policy *p, const struct rule *sentence, struct edit_told *told)
{
	int r = 0;

	for (size_t i = p->rule_count; !r && i-- > 0;)
		if (rule_said_by(&p->rules[i], sentence))
			r = remove_one(p, i, told);
	return r;
}

static int parse(const struct edit_words *w, struct rule **ret, size_t *ret_count,
		 struct pg_error *err)
{
	struct policy_world world;

	config_world(&world, ".");
	return rule_parse(w->words, w->count, true, &world, ret, ret_count, NULL, err);
}

static int remove_words(struct policy *p, const struct edit_words *w, struct edit_told *told,
			struct pg_error *err)
{
	const struct scope *scope;
	struct rule *sentences = NULL;
	size_t count = 0;
	int r = edit_scope(p, w, &scope, err);

	r = r ? r : parse(w, &sentences, &count, err);
	for (size_t i = 0; !r && i < count; i++) {
		struct rule wanted = sentences[i]; /* borrows what it points to */

		wanted.scope = scope ? scope->name : NULL;
		r = remove_said(p, &wanted, told);
	}
	for (size_t i = 0; i < count; i++)
		rule_free(&sentences[i]);
	free(sentences);
	if (r || told->before)
		return r;
	(void)pg_fail(err, 0, PG_EXIT_NEGATIVE,
		      "remove: there is no such rule%s%s; see portguard list",
		      scope ? " in scope " : "", scope ? scope->name : "");
	return PG_EXIT_NEGATIVE;
}

static int remove_any(struct policy *p, const struct edit_words *w, struct edit_told *told,
		      struct pg_error *err)
{
	if (w->count != 1 || !is_number(w->words[0]))
		return remove_words(p, w, told, err);
	if (w->scope)
		return usage_error(err, "remove: a number says which rule: leave --scope out");
	return remove_number(p, w->words[0], told, err);
}

static bool lacks_of_file(const struct policy *before, const struct policy *after)
{
	size_t count = 0;

	for (size_t i = 0; i < before->rule_count; i++)
		count += before->rules[i].origin == ORIGIN_FILE;
	for (size_t i = 0; i < after->rule_count; i++)
		count -= after->rules[i].origin == ORIGIN_FILE;
	return count;
}

/* Portguard changes no file but its own: what is removed may still stand in another, and come back with it. */
static void say_what_stays(const struct policy *before, const struct guard *g)
{
	_cleanup_rule_index_ struct rule_index was = { .places = NULL }, is = { .places = NULL };
	_cleanup_policy_ struct policy file = { 0 };

	if (rule_index_of(before, &was) || rule_index_of(&g->policy, &is) ||
	    !g->state.meta->config[0] || config_load(g->state.meta->config, &file, NULL))
		return;
	for (size_t i = 0; i < file.rule_count; i++) {
		const struct rule *rule = &file.rules[i];
		_cleanup_free_ char *text = NULL;

		if (rule_index_find(&is, rule) || !rule_index_find(&was, rule))
			continue;
		text = rule_print(rule, false);
		if (text)
			(void)fprintf(stderr, "the policy's files still have '%s': the next apply brings it back\n",
				      text);
	}
}

int cmd_remove(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err)
{
	_cleanup_guard_ struct guard guard = { 0 };
	_cleanup_policy_ struct policy next = { 0 }, before = { 0 };
	_cleanup_edit_told_ struct edit_told told = { .action = argv[0] };
	struct edit_words words;
	int r = edit_words(argc, argv, &words, err);
	bool of_file;

	if (!r && !words.count)
		r = usage_error(err, "remove what? name a rule, or its number");
	r = r ? r : guard_open(&ctx->paths, GUARD_WRITE, &guard, err);
	r = r ? r : policy_copy(&guard.policy, &next);
	if (r)
		return r;
	r = remove_any(&next, &words, &told, err);
	of_file = !r && !ctx->json && !words.dry_run && lacks_of_file(&guard.policy, &next);
	r = r ? r : of_file ? policy_copy(&guard.policy, &before) : 0;
	r = r ? r : edit_finish(ctx, &guard, &next, &words, &told, err);
	if (!r && of_file)
		say_what_stays(&before, &guard);
	return r;
}
