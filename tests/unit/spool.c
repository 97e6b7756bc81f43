// SPDX-License-Identifier: GPL-2.0-only
/*
 * The spool: order, oldest lost first, sums that add up, and a file that is as it was at the last commit at
 * whatever byte its writer dies.
 */
#include "events/spool.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "events/encode.h"
#include "unit/lib/event_sample.h"

#define BOOT "0f5e2c3a-1111-4222-8333-444455556666"
#define NAME "tcp://192.0.2.9:601"

static char dir[64];
static struct spool *s;
static struct spool_config config;

static void reopen(void)
{
	spool_free(s);
	cr_assert_eq(spool_open(&config, &s), 0);
}

static void setup(void)
{
	sample_dir(dir);
	config = (struct spool_config){ .dir = dir, .name = NAME, .capacity = 65536 };
	s = NULL;
	reopen();
}

static void teardown(void)
{
	spool_free(s);
	sample_dir_remove(dir);
}

TestSuite(spool, .init = setup, .fini = teardown);

static void put_of(uint64_t seq, uint64_t count, const char *cmdline)
{
	struct event e = sample_bind(seq);
	struct json frame = JSON_INIT;

	e.count = count;
	e.cmdline = cmdline;
	cr_assert_eq(frame_put_event(&frame, &e), 0);
	spool_put(s, &e, BOOT, frame.text, frame.length);
	json_free(&frame);
}

static void put(uint64_t seq, uint64_t count)
{
	put_of(seq, count, "server -d");
}

/* The seqs that wait, as text; the queue stays. */
static const char *waiting(void)
{
	static char text[65536];
	struct spool_cursor at = spool_first(s);
	char boot_id[37];
	struct event e;
	size_t n = 0;

	text[0] = '\0';
	while (spool_next(s, &at, boot_id, &e) > 0) {
		cr_assert_str_eq(boot_id, BOOT);
		cr_assert_str_eq(e.exe, "/usr/bin/server");
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%lu ", e.seq);
	}
	return text;
}

/* So many of the queue are sent. */
static void send_some(unsigned count)
{
	struct spool_cursor at = spool_first(s);
	char boot_id[37];
	struct event e;

	while (count--)
		cr_assert_eq(spool_next(s, &at, boot_id, &e), 1);
	spool_sent(s, &at);
}

static void expect(uint64_t sent, uint64_t filtered, uint64_t queued, uint64_t lost)
{
	struct spool_figures f = spool_figures(s);

	cr_expect(f.sent == sent && f.filtered == filtered && f.queued == queued && f.lost == lost,
		  "sent %lu filtered %lu queued %lu lost %lu", f.sent, f.filtered, f.queued, f.lost);
}

static uint64_t sum(void)
{
	struct spool_figures f = spool_figures(s);

	return f.sent + f.filtered + f.queued + f.lost;
}

Test(spool, keeps_order_and_counts_refusals)
{
	struct event e = sample_bind(3);

	put(1, 5);
	put(2, 7);
	e.count = 2;
	spool_filter(s, &e);
	e.seq = 4;
	spool_lose(s, &e);
	put(5, 1);
	cr_expect_str_eq(waiting(), "1 2 5 ");
	expect(0, 2, 13, 2);
	send_some(2);
	cr_expect_str_eq(waiting(), "5 ");
	expect(12, 2, 1, 2);
	cr_expect_eq(spool_seq(s), 5);
}

Test(spool, outlives_its_writer)
{
	put(1, 5);
	put(2, 7);
	send_some(1);
	spool_set_error(s, "nobody is there");
	spool_position(s)[2] = 77;
	cr_assert_eq(spool_commit(s), 0);
	put(3, 100);
	reopen();
	cr_expect_str_eq(waiting(), "2 ");
	expect(5, 0, 7, 0);
	cr_expect_eq(spool_seq(s), 2, "what came after the commit, history has");
	cr_expect_eq(spool_position(s)[2], 77);
}

Test(spool, new_one_begins_where_it_is_told)
{
	config.name = "other";
	config.seq = 41;
	config.told = 1000;
	reopen();
	cr_expect_eq(spool_seq(s), 41);
	expect(0, 1000, 0, 0);
}

Test(spool, oldest_are_lost_first)
{
	uint64_t n = 1000, lost;
	char first[16];

	for (uint64_t i = 1; i <= n; i++)
		put(i, 2);
	lost = spool_figures(s).lost / 2;
	cr_assert(lost > 100 && lost < 990);
	expect(0, 0, 2 * (n - lost), 2 * lost);
	(void)snprintf(first, sizeof(first), "%lu ", lost + 1);
	cr_expect_eq(strncmp(waiting(), first, strlen(first)), 0);
	cr_expect_not_null(strstr(waiting(), "999 1000 "));
}

Test(spool, cursor_whose_events_were_lost_says_so)
{
	struct spool_cursor at = spool_first(s);
	char boot_id[37];
	struct event e;

	put(1, 1);
	put(2, 1);
	cr_assert_eq(spool_next(s, &at, boot_id, &e), 1);
	cr_expect(!spool_is_gone(s, &at));
	for (uint64_t i = 3; i <= 500; i++)
		put(i, 1);
	cr_expect(spool_is_gone(s, &at));
	spool_sent(s, &at);
	cr_expect_eq(spool_figures(s).sent, 0, "it was counted as lost");
	cr_expect_eq(sum(), 500);
}

Test(spool, event_larger_than_the_ring_is_lost)
{
	char *large = calloc(1, 70000);

	memset(large, 'x', 69999);
	put(1, 1);
	put_of(2, 3, large);
	put(3, 1);
	cr_expect_str_eq(waiting(), "1 3 ");
	expect(0, 0, 2, 3);
	free(large);
}

Test(spool, goes_round_many_times)
{
	uint64_t next = 1;

	for (uint64_t i = 1; i <= 3000; i++) {
		put(i, 1);
		if (i % 3 == 0) {
			send_some(2 + i % 2);
			next += 2 + i % 2;
			while (next + 60 < i) {
				send_some(1);
				next++;
			}
		}
		if (i % 7 == 0)
			cr_assert_eq(spool_commit(s), 0);
		if (i % 500 == 0) {
			cr_assert_eq(spool_commit(s), 0);
			reopen();
		}
	}
	cr_expect_eq(sum(), 3000);
	cr_expect_eq(spool_figures(s).lost, 0);
	cr_expect_eq((uint64_t)atoi(waiting()), next);
}

Test(spool, empty_one_gives_its_blocks_back)
{
	struct stat st;
	char path[PATH_MAX];
	struct dirent *d;
	DIR *list;

	config.capacity = 4 << 20;
	reopen();
	for (uint64_t i = 1; i <= 5000; i++)
		put(i, 1);
	cr_assert_eq(spool_commit(s), 0);
	send_some(5000);
	cr_assert_eq(spool_commit(s), 0);
	list = opendir(dir);
	while ((d = readdir(list)))
		if (strstr(d->d_name, ".spool"))
			(void)snprintf(path, sizeof(path), "%s/%s", dir, d->d_name);
	(void)closedir(list);
	cr_assert_eq(stat(path, &st), 0);
	cr_expect_lt(st.st_size, 65536);
	put(5001, 1);
	cr_assert_eq(spool_commit(s), 0);
	reopen();
	cr_expect_str_eq(waiting(), "5001 ");
	expect(5000, 0, 1, 0);
}

Test(spool, another_size_keeps_what_fits)
{
	for (uint64_t i = 1; i <= 150; i++)
		put(i, 2);
	cr_assert_eq(spool_commit(s), 0);
	config.capacity = 1 << 20;
	reopen();
	cr_expect_eq(spool_figures(s).queued + spool_figures(s).lost, 300);
	for (uint64_t i = 151; i <= 400; i++)
		put(i, 2);
	cr_expect_not_null(strstr(waiting(), "149 150 151 "));
	cr_assert_eq(spool_commit(s), 0);
	config.capacity = 65536;
	reopen();
	cr_expect_eq(sum(), 800);
	cr_expect_not_null(strstr(waiting(), "399 400 "));
	cr_expect_eq(spool_seq(s), 400);
}

Test(spool, counters_that_begin_anew_leave_what_waits)
{
	put(1, 5);
	put(2, 7);
	send_some(1);
	spool_begin_anew(s, 2);
	expect(0, 0, 0, 0);
	put(3, 1);
	cr_expect_str_eq(waiting(), "2 3 ");
	expect(0, 0, 1, 0);
	send_some(2);
	expect(1, 0, 0, 0);
}

Test(spool, what_is_missing_is_lost_once)
{
	put(1, 5);
	spool_balance(s, 9);
	spool_balance(s, 9);
	spool_balance(s, 3);
	expect(0, 0, 5, 4);
}

static char *file_of(char path[PATH_MAX])
{
	DIR *list = opendir(dir);
	struct dirent *d;

	while ((d = readdir(list)))
		if (strstr(d->d_name, ".spool"))
			(void)snprintf(path, PATH_MAX, "%s/%s", dir, d->d_name);
	(void)closedir(list);
	return path;
}

struct image {
	char *bytes;
	size_t length;
};

static struct image read_image(const char *path)
{
	struct image i = { .bytes = calloc(1, 1 << 20) };
	FILE *f = fopen(path, "re");

	i.length = fread(i.bytes, 1, 1 << 20, f);
	(void)fclose(f);
	return i;
}

static void write_image(const char *path, const char *bytes, size_t length)
{
	FILE *f = fopen(path, "we");

	cr_assert_eq(fwrite(bytes, 1, length, f), length);
	(void)fclose(f);
}

/* The bytes that differ are written one after the other, the ring's first, the record's last: die at each. */
static void die_at_each_byte(const char *path, const struct image *before, const struct image *after)
{
	size_t length = before->length > after->length ? before->length : after->length;
	char *now = calloc(1, 1 << 20);

	memcpy(now, before->bytes, before->length);
	for (unsigned pass = 0; pass < 2; pass++) {
		size_t from = pass ? 0 : 16384, to = pass ? 16384 : length;

		for (size_t i = from; i < to; i++) {
			const char *text;

			if (now[i] == after->bytes[i])
				continue;
			now[i] = after->bytes[i];
			write_image(path, now, length);
			reopen();
			text = waiting();
			if (spool_seq(s) == 2)
				cr_assert(!strcmp(text, "1 2 ") && spool_figures(s).queued == 12 &&
						  !spool_figures(s).sent,
					  "byte %zu: %s", i, text);
			else
				cr_assert(spool_seq(s) == 4 && !strcmp(text, "2 3 4 ") &&
						  spool_figures(s).queued == 9 && spool_figures(s).sent == 5,
					  "byte %zu: %s", i, text);
		}
	}
	cr_expect_eq(spool_seq(s), 4);
	free(now);
}

Test(spool, writer_may_die_at_any_byte)
{
	struct image before, after;
	char path[PATH_MAX];

	put(1, 5);
	put(2, 7);
	cr_assert_eq(spool_commit(s), 0);
	before = read_image(file_of(path));
	put(3, 1);
	put(4, 1);
	send_some(1);
	cr_assert_eq(spool_commit(s), 0);
	after = read_image(path);
	die_at_each_byte(path, &before, &after);
	free(before.bytes);
	free(after.bytes);
}

/* What the committed record holds to be waiting is not overwritten before the next one is written. */
Test(spool, full_ring_is_noted_before_it_is_overwritten)
{
	for (uint64_t i = 1; i <= 400; i++)
		put(i, 1);
	cr_assert_eq(spool_commit(s), 0);
	for (uint64_t i = 401; i <= 600; i++) {
		put(i, 1);
		if (i % 50)
			continue;
		reopen();
		cr_assert_eq(sum(), spool_seq(s), "%lu", i);
		cr_assert_eq(strlen(waiting()) > 0, true);
		cr_assert_eq(spool_figures(s).queued + spool_figures(s).lost, spool_seq(s));
		for (uint64_t j = spool_seq(s) + 1; j <= i; j++)
			put(j, 1); /* as history would bring them */
	}
	cr_expect_not_null(strstr(waiting(), "599 600 "));
}

Test(spool, damage_is_counted_and_ends_there)
{
	char path[PATH_MAX];
	struct image i;

	put(1, 5);
	put(2, 7);
	put(3, 1);
	cr_assert_eq(spool_commit(s), 0);
	i = read_image(file_of(path));
	i.bytes[16384 + 60] ^= 1;
	write_image(path, i.bytes, i.length);
	reopen();
	cr_expect_str_eq(waiting(), "");
	expect(0, 0, 0, 13);
	put(4, 1);
	cr_expect_str_eq(waiting(), "4 ");
	free(i.bytes);
}

Test(spool, file_that_is_none_is_begun_anew)
{
	char path[PATH_MAX];

	put(1, 5);
	cr_assert_eq(spool_commit(s), 0);
	write_image(file_of(path), "garbage", 7);
	config.seq = 9;
	reopen();
	expect(0, 0, 0, 0);
	cr_expect_eq(spool_seq(s), 9);
}

static int list_name(void *data, const char *name, const struct spool_figures *figures, const char *error)
{
	char *text = data;

	(void)sprintf(text + strlen(text), "%s %lu %s; ", name, figures->queued, error ? error : "-");
	return 0;
}

Test(spool, all_are_listed_in_their_order_and_others_removed)
{
	const char *names[] = { NAME };
	char text[256] = "";
	struct spool *other;

	config.order = 2;
	reopen();
	put(1, 5);
	spool_set_error(s, "trouble");
	cr_assert_eq(spool_commit(s), 0);
	config.name = "stdout";
	config.order = 1;
	cr_assert_eq(spool_open(&config, &other), 0);
	cr_assert_eq(spool_commit(other), 0);
	spool_free(other);
	cr_assert_eq(spool_each(dir, list_name, text), 0);
	cr_expect_str_eq(text, "stdout 0 -; " NAME " 5 trouble; ");
	text[0] = '\0';
	cr_assert_eq(spool_keep(dir, names, 1, list_name, text), 0);
	cr_expect_str_eq(text, "stdout 0 -; ");
	text[0] = '\0';
	cr_assert_eq(spool_each(dir, list_name, text), 0);
	cr_expect_str_eq(text, NAME " 5 trouble; ");
	cr_expect_eq(spool_each("/nonexistent", list_name, text), 0);
}
