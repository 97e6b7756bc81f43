// SPDX-License-Identifier: GPL-2.0-only
/*
 * A client is read until it has asked, then written to until it has all, then read again until it hangs
 * up: closing earlier would reset the connection of one whose words were not all read, and with it the
 * answer. It is asked of the kernel for one of these at a time, so that none comes round again and again.
 */
#include "metrics/server.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "metrics/http.h"
#include "util/address.h"
#include "util/cleanup.h"

#define EVENTS_AT_ONCE 16
#define READS_MAX 64 /* of one client: a scraper's request comes whole, or in a few parts */

struct client {
	int fd; /* -1: a free place */
	enum { CLIENT_ASKS, CLIENT_IS_ANSWERED, CLIENT_LEAVES } state;
	unsigned seconds, reads;
	unsigned long number; /* who came first has the least */
	size_t request_length, sent;
	char request[HTTP_REQUEST_MAX];
	struct json answer;
};

struct server {
	server_page_fn page;
	void *data;
	int epoll_fd, listen_fd;
	char path[ENDPOINT_PATH]; /* of the socket; empty: none */
	unsigned long clients_seen;
	unsigned welcomes; /* in this second */
	bool shut; /* until the next second */
	struct client clients[SERVER_CLIENTS];
};

static void hang_up(struct client *c)
{
	cleanup_close(&c->fd); /* leaves the epoll set too */
	c->fd = -1;
	json_free(&c->answer);
}

static int wait_for(const struct server *s, struct client *c, uint32_t what)
{
	struct epoll_event ev = { .events = what, .data.ptr = c };

	return epoll_ctl(s->epoll_fd, EPOLL_CTL_MOD, c->fd, &ev);
}

static void send_answer(const struct server *s, struct client *c)
{
	while (c->sent < c->answer.length) {
		ssize_t n = send(c->fd, c->answer.text + c->sent, c->answer.length - c->sent,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN && !wait_for(s, c, EPOLLOUT))
			return;
		if (n < 0) {
			hang_up(c);
			return;
		}
		c->sent += (size_t)n;
	}
	c->state = CLIENT_LEAVES;
	if (shutdown(c->fd, SHUT_WR) || wait_for(s, c, EPOLLIN))
		hang_up(c);
}

static void answer(const struct server *s, struct client *c, int status)
{
	const struct json *page = status == 200 ? s->page(s->data) : NULL;

	c->state = CLIENT_IS_ANSWERED;
	http_answer(&c->answer, status == 200 && !page ? 503 : status, page);
	if (json_error(&c->answer))
		hang_up(c);
	else
		send_answer(s, c);
}

/* What comes after the request is read and dropped. */
static void listen_to(const struct server *s, struct client *c)
{
	bool asks = c->state == CLIENT_ASKS;
	char ignored[4096];
	ssize_t n = asks ? recv(c->fd, c->request + c->request_length,
				sizeof(c->request) - c->request_length, MSG_DONTWAIT)
			 : recv(c->fd, ignored, sizeof(ignored), MSG_DONTWAIT);
	int status;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0 || ++c->reads > READS_MAX) {
		hang_up(c);
		return;
	}
	if (!asks)
		return;
	c->request_length += (size_t)n;
	status = http_request(c->request, c->request_length);
	if (status)
		answer(s, c, status);
}

/* A free place, or that of whoever came first. */
static struct client *make_place(struct server *s)
{
	struct client *first = &s->clients[0];

	for (size_t i = 0; i < SERVER_CLIENTS; i++) {
		if (s->clients[i].fd < 0)
			return &s->clients[i];
		if (s->clients[i].number < first->number)
			first = &s->clients[i];
	}
	hang_up(first);
	return first;
}

/* The door: clients wait in the kernel while it is shut. */
static void set_door(struct server *s, bool shut)
{
	struct epoll_event ev = { .events = shut ? 0 : EPOLLIN };

	if (s->listen_fd >= 0 && !epoll_ctl(s->epoll_fd, EPOLL_CTL_MOD, s->listen_fd, &ev))
		s->shut = shut;
}

static void welcome(struct server *s)
{
	_cleanup_close_ int fd = accept4(s->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct epoll_event ev = { .events = EPOLLIN };
	struct client *c;

	if (fd < 0 && (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED))
		return;
	if (++s->welcomes >= SERVER_WELCOMES || fd < 0) /* no descriptors: not round and round */
		set_door(s, true);
	if (fd < 0)
		return;
	c = make_place(s);
	ev.data.ptr = c;
	if (epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &ev))
		return;
	c->fd = TAKE_FD(fd);
	c->state = CLIENT_ASKS;
	c->seconds = c->reads = 0;
	c->number = s->clients_seen++;
	c->request_length = c->sent = 0;
	listen_to(s, c); /* it may have asked already */
}

static void serve(const struct server *s, struct client *c)
{
	if (c->fd < 0)
		return;
	if (c->state == CLIENT_IS_ANSWERED)
		send_answer(s, c);
	else
		listen_to(s, c);
}

int server_fd(const struct server *s)
{
	return s->epoll_fd;
}

void server_dispatch(struct server *s)
{
	struct epoll_event evs[EVENTS_AT_ONCE];
	int n = epoll_wait(s->epoll_fd, evs, EVENTS_AT_ONCE, 0);

	for (int i = 0; i < n; i++) {
		if (evs[i].data.ptr)
			serve(s, evs[i].data.ptr);
		else
			welcome(s);
	}
}

void server_tick(struct server *s)
{
	for (size_t i = 0; i < SERVER_CLIENTS; i++)
		if (s->clients[i].fd >= 0 && ++s->clients[i].seconds > SERVER_SECONDS)
			hang_up(&s->clients[i]);
	s->welcomes = 0;
	if (s->shut)
		set_door(s, false);
}

/* Nobody answers there any more: the name is free. */
static int clear_path(const struct sockaddr_un *at)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (lstat(at->sun_path, &st))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	if (!connect(fd, (const struct sockaddr *)at, sizeof(*at)) || errno != ECONNREFUSED)
		return -EADDRINUSE;
	return unlink(at->sun_path) ? -errno : 0;
}

/* The name has its mode from the beginning: to change it later would follow whatever lies there then. */
static int bind_path(int fd, const struct endpoint *at)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	mode_t mask;
	int r;

	memcpy(address.sun_path, at->path, sizeof(address.sun_path));
	r = clear_path(&address);
	if (r)
		return r;
	mask = umask(0111);
	r = bind(fd, (struct sockaddr *)&address, sizeof(address)) ? -errno : 0;
	(void)umask(mask);
	return r;
}

static int bind_address(int fd, const struct endpoint *at)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(at->port) };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(at->port) };
	const int on = 1;

	memcpy(&v6.sin6_addr, at->address, 16);
	memcpy(&v4.sin_addr, at->address + 12, 4);
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)))
		return -errno;
	if (address_is_v4(at->address))
		return bind(fd, (struct sockaddr *)&v4, sizeof(v4)) ? -errno : 0;
	return bind(fd, (struct sockaddr *)&v6, sizeof(v6)) ? -errno : 0;
}

static int open_socket(const struct endpoint *at, int *ret_fd)
{
	int family = at->path[0] ? AF_UNIX : address_is_v4(at->address) ? AF_INET : AF_INET6;
	_cleanup_close_ int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int r;

	if (fd < 0)
		return -errno;
	r = family == AF_UNIX ? bind_path(fd, at) : bind_address(fd, at);
	if (!r && listen(fd, SERVER_CLIENTS))
		r = -errno;
	if (r)
		return r;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

static void stop_listening(struct server *s)
{
	for (size_t i = 0; i < SERVER_CLIENTS; i++)
		hang_up(&s->clients[i]);
	if (s->listen_fd >= 0 && s->path[0])
		(void)unlink(s->path); /* a stale name is replaced by the next agent */
	cleanup_close(&s->listen_fd);
	s->listen_fd = -1;
	s->path[0] = '\0';
	s->shut = false;
}

int server_listen(struct server *s, const struct endpoint *at)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int r;

	stop_listening(s);
	r = at ? open_socket(at, &s->listen_fd) : 0;
	if (r || !at)
		return r;
	memcpy(s->path, at->path, sizeof(s->path));
	if (!epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, s->listen_fd, &ev))
		return 0;
	r = -errno;
	stop_listening(s);
	return r;
}

int server_open(server_page_fn page, void *data, struct server **ret)
{
	struct server *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->page = page;
	s->data = data;
	s->listen_fd = -1;
	for (size_t i = 0; i < SERVER_CLIENTS; i++)
		s->clients[i].fd = -1;
	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (s->epoll_fd < 0) {
		r = -errno;
		free(s);
		return r;
	}
	*ret = s;
	return 0;
}

void server_free(struct server *s)
{
	if (!s)
		return;
	stop_listening(s);
	cleanup_close(&s->epoll_fd);
	free(s);
}
