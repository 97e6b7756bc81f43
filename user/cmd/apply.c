// SPDX-License-Identifier: GPL-2.0-only
/* apply and diff: a policy file, put in force, or compared with what is. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/print.h"
#include "config.h"
#include "kernel/cut.h"
#include "policy/diff.h"
#include "util/cleanup.h"

static int print_outcome(const struct guard *g, bool changed, const struct pg_context *ctx,
			 struct pg_error *err)
{
	unsigned long long generation =
		state_in_force(&g->state)->generation;

	if (ctx->json)
		(void)printf("{\"changed\":%s,\"generation\":%llu}\n", changed ? "true" : "false",
			     generation);
	else
		(void)printf(changed ? "applied: generation %llu\n"
				     : "nothing to change: generation %llu\n",
			     generation);
	return print_done(err);
}

/* Rules typed by hand that the new policy has no scope for. */
static int say_orphans(const struct policy *before, const struct policy *next,
		       const struct pg_context *ctx)
{
	_cleanup_free_ char *lines = policy_orphans(before, next);

	if (!lines)
		return -ENOMEM;
	for (char *rest = lines, *line; !ctx->json && (line = strsep(&rest, "\n")) && *line;)
		(void)fprintf(stderr, "gone with its scope: %s\n", line);
	return 0;
}

int cmd_apply(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err)
{
	_cleanup_policy_ struct policy next = { 0 }, before = { 0 };
	_cleanup_guard_ struct guard guard = { 0 };
	struct guard_told told = { .action = argv[0], .compare = true };
	struct guard_change how = { .new_generation = true, .told = &told };
	bool exact = false, cut = false, changed;
	char text[PATH_MAX + 32];
	const struct option_word options[] = {
		{ .name = "--exact", .flag = &exact },
		{ .name = "--cut", .flag = &cut },
		{ .name = "--dry-run", .flag = &how.dry_run },
		{ .name = "--force", .flag = &how.force },
	};
	int left = take_options(argc, argv, options, ARRAY_SIZE(options), err), r;

	if (left < 0)
		return left;
	if (left != 1)
		return usage_error(err, left ? "apply takes one file"
					     : "apply what? name a policy file");
	(void)snprintf(text, sizeof(text), "%s was applied", argv[1]);
	told.text = text;
	r = config_load(argv[1], &next, err);
	r = r ? r : guard_open(&ctx->paths, GUARD_WRITE, &guard, err);
	if (r)
		return r;
	if (guard.state.meta->mode_typed) {
		/* The hand's modes hold as long as nothing else changes. */
		_cleanup_policy_ struct policy said = { 0 };

		r = policy_copy(&next, &said);
		if (r)
			return r;
		policy_take_modes(&next, &guard.policy);
		r = guard_merge(&guard, &next, exact, err);
		if (!r && !policy_equal(&guard.policy, &next))
			policy_take_modes(&next, &said);
	} else {
		r = guard_merge(&guard, &next, exact, err);
	}
	r = r ? r : policy_copy(&guard.policy, &before);
	r = r ? r : guard_change(&guard, &next, &how, &changed, err);
	if (r)
		return r;
	if (how.dry_run)
		return print_difference(ctx, &before, &next, NULL, err);
	if (changed)
		guard.state.meta->mode_typed = 0;
	guard.state.meta->degraded[0] = '\0';
	r = exact ? 0 : say_orphans(&before, &guard.policy, ctx);
	r = r ? r : cut ? cut_connections(&before, &guard.policy, err) : 0;
	if (r < 0)
		return r;
	return print_outcome(&guard, changed, ctx, err);
}

int cmd_diff(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err)
{
	_cleanup_policy_ struct policy next = { 0 };
	_cleanup_guard_ struct guard guard = { 0 };
	char config[PATH_MAX];
	bool differs = false;
	int left = take_options(argc, argv, NULL, 0, err), r;

	if (left < 0)
		return left;
	if (left > 1)
		return usage_error(err, "diff takes one file");
	r = guard_open(&ctx->paths, GUARD_READ, &guard, err);
	if (r)
		return r;
	(void)snprintf(config, sizeof(config), "%s", left ? argv[1] : guard.state.meta->config);
	r = config_load(config[0] ? config : DEFAULT_CONFIG, &next, err);
	r = r ? r : guard_merge(&guard, &next, false, err);
	r = r ? r : print_difference(ctx, &guard.policy, &next, &differs, err);
	return r ? r : differs ? PG_EXIT_NEGATIVE : 0;
}
