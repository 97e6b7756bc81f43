// SPDX-License-Identifier: GPL-2.0-only
/*
 * Followers get what comes; a slow one loses only its own, and is told.
 */
#include "events/subscribers.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "events/encode.h"
#include "unit/lib/event_sample.h"

static char dir[64], path[100];
static struct subscribers *s;
static int flushes;

static void on_flush(void *data)
{
	struct event e = sample_bind(77);

	(void)data;
	flushes++;
	subscribers_publish(s, &e);
}

static void setup(void)
{
	struct event_source source = sample_source();
	struct subscribers_config config = { .path = path, .source = &source, .flush = on_flush };

	sample_dir(dir);
	(void)snprintf(path, sizeof(path), "%s/events.sock", dir);
	cr_assert_eq(subscribers_open(&config, NULL, &s), 0);
}

static void teardown(void)
{
	subscribers_free(s);
	sample_dir_remove(dir);
}

TestSuite(subscribers, .init = setup, .fini = teardown);

/* Let the server do all that it has to. */
static void serve(void)
{
	struct pollfd p = { .fd = subscribers_fd(s), .events = POLLIN };

	while (poll(&p, 1, 0) > 0)
		subscribers_dispatch(s);
}

static int join(const char *request)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(send(fd, request, strlen(request), MSG_NOSIGNAL), (ssize_t)strlen(request));
	serve();
	return fd;
}

static void publish(uint64_t seq)
{
	struct event e = sample_bind(seq);

	subscribers_publish(s, &e);
}

/* All that has arrived; "" if nothing has. */
static char *arrived(int fd)
{
	char *text = calloc(1, 1 << 23);
	size_t length = 0;
	ssize_t n;

	while ((n = recv(fd, text + length, (1 << 23) - 1 - length, 0)) > 0) {
		length += (size_t)n;
		serve();
	}
	text[length] = '\0';
	return text;
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

Test(subscribers, socket_is_for_root_alone)
{
	struct stat st;

	cr_assert_eq(stat(path, &st), 0);
	cr_expect_eq(st.st_mode & 0777, 0600);
}

Test(subscribers, follower_gets_what_comes_after_it)
{
	char *text;
	int fd;

	publish(1);
	fd = join("format=json\n");
	cr_expect_eq(subscribers_count(s), 1);
	publish(2);
	publish(3);
	text = arrived(fd);
	cr_expect_eq(count(text, "\n"), 2);
	cr_expect_eq(count(text, "\"seq\":1,"), 0);
	cr_expect_eq(count(text, "\"seq\":3,"), 1);
	free(text);
	(void)close(fd);
	serve();
	cr_expect_eq(subscribers_count(s), 0);
}

Test(subscribers, each_follower_has_its_format)
{
	int json = join("format=json\n"), text = join("format=text\n"),
	    record = join("format=record\n");
	char *got;
	struct frame frame;
	size_t used;

	publish(5);
	got = arrived(json);
	cr_expect_eq(got[0], '{');
	free(got);
	got = arrived(text);
	cr_expect_eq(count(got, "deny bind 7070/tcp"), 1);
	free(got);
	got = arrived(record);
	cr_assert_eq(frame_get(got, 1 << 20, &frame, &used), 1);
	cr_expect_eq(frame.type, FRAME_SOURCE);
	cr_expect_str_eq(frame.source.host_name, "box");
	cr_assert_eq(frame_get(got + used, 1 << 20, &frame, &used), 1);
	cr_expect_eq(frame.event.seq, 5);
	free(got);
}

Test(subscribers, request_may_come_in_pieces)
{
	int fd = join("form");

	cr_assert_eq(send(fd, "at=json\n", 8, 0), 8);
	serve();
	cr_expect_eq(subscribers_count(s), 1);
}

static bool hung_up(int fd)
{
	char byte;

	serve();
	return recv(fd, &byte, 1, 0) == 0;
}

Test(subscribers, nonsense_is_hung_up_on)
{
	char flood[300];

	memset(flood, 'x', sizeof(flood) - 1);
	flood[sizeof(flood) - 1] = '\0';
	cr_expect(hung_up(join("format=xml\n")));
	cr_expect(hung_up(join(flood)) || errno == ECONNRESET);
	cr_expect_eq(subscribers_count(s), 0);
}

Test(subscribers, flush_asks_the_agent_and_says_when_it_is_done)
{
	int follower = join("format=json\n"), fd = join("flush\n");
	char *text = arrived(fd);

	cr_expect_eq(flushes, 1);
	cr_expect_str_eq(text, "ok\n");
	cr_expect(hung_up(fd));
	free(text);
	text = arrived(follower);
	cr_expect_eq(count(text, "\"seq\":77,"), 1);
	free(text);
}

Test(subscribers, slow_follower_loses_only_its_own_and_is_told)
{
	int slow = join("format=json\n"), quick = join("format=json\n");
	size_t quick_lines = 0, told = 0, slow_lines;
	char *text;
	char *lost;

	for (uint64_t seq = 1; seq <= 5000; seq++) {
		publish(seq);
		if (seq % 100)
			continue;
		text = arrived(quick);
		quick_lines += count(text, "\n");
		free(text);
	}
	cr_expect_eq(quick_lines, 5000);
	text = arrived(slow);
	publish(5001);
	lost = strstr(text, "\"action\":\"lost\"");
	cr_assert_not_null(lost);
	cr_expect_eq(sscanf(strstr(lost, "\"counters\""), "\"counters\":{\"events\":%zu", &told),
		     1);
	slow_lines = count(text, "\"kind\":\"verdict\"");
	cr_expect_eq(slow_lines + told, 5000);
	cr_expect_eq(count(text, "\"seq\":5000,"), 1, "under the number of the last one lost");
	cr_expect_not_null(strstr(text, "\"severity\":7"));
	free(text);
	text = arrived(slow);
	cr_expect_eq(count(text, "\"seq\":5001,"), 1);
	free(text);
}

Test(subscribers, one_too_many_is_hung_up_on_and_a_place_gets_free_again)
{
	int fds[SUBSCRIBERS_MAX], extra;

	for (int i = 0; i < SUBSCRIBERS_MAX; i++)
		fds[i] = join("format=json\n");
	extra = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	cr_assert_eq(connect(extra, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_expect(hung_up(extra));
	cr_expect_eq(subscribers_count(s), SUBSCRIBERS_MAX);
	(void)close(fds[3]);
	serve();
	(void)join("format=json\n");
	cr_expect_eq(subscribers_count(s), SUBSCRIBERS_MAX);
}

Test(subscribers, stale_socket_is_replaced)
{
	struct event_source source = sample_source();
	struct subscribers_config config = { .path = path, .source = &source };
	struct subscribers *next = NULL;

	cr_assert_eq(subscribers_open(&config, NULL, &next), 0);
	subscribers_free(next);
}
