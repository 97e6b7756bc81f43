// SPDX-License-Identifier: GPL-2.0-only
/*
 * Another program: its words, its exit code, and no signal mask of ours. A call in another process: what it
 * returned.
 */
#include "util/child.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <string.h>

static char said[64];

static int shell(const char *script)
{
	char *argv[] = { "/bin/sh", "-c", (char *)script, NULL };

	return child_run(argv, said, sizeof(said));
}

Test(child, words_and_exit_code)
{
	cr_expect_eq(shell("echo out; echo err >&2; exit 7"), 7);
	cr_expect_str_eq(said, "out\nerr\n");
	cr_expect_eq(shell(":"), 0);
	cr_expect_str_eq(said, "");
}

Test(child, it_reads_nothing_and_may_say_more_than_has_room)
{
	cr_expect_eq(shell("cat; i=0; while [ $i -lt 20000 ]; do echo 12345678; i=$((i+1)); done"), 0);
	cr_expect_eq(strlen(said), sizeof(said) - 1);
}

Test(child, signals_are_not_blocked_in_it)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	cr_expect_eq(shell("kill -TERM $$"), 128 + SIGTERM);
}

Test(child, one_that_is_not_there)
{
	char *argv[] = { "/nonexistent/program", NULL };

	cr_expect_eq(child_run(argv, said, sizeof(said)), -ENOENT);
}

static int give(void *data)
{
	return *(int *)data;
}

static int call(int r)
{
	pid_t pid = child_begin(give, &r);

	cr_assert_gt(pid, 0);
	return child_end(pid);
}

Test(child, a_call_returns_what_it_returned)
{
	cr_expect_eq(call(0), 0);
	cr_expect_eq(call(-EEXIST), -EEXIST);
	cr_expect_eq(call(-524), -EIO, "no room in an exit code");
}

static int end(void *data)
{
	(void)data;
	return raise(SIGKILL);
}

Test(child, a_call_that_is_killed_is_told)
{
	pid_t pid = child_begin(end, NULL);

	cr_assert_gt(pid, 0);
	cr_expect_eq(child_end(pid), -ECHILD);
}

/* As whoever starts us may have it. */
Test(child, a_call_is_waited_for_though_ends_of_children_are_ignored)
{
	(void)signal(SIGCHLD, SIG_IGN);
	cr_expect_eq(call(-EEXIST), -EEXIST);
}
