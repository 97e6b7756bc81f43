// SPDX-License-Identifier: GPL-2.0-only
/*
 * The endpoint over a socket of its own: who asks is answered, whatever others do there, and nobody can
 * take more of the agent than his share.
 */
#include "metrics/server.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "metrics/http.h"
#include "unit/lib/event_sample.h"

#define ASK "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n"
#define LARGE (4 << 20)

static char dir[64];
static struct endpoint at;
static struct server *s;
static struct json text;
static int pages;
static bool none;

static const struct json *make(void *data)
{
	(void)data;
	pages++;
	return none ? NULL : &text;
}

static void setup(void)
{
	sample_dir(dir);
	(void)snprintf(at.path, sizeof(at.path), "%s/metrics.sock", dir);
	json_append(&text, "a 1\n", 4);
	cr_assert_eq(server_open(make, NULL, &s), 0);
	cr_assert_eq(server_listen(s, &at), 0);
}

static void teardown(void)
{
	server_free(s);
	json_free(&text);
	sample_dir_remove(dir);
}

TestSuite(server, .init = setup, .fini = teardown);

/* Let the server do all that it has to. Return: how often it was called. */
static unsigned serve(void)
{
	struct pollfd p = { .fd = server_fd(s), .events = POLLIN };
	unsigned calls = 0;

	for (; poll(&p, 1, 0) > 0; calls++) {
		cr_assert_lt(calls, 100000, "it goes round and round");
		server_dispatch(s);
	}
	return calls;
}

static int join(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", at.path);
	if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	close(fd);
	return -1;
}

static void say(int fd, const char *words)
{
	(void)!send(fd, words, strlen(words), MSG_NOSIGNAL);
	serve();
}

static int ask(const char *words)
{
	int fd = join();

	cr_assert_geq(fd, 0);
	say(fd, words);
	return fd;
}

/* All that comes until the other end hangs up, or as long as something comes. Return: malloc'ed. */
static char *rest(int fd, bool *ret_ended)
{
	char *all = calloc(1, LARGE * 2);
	size_t length = 0;
	ssize_t n;

	while ((n = recv(fd, all + length, LARGE * 2 - 1 - length, 0)) > 0) {
		length += (size_t)n;
		serve();
	}
	*ret_ended = !n || errno != EAGAIN;
	return all;
}

static void expect(int fd, const char *first)
{
	bool ended;
	char *all = rest(fd, &ended);

	cr_assert_eq(strncmp(all, first, strlen(first)), 0, "wanted %s, got: %.200s", first, all);
	cr_assert(ended, "it goes on after: %.200s", all);
	free(all);
	close(fd);
	serve();
}

static bool is_cut(int fd)
{
	char byte;
	ssize_t n = recv(fd, &byte, 1, 0);

	return !n || (n < 0 && errno != EAGAIN);
}

static void ticks(unsigned seconds)
{
	while (seconds--)
		server_tick(s);
	serve();
}

Test(server, who_asks_is_answered)
{
	bool ended;
	int fd = ask(ASK);
	char *all = rest(fd, &ended);

	cr_assert_not_null(strstr(all, "\r\n\r\na 1\n"), "%s", all);
	cr_assert(ended);
	free(all);
	close(fd);
	expect(ask("GET / HTTP/1.1\r\n\r\n"), "HTTP/1.1 404 ");
	expect(ask("POST /metrics HTTP/1.1\r\n\r\n"), "HTTP/1.1 405 ");
	expect(ask("\x16\x03\x01"), "HTTP/1.1 400 ");
	cr_assert_eq(pages, 1, "others cost no page");
}

Test(server, without_a_page_it_says_so)
{
	none = true;
	expect(ask(ASK), "HTTP/1.1 503 ");
}

Test(server, a_request_may_come_in_parts)
{
	int fd = ask("GET /met");

	say(fd, "rics HTTP/1.1\r");
	say(fd, "\n\r");
	cr_assert_not(is_cut(fd));
	say(fd, "\n");
	expect(fd, "HTTP/1.1 200 ");
}

Test(server, who_has_asked_may_end_his_side)
{
	int fd = join();

	(void)!send(fd, ASK, strlen(ASK), 0);
	cr_assert_eq(shutdown(fd, SHUT_WR), 0);
	serve();
	expect(fd, "HTTP/1.1 200 ");
}

Test(server, a_large_page_comes_whole_to_a_slow_reader)
{
	char *filler = malloc(LARGE), *all;
	bool ended;
	int fd;

	memset(filler, 'x', LARGE);
	json_append(&text, filler, LARGE);
	fd = ask(ASK);
	cr_assert_eq(shutdown(fd, SHUT_WR), 0);
	cr_assert_lt(serve(), 10, "who does not read is not asked again and again");
	all = rest(fd, &ended);
	cr_assert_not_null(strstr(all, "\r\n\r\na 1\nxxx"));
	cr_assert_eq(strlen(strstr(all, "\r\n\r\n")), 4 + 4 + LARGE);
	cr_assert(ended);
	free(filler);
	free(all);
	close(fd);
}

Test(server, who_asks_slowly_is_cut_off_when_his_time_is_up)
{
	int fd = ask("GET /metrics HTTP/1.1\r\n");

	for (unsigned i = 0; i < SERVER_SECONDS; i++) {
		say(fd, "A");
		ticks(1);
		cr_assert_not(is_cut(fd), "after %u s", i);
	}
	ticks(1);
	cr_assert(is_cut(fd));
	close(fd);
}

Test(server, who_does_not_read_is_cut_off_when_his_time_is_up)
{
	char *filler = malloc(LARGE);
	struct pollfd p;
	int fd;

	memset(filler, 'x', LARGE);
	json_append(&text, filler, LARGE);
	free(filler);
	fd = ask(ASK);
	ticks(SERVER_SECONDS);
	p = (struct pollfd){ .fd = fd };
	cr_assert_eq(poll(&p, 1, 0), 0);
	ticks(1);
	cr_assert_eq(poll(&p, 1, 0), 1);
	cr_assert(p.revents & POLLHUP);
	close(fd);
}

Test(server, headers_without_end_are_too_large)
{
	char line[1025] = "";
	int fd = ask("GET /metrics HTTP/1.1\r\n");

	memset(line, 'A', 1024);
	for (unsigned i = 0; i < HTTP_REQUEST_MAX / 1024; i++)
		say(fd, line);
	say(fd, line); /* what is not read does not cost the answer */
	expect(fd, "HTTP/1.1 431 ");
}

Test(server, who_sends_byte_by_byte_or_for_ever_is_cut_off)
{
	int fd = ask("GET /metrics HTTP/1.1\r\n"), sent = 0;

	for (; sent < 1000 && !is_cut(fd); sent++)
		say(fd, "A");
	cr_assert_lt(sent, 100);
	close(fd);
	fd = ask(ASK);
	for (sent = 0; sent < 1000 && send(fd, "A", 1, MSG_NOSIGNAL) == 1; sent++)
		serve();
	cr_assert_lt(sent, 100);
	close(fd);
}

Test(server, idle_clients_do_not_keep_out_who_asks)
{
	int idle[SERVER_CLIENTS * 3];

	for (size_t i = 0; i < SERVER_CLIENTS * 3; i++)
		idle[i] = ask("");
	cr_assert(is_cut(idle[0]), "who came first has gone");
	cr_assert_not(is_cut(idle[SERVER_CLIENTS * 3 - 1]));
	expect(ask(ASK), "HTTP/1.1 200 ");
	for (size_t i = 0; i < SERVER_CLIENTS * 3; i++)
		close(idle[i]);
}

Test(server, in_a_second_only_so_many_are_welcome)
{
	unsigned let_in = 0;
	int fd;

	for (; let_in < SERVER_WELCOMES * 2; let_in++) {
		fd = join();
		(void)!send(fd, ASK, strlen(ASK), MSG_NOSIGNAL);
		cr_assert_lt(serve(), 5);
		if (!is_cut(fd) && recv(fd, (char[4096]){ 0 }, 4096, 0) < 0)
			break; /* it waits before the door */
		close(fd);
	}
	cr_assert_eq(let_in, SERVER_WELCOMES);
	ticks(1);
	expect(fd, "HTTP/1.1 200 ");
}

Test(server, a_socket_that_nobody_serves_is_replaced_and_no_other_thing)
{
	struct endpoint other = at;
	struct server *second;
	struct stat st;
	int fd;

	cr_assert_eq(server_open(make, NULL, &second), 0);
	cr_assert_eq(server_listen(second, &at), -EADDRINUSE, "one that is served stays");
	serve();
	expect(ask(ASK), "HTTP/1.1 200 ");

	(void)snprintf(other.path, sizeof(other.path), "%s/file", dir);
	fd = open(other.path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	close(fd);
	cr_assert_eq(server_listen(second, &other), -EEXIST);
	cr_assert_eq(stat(other.path, &st), 0);

	(void)snprintf(other.path, sizeof(other.path), "%s/stale", dir);
	cr_assert_eq(server_listen(second, &other), 0);
	server_free(second);
	cr_assert_neq(stat(other.path, &st), 0, "its end takes the name away");
	cr_assert_eq(symlink(at.path, other.path), 0);
	cr_assert_eq(server_listen(s, &other), -EEXIST, "a name for another place is no socket");
}

Test(server, after_a_crash_the_name_is_taken_over)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat st;

	cr_assert_eq(server_listen(s, NULL), 0);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", at.path);
	cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	cr_assert_eq(server_listen(s, &at), 0);
	expect(ask(ASK), "HTTP/1.1 200 ");
	cr_assert_eq(stat(at.path, &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0666);
}

Test(server, it_moves_and_ends_on_the_same_descriptor)
{
	struct endpoint former = at;
	int fd = ask("GET"), before = server_fd(s);

	(void)snprintf(at.path, sizeof(at.path), "%s/elsewhere", dir);
	cr_assert_eq(server_listen(s, &at), 0);
	cr_assert_eq(server_fd(s), before);
	cr_assert(is_cut(fd));
	close(fd);
	expect(ask(ASK), "HTTP/1.1 200 ");
	cr_assert_eq(server_listen(s, NULL), 0);
	cr_assert_eq(join(), -1);
	at = former;
	cr_assert_eq(join(), -1);
	(void)snprintf(former.path, sizeof(former.path), "%s/no/such/directory", dir);
	cr_assert_eq(server_listen(s, &former), -ENOENT);
	ticks(2);
	cr_assert_eq(server_listen(s, &at), 0);
	expect(ask(ASK), "HTTP/1.1 200 ");
}
