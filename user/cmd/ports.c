// SPDX-License-Identifier: GPL-2.0-only
/* ports: who listens, and what the rules in force say of it. */
#include "cmd/ports.h"

#include "cmd/cmd.h"

int cmd_ports(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err)
{
	_cleanup_guard_ struct guard guard = { 0 };
	_cleanup_ports_ struct ports ports = { 0 };
	int left = take_options(argc, argv, NULL, 0, err), r;

	if (left < 0)
		return left;
	if (left)
		return usage_error(err, "unexpected word '%.64s'", argv[1]);
	r = guard_open(&ctx->paths, GUARD_READ, &guard, err);
	r = r ? r : ports_find(&guard, &ports, err);
	if (r)
		return r;
	return ctx->json ? ports_json(&ports, err) : ports_text(&ports, err);
}
