// SPDX-License-Identifier: GPL-2.0-only
/* down: end the guard; nothing of it stays but history, and with --purge not even that. */
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "kernel/guard.h"
#include "util/cleanup.h"

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path) && errno != ENOENT ? -1 : 0;
}

int cmd_down(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err)
{
	bool purge = false;
	const struct option_word options[] = { { .name = "--purge", .flag = &purge } };
	int left = take_options(argc, argv, options, ARRAY_SIZE(options), err), r;

	if (left < 0)
		return left;
	if (left)
		return usage_error(err, "unexpected word '%.64s'", argv[1]);
	r = guard_end(&ctx->paths, err);
	if (purge && (!r || r == -ENOENT)) {
		if (nftw(ctx->paths.var, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) &&
		    errno != ENOENT)
			return pg_fail(err, -errno, PG_EXIT_AUTO, "%s: %s", ctx->paths.var,
				       strerror(errno));
	}
	return r;
}
