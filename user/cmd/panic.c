// SPDX-License-Identifier: GPL-2.0-only
/*
 * panic: nothing but the failsafe ports, at once and open connections too. The policy below stays and may
 * be changed; `panic off` brings back what it says by then.
 */
#include <string.h>

#include "cmd/cmd.h"
#include "kernel/guard.h"
#include "util/cleanup.h"

int cmd_panic(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err)
{
	_cleanup_policy_ struct policy next = { 0 };
	_cleanup_guard_ struct guard guard = { 0 };
	struct guard_told told = { .action = argv[0] };
	struct guard_change how = { .new_generation = true, .told = &told };
	const struct option_word options[] = { { .name = "--force", .flag = &how.force } };
	int left = take_options(argc, argv, options, ARRAY_SIZE(options), err), r;
	bool on, changed;

	if (left < 0)
		return left;
	on = left == 1 && !strcmp(argv[1], "on");
	if (left != 1 || (!on && strcmp(argv[1], "off") != 0))
		return usage_error(err, "panic: want on or off");
	r = guard_open(&ctx->paths, GUARD_WRITE_TRIAL, &guard, err);
	if (!r && state_is_tried(&guard.state)) /* no time for trials */
		r = guard_end_trial(&guard, false, err);
	r = r ? r : policy_copy(&guard.policy, &next);
	if (r)
		return r;
	next.panic = on;
	told.before = on ? "off" : "on";
	told.after = on ? "on" : "off";
	told.text = on ? "panic: nothing but the failsafe ports" : "panic is over";
	return guard_change(&guard, &next, &how, &changed, err);
}
