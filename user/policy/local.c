// SPDX-License-Identifier: GPL-2.0-only
/*
 * policy.d/90-local.yaml, the one file that portguard writes: the host's rules, then those of scopes, each
 * below the name of its scope, whose selector stands in the file of whoever made it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/file.h"
#include "policy/rule.h"
#include "util/cleanup.h"
#include "util/yaml.h"

/* By scope, the host's first; in their order within. */
static int compare_places(const void *a, const void *b)
{
	const struct rule *const *x = a, *const *y = b;
	const char *first = (*x)->scope ? (*x)->scope : "", *second = (*y)->scope ? (*y)->scope : "";

	return strcmp(first, second) ?: (*x > *y) - (*x < *y);
}

/* Pointers to the runtime rules, by scope; NULL: no memory. */
static const struct rule **sort_rules(const struct policy *p, size_t *ret_count)
{
	const struct rule **sorted = calloc(p->rule_count + 1, sizeof(*sorted));
	size_t count = 0;

	for (size_t i = 0; sorted && i < p->rule_count; i++)
		if (p->rules[i].origin == ORIGIN_RUNTIME)
			sorted[count++] = &p->rules[i];
	if (count)
		qsort(sorted, count, sizeof(*sorted), compare_places);
	*ret_count = count;
	return sorted;
}

static bool same_scope(const struct rule *a, const struct rule *b)
{
	return a->scope && b->scope ? !strcmp(a->scope, b->scope) : a->scope == b->scope;
}

static void print_head(FILE *out, const struct rule *before, const struct rule *rule)
{
	if (!rule->scope)
		return;
	if (!before || !before->scope)
		(void)fputs("\nscopes:", out);
	(void)fputs("\n  - name: ", out);
	yaml_quote(out, rule->scope);
	(void)fputs("\n    rules:", out);
}

static int print_rule(FILE *out, const struct rule *rule)
{
	_cleanup_free_ char *text = rule_print(rule, true);

	if (!text)
		return -1;
	(void)fputs(rule->scope ? "\n      - " : "\n  - ", out);
	yaml_quote(out, text);
	return 0;
}

char *policy_print_local(const struct policy *p)
{
	_cleanup_free_ const struct rule **rules = NULL;
	_cleanup_free_ char *text = NULL;
	size_t length, count = 0;
	int r = 0;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return NULL;
	rules = sort_rules(p, &count);
	(void)fputs("# Written by portguard; its rules are changed by commands.\nversion: 1\nrules:",
		    out);
	if (!count || rules[0]->scope)
		(void)fputs(" []", out);
	for (size_t i = 0; rules && !r && i < count; i++) {
		if (!i || !same_scope(rules[i - 1], rules[i]))
			print_head(out, i ? rules[i - 1] : NULL, rules[i]);
		r = print_rule(out, rules[i]);
	}
	(void)fputc('\n', out);
	return fclose(out) || r || !rules ? NULL : TAKE_PTR(text);
}
