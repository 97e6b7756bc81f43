// SPDX-License-Identifier: GPL-2.0-only
/*
 * History: the last events in order, whatever a dying agent or a full disk did to the files.
 */
#include "events/history.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit/lib/event_sample.h"

#define LIMIT 10

static char dir[64];
static struct history *h;

static void reopen(uint32_t limit)
{
	struct event_source source = sample_source();

	history_free(h);
	cr_assert_eq(history_open(dir, &source, limit, NULL, &h), 0);
}

static void setup(void)
{
	sample_dir(dir);
	reopen(LIMIT);
}

static void teardown(void)
{
	history_free(h);
	h = NULL;
	sample_dir_remove(dir);
}

TestSuite(history, .init = setup, .fini = teardown);

static void write_events(uint64_t first, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++) {
		struct event e = sample_bind(first + i);

		e.count = 3;
		cr_assert_eq(history_append(h, &e), 0);
	}
	cr_assert_eq(history_flush(h), 0);
}

struct seen {
	uint64_t first, last, count;
	bool in_order;
};

static int see(void *data, const struct event_source *source, const struct event *e)
{
	struct seen *s = data;

	cr_assert_str_eq(source->boot_id, sample_source().boot_id);
	cr_assert_str_eq(e->comm, "server");
	if (!s->count++)
		s->first = e->seq;
	else
		s->in_order &= e->seq > s->last;
	s->last = e->seq;
	return 0;
}

static struct seen all(uint32_t limit)
{
	struct seen s = { .in_order = true };

	cr_assert_eq(history_each(dir, limit, see, &s), 0);
	cr_expect(s.in_order);
	return s;
}

static void in_dir(char path[128], const char *name)
{
	(void)snprintf(path, 128, "%s/%s", dir, name);
}

Test(history, empty_history_has_no_events)
{
	cr_expect_eq(all(LIMIT).count, 0);
}

Test(history, missing_directory_is_an_error_with_words)
{
	struct event_source source = sample_source();
	struct pg_error err = PG_ERROR_INIT;
	struct history *none = NULL;

	cr_expect_eq(history_open("/nonexistent/x", &source, 0, &err, &none), -ENOENT);
	cr_expect_not_null(strstr(err.text, "/nonexistent/x"));
}

Test(history, events_come_back_in_order)
{
	write_events(1, 4);
	write_events(5, 2);
	cr_expect_eq(all(LIMIT).count, 6);
	cr_expect_eq(all(LIMIT).first, 1);
}

Test(history, exactly_the_last_ones_are_kept)
{
	for (uint64_t seq = 1; seq <= 95; seq++)
		write_events(seq, 1);
	cr_expect_eq(all(LIMIT).count, LIMIT);
	cr_expect_eq(all(LIMIT).first, 86);
	cr_expect_eq(all(LIMIT).last, 95);
}

Test(history, next_agent_goes_on)
{
	write_events(1, 7);
	reopen(LIMIT);
	write_events(8, 7);
	reopen(LIMIT);
	write_events(15, 1);
	cr_expect_eq(all(LIMIT).last, 15);
	cr_expect_eq(all(LIMIT).first, 6);
}

Test(history, files_are_for_root_alone)
{
	char path[128];
	struct stat st;

	write_events(1, 1);
	in_dir(path, "history.0");
	cr_assert_eq(stat(path, &st), 0);
	cr_expect_eq(st.st_mode & 0777, 0600);
}

Test(history, torn_tail_of_any_length_is_cut_off)
{
	char path[128];
	struct stat st;

	write_events(1, 2);
	in_dir(path, "history.0");
	cr_assert_eq(stat(path, &st), 0);
	write_events(3, 1);
	for (off_t cut = 1; cut < 120; cut += 7) {
		cr_assert_eq(truncate(path, st.st_size + cut), 0);
		cr_expect_eq(all(LIMIT).last, 2, "a reader does not mind");
		reopen(LIMIT);
		write_events(3, 1);
		cr_expect_eq(all(LIMIT).last, 3);
		cr_expect_eq(all(LIMIT).count, 3);
	}
}

Test(history, garbage_is_not_read_as_events)
{
	char path[128];
	FILE *f;

	write_events(1, 1);
	in_dir(path, "history.1");
	f = fopen(path, "w");
	for (int i = 0; i < 10000; i++)
		(void)fputc(i * 37, f);
	(void)fclose(f);
	cr_expect_eq(all(LIMIT).count, 1);
	reopen(LIMIT);
	write_events(2, 30);
	write_events(32, 1);
	write_events(33, 1);
	cr_expect_eq(all(LIMIT).last, 33);
}

Test(history, symbolic_link_is_not_followed)
{
	char path[128];
	struct event_source source = sample_source();
	struct history *other = NULL;

	in_dir(path, "history.0");
	history_free(h);
	h = NULL;
	(void)unlink(path);
	cr_assert_eq(symlink("/dev/null", path), 0);
	cr_expect_neq(history_open(dir, &source, LIMIT, NULL, &other), 0);
}

Test(history, full_disk_drops_the_batch_and_nothing_else)
{
	struct rlimit small = { .rlim_cur = 4096, .rlim_max = RLIM_INFINITY },
		      large = { RLIM_INFINITY, RLIM_INFINITY };

	(void)signal(SIGXFSZ, SIG_IGN);
	write_events(1, 2);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (uint64_t i = 3; i < 30; i++) {
		struct event e = sample_bind(i);

		cr_assert_eq(history_append(h, &e), 0);
	}
	cr_expect_eq(history_flush(h), -EFBIG);
	cr_expect_eq(all(LIMIT).last, 2);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &large), 0);
	write_events(30, 1);
	cr_expect_eq(all(LIMIT).last, 30);
	cr_expect_eq(all(LIMIT).count, 3);
}

Test(history, tally_counts_refusals_from_a_seq_on)
{
	struct event beat = {
		.kind = EVENT_HEALTH, .seq = 7, .action = "beat", .text = "beat", .end_us = 99
	};
	struct history_tally t;

	write_events(1, 6);
	cr_assert_eq(history_append(h, &beat), 0);
	cr_assert_eq(history_flush(h), 0);
	cr_assert_eq(history_tally(dir, 4, &t), 0);
	cr_expect_eq(t.lines, 3);
	cr_expect_eq(t.refusals, 9);
	cr_expect_eq(t.last_seq, 7);
	cr_expect_eq(t.last_end_us, 99);
	cr_assert_eq(history_tally("/nonexistent", 1, &t), 0);
	cr_expect_eq(t.last_seq, 0);
}

Test(history, visitor_may_stop)
{
	struct seen s = { .in_order = true };

	write_events(1, 3);
	cr_expect_eq(history_each(dir, 1, see, &s), 0);
	cr_expect_eq(s.count, 1);
	cr_expect_eq(s.first, 3);
}

/* What a reader finds that begins at @seq: the number of events, and their first and last seq. */
static struct seen from(struct history_cursor *cursor)
{
	struct seen s = { .in_order = true };
	struct event e;

	while (history_next(h, cursor, &e) > 0)
		(void)see(&s, &cursor->reader.source, &e);
	cr_expect(s.in_order);
	return s;
}

Test(history, reader_follows_the_writer_from_file_to_file)
{
	struct history_cursor cursor = HISTORY_CURSOR_INIT;
	struct seen s;

	write_events(1, LIMIT);
	write_events(LIMIT + 1, 3);
	cr_assert_eq(history_seek(h, 0, &cursor), 0);
	s = from(&cursor);
	cr_expect_eq(s.count, LIMIT + 3);
	write_events(LIMIT + 4, LIMIT - 3);
	write_events(2 * LIMIT + 1, 2);
	s = from(&cursor);
	cr_expect_eq(s.first, LIMIT + 4);
	cr_expect_eq(s.count, LIMIT - 1, "the file that it read, and the next");
	for (uint64_t i = 2; i < 6; i++)
		write_events(i * LIMIT + (i == 2 ? 3 : 1), i == 2 ? LIMIT - 2 : LIMIT);
	s = from(&cursor);
	cr_expect_eq(s.last, 6 * LIMIT);
	cr_expect_eq(s.count, 3 * LIMIT - 2, "what is left of the file that it read, and those there are");
	history_cursor_close(&cursor);
	cr_assert_eq(history_seek(h, 6 * LIMIT - 1, &cursor), 0);
	cr_expect_eq(from(&cursor).first, 5 * LIMIT + 1, "the file in which it lies");
	history_cursor_close(&cursor);
}

static uint64_t after(const char *boot_id, uint64_t seq)
{
	uint64_t first = 77;

	cr_assert_eq(history_after(h, boot_id, seq, &first), 0);
	return first;
}

Test(history, knows_where_a_reader_goes_on_over_boots)
{
	struct event_source source = sample_source();
	struct event e = sample_bind(7);

	cr_expect_eq(after(source.boot_id, 5), 0, "an empty history: whatever comes");
	write_events(1, 6);
	cr_expect_eq(after(source.boot_id, 5), 6);
	cr_expect_eq(after(source.boot_id, 6), 7);
	cr_expect_eq(after("another", 5), 0);
	/* 7 to 9 were seen, then the power failed and took them along; their numbers came again. */
	(void)snprintf(source.boot_id, sizeof(source.boot_id), "next");
	history_free(h);
	cr_assert_eq(history_open(dir, &source, LIMIT, NULL, &h), 0);
	cr_expect_eq(after(sample_source().boot_id, 9), 7);
	cr_assert_eq(history_append(h, &e), 0);
	cr_assert_eq(history_flush(h), 0);
	cr_expect_eq(after(sample_source().boot_id, 9), 7);
	cr_expect_eq(after("next", 7), 8);
	cr_expect_eq(after(sample_source().boot_id, 4), 5);
}

Test(history, reader_whose_place_is_gone_goes_on_behind_it)
{
	for (uint64_t i = 0; i < 4; i++)
		write_events(i * LIMIT + 1, LIMIT);
	cr_expect_eq(after(sample_source().boot_id, 5), 6, "which begins with a gap");
	cr_expect_eq(after("another", 5), 6);
	cr_expect_eq(after("another", 35), 0);
}
