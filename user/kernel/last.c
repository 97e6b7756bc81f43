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

/* Less what a reboot forgets: rules, mode and panic of the hand. Times of `for` are of this boot. */
static void leave_out(const struct paths *paths, struct policy *p, bool mode_typed)
{
	_cleanup_policy_ struct policy before = { 0 };

	for (size_t i = p->rule_count; i-- > 0;)
		if (p->rules[i].origin == ORIGIN_RUNTIME)
			policy_remove_rule(p, i);
		else
			p->rules[i].hits_base = p->rules[i].until_ns = 0;
	p->panic = false;
	if (!mode_typed)
		return;
	if (!last_policy_read(paths, &before)) {
		policy_take_modes(p, &before);
		return;
	}
	p->mode = PG_MODE_ENFORCE;
	for (size_t i = 0; i < p->scope_count; i++)
		p->scopes[i].mode_said = false;
}

int last_policy_write(const struct paths *paths, const struct policy *p, bool mode_typed)
{
	_cleanup_policy_ struct policy kept = { 0 };
	_cleanup_free_ char *text = NULL;
	char path[PG_PATH + 32];
	size_t length;
	int r = policy_copy(p, &kept);

	if (r)
		return r;
	leave_out(paths, &kept, mode_typed);
	text = image_write(&kept, &length);
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
