// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the policy of the files to the one that will run: rules that run already keep their ids and
 * counters, runtime rules stay, new ones get ids that nobody has.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/diff.h"
#include "policy/rule.h"
#include "policy/rule_index.h"
#include "util/cleanup.h"

static int keep_ids(const struct policy *running, struct policy *file)
{
	_cleanup_rule_index_ struct rule_index index = { .places = NULL };
	int r = rule_index_of(running, &index);

	if (r)
		return r;
	for (size_t i = 0; i < file->rule_count; i++) {
		struct rule *rule = &file->rules[i];
		const struct rule *same = rule_index_find(&index, rule);

		rule->id = same ? same->id : 0;
		rule->hits_base = same ? same->hits_base : 0;
		rule->until_ns = same ? same->until_ns : 0;
	}
	return 0;
}

/* Rules whose scope no file says any more are nobody's. */
static bool is_orphan(const struct policy *file, const struct rule *rule)
{
	return rule->scope && !policy_find_scope(file, rule->scope);
}

static bool has_runtime(const struct policy *p)
{
	for (size_t i = 0; i < p->rule_count; i++)
		if (p->rules[i].origin == ORIGIN_RUNTIME)
			return true;
	return false;
}

/* On failure some may have been appended. */
static int append_runtime(const struct policy *running, struct policy *file)
{
	_cleanup_policy_ struct policy added = { .mode = PG_MODE_ENFORCE };
	_cleanup_rule_index_ struct rule_index index = { .places = NULL };
	int r = rule_index_of(file, &index);

	if (r)
		return r;
	for (size_t i = 0; i < running->rule_count; i++) {
		const struct rule *rule = &running->rules[i];
		struct rule copy;

		if (rule->origin != ORIGIN_RUNTIME || is_orphan(file, rule) ||
		    rule_index_find(&index, rule))
			continue;
		if (rule_copy(rule, &copy))
			return -ENOMEM;
		if (policy_add_rule(&added, &copy)) {
			rule_free(&copy);
			return -ENOMEM;
		}
	}
	for (size_t i = 0; i < added.rule_count; i++)
		if (policy_add_rule(file, &added.rules[i]))
			return -ENOMEM;
	return 0;
}

int policy_merge(const struct policy *running, struct policy *file, bool exact)
{
	int r = keep_ids(running, file);

	file->panic = running->panic;
	return r || exact || !has_runtime(running) ? r : append_runtime(running, file);
}

char *policy_orphans(const struct policy *running, const struct policy *file)
{
	_cleanup_free_ char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);
	int r = 0;

	if (!out)
		return NULL;
	for (size_t i = 0; !r && i < running->rule_count; i++) {
		const struct rule *rule = &running->rules[i];
		_cleanup_free_ char *sentence = NULL;

		if (rule->origin != ORIGIN_RUNTIME || !is_orphan(file, rule))
			continue;
		sentence = rule_print_line(rule, false);
		r = sentence ? fprintf(out, "%s\n", sentence) < 0 : -ENOMEM;
	}
	return fclose(out) || r ? NULL : TAKE_PTR(text);
}

static void mark_ids(const struct policy *p, bool *used)
{
	for (size_t i = 0; p && i < p->rule_count; i++)
		if (p->rules[i].id <= PG_MAX_RULES)
			used[p->rules[i].id] = true;
}

int policy_number(struct policy *p, const struct policy *before, struct pg_error *err)
{
	_cleanup_free_ bool *used = calloc(PG_MAX_RULES + 1, sizeof(*used));
	uint32_t id = 1;

	if (!used)
		return -ENOMEM;
	mark_ids(p, used);
	mark_ids(before, used);
	for (size_t i = 0; i < p->rule_count; i++) {
		if (p->rules[i].id)
			continue;
		while (id <= PG_MAX_RULES && used[id])
			id++;
		if (id > PG_MAX_RULES)
			return pg_fail(err, -E2BIG, PG_EXIT_POLICY,
				       "%zu rules are too many: want at most %d, those that are "
				       "being replaced included",
				       p->rule_count, PG_MAX_RULES);
		p->rules[i].id = id++;
	}
	return 0;
}
