// SPDX-License-Identifier: GPL-2.0-only
/*
 * try, confirm, rollback: a policy with a deadline. The programs themselves go back to the former one when
 * it has come, so that whoever has locked himself out, or lost every process, is let in again.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>

#include "cmd/cmd.h"
#include "cmd/print.h"
#include "config.h"
#include "policy/units.h"
#include "util/cleanup.h"

#define DEFAULT_SECONDS 60
#define MOST_SECONDS 86400
#define NS_PER_SECOND 1000000000ull

static int print_trial(const struct guard *g, uint32_t seconds, const struct pg_context *ctx,
		       struct pg_error *err)
{
	unsigned long long generation = state_in_force(&g->state)->generation;

	if (ctx->json)
		(void)printf("{\"changed\":%s,\"generation\":%llu}\n", seconds ? "true" : "false",
			     generation);
	else if (seconds)
		(void)printf("on trial for %u s: generation %llu; keep it with: portguard confirm\n",
			     seconds, generation);
	else
		(void)printf("nothing to try: generation %llu\n", generation);
	return print_done(err);
}

static void say_keys(void)
{
	(void)fprintf(stderr, "Enter: keep it; Ctrl-C: go back now\n");
}

/*
 * Enter alone keeps it: whoever has typed a word perhaps meant no.
 * Return: 1: Enter was pressed, 0: the time is up (or the terminal went), -EINTR: Ctrl-C.
 */
static int wait_for_word(const struct state *s, int signals)
{
	struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN },
				{ .fd = signals, .events = POLLIN } };
	bool word = false;
	uint64_t left;
	char c;

	while ((left = state_try_left_ns(s))) {
		if (poll(fds, ARRAY_SIZE(fds), (int)(left / 1000000) + 1) < 0 && errno != EINTR)
			return 0;
		if (fds[1].revents)
			return -EINTR;
		if (!fds[0].revents)
			continue;
		if (read(STDIN_FILENO, &c, 1) != 1)
			fds[0].fd = -1; /* nobody there: the deadline decides */
		else if (c != '\n')
			word = true;
		else if (!TAKE(word, false))
			return 1;
		else
			say_keys();
	}
	return 0;
}

static int end_trial(const struct pg_context *ctx, bool confirmed, struct pg_error *err)
{
	_cleanup_guard_ struct guard g = { 0 };
	const char *word = confirmed ? "confirm" : "rollback";
	int r = guard_open(&ctx->paths, GUARD_WRITE_TRIAL, &g, err);

	if (r)
		return r;
	if (state_is_tried(&g.state))
		return guard_end_trial(&g, confirmed, err);
	(void)pg_fail(err, 0, PG_EXIT_NEGATIVE,
		      g.settled ? "%s: the time is up: the former policy is in force again"
				: "%s: no policy is on trial",
		      word);
	return PG_EXIT_NEGATIVE;
}

/* With somebody at the terminal: Enter keeps the policy, Ctrl-C goes back at once. */
static int ask_terminal(const struct pg_context *ctx, struct pg_error *err)
{
	_cleanup_state_ struct state s = { 0 };
	_cleanup_close_ int signals = -1;
	sigset_t set;
	int r = state_open(&ctx->paths, false, &s, err);

	if (r)
		return r;
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (signals < 0)
		return -errno;
	(void)tcflush(STDIN_FILENO, TCIFLUSH); /* what was typed before was no answer */
	say_keys();
	r = wait_for_word(&s, signals);
	if (r == -EINTR)
		(void)fprintf(stderr, "back to the former policy\n");
	if (r)
		return end_trial(ctx, r > 0, err);
	r = end_trial(ctx, false, NULL);
	if (r < 0)
		return r;
	(void)pg_fail(err, 0, PG_EXIT_NEGATIVE,
		      "try: not confirmed in time: the former policy is in force again");
	return PG_EXIT_NEGATIVE;
}

static int put_on_trial(const char *file, const struct guard_change *how,
			const struct pg_context *ctx, bool *ret_changed, struct pg_error *err)
{
	char text[PATH_MAX + 64];
	const struct guard_told told = { .action = "try", .text = text, .compare = true };
	struct guard_change change = *how;
	_cleanup_policy_ struct policy next = { 0 };
	_cleanup_guard_ struct guard g = { 0 };
	int r = config_load(file, &next, err);

	(void)snprintf(text, sizeof(text), "%s is on trial for %llu s", file,
		       (unsigned long long)how->try_ns / NS_PER_SECOND);
	change.told = &told;
	r = r ? r : guard_open(&ctx->paths, GUARD_WRITE, &g, err);
	r = r ? r : guard_merge(&g, &next, false, err);
	r = r ? r : guard_change(&g, &next, &change, ret_changed, err);
	if (r)
		return r;
	return print_trial(&g, *ret_changed ? (uint32_t)(how->try_ns / NS_PER_SECOND) : 0, ctx, err);
}

int cmd_try(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err)
{
	struct guard_change how = { .new_generation = true };
	uint32_t seconds = DEFAULT_SECONDS;
	const char *timeout = NULL;
	bool changed = false;
	const struct option_word options[] = {
		{ .name = "--timeout", .value = &timeout },
		{ .name = "--force", .flag = &how.force },
	};
	int left = take_options(argc, argv, options, ARRAY_SIZE(options), err), r;

	if (left < 0)
		return left;
	if (left != 1)
		return usage_error(err, left ? "try takes one file" : "try what? name a policy file");
	if (timeout && duration_parse(timeout, strlen(timeout), MOST_SECONDS, &seconds, NULL))
		return usage_error(err, "--timeout %.32s: want 1s to 1d", timeout);
	how.try_ns = seconds * NS_PER_SECOND;
	r = put_on_trial(argv[1], &how, ctx, &changed, err);
	if (r || !changed || !isatty(STDIN_FILENO) || !isatty(STDERR_FILENO) || ctx->json)
		return r;
	return ask_terminal(ctx, err);
}

static int cmd_end(int argc, char **argv, bool confirmed, const struct pg_context *ctx,
		   struct pg_error *err)
{
	int left = take_options(argc, argv, NULL, 0, err);

	if (left < 0)
		return left;
	if (left)
		return usage_error(err, "unexpected word '%.64s'", argv[1]);
	return end_trial(ctx, confirmed, err);
}

int cmd_confirm(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err)
{
	return cmd_end(argc, argv, true, ctx, err);
}

int cmd_rollback(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err)
{
	return cmd_end(argc, argv, false, ctx, err);
}
