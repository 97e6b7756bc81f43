// SPDX-License-Identifier: GPL-2.0-only
/* save: what was added by hand, to the one policy file that portguard itself writes. */
#include "cmd/edit.h"
#include "util/cleanup.h"

int cmd_save(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err)
{
	_cleanup_guard_ struct guard guard = { 0 };
	int left = take_options(argc, argv, NULL, 0, err), r;

	if (left < 0)
		return left;
	if (left)
		return usage_error(err, "unexpected word '%.64s'", argv[1]);
	r = guard_open(&ctx->paths, GUARD_WRITE, &guard, err);
	return r ? r : save_rules(&guard, NULL, argv[0], err);
}
