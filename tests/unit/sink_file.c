// SPDX-License-Identifier: GPL-2.0-only
/*
 * The event log: whole lines, appended; sent, queued and lost are what was handed in.
 */
#include "events/sink_file.h"

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

static char dir[64], path[128];
static struct sink_file *f;

static void reopen(const char *at)
{
	struct event_source source = sample_source();

	sink_file_free(f);
	f = NULL;
	cr_assert_eq(sink_file_open(at, &source, NULL, &f), 0);
}

static void setup(void)
{
	sample_dir(dir);
	(void)snprintf(path, sizeof(path), "%s/events.jsonl", dir);
	reopen(path);
}

static void teardown(void)
{
	sink_file_free(f);
	sample_dir_remove(dir);
}

TestSuite(sink_file, .init = setup, .fini = teardown);

static int write_event(uint64_t seq, uint64_t count)
{
	struct event e = sample_bind(seq);
	int r;

	e.count = count;
	r = sink_file_append(f, &e);
	return r ? r : sink_file_flush(f);
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

Test(sink_file, lines_are_appended)
{
	cr_expect_eq(write_event(1, 1), 0);
	cr_expect_eq(write_event(2, 5), 0);
	reopen(path);
	cr_expect_eq(sink_file_last_seq(f), 2);
	cr_expect_eq(write_event(3, 1), 0);
	cr_expect_eq(lines(path), 3);
}

Test(sink_file, figures_are_refusals)
{
	struct event beat = { .kind = EVENT_HEALTH, .seq = 9, .action = "beat", .text = "beat" };

	cr_expect_eq(write_event(1, 7), 0);
	cr_expect_eq(sink_file_append(f, &beat), 0);
	cr_expect_eq(sink_file_flush(f), 0);
	cr_expect_eq(sink_file_figures(f).sent, 7);
	cr_expect_eq(lines(path), 2);
}

Test(sink_file, new_file_has_no_last_line)
{
	cr_expect_eq(sink_file_last_seq(f), 0);
}

Test(sink_file, torn_line_of_a_dead_agent_is_cut_off)
{
	FILE *out;

	cr_expect_eq(write_event(1, 1), 0);
	out = fopen(path, "a");
	(void)fputs("{\"schema\":1,\"kind\":\"verd", out);
	(void)fclose(out);
	reopen(path);
	cr_expect_eq(sink_file_last_seq(f), 1);
	cr_expect_eq(write_event(2, 1), 0);
	cr_expect_eq(lines(path), 2);
}

Test(sink_file, file_of_one_torn_line_is_emptied)
{
	FILE *out = fopen(path, "w");

	(void)fputs("{\"schema\":1,", out);
	(void)fclose(out);
	reopen(path);
	cr_expect_eq(write_event(1, 1), 0);
	cr_expect_eq(lines(path), 1);
}

Test(sink_file, strangers_file_is_never_cut)
{
	FILE *out = fopen(path, "w");
	char *text;

	(void)fputs("{\"precious\": true}", out);
	(void)fclose(out);
	reopen(path);
	text = sample_read(path);
	cr_expect_str_eq(text, "{\"precious\": true}");
	free(text);
}

Test(sink_file, seq_cannot_be_forged_by_a_name)
{
	struct event e = sample_bind(3);

	e.comm = "\"seq\":99";
	cr_assert_eq(sink_file_append(f, &e), 0);
	reopen(path);
	cr_expect_eq(sink_file_last_seq(f), 3);
}

Test(sink_file, full_disk_keeps_the_lines_until_there_is_room)
{
	struct rlimit small = { .rlim_cur = 1000, .rlim_max = RLIM_INFINITY },
		      large = { RLIM_INFINITY, RLIM_INFINITY };
	struct sink_figures figures;

	(void)signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	cr_expect_eq(write_event(1, 2), 0);
	cr_expect_eq(write_event(2, 3), -EFBIG, "half of it fits");
	figures = sink_file_figures(f);
	cr_expect(figures.sent == 2 && figures.queued == 3 && figures.lost == 0 &&
		  figures.error == -EFBIG);
	cr_expect_eq(write_event(3, 4), -EFBIG);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &large), 0);
	cr_expect_eq(sink_file_flush(f), 0);
	figures = sink_file_figures(f);
	cr_expect(figures.sent == 9 && figures.queued == 0 && figures.error == 0);
	cr_expect_eq(lines(path), 3);
}

Test(sink_file, what_does_not_fit_into_the_buffer_is_counted)
{
	struct sink_figures figures;
	uint64_t handed_in = 0;

	reopen("/dev/full");
	for (uint64_t i = 1; i < 4000; i++) {
		(void)write_event(i, 2);
		handed_in += 2;
	}
	figures = sink_file_figures(f);
	cr_expect_eq(figures.error, -ENOSPC);
	cr_expect(figures.sent == 0 && figures.queued > 0 && figures.lost > 0);
	cr_expect_eq(figures.queued + figures.lost, handed_in);
}

Test(sink_file, rotation_goes_on_in_the_new_file)
{
	char old[160];

	cr_expect_eq(write_event(1, 1), 0);
	(void)snprintf(old, sizeof(old), "%s.1", path);
	cr_assert_eq(rename(path, old), 0);
	cr_expect_eq(write_event(2, 1), 0);
	cr_expect_eq(sink_file_reopen(f), 0);
	cr_expect_eq(write_event(3, 1), 0);
	cr_expect_eq(lines(old), 2);
	cr_expect_eq(lines(path), 1);
}

Test(sink_file, rotation_in_the_middle_of_a_line_tears_neither_file)
{
	struct rlimit small = { .rlim_cur = 1000, .rlim_max = RLIM_INFINITY },
		      large = { RLIM_INFINITY, RLIM_INFINITY };
	char old[160];

	(void)signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	cr_expect_eq(write_event(1, 1), 0);
	cr_expect_eq(write_event(2, 1), -EFBIG);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &large), 0);
	(void)snprintf(old, sizeof(old), "%s.1", path);
	cr_assert_eq(rename(path, old), 0);
	cr_expect_eq(sink_file_reopen(f), 0);
	cr_expect_eq(lines(old), 1);
	cr_expect_eq(lines(path), 1);
	cr_expect_eq(sink_file_figures(f).sent, 2);
}

Test(sink_file, path_that_cannot_be_opened_is_an_output_error)
{
	struct event_source source = sample_source();
	struct pg_error err = PG_ERROR_INIT;
	struct sink_file *none = NULL;

	cr_expect_eq(sink_file_open("/nonexistent/x", &source, &err, &none), -ENOENT);
	cr_expect_eq(pg_exit_code(-ENOENT, &err), PG_EXIT_OUTPUT);
}
