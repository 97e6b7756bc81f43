// SPDX-License-Identifier: GPL-2.0-only
/* A file as an outlet writes it: whole lines, each once, whoever died, whatever was full, however it is rotated. */
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

#include "events/encode.h"
#include "events/outlet.h"
#include "policy/file.h"
#include "unit/lib/event_sample.h"

static char dir[64], path[128];
static struct event_source source;
static struct outlet *o;
static struct outlet_place place;
static uint64_t seq;

static void open_as(const char *more)
{
	struct output config;
	char text[256];

	(void)snprintf(text, sizeof(text), "{file: \"%s\"%s}", path, more);
	cr_assert_eq(output_parse(text, &config), 0);
	cr_assert_eq(outlet_new(&config, &place, &o), 0);
	output_free(&config);
}

static void reopen(const char *more)
{
	outlet_free(o);
	open_as(more);
}

static void setup(void)
{
	sample_dir(dir);
	source = sample_source();
	(void)snprintf(path, sizeof(path), "%s/events.jsonl", dir);
	place = (struct outlet_place){ .dir = dir, .source = &source, .epoll_fd = -1 };
	seq = 0;
	open_as("");
}

static void teardown(void)
{
	outlet_free(o);
	sample_dir_remove(dir);
}

TestSuite(sink_file, .init = setup, .fini = teardown);

static void take(struct event *e)
{
	struct json frame = JSON_INIT;

	cr_assert_eq(frame_put_event(&frame, e), 0);
	outlet_take(o, e, source.boot_id, frame.text, frame.length);
	json_free(&frame);
}

static void write_event(uint64_t count)
{
	struct event e = sample_bind(++seq);

	e.count = count;
	take(&e);
	outlet_flush(o);
}

static struct spool_figures figures(void)
{
	return spool_figures(outlet_spool(o));
}

/* Lines in the file; each must be one whole object. */
static size_t lines(const char *at)
{
	char *text = sample_read(at), *line = text, *end;
	size_t n = 0;

	for (; (end = strchr(line, '\n')); line = end + 1) {
		n++;
		cr_assert(!strncmp(line, "{\"schema\":1,", 12));
		cr_assert_eq(end[-1], '}');
	}
	cr_assert_eq(*line, '\0', "no half line");
	free(text);
	return n;
}

static void append(const char *text)
{
	FILE *out = fopen(path, "a");

	(void)fputs(text, out);
	(void)fclose(out);
}

Test(sink_file, lines_are_appended)
{
	write_event(1);
	write_event(5);
	reopen("");
	write_event(1);
	cr_expect_eq(lines(path), 3);
	cr_expect_eq(figures().sent, 7);
}

Test(sink_file, figures_are_refusals)
{
	struct event beat = { .kind = EVENT_HEALTH, .seq = 9, .action = "beat", .text = "beat" };

	write_event(7);
	take(&beat);
	outlet_flush(o);
	cr_expect_eq(figures().sent, 7);
	cr_expect_eq(lines(path), 2);
}

Test(sink_file, others_who_may_read_it_are_the_group)
{
	struct stat st;

	write_event(1);
	cr_assert_eq(stat(path, &st), 0);
	cr_expect_eq(st.st_mode & 07777 & ~0640u, 0u);
}

/* So dies an agent that had written lines, the last one in part, and not noted it in the spool. */
static void die_between(unsigned noted, unsigned written, size_t torn)
{
	for (unsigned i = 0; i < noted; i++)
		write_event(1);
	for (unsigned i = 0; i < written; i++) {
		struct event e = sample_bind(++seq);
		struct json line = JSON_INIT;

		format_find("json")->write(&line, &source, &e);
		if (i + 1 == written && torn)
			line.text[torn] = '\0';
		append(line.text);
		json_free(&line);
	}
	seq -= written;
	reopen("");
}

Test(sink_file, lines_that_were_written_and_not_noted_are_not_written_again)
{
	die_between(2, 3, 0);
	for (int i = 0; i < 4; i++) {
		struct event e = sample_bind(++seq);

		take(&e);
	}
	outlet_reopen(o);
	cr_expect_eq(lines(path), 6);
	cr_expect_eq(figures().sent, 6);
}

Test(sink_file, line_torn_at_any_byte_is_written_whole)
{
	for (size_t torn = 1; torn < 700; torn += 37) {
		teardown();
		setup();
		die_between(1, 2, torn);
		for (int i = 0; i < 2; i++) {
			struct event e = sample_bind(++seq);

			take(&e);
		}
		outlet_reopen(o);
		cr_expect_eq(lines(path), 3, "torn at %zu", torn);
		cr_expect_eq(figures().sent, 3);
	}
}

Test(sink_file, strangers_bytes_are_never_cut)
{
	char *text;

	write_event(1);
	outlet_free(o);
	append("{\"precious\": true}\n{\"half");
	open_as("");
	write_event(1);
	text = sample_read(path);
	cr_expect_not_null(strstr(text, "}\n{\"precious\": true}\n{\"half"));
	free(text);
}

Test(sink_file, symbolic_link_is_not_followed)
{
	char other[160];

	outlet_free(o);
	(void)snprintf(other, sizeof(other), "%s/precious", dir);
	(void)unlink(path);
	cr_assert_eq(symlink(other, path), 0);
	open_as("");
	cr_expect_eq(outlet_error(o), -ELOOP);
	cr_expect_str_eq(outlet_trouble(o), "it is a symbolic link: name the file itself");
	write_event(1);
	cr_expect_eq(access(other, F_OK), -1);
	cr_expect_eq(figures().queued, 1);
}

Test(sink_file, missing_directory_is_named_and_the_lines_wait_for_it)
{
	char text[160], sub[100];

	outlet_free(o);
	(void)snprintf(sub, sizeof(sub), "%s/sub", dir);
	(void)snprintf(path, sizeof(path), "%s/events.jsonl", sub);
	open_as("");
	(void)snprintf(text, sizeof(text), "the directory %s is missing", sub);
	cr_expect_str_eq(outlet_trouble(o), text);
	write_event(2);
	cr_expect_eq(figures().queued, 2);
	cr_assert_eq(mkdir(sub, 0700), 0);
	outlet_tick(o);
	outlet_tick(o);
	cr_expect_eq(figures().sent, 2);
	cr_expect_eq(lines(path), 1);
}

Test(sink_file, full_disk_keeps_the_lines_until_there_is_room)
{
	struct rlimit small = { .rlim_cur = 1000, .rlim_max = RLIM_INFINITY },
		      large = { RLIM_INFINITY, RLIM_INFINITY };
	struct event e;

	(void)signal(SIGXFSZ, SIG_IGN);
	write_event(2);
	e = sample_bind(++seq);
	e.count = 3;
	take(&e);
	/* the spool's ring lies behind that limit, but its record does not: nothing is noted meanwhile */
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	outlet_reopen(o);
	cr_expect_eq(lines(path), 1, "half of it fits, and is taken back");
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &large), 0);
	cr_expect(figures().sent == 2 && figures().queued == 3 && figures().lost == 0);
	cr_expect_eq(outlet_error(o), -ENOSPC);
	outlet_tick(o);
	outlet_tick(o);
	cr_expect(figures().sent == 5 && figures().queued == 0);
	cr_expect_eq(lines(path), 2);
}

Test(sink_file, somebody_elses_rotation_is_followed)
{
	char old[160];

	write_event(1);
	(void)snprintf(old, sizeof(old), "%s.1", path);
	cr_assert_eq(rename(path, old), 0);
	write_event(1);
	outlet_reopen(o);
	write_event(1);
	cr_expect_eq(lines(old), 2);
	cr_expect_eq(lines(path), 1);
}

Test(sink_file, rotation_by_size_keeps_so_many)
{
	size_t sum = 0;
	char at[160];

	reopen(", rotate: 4K, keep: 2");
	for (int i = 0; i < 40; i++)
		write_event(1);
	for (int i = 0; i < 4; i++) {
		struct stat st;

		(void)snprintf(at, sizeof(at), i ? "%s.%d" : "%s", path, i);
		if (i == 3) {
			cr_expect_eq(access(at, F_OK), -1, "two are kept");
			continue;
		}
		sum += lines(at);
		cr_assert_eq(stat(at, &st), 0);
		cr_expect_leq(st.st_size, 4096);
	}
	cr_expect_gt(sum, 10u);
	cr_expect_eq(figures().sent, 40);
}

Test(sink_file, rotation_by_size_holds_for_many_lines_at_once)
{
	char at[160];
	size_t sum = 0;

	reopen(", rotate: 4K, keep: 30");
	for (int i = 0; i < 60; i++) {
		struct event e = sample_bind(++seq);

		take(&e);
	}
	outlet_flush(o);
	for (int i = 0; i < 30; i++) {
		struct stat st;

		(void)snprintf(at, sizeof(at), i ? "%s.%d" : "%s", path, i);
		if (stat(at, &st))
			break;
		cr_expect_leq(st.st_size, 4096);
		cr_expect(!i || st.st_size > 3000, "and is filled");
		sum += lines(at);
	}
	cr_expect_eq(sum, 60);
	cr_expect_eq(figures().sent, 60);
}

Test(sink_file, rotation_by_age)
{
	char at[160];

	reopen(", rotate: 1h");
	write_event(1);
	write_event(1);
	(void)snprintf(at, sizeof(at), "%s.1", path);
	cr_expect_eq(access(at, F_OK), -1);
	spool_position(outlet_spool(o))[3] -= 3600; /* when it was made */
	outlet_reopen(o);
	write_event(1);
	cr_expect_eq(lines(at), 2);
	cr_expect_eq(lines(path), 1);
}

Test(sink_file, what_does_not_fit_into_the_buffer_is_lost_oldest_first)
{
	outlet_free(o);
	(void)snprintf(path, sizeof(path), "/dev/full");
	open_as(", buffer: 64K");
	for (int i = 0; i < 1000; i++)
		write_event(2);
	cr_expect_eq(outlet_error(o), -ENOSPC);
	cr_expect(figures().sent == 0 && figures().queued > 100 && figures().lost > 100);
	cr_expect_eq(figures().queued + figures().lost, 2000);
}
