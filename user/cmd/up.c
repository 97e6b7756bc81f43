// SPDX-License-Identifier: GPL-2.0-only
/* up, and the words that it shares with run. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cmd/print.h"
#include "cmd/start.h"
#include "config.h"
#include "policy/peer.h"
#include "util/cleanup.h"

static int add_interface(void *data, const char *value)
{
	struct start_words *w = data;

	if (w->interface_count == MOST_INTERFACES)
		return -E2BIG;
	if (!device_pattern_good(value, strlen(value)))
		return -EINVAL;
	w->interfaces[w->interface_count++] = value;
	return 0;
}

int start_words(int argc, char **argv, struct start_words *ret, struct pg_error *err)
{
	const struct option_word options[] = {
		{ .name = "-c", .value = &ret->config },
		{ .name = "--cgroup", .value = &ret->cgroup },
		{ .name = "-i", .each = add_interface, .data = ret },
		{ .name = "--force", .flag = &ret->force },
		{ .name = "--event-log", .value = &ret->event_log },
	};
	int left;

	*ret = (struct start_words){ 0 };
	left = take_options(argc, argv, options, ARRAY_SIZE(options), err);
	if (left == -E2BIG)
		return usage_error(err, "more than %d interfaces", MOST_INTERFACES);
	if (left == -EINVAL && !err->text[0])
		return usage_error(err,
				   "-i: want the name of a device, or a pattern such as veth*");
	if (left < 0)
		return left;
	if (left)
		return usage_error(err, "unexpected word '%.64s'", argv[1]);
	if (ret->cgroup && !ret->cgroup[0]) /* of a variable that is not set: not the root, then */
		return usage_error(err, "--cgroup wants a directory");
	if (!ret->config)
		ret->config = DEFAULT_CONFIG;
	return 0;
}

struct guard_start start_from_words(const struct start_words *w, struct policy *policy)
{
	return (struct guard_start){
		.policy = policy,
		.config = w->config,
		.interfaces = w->interfaces,
		.interface_count = w->interface_count,
		.cgroup = w->cgroup,
		.force = w->force,
	};
}

static void block_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
}

int cmd_up(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err)
{
	_cleanup_policy_ struct policy policy = { 0 };
	_cleanup_guard_ struct guard guard = { 0 };
	struct start_words words;
	struct guard_start start;
	char config[PATH_MAX];
	int r = start_words(argc, argv, &words, err);

	r = r ? r : check_capabilities(err);
	r = r ? r : config_load(words.config, &policy, err);
	if (r)
		return r;
	if (!config_absolute(words.config, config, sizeof(config)))
		words.config = config;
	start = start_from_words(&words, &policy);
	start.action = argv[0];
	block_signals();	/* done whole or not at all */
	r = guard_begin(&ctx->paths, &start, &guard, err);
	if (r)
		return r;
	if (ctx->json)
		(void)printf("{\"generation\":%llu}\n",
			     state_in_force(&guard.state)->generation);
	else
		(void)printf("guarding: %zu rule%s, mode %s\n", guard.policy.rule_count,
			     guard.policy.rule_count == 1 ? "" : "s",
			     mode_names[guard.policy.mode]);
	if (words.event_log && !ctx->json)
		(void)fprintf(stderr, "nobody writes to %s until an agent runs: portguard run\n",
			      words.event_log);
	return print_done(err);
}
