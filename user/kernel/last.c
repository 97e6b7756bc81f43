// SPDX-License-Identifier: GPL-2.0-only
/* The last policy in force; see last.h. */
#include "kernel/last.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "policy/image.h"
#include "util/cleanup.h"
#include "util/file.h"

#define LARGEST (64u << 20)

static void last_path(const struct paths *paths, char *to, size_t size)
{
	(void)snprintf(to, size, "%s/policy.image", paths->var);
}

/* Rules added by hand change nothing in it, and an fsync costs more than all else that they do. */
static bool is_written(const char *path, const char *text, size_t length)
{
	_cleanup_free_ char *there = NULL;
	size_t size;

	return !file_read(path, LARGEST, &there, &size) && size == length &&
	       !memcmp(there, text, length);
}

/* What is left of @p after a reboot; all but these two lists is @p's own. */
struct kept {
	struct policy policy;
	struct rule *rules;
	struct scope *scopes;
};

static void kept_free(struct kept *k)
{
	free(k->rules);
	free(k->scopes);
}

static void take_former_modes(const struct paths *paths, struct policy *p)
{
	_cleanup_policy_ struct policy before = { 0 };

	if (!last_policy_read(paths, &before)) {
		policy_take_modes(p, &before);
		return;
	}
	p->mode = PG_MODE_ENFORCE;
	for (size_t i = 0; i < p->scope_count; i++)
		p->scopes[i].mode_said = false;
}

/* Less what a reboot forgets: rules, mode and panic of the hand. Times of `for` are of this boot. */
static int keep(const struct paths *paths, const struct policy *p, bool mode_typed, struct kept *ret)
{
	struct policy *to = &ret->policy;

	*to = *p;
	to->rules = ret->rules = calloc(p->rule_count + 1, sizeof(*p->rules));
	to->scopes = ret->scopes = calloc(p->scope_count + 1, sizeof(*p->scopes));
	to->rule_count = 0;
	to->panic = false;
	if (!to->rules || !to->scopes)
		return -ENOMEM;
	for (size_t i = 0; i < p->rule_count; i++) {
		struct rule *rule = &to->rules[to->rule_count];

		*rule = p->rules[i];
		rule->hits_base = rule->until_ns = 0;
		to->rule_count += rule->origin != ORIGIN_RUNTIME;
	}
	for (size_t i = 0; i < p->scope_count; i++)
		to->scopes[i] = p->scopes[i];
	if (mode_typed)
		take_former_modes(paths, to);
	return 0;
}

int last_policy_write(const struct paths *paths, const struct policy *p, bool mode_typed)
{
	_cleanup_(kept_free) struct kept kept = { .rules = NULL };
	_cleanup_free_ char *text = NULL;
	char path[PG_PATH + 32];
	size_t length;
	int r = keep(paths, p, mode_typed, &kept);

	if (r)
		return r;
	text = image_write(&kept.policy, &length);
	if (!text)
		return -ENOMEM;
	r = make_directories(paths->var);
	if (r)
		return r;
	last_path(paths, path, sizeof(path));
	if (is_written(path, text, length))
		return 0;
	return file_write(path, text, length, 0600);
}

int last_policy_read(const struct paths *paths, struct policy *ret)
{
	_cleanup_free_ char *text = NULL;
	char path[PG_PATH + 32];
	size_t length;
	int r;

	last_path(paths, path, sizeof(path));
	r = file_read(path, LARGEST, &text, &length);
	r = r ? r : image_read(text, length, ret, NULL);
	for (size_t i = 0; !r && i < ret->rule_count; i++)
		ret->rules[i].until_ns = 0; /* who wrote it may have had another clock */
	return r;
}
