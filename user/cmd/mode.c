// SPDX-License-Identifier: GPL-2.0-only
/* mode: typed by hand, it holds until the next apply that changes something. */
#include <stdio.h>
#include <string.h>

#include "cmd/print.h"
#include "cmd/cmd.h"
#include "policy/scope.h"
#include "util/cleanup.h"

/* @name: NULL: the host's. */
static int set_mode(struct policy *p, const char *name, enum pg_mode mode, struct pg_error *err)
{
	const struct scope *found = NULL;
	struct scope *scope;
	int r = name ? scope_want(p, name, &found, err) : 0;

	if (r)
		return r;
	if (!found) {
		p->mode = mode;
		return 0;
	}
	scope = &p->scopes[found - p->scopes];
	scope->mode = mode;
	scope->mode_said = true;
	return 0;
}

/* NULL: the scope has none of its own. */
static const char *mode_of(const struct policy *p, const char *name)
{
	const struct scope *scope = NULL;

	if (!name || scope_want(p, name, &scope, NULL) || !scope)
		return mode_names[p->mode];
	return scope->mode_said ? mode_names[scope->mode] : NULL;
}

int cmd_mode(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err)
{
	_cleanup_guard_ struct guard guard = { 0 };
	_cleanup_policy_ struct policy next = { 0 };
	bool force = false, changed;
	const char *scope = NULL;
	const struct option_word options[] = { { .name = "--force", .flag = &force },
					       { .name = "--scope", .value = &scope } };
	struct guard_told told = { .action = argv[0] };
	struct guard_change how = { .told = &told };
	char text[512];
	unsigned mode = 0;
	uint8_t typed;
	int left = take_options(argc, argv, options, ARRAY_SIZE(options), err), r;

	if (left < 0)
		return left;
	while (left == 1 && mode < PG_MODE_COUNT && strcmp(argv[1], mode_names[mode]))
		mode++;
	if (left != 1 || mode == PG_MODE_COUNT)
		return usage_error(err, "mode: want enforce, audit or off");
	r = guard_open(&ctx->paths, GUARD_WRITE, &guard, err);
	r = r ? r : policy_copy(&guard.policy, &next);
	r = r ? r : set_mode(&next, scope, mode, err);
	if (r)
		return r;
	how.force = force;
	told.before = mode_of(&guard.policy, scope);
	told.after = mode_names[mode];
	(void)snprintf(text, sizeof(text), "the mode%s%s is %s now", scope ? " of scope " : "",
		       scope ? scope : "", mode_names[mode]);
	told.text = text;
	typed = guard.state.meta->mode_typed;
	guard.state.meta->mode_typed = 1;	/* before: the last policy, for a boot, keeps its own */
	r = guard_change(&guard, &next, &how, &changed, err);
	if (r)
		guard.state.meta->mode_typed = typed;
	return r;
}
