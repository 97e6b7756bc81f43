// SPDX-License-Identifier: GPL-2.0-only
/* remove: a rule less, by its number, its sentence, or its sentence without the verb. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/edit.h"
#include "config.h"
#include "policy/rule.h"
#include "util/cleanup.h"

static bool is_number(const char *word)
{
	return word[0] && !word[strspn(word, "0123456789")];
}

static int remove_number(struct policy *p, const char *word, struct pg_error *err)
{
	unsigned long n = strtoul(word, NULL, 10);

	if (strlen(word) > 9 || !n || n > p->rule_count) {
		(void)pg_fail(err, 0, PG_EXIT_NEGATIVE,
			      "remove: there is no rule number %.32s; see portguard list", word);
		return PG_EXIT_NEGATIVE;
	}
	policy_remove_rule(p, n - 1);
	return 0;
}

static bool begins_with_verb(const char *word)
{
	return !strncmp(word, "allow", 5) || !strncmp(word, "deny", 4) ||
	       !strncmp(word, "limit", 5) || !strncmp(word, "reject", 6);
}

/* Take away what one sentence says. Return: how many rules that were, or -errno. */
static int remove_sentence(struct policy *p, const char *verb, const struct edit_words *w,
			   struct pg_error *err)
{
	_cleanup_free_ const char **words = calloc(w->count + 1, sizeof(*words));
	struct policy_world world;
	struct rule *rules;
	size_t count;
	int r, removed = 0;

	if (!words)
		return -ENOMEM;
	words[0] = verb;
	memcpy(words + 1, w->words, w->count * sizeof(*words));
	config_world(&world, ".");
	r = rule_parse(words + !verb, w->count + !!verb, false, &world, &rules, &count, NULL, err);
	if (r)
		return r;
	for (size_t i = 0; i < count; i++) {
		ptrdiff_t at = policy_find_rule(p, &rules[i]);

		if (at >= 0) {
			policy_remove_rule(p, at);
			removed++;
		}
		rule_free(&rules[i]);
	}
	free(rules);
	return removed;
}

static int remove_words(struct policy *p, const struct edit_words *w, struct pg_error *err)
{
	int n;

	if (begins_with_verb(w->words[0])) {
		n = remove_sentence(p, NULL, w, err);
	} else {
		n = remove_sentence(p, "allow", w, err);
		if (n >= 0) {
			struct pg_error ignored; /* what an allow may say, a deny may not */
			int m = remove_sentence(p, "deny", w, &ignored);

			n += m > 0 ? m : 0;
		}
	}
	if (n)
		return n < 0 ? n : 0;
	(void)pg_fail(err, 0, PG_EXIT_NEGATIVE,
		      "remove: there is no such rule; see portguard list");
	return PG_EXIT_NEGATIVE;
}

int cmd_remove(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err)
{
	_cleanup_guard_ struct guard guard = { 0 };
	_cleanup_policy_ struct policy next = { 0 };
	struct edit_words words;
	int r = edit_words(argc, argv, &words, err);

	if (!r && !words.count)
		r = usage_error(err, "remove what? name a rule, or its number");
	r = r ? r : guard_open(&ctx->paths, GUARD_WRITE, &guard, err);
	r = r ? r : policy_copy(&guard.policy, &next);
	if (r)
		return r;
	r = words.count == 1 && is_number(words.words[0])
		    ? remove_number(&next, words.words[0], err)
		    : remove_words(&next, &words, err);
	return r ? r : edit_finish(&guard, &next, &words, err);
}
