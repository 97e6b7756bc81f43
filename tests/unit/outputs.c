// SPDX-License-Identifier: GPL-2.0-only
/*
 * All outputs get the very same lines, history first; what a killed agent did not bring to the event
 * log comes there with the next one.
 */
#include "events/outputs.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "unit/lib/event_sample.h"

static char dir[64], sock[100], log_path[100];
static struct outputs *o;
static struct history_tally past;

static void reopen(uint64_t pending_seq)
{
	struct event_source source = sample_source();
	struct outputs_config config = {
		.dir = dir,
		.socket = sock,
		.readers = SUBSCRIBERS_NO_GROUP,
		.event_log = log_path,
		.source = &source,
		.pending_seq = pending_seq,
	};

	outputs_free(o);
	o = NULL;
	cr_assert_eq(outputs_open(&config, NULL, &o, &past), 0);
}

static void setup(void)
{
	sample_dir(dir);
	(void)snprintf(sock, sizeof(sock), "%s/events.sock", dir);
	(void)snprintf(log_path, sizeof(log_path), "%s/events.jsonl", dir);
	reopen(0);
}

static void teardown(void)
{
	outputs_free(o);
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
}

/* The seqs of the log's lines, as text. */
static char *log_seqs(void)
{
	static char seqs[1024];
	char *text = sample_read(log_path);
	size_t n = 0;

	seqs[0] = '\0';
	for (char *at = text; (at = strstr(at, "\"seq\":")); at++)
		n += (size_t)snprintf(seqs + n, sizeof(seqs) - n, "%d ", atoi(at + 6));
	free(text);
	return seqs;
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

Test(outputs, lines_that_only_history_got_come_to_the_log_with_the_next_agent)
{
	struct event_source source = sample_source();
	struct history *h;

	write_batch(1, 2);
	outputs_free(o);
	o = NULL;
	cr_assert_eq(history_open(dir, &source, 0, NULL, &h), 0);
	for (uint64_t seq = 3; seq <= 5; seq++) {
		struct event e = sample_bind(seq);

		cr_assert_eq(history_append(h, &e), 0);
	}
	cr_assert_eq(history_flush(h), 0);
	history_free(h);
	reopen(3);
	cr_expect_str_eq(log_seqs(), "1 2 3 4 5 ");
	cr_expect_eq(past.refusals, 3);
	reopen(3);
	cr_expect_str_eq(log_seqs(), "1 2 3 4 5 ", "and only once");
}

Test(outputs, new_log_does_not_get_the_past)
{
	write_batch(1, 5);
	cr_assert_eq(unlink(log_path), 0);
	reopen(0);
	cr_expect_str_eq(log_seqs(), "");
	cr_assert_eq(unlink(log_path), 0);
	reopen(5);
	cr_expect_str_eq(log_seqs(), "5 ", "but the batch that was under way");
}

Test(outputs, reopen_follows_the_path)
{
	struct sink_figures figures;

	write_batch(1, 1);
	cr_assert_eq(unlink(log_path), 0);
	cr_expect_eq(outputs_reopen(o), 0);
	write_batch(2, 2);
	cr_expect_str_eq(log_seqs(), "2 ");
	cr_expect(outputs_log_figures(o, &figures));
	cr_expect_eq(figures.sent, 2);
}
