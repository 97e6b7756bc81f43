// SPDX-License-Identifier: GPL-2.0-only
/* Changes that wait for the agent: each is told once, and none that was not made. */
#include "events/changes.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "events/history.h"
#include "unit/lib/event_sample.h"

#define NOW 999 /* the word as it stands: none of these was made from it */

static char dir[64], path[128];

static void setup(void)
{
	sample_dir(dir);
	(void)snprintf(path, sizeof(path), "%s/changes", dir);
}

static void teardown(void)
{
	sample_dir_remove(dir);
}

TestSuite(changes, .init = setup, .fini = teardown);

static struct event change(uint64_t stamp, uint32_t pid, const char *text)
{
	return (struct event){
		.kind = EVENT_CHANGE,
		.seq = stamp,
		.pid = pid,
		.end_us = 1764000000000000 + stamp,
		.action = "allow",
		.text = text,
		.actor = { .known = true, .pid = pid, .uid = 5, .comm = "x\"\n", .tty = "pts/1" }
	};
}

static uint64_t note(uint64_t stamp, uint32_t pid, const char *text)
{
	struct event e = change(stamp, pid, text);
	uint64_t at = 0;

	cr_assert_eq(changes_note(dir, &e, &at), 0);
	return at;
}

/* "a b c" of the texts that are to be told. */
static void expect(uint64_t stamp, bool ask_history, const char *want, uint64_t lost)
{
	_cleanup_changes_ struct changes c = { .list = NULL };
	char got[256] = "";

	cr_assert_eq(changes_read(dir, stamp, ask_history, &c), 0);
	for (size_t i = 0; i < c.count; i++)
		(void)snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%s", i ? " " : "",
			       c.list[i].text);
	cr_expect_str_eq(got, want);
	cr_expect_eq(c.lost, lost);
}

Test(changes, none_wait_where_there_is_no_file)
{
	cr_expect(!changes_wait(dir));
	expect(NOW, true, "", 0);
}

Test(changes, they_come_back_as_they_were_and_once)
{
	_cleanup_changes_ struct changes c = { .list = NULL };
	struct stat st;

	(void)note(1, 7, "a");
	(void)note(2, 8, "b");
	cr_expect(changes_wait(dir));
	cr_assert_eq(stat(path, &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0600);
	cr_assert_eq(changes_read(dir, NOW, true, &c), 0);
	cr_assert_eq(c.count, 2);
	cr_expect_eq(c.list[1].end_us, 1764000000000002);
	cr_expect_str_eq(c.list[1].action, "allow");
	cr_expect_str_eq(c.list[1].actor.comm, "x\"\n");
	cr_expect_str_eq(c.list[1].actor.tty, "pts/1");
	cr_expect_null(c.list[1].before);
	cr_expect_eq(changes_clear(dir), 0);
	cr_expect(!changes_wait(dir));
	expect(NOW, true, "", 0);
}

Test(changes, that_was_taken_back_is_gone_with_what_is_behind_it)
{
	uint64_t at;

	(void)note(1, 7, "a");
	at = note(2, 8, "b");
	(void)note(2, 8, "c");
	changes_drop(dir, at);
	expect(NOW, false, "a", 0);
	changes_drop(dir, 100000);
	expect(NOW, false, "a", 0);
	(void)note(3, 8, "d");
	expect(NOW, false, "a d", 0);
}

Test(changes, of_a_command_that_was_killed_before_its_change_is_not_told)
{
	(void)note(1, 7, "a");
	(void)note(2, 8, "expired");
	(void)note(2, 8, "killed");
	expect(2, false, "a", 0);
}

Test(changes, nor_when_another_has_gone_on_from_there)
{
	(void)note(1, 7, "a");
	(void)note(2, 8, "killed");
	(void)note(2, 9, "killed");
	(void)note(2, 10, "expired");
	(void)note(2, 10, "made");
	(void)note(3, 11, "b");
	expect(NOW, false, "a expired made b", 0);
	expect(3, false, "a expired made", 0);
}

static void tell(const char *text, uint64_t stamp, uint32_t pid)
{
	struct event_source source = sample_source();
	struct event e = change(stamp, pid, text);
	struct history *h;

	cr_assert_eq(history_open(dir, &source, 0, NULL, &h), 0);
	e.seq = 5;
	e.pid = 0;
	cr_assert_eq(history_append(h, &e), 0);
	cr_assert_eq(history_flush(h), 0);
	history_free(h);
}

Test(changes, that_a_former_agent_told_and_did_not_clear_is_not_told_again)
{
	(void)note(1, 7, "a");
	(void)note(2, 8, "b");
	(void)note(3, 9, "c");
	tell("a", 1, 7);
	tell("b", 2, 8);
	expect(NOW, true, "c", 0);
	expect(NOW, false, "a b c", 0);
}

Test(changes, alike_in_all_but_time_is_another)
{
	(void)note(2, 8, "b");
	tell("b", 1, 8);
	expect(NOW, true, "b", 0);
}

Test(changes, of_too_many_the_older_go_and_are_counted)
{
	_cleanup_changes_ struct changes c = { .list = NULL };
	struct event e = change(1, 7, NULL);
	char text[900];
	uint64_t at;
	struct stat st;

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	e.text = text;
	for (uint32_t i = 1; i <= 3000; i++) {
		e.seq = i;
		cr_assert_eq(changes_note(dir, &e, &at), 0);
	}
	cr_assert_eq(stat(path, &st), 0);
	cr_expect_leq(st.st_size, CHANGES_BYTES);
	cr_assert_eq(changes_read(dir, NOW * 10, false, &c), 0);
	cr_expect_eq(c.count + c.lost, 3000);
	cr_expect_gt(c.count, 100);
	for (size_t i = 0; i < c.count; i++)
		cr_expect_eq(c.list[i].seq, c.lost + i + 1);
	cr_expect_eq(at > 0, true);
	changes_drop(dir, at);
	changes_free(&c);
	cr_assert_eq(changes_read(dir, NOW * 10, false, &c), 0);
	cr_expect_eq(c.count + c.lost, 2999, "the last one is where it was said to be");
}

static void write_bytes(const char *bytes, size_t length, int flags)
{
	int fd = open(path, O_WRONLY | O_CREAT | flags, 0600);

	cr_assert_eq(write(fd, bytes, length), (ssize_t)length);
	(void)close(fd);
}

Test(changes, what_cannot_be_read_is_counted_and_what_stands_before_it_told)
{
	(void)note(1, 7, "a");
	(void)note(2, 7, "b");
	write_bytes("nonsense of some length, which is no frame", 42, O_APPEND);
	expect(NOW, false, "a b", 1);
}

Test(changes, a_file_that_is_none_of_ours)
{
	static char large[CHANGES_BYTES * 3];

	write_bytes(large, sizeof(large), 0);
	expect(NOW, false, "", 1);
	(void)unlink(path);
	cr_assert_eq(symlink("/etc/passwd", path), 0);
	{
		struct event e = change(1, 2, "x");
		uint64_t at;

		cr_expect_eq(changes_note(dir, &e, &at), -ELOOP);
	}
}
