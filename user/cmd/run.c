// SPDX-License-Identifier: GPL-2.0-only
/*
 * run: the agent in the foreground. A policy that cannot be read does not leave the machine unguarded:
 * then the last one in force, or else essentials and failsafe alone, and `degraded` until it can.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "agent.h"
#include "cmd/start.h"
#include "config.h"
#include "kernel/last.h"
#include "util/cleanup.h"

/* What to enforce in place of a policy with mistakes. */
static void fall_back(const struct paths *paths, struct policy *policy, char *why, size_t size,
		      const struct pg_error *err)
{
	bool kept = !last_policy_read(paths, policy);

	if (!kept && policy_init(policy))
		*policy = (struct policy){ 0 };
	(void)fprintf(stderr, "%s%s\n", err->places ? "" : "portguard: ", pg_error_text(err));
	(void)snprintf(why, size, "%.*s: %s is enforced", (int)strcspn(err->text, "\n"), err->text,
		       kept ? "the last policy in force"
			    : "a policy of essentials and failsafe alone");
	(void)fprintf(stderr, "portguard: degraded: %s\n",
		      kept ? "the last policy in force is enforced"
			   : "essentials and failsafe alone are enforced");
}

int cmd_run(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err)
{
	_cleanup_policy_ struct policy policy = { 0 };
	struct agent_start start = { .paths = &ctx->paths };
	struct start_words words;
	char config[PATH_MAX], why[256];
	int r = start_words(argc, argv, &words, err), bad;

	r = r ? r : check_capabilities(err);
	if (r)
		return r;
	r = config_absolute(words.config, config, sizeof(config));
	if (r)
		return pg_fail(err, r, PG_EXIT_NO_FILE, "policy %s: %s", words.config, strerror(-r));
	words.config = config;
	start.guard = start_from_words(&words, &policy);
	start.guard.action = argv[0];
	start.guard.wait_for_devices = true;
	start.guard.leave_out = true;
	start.event_log = words.event_log;
	config_watch_open(&start.watch, words.config);
	bad = config_load_watched(&start.watch, &policy, err);
	if (bad) {
		fall_back(&ctx->paths, &policy, why, sizeof(why), err);
		start.guard.degraded = why;
		*err = (struct pg_error)PG_ERROR_INIT;
	}
	return agent_run(&start, err);
}
