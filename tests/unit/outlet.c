// SPDX-License-Identifier: GPL-2.0-only
/*
 * Outlets and receivers that come, stop, die and come again: what was not read is sent again, in order, and
 * is queued until then; nothing blocks.
 */
#include "events/outlet.h"

#include <criterion/criterion.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "events/encode.h"
#include "policy/file.h"
#include "unit/lib/event_sample.h"

static char dir[64], path[80];
static struct event_source source;
static struct outlet *o;
static struct outlet_place place;
static uint64_t seq;

static void setup(void)
{
	sample_dir(dir);
	source = sample_source();
	place = (struct outlet_place){ .dir = dir, .source = &source, .epoll_fd = epoll_create1(0) };
	seq = 0;
	o = NULL;
}

static void teardown(void)
{
	outlet_free(o);
	(void)close(place.epoll_fd);
	sample_dir_remove(dir);
}

TestSuite(outlet, .init = setup, .fini = teardown);

static void open_as(const char *text)
{
	struct output config;

	outlet_free(o);
	cr_assert_eq(output_parse(text, &config), 0, "%s", text);
	cr_assert_eq(outlet_new(&config, &place, &o), 0);
	output_free(&config);
}

static void tell(unsigned count)
{
	while (count--) {
		struct event e = sample_bind(++seq);
		struct json frame = JSON_INIT;

		cr_assert_eq(frame_put_event(&frame, &e), 0);
		outlet_take(o, &e, source.boot_id, frame.text, frame.length);
		json_free(&frame);
	}
	outlet_flush(o);
}

/* What epoll has to say, for at most that long. */
static void dispatch(int ms)
{
	struct epoll_event ev;

	while (epoll_wait(place.epoll_fd, &ev, 1, ms) > 0) {
		outlet_ready(ev.data.ptr, ev.events);
		ms = 0;
	}
}

static void expect(uint64_t sent, uint64_t queued, uint64_t lost)
{
	struct spool_figures f = spool_figures(outlet_spool(o));

	cr_expect(f.sent == sent && f.queued == queued && f.lost == lost, "sent %lu queued %lu lost %lu", f.sent,
		  f.queued, f.lost);
}

static int note_error(void *data, const char *name, const struct spool_figures *figures, const char *error)
{
	(void)name;
	(void)figures;
	(void)snprintf(data, SPOOL_ERROR, "%s", error ? error : "");
	return 0;
}

/* As `status` tells it. */
static const char *error_told(void)
{
	static char error[SPOOL_ERROR];

	cr_assert_eq(spool_each(dir, note_error, error), 0);
	return error;
}

static int listen_unix(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char old[100];
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	(void)snprintf(path, sizeof(path), "%s/log", dir);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	/* A file that comes within the same few milliseconds could have the same inode and age. */
	(void)snprintf(old, sizeof(old), "%s.old", path);
	(void)rename(path, old);
	cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static int listen_inet(int type, uint16_t *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				       .sin_port = htons(*port) };
	socklen_t size = sizeof(address);
	const int on = 1;
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	if (type == SOCK_STREAM)
		cr_assert_eq(listen(fd, 5), 0);
	*port = ntohs(address.sin_port);
	return fd;
}

/* The seqs of what can be read now, or comes within a second, as text. */
static const char *read_seqs(int fd, unsigned wanted)
{
	static char seqs[4096];
	static char text[1 << 20];
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t length = 0, n = 0;
	unsigned found = 0;

	seqs[0] = '\0';
	while (found < wanted && poll(&p, 1, 1000) > 0) {
		ssize_t got = recv(fd, text + length, sizeof(text) - 1 - length, MSG_DONTWAIT);

		if (got <= 0)
			break;
		length += (size_t)got;
		text[length] = '\0';
		found = 0;
		n = 0;
		for (char *at = text; (at = strstr(at, "\"seq\":")); at++, found++)
			n += (size_t)snprintf(seqs + n, sizeof(seqs) - n, "%d ", atoi(at + 6));
	}
	return seqs;
}

static void open_unix(void)
{
	char text[256];

	(void)snprintf(text, sizeof(text), "{syslog: \"unix://%s/log\", format: json}", dir);
	open_as(text);
}

Test(outlet, unix_what_was_read_is_sent)
{
	int fd = listen_unix();

	open_unix();
	tell(2);
	expect(0, 2, 0);
	outlet_tick(o);
	expect(0, 2, 0);
	cr_expect_str_eq(read_seqs(fd, 2), "1 2 ");
	outlet_tick(o);
	expect(2, 0, 0);
	(void)close(fd);
}

Test(outlet, unix_what_died_with_its_receiver_is_sent_again)
{
	int fd = listen_unix();

	open_unix();
	tell(3);
	(void)close(fd); /* unread */
	outlet_tick(o);
	expect(0, 3, 0);
	cr_expect_eq(outlet_error(o), -ECONNREFUSED);
	tell(1);
	fd = listen_unix();
	outlet_tick(o);
	outlet_tick(o);
	cr_expect_str_eq(read_seqs(fd, 4), "1 2 3 4 ");
	outlet_tick(o);
	expect(4, 0, 0);
	cr_expect_eq(outlet_error(o), 0);
	(void)close(fd);
}

Test(outlet, unix_another_receiver_at_once_is_another)
{
	int fd = listen_unix(), next;

	open_unix();
	tell(3);
	(void)close(fd);
	next = listen_unix();
	outlet_tick(o);
	expect(0, 3, 0);
	outlet_tick(o);
	outlet_tick(o);
	cr_expect_str_eq(read_seqs(next, 3), "1 2 3 ");
	(void)close(next);
}

Test(outlet, unix_full_receiver_gets_the_rest_when_there_is_room)
{
	int fd = listen_unix();
	unsigned got = 0;

	open_unix();
	tell(2000);
	cr_expect_gt(spool_figures(outlet_spool(o)).queued, 0u);
	for (int i = 0; i < 3000 && got < 2000; i++) {
		char text[65536];

		while (recv(fd, text, sizeof(text), 0) > 0)
			got++;
		dispatch(100);
	}
	cr_expect_eq(got, 2000);
	outlet_tick(o);
	expect(2000, 0, 0);
	(void)close(fd);
}

static uint16_t port;

static void open_inet(const char *scheme)
{
	char text[256];

	(void)snprintf(text, sizeof(text), "{syslog: \"%s://127.0.0.1:%u\", format: json}", scheme, port);
	open_as(text);
}

Test(outlet, udp_without_an_error_for_a_tick_has_arrived)
{
	int fd = listen_inet(SOCK_DGRAM, &port);

	open_inet("udp");
	tell(2);
	expect(0, 2, 0);
	outlet_tick(o);
	outlet_tick(o);
	expect(2, 0, 0);
	cr_expect_str_eq(read_seqs(fd, 2), "1 2 ");
	(void)close(fd);
}

Test(outlet, udp_what_came_back_is_sent_again)
{
	int fd = listen_inet(SOCK_DGRAM, &port);

	open_inet("udp");
	(void)close(fd);
	tell(3);
	outlet_tick(o);
	expect(0, 3, 0);
	cr_expect_str_eq(error_told(), "Connection refused");
	tell(2);
	fd = listen_inet(SOCK_DGRAM, &port);
	for (int i = 0; i < 8; i++)
		outlet_tick(o);
	expect(5, 0, 0);
	cr_expect_str_eq(read_seqs(fd, 5), "1 2 3 4 5 ");
	cr_expect_str_eq(error_told(), "");
	(void)close(fd);
}

static int welcome(int listener)
{
	struct pollfd p = { .fd = listener, .events = POLLIN };
	int fd;

	dispatch(500);
	cr_assert_eq(poll(&p, 1, 1000), 1);
	fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	cr_assert_geq(fd, 0);
	return fd;
}

Test(outlet, tcp_counts_octets_and_what_was_acknowledged_is_sent)
{
	int listener = listen_inet(SOCK_STREAM, &port), fd;
	char text[8192], *end;
	ssize_t n;

	open_inet("tcp");
	fd = welcome(listener);
	tell(2);
	expect(0, 2, 0);
	n = recv(fd, text, sizeof(text) - 1, 0);
	cr_assert_gt(n, 0);
	text[n] = '\0';
	cr_expect_eq(strtoul(text, &end, 10) * 2 + 2 * (size_t)(end + 1 - text), (size_t)n);
	cr_expect_eq(strncmp(end, " <132>1 ", 8), 0);
	cr_expect_null(strchr(text, '\n'));
	outlet_tick(o);
	outlet_tick(o);
	expect(2, 0, 0);
	(void)close(fd);
	(void)close(listener);
}

Test(outlet, tcp_receiver_that_dies_gets_again_what_it_may_not_have_read)
{
	int listener = listen_inet(SOCK_STREAM, &port), fd;

	open_inet("tcp");
	fd = welcome(listener);
	tell(3);
	(void)close(fd); /* unread: its kernel resets the connection */
	dispatch(500);
	expect(0, 3, 0);
	tell(1);
	outlet_tick(o);
	outlet_tick(o);
	fd = welcome(listener);
	dispatch(100);
	cr_expect_str_eq(read_seqs(fd, 4), "1 2 3 4 ");
	outlet_tick(o);
	outlet_tick(o);
	expect(4, 0, 0);
	(void)close(fd);
	(void)close(listener);
}

Test(outlet, tcp_nobody_there_waits_longer_each_time)
{
	int listener = listen_inet(SOCK_STREAM, &port), fd;
	unsigned ticks = 0;

	(void)close(listener);
	open_inet("tcp");
	tell(2);
	dispatch(100);
	for (int i = 0; i < 20; i++) {
		outlet_tick(o);
		dispatch(100);
	}
	cr_expect_eq(outlet_error(o), -ECONNREFUSED);
	listener = listen_inet(SOCK_STREAM, &port);
	for (struct pollfd p = { .fd = listener, .events = POLLIN }; ticks < 40 && poll(&p, 1, 10) <= 0; ticks++)
		outlet_tick(o);
	cr_expect(ticks > 5 && ticks < 33, "%u", ticks);
	fd = welcome(listener);
	dispatch(100);
	cr_expect_str_eq(read_seqs(fd, 2), "1 2 ");
	(void)close(fd);
	(void)close(listener);
}

Test(outlet, tcp_receiver_that_does_not_read_blocks_nobody)
{
	int listener = listen_inet(SOCK_STREAM, &port), fd;
	struct spool_figures f;

	open_inet("tcp");
	fd = welcome(listener);
	for (int i = 0; i < 200; i++)
		tell(100);
	f = spool_figures(outlet_spool(o));
	cr_expect(f.queued > 0 && f.lost > 0, "queued %lu lost %lu", f.queued, f.lost);
	cr_expect_eq(f.sent + f.queued + f.lost, 20000);
	(void)close(fd);
	(void)close(listener);
}

Test(outlet, next_agent_goes_on_where_the_former_ended)
{
	int fd;

	(void)snprintf(path, sizeof(path), "%s/log", dir);
	open_unix();
	tell(3);
	fd = listen_unix();
	open_unix();
	outlet_flush(o);
	cr_expect_str_eq(read_seqs(fd, 3), "1 2 3 ");
	cr_expect(!outlet_finish(o));
	expect(3, 0, 0);
	(void)close(fd);
}

Test(outlet, id_is_that_of_the_boot_in_which_it_was_told)
{
	char text[65536];
	int fd;

	open_unix();
	tell(1);
	strcpy(source.boot_id, "99999999-1111-4222-8333-444455556666");
	fd = listen_unix();
	open_unix();
	tell(1);
	cr_assert_gt(recv(fd, text, sizeof(text), 0), 0);
	cr_expect_not_null(strstr(text, "\"id\":\"0f5e2c3a-1111-4222-8333-444455556666-default-1\""));
	cr_assert_gt(recv(fd, text, sizeof(text), 0), 0);
	cr_expect_not_null(strstr(text, "\"id\":\"99999999-1111-4222-8333-444455556666-default-2\""));
	(void)close(fd);
}

Test(outlet, line_that_no_datagram_can_carry_is_lost_and_stops_nothing)
{
	int fd = listen_inet(SOCK_DGRAM, &port);
	char *large = calloc(1, 200000);
	struct event e;
	struct json frame = JSON_INIT;

	memset(large, 'x', 199999);
	open_inet("udp");
	tell(1);
	e = sample_bind(++seq);
	e.count = 7;
	e.cmdline = large;
	cr_assert_eq(frame_put_event(&frame, &e), 0);
	outlet_take(o, &e, source.boot_id, frame.text, frame.length);
	tell(1);
	outlet_tick(o);
	outlet_tick(o);
	expect(2, 0, 7);
	cr_expect_str_eq(read_seqs(fd, 2), "1 3 ");
	json_free(&frame);
	free(large);
	(void)close(fd);
}

Test(outlet, stdout_gets_lines_and_a_reader_that_is_gone_stops_nothing)
{
	int ends[2], was = dup(STDOUT_FILENO);
	char text[8192];
	ssize_t n;

	cr_assert_eq(pipe(ends), 0);
	(void)fflush(stdout);
	(void)dup2(ends[1], STDOUT_FILENO);
	open_as("{stdout: true}");
	tell(2);
	n = read(ends[0], text, sizeof(text));
	expect(2, 0, 0);
	(void)close(ends[0]);
	(void)signal(SIGPIPE, SIG_IGN);
	tell(1);
	expect(2, 1, 0);
	cr_expect_eq(outlet_error(o), -EPIPE);
	(void)dup2(was, STDOUT_FILENO);
	cr_assert_gt(n, 0);
	cr_expect_eq(text[n - 1], '\n');
	(void)close(ends[1]);
	(void)close(was);
}
