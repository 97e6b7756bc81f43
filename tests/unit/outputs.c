// SPDX-License-Identifier: GPL-2.0-only
/*
 * All outputs get the very same lines, history first; what a killed agent did not bring to one comes there
 * with the next agent, once; and each one's figures add up to what was told.
 */
#include "events/outputs.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "events/encode.h"
#include "policy/file.h"
#include "portguard/abi.h"
#include "unit/lib/event_sample.h"

static char dir[64], sock[100], log_path[100];
static struct outputs *o;
static struct history_tally past;
static struct pg_journal journal;
static struct output list[4];
static size_t count;

static void add(const char *text)
{
	cr_assert_eq(output_parse(text, &list[count++]), 0, "%s", text);
}

static void drop_list(void)
{
	while (count)
		output_free(&list[--count]);
}

static void start(void)
{
	struct event_source source = sample_source();
	struct outputs_config config = {
		.dir = dir,
		.socket = sock,
		.readers = SUBSCRIBERS_NO_GROUP,
		.event_log = log_path,
		.source = &source,
		.journal = &journal,
	};

	o = NULL;
	cr_assert_eq(outputs_open(&config, list, count, NULL, &o, &past), 0);
	if (journal.seq < past.last_seq)
		journal.seq = past.last_seq;
	if (journal.pending_seq)
		journal.emitted = journal.pending_count + past.refusals;
	journal.pending_seq = 0;
}

static void reopen(void)
{
	outputs_free(o);
	start();
}

static void setup(void)
{
	sample_dir(dir);
	(void)snprintf(sock, sizeof(sock), "%s/events.sock", dir);
	(void)snprintf(log_path, sizeof(log_path), "%s/events.jsonl", dir);
	journal = (struct pg_journal){ .seq = 0 };
	start();
}

static void teardown(void)
{
	outputs_free(o);
	drop_list();
	sample_dir_remove(dir);
}

TestSuite(outputs, .init = setup, .fini = teardown);

static void write_batch(uint64_t first, uint64_t last)
{
	for (uint64_t seq = first; seq <= last; seq++) {
		struct event e = sample_bind(seq);

		cr_assert_eq(outputs_sink(o, &e), 0);
	}
	cr_assert_eq(outputs_flush(o), 0);
	journal.seq = last;
	journal.emitted += last - first + 1;
}

/* A batch that history got and the agent did not live to give to outputs. */
static void die_after_history(uint64_t first, uint64_t last)
{
	struct event_source source = sample_source();
	struct history *h;

	outputs_free(o);
	o = NULL;
	journal.pending_seq = first;
	journal.pending_count = journal.emitted;
	cr_assert_eq(history_open(dir, &source, 0, NULL, &h), 0);
	for (uint64_t seq = first; seq <= last; seq++) {
		struct event e = sample_bind(seq);

		cr_assert_eq(history_append(h, &e), 0);
	}
	cr_assert_eq(history_flush(h), 0);
	history_free(h);
}

/* The seqs of a file's lines, as text. */
static char *seqs_of(const char *path)
{
	static char seqs[1024];
	char *text = sample_read(path);
	size_t n = 0;

	seqs[0] = '\0';
	for (char *at = text; (at = strstr(at, "\"seq\":")); at++)
		n += (size_t)snprintf(seqs + n, sizeof(seqs) - n, "%d ", atoi(at + 6));
	free(text);
	return seqs;
}

struct wanted {
	const char *name;
	struct spool_figures figures;
	char error[SPOOL_ERROR];
	bool found;
	size_t count;
};

static int look_for(void *data, const char *name, const struct spool_figures *figures, const char *error)
{
	struct wanted *w = data;

	w->count++;
	if (strcmp(w->name, name))
		return 0;
	w->found = true;
	w->figures = *figures;
	(void)snprintf(w->error, sizeof(w->error), "%s", error ? error : "");
	return 0;
}

static struct wanted figures_of(const char *name)
{
	struct wanted w = { .name = name };

	cr_assert_eq(outputs_each(dir, look_for, &w), 0);
	return w;
}

static void expect_figures(const char *name, uint64_t sent, uint64_t filtered, uint64_t queued, uint64_t lost)
{
	struct wanted w = figures_of(name);

	cr_assert(w.found, "%s", name);
	cr_expect(w.figures.sent == sent && w.figures.filtered == filtered && w.figures.queued == queued &&
			  w.figures.lost == lost,
		  "%s: sent %lu filtered %lu queued %lu lost %lu", name, w.figures.sent, w.figures.filtered,
		  w.figures.queued, w.figures.lost);
}

Test(outputs, history_log_and_followers_get_the_same_lines)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char got[8192], *log;
	ssize_t n;

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", sock);
	cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(send(fd, "format=json\n", 12, 0), 12);
	outputs_dispatch(o);
	outputs_dispatch(o);
	write_batch(1, 3);
	n = recv(fd, got, sizeof(got) - 1, 0);
	got[n > 0 ? n : 0] = '\0';
	log = sample_read(log_path);
	cr_expect_str_eq(got, log);
	free(log);
	cr_assert_eq(history_tally(dir, 1, &past), 0);
	cr_expect_eq(past.lines, 3);
	(void)close(fd);
}

/* Of the last event in history. */
static int last_number(void *data, const struct event_source *source, const struct event *e)
{
	(void)e;
	*(uint32_t *)data = source->number;
	return 0;
}

Test(outputs, another_number_holds_for_all_that_comes)
{
	char path[128], text[256], *lines, *at;
	uint32_t number = 0;

	(void)snprintf(path, sizeof(path), "%s/lines", dir);
	(void)snprintf(text, sizeof(text), "{file: \"%s\", format: syslog}", path);
	add(text);
	cr_assert_eq(outputs_set(o, list, count, NULL, NULL), 0);
	write_batch(1, 1);
	outputs_set_number(o, 4711);
	write_batch(2, 2);
	outputs_set_number(o, 4711);
	lines = sample_read(path);
	at = strstr(lines, "[portguard@32473 ");
	cr_assert_not_null(at);
	cr_expect_not_null(strstr(at, "\n<132>1 "));
	cr_expect_not_null(strstr(at, "[portguard@4711 "));
	free(lines);
	cr_assert_eq(history_each(dir, 0, last_number, &number), 0);
	cr_expect_eq(number, 4711);
}

Test(outputs, figures_outlive_the_agent)
{
	write_batch(1, 3);
	expect_figures(log_path, 3, 0, 0, 0);
	reopen();
	write_batch(4, 4);
	expect_figures(log_path, 4, 0, 0, 0);
}

Test(outputs, figures_begin_with_the_counters)
{
	write_batch(1, 3);
	journal = (struct pg_journal){ .seq = 0 };
	reopen();
	expect_figures(log_path, 0, 0, 0, 0);
	write_batch(4, 5);
	expect_figures(log_path, 2, 0, 0, 0);
}

Test(outputs, lines_that_only_history_got_come_to_the_log_with_the_next_agent)
{
	write_batch(1, 2);
	die_after_history(3, 5);
	start();
	cr_expect_str_eq(seqs_of(log_path), "1 2 3 4 5 ");
	expect_figures(log_path, 5, 0, 0, 0);
	reopen();
	cr_expect_str_eq(seqs_of(log_path), "1 2 3 4 5 ", "and only once");
}

Test(outputs, new_one_does_not_get_the_past_and_counts_it_as_not_for_it)
{
	char path[128], text[256];

	(void)snprintf(path, sizeof(path), "%s/late", dir);
	(void)snprintf(text, sizeof(text), "{file: \"%s\"}", path);
	write_batch(1, 5);
	add(text);
	cr_assert_eq(outputs_set(o, list, count, NULL, NULL), 0);
	write_batch(6, 7);
	cr_expect_str_eq(seqs_of(path), "6 7 ");
	expect_figures(path, 2, 5, 0, 0);
	expect_figures(log_path, 7, 0, 0, 0);
	die_after_history(8, 8);
	start();
	expect_figures(path, 3, 5, 0, 0);
}

Test(outputs, what_was_filtered_and_cut_is_counted)
{
	char path[128], text[256], other[128];

	(void)snprintf(path, sizeof(path), "%s/few", dir);
	(void)snprintf(text, sizeof(text), "{file: \"%s\", max: 2/s}", path);
	add(text);
	(void)snprintf(other, sizeof(other), "%s/none", dir);
	(void)snprintf(text, sizeof(text), "{file: \"%s\", hooks: [inbound]}", other);
	add(text);
	cr_assert_eq(outputs_set(o, list, count, NULL, NULL), 0);
	write_batch(1, 5); /* all in the same second */
	expect_figures(path, 2, 0, 0, 3);
	expect_figures(other, 0, 5, 0, 0);
	reopen();
	expect_figures(path, 2, 0, 0, 3);
	expect_figures(other, 0, 5, 0, 0);
}

static void count_gone(void *data, const char *name, uint64_t waited)
{
	(void)name;
	*(uint64_t *)data += waited + 1000;
}

Test(outputs, what_waits_goes_on_when_the_output_is_said_anew)
{
	char path[160], dir_path[128], text[256];
	uint64_t gone = 0;

	(void)snprintf(dir_path, sizeof(dir_path), "%s/later", dir);
	(void)snprintf(path, sizeof(path), "%s/events", dir_path);
	(void)snprintf(text, sizeof(text), "{file: \"%s\"}", path);
	add(text);
	cr_assert_eq(outputs_set(o, list, count, count_gone, &gone), 0);
	write_batch(1, 3);
	expect_figures(path, 0, 0, 3, 0);
	(void)snprintf(text, sizeof(text), "the directory %s is missing", dir_path);
	cr_expect_str_eq(figures_of(path).error, text);
	cr_assert_eq(mkdir(dir_path, 0700), 0);
	drop_list();
	(void)snprintf(text, sizeof(text), "{file: \"%s\", buffer: 128K, rotate: 4K}", path);
	add(text);
	cr_assert_eq(outputs_set(o, list, count, count_gone, &gone), 0);
	cr_expect_eq(gone, 0);
	write_batch(4, 4);
	expect_figures(path, 4, 0, 0, 0);
	cr_expect_str_eq(figures_of(path).error, "");
	cr_expect_str_eq(seqs_of(path), "1 2 3 4 ");
	cr_assert_eq(unlink(path), 0);
	cr_assert_eq(rmdir(dir_path), 0);
}

Test(outputs, one_that_is_taken_away_says_what_waited)
{
	char text[256];
	uint64_t gone = 0;

	(void)snprintf(text, sizeof(text), "{file: \"%s/nowhere/events\"}", dir);
	add(text);
	cr_assert_eq(outputs_set(o, list, count, count_gone, &gone), 0);
	write_batch(1, 3);
	drop_list();
	cr_assert_eq(outputs_set(o, list, count, count_gone, &gone), 0);
	cr_expect_eq(gone, 1003);
	cr_expect_eq(figures_of("x").count, 1, "the event log is left");
}

Test(outputs, event_log_is_not_written_twice)
{
	char text[256];

	(void)snprintf(text, sizeof(text), "{file: \"%s\"}", log_path);
	add(text);
	cr_assert_eq(outputs_set(o, list, count, NULL, NULL), 0);
	write_batch(1, 2);
	cr_expect_str_eq(seqs_of(log_path), "1 2 ");
}

Test(outputs, history_that_is_gone_is_counted_as_lost)
{
	char path[128];

	write_batch(1, 2);
	die_after_history(3, 5);
	journal.emitted = 5;
	journal.seq = 5;
	journal.pending_seq = 0;
	(void)snprintf(path, sizeof(path), "%s/history.0", dir);
	(void)unlink(path);
	(void)snprintf(path, sizeof(path), "%s/history.1", dir);
	(void)unlink(path);
	start();
	expect_figures(log_path, 2, 0, 0, 3);
}

Test(outputs, reopen_follows_the_path)
{
	write_batch(1, 1);
	cr_assert_eq(unlink(log_path), 0);
	outputs_reopen(o);
	write_batch(2, 2);
	cr_expect_str_eq(seqs_of(log_path), "2 ");
	expect_figures(log_path, 2, 0, 0, 0);
}

Test(outputs, event_log_that_cannot_be_opened_is_an_error)
{
	struct event_source source = sample_source();
	struct pg_error err = PG_ERROR_INIT;
	struct outputs_config config = {
		.dir = dir,
		.socket = sock,
		.readers = SUBSCRIBERS_NO_GROUP,
		.event_log = "/nonexistent/x",
		.source = &source,
		.journal = &journal,
	};
	struct outputs *none = NULL;

	outputs_free(o);
	o = NULL;
	cr_expect_eq(outputs_open(&config, NULL, 0, &err, &none, &past), -ENOENT);
	cr_expect_eq(pg_exit_code(-ENOENT, &err), PG_EXIT_OUTPUT);
	cr_expect_str_eq(err.text, "event log /nonexistent/x: the directory /nonexistent is missing");
}
