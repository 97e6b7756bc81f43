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
#include "events/format.h"
#include "unit/lib/event_sample.h"

static char dir[64], path[100];
static struct subscribers *s;
static struct history *history;
static int flushes;

#define PAST 1000 /* events that one file of history holds */

static void on_flush(void *data)
{
	struct event e = sample_bind(77);

	(void)data;
	flushes++;
	subscribers_publish(s, &e);
	subscribers_flush(s);
}

static void setup(void)
{
	struct event_source source = sample_source();
	struct subscribers_config config = {
		.path = path,
		.source = &source,
		.group = SUBSCRIBERS_NO_GROUP,
		.flush = on_flush,
	};

	sample_dir(dir);
	cr_assert_eq(history_open(dir, &source, PAST, NULL, &history), 0);
	config.history = history;
	(void)snprintf(path, sizeof(path), "%s/events.sock", dir);
	cr_assert_eq(subscribers_open(&config, NULL, &s), 0);
}

static void teardown(void)
{
	subscribers_free(s);
	history_free(history);
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
	subscribers_flush(s);
}

/* As the agent does it: into history, then to all who follow. */
static void tell(uint64_t first, uint64_t last)
{
	for (uint64_t seq = first; seq <= last; seq++) {
		struct event e = sample_bind(seq);

		cr_assert_eq(history_append(history, &e), 0);
		cr_assert_eq(history_flush(history), 0);
		subscribers_publish(s, &e);
		subscribers_flush(s);
	}
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

Test(subscribers, a_batch_is_sent_at_its_end_or_when_it_gets_long)
{
	struct event e = sample_bind(1);
	int fd = join("format=json\n");
	char *text;

	subscribers_publish(s, &e);
	text = arrived(fd);
	cr_expect_eq(count(text, "\n"), 0);
	free(text);
	subscribers_flush(s);
	text = arrived(fd);
	cr_expect_eq(count(text, "\n"), 1);
	free(text);
	for (int i = 0; i < 200; i++)
		subscribers_publish(s, &e);
	text = arrived(fd);
	cr_expect_gt(count(text, "\n"), 0);
	cr_expect_lt(count(text, "\n"), 200);
	free(text);
	(void)close(fd);
}

Test(subscribers, every_format_may_be_asked_for)
{
	struct event_source source = sample_source();
	struct event e = sample_bind(5);
	const struct format *f;

	for (size_t i = 0; (f = format_at(i)); i++) {
		_cleanup_json_ struct json want = JSON_INIT;
		char request[40], *got;
		int fd;

		(void)snprintf(request, sizeof(request), "format=%s\n", f->name);
		fd = join(request);
		publish(5);
		got = arrived(fd);
		f->write(&want, &source, &e);
		cr_expect_str_eq(got, want.text);
		free(got);
		(void)close(fd);
		serve();
	}
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

/* The numbers in lines of JSON go up from @first to @last by one each; false: they do not. */
static bool runs(const char *text, uint64_t first, uint64_t last)
{
	uint64_t seq, next = first;

	for (const char *at = text; (at = strstr(at, "\"seq\":")); next++) {
		at += strlen("\"seq\":");
		seq = strtoull(at, NULL, 10);
		if (seq != next)
			return false;
	}
	return next == last + 1;
}

/* What a follower gets that comes with @request. */
static char *answer_to(const char *request)
{
	int fd = join(request);
	char *text = arrived(fd);

	(void)close(fd);
	serve();
	return text;
}

Test(subscribers, past_and_present_join_without_a_seam)
{
	int all, some;
	char *text;

	tell(1, 1500);
	all = join("format=json from=0\n");
	some = join("format=json from=1490\n");
	tell(1501, 1510);
	text = arrived(all);
	cr_expect(runs(text, 1, 1510));
	free(text);
	text = arrived(some);
	cr_expect(runs(text, 1490, 1510));
	free(text);
	tell(1511, 1520);
	text = arrived(all);
	cr_expect(runs(text, 1511, 1520));
	free(text);
}

Test(subscribers, what_history_no_longer_has_is_told)
{
	char *text, *rest;

	tell(1, 3500); /* files of 1001 to 2000, of 2001 to 3000 … */
	text = answer_to("format=json from=101\n");
	rest = strchr(text, '\n');
	cr_assert_not_null(rest);
	*rest++ = '\0';
	cr_expect_not_null(strstr(text, "\"action\":\"lost\""));
	cr_expect_not_null(strstr(text, "\"counters\":{\"events\":1900,\"refusals\":null}"));
	cr_expect_not_null(strstr(text, "\"seq\":2000,"), "under the number of the last one");
	cr_expect(runs(rest, 2001, 3500));
	free(text);
	text = answer_to("format=json from=0\n");
	cr_expect(runs(text, 2001, 3500), "who asks for all that there is misses nothing");
	free(text);
}

Test(subscribers, past_may_be_asked_for_by_the_last_id)
{
	char *text;

	tell(1, 30);
	text = answer_to("format=json after=0f5e2c3a-1111-4222-8333-444455556666-default-12\n");
	cr_expect(runs(text, 13, 30));
	free(text);
	text = answer_to("format=json after=0f5e2c3a-1111-4222-8333-444455556666-default-30\n");
	cr_expect_str_eq(text, "");
	free(text);
	text = answer_to("format=json after=another-boot-default-12\n");
	cr_expect(runs(text, 1, 30), "a number of another boot says nothing");
	free(text);
}

Test(subscribers, frames_of_another_boot_say_so)
{
	struct event_source source = sample_source();
	struct frame frame;
	size_t used, at = 0;
	char *got;

	tell(1, 2);
	history_free(history);
	(void)snprintf(source.boot_id, sizeof(source.boot_id), "before");
	cr_assert_eq(history_open(dir, &source, PAST, NULL, &history), 0);
	cr_assert_eq(history_append(history, &(struct event){ .kind = EVENT_HEALTH, .seq = 3 }), 0);
	cr_assert_eq(history_flush(history), 0);
	subscribers_free(s);
	source = sample_source();
	cr_assert_eq(subscribers_open(&(struct subscribers_config){ .path = path,
								    .source = &source,
								    .history = history,
								    .group = SUBSCRIBERS_NO_GROUP },
				      NULL, &s),
		     0);
	got = answer_to("format=record from=2\n");
	for (int i = 0; i < 5; i++, at += used) {
		static const char *const boots[] = { [2] = "before", [4] = "0f5e2c3a-1111" };

		cr_assert_eq(frame_get(got + at, (1 << 23) - at, &frame, &used), 1);
		cr_expect_eq(frame.type, i % 2 ? FRAME_EVENT : FRAME_SOURCE);
		if (boots[i])
			cr_expect(!strncmp(frame.source.boot_id, boots[i], strlen(boots[i])));
	}
	free(got);
}

Test(subscribers, who_asked_for_the_past_is_slow_and_loses_nothing)
{
	int slow = join("format=json from=0\n");
	char *text, *lost;
	size_t told = 0;

	tell(1, 1990); /* more than a queue and a socket hold */
	text = arrived(slow);
	cr_expect(runs(text, 1, 1990));
	free(text);
	tell(1991, 1995);
	text = arrived(slow);
	cr_expect(runs(text, 1991, 1995), "and follows again");
	free(text);
	tell(1996, 9000); /* more than history holds */
	text = arrived(slow);
	cr_assert_eq(count(text, "\"action\":\"lost\""), 1, "but for what history has not kept");
	lost = strstr(text, "\"counters\"");
	cr_expect_eq(sscanf(lost, "\"counters\":{\"events\":%zu", &told), 1);
	cr_expect_eq(count(text, "\"kind\":\"verdict\"") + told, 9000 - 1995);
	cr_expect(runs(strchr(lost, '\n'), 7001, 9000));
	free(text);
}

Test(subscribers, gap_of_a_history_that_could_not_be_written_is_told)
{
	int fd = join("format=json from=0\n");
	char *text;

	tell(1, 2);
	publish(6);
	text = arrived(fd);
	cr_expect_eq(count(text, "\n"), 4);
	cr_expect_not_null(strstr(text, "\"counters\":{\"events\":3,\"refusals\":null}"));
	cr_expect_not_null(strstr(text, "\"seq\":5,"));
	free(text);
}

Test(subscribers, every_format_that_is_supported_can_be_asked_for)
{
	for (size_t i = 0; format_at(i); i++) {
		char request[64], *text;
		int fd;

		(void)snprintf(request, sizeof(request), "format=%s\n", format_at(i)->name);
		fd = join(request);
		publish(1);
		text = arrived(fd);
		cr_expect_eq(count(text, "\n"), format_at(i)->write ? 1 : 0, "%s", request);
		free(text);
		(void)close(fd);
		serve();
	}
}

Test(subscribers, group_may_connect)
{
	struct event_source source = sample_source();
	struct subscribers_config config = { .path = path, .source = &source, .group = getgid() };
	struct stat st;

	subscribers_free(s);
	cr_assert_eq(subscribers_open(&config, NULL, &s), 0);
	cr_assert_eq(stat(path, &st), 0);
	cr_expect_eq(st.st_mode & 0777, 0660);
	cr_expect_eq(st.st_gid, getgid());
}

Test(subscribers, nonsense_is_hung_up_on)
{
	static const char *const requests[] = {
		"format=xml\n",
		"format=\n",
		"json\n",
		"format=json from=\n",
		"format=json from=-1\n",
		"format=json from=1x\n",
		"format=json from=99999999999999999999\n",
		"format=json from=1 from=2\n",
		"format=json since=1\n",
		"format=json after=\n",
		"format=json after=12\n",
		"format=json after=-default-\n",
		"format=json after=boot-other-12\n",
		"format=json  from=1\n",
	};
	char flood[300];

	memset(flood, 'x', sizeof(flood) - 1);
	flood[sizeof(flood) - 1] = '\0';
	for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++)
		cr_expect(hung_up(join(requests[i])), "%s", requests[i]);
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
	int most = getuid() ? SUBSCRIBERS_NOT_ROOT : SUBSCRIBERS_MAX;
	int fds[SUBSCRIBERS_MAX], extra;

	for (int i = 0; i < most; i++)
		fds[i] = join("format=json\n");
	extra = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	cr_assert_eq(connect(extra, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_expect(hung_up(extra));
	cr_expect_eq(subscribers_count(s), most);
	(void)close(fds[3]);
	serve();
	(void)join("format=json\n");
	cr_expect_eq(subscribers_count(s), most);
}

Test(subscribers, stale_socket_is_replaced)
{
	struct event_source source = sample_source();
	struct subscribers_config config = { .path = path,
					     .source = &source,
					     .group = SUBSCRIBERS_NO_GROUP };
	struct subscribers *next = NULL;

	cr_assert_eq(subscribers_open(&config, NULL, &next), 0);
	subscribers_free(next);
}
