// SPDX-License-Identifier: GPL-2.0-only
/*
 * One epoll descriptor holds the listening socket and all clients, so that the agent's loop has one
 * descriptor to watch. A client has a queue of whole messages; only its first may be sent in part.
 */
#include "events/subscribers.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "events/encode.h"
#include "events/format.h"
#include "util/cleanup.h"

#define REQUEST_MAX 64
#define EVENTS_AT_ONCE 16

enum client_format { CLIENT_SILENT, CLIENT_RECORD, CLIENT_JSON, CLIENT_TEXT };

struct client {
	int fd; /* -1: a free place */
	enum client_format format;
	char request[REQUEST_MAX];
	size_t request_length;
	struct json queue;
	bool waits_for_room; /* EPOLLOUT is asked for */
	bool closing; /* hang up once the queue is empty */
	uint64_t lost_events, lost_refusals;
	struct event lost_last; /* times and seq of the last one lost; no strings */
};

struct subscribers {
	char *path;
	struct event_source source;
	void (*flush)(void *data);
	void *data;
	int listen_fd, epoll_fd;
	struct client clients[SUBSCRIBERS_MAX];
	struct json scratch[CLIENT_TEXT + 1]; /* the event being published, once a format */
};

static void hang_up(struct client *c)
{
	cleanup_close(&c->fd); /* leaves the epoll set too */
	json_free(&c->queue);
	*c = (struct client){ .fd = -1 };
}

static void ask_for_room(struct subscribers *s, struct client *c, bool wanted)
{
	struct epoll_event ev = { .events = EPOLLIN | (wanted ? EPOLLOUT : 0), .data.ptr = c };

	if (c->waits_for_room == wanted)
		return;
	c->waits_for_room = wanted;
	/* on failure the next event tries again */
	(void)epoll_ctl(s->epoll_fd, EPOLL_CTL_MOD, c->fd, &ev);
}

static void send_queue(struct subscribers *s, struct client *c)
{
	size_t sent = 0;

	while (sent < c->queue.length) {
		ssize_t n = send(c->fd, c->queue.text + sent, c->queue.length - sent,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN) {
			hang_up(c);
			return;
		}
		if (n < 0)
			break;
		sent += (size_t)n;
	}
	c->queue.length -= sent;
	if (sent)
		memmove(c->queue.text, c->queue.text + sent, c->queue.length);
	if (c->closing && !c->queue.length)
		hang_up(c);
	else
		ask_for_room(s, c, c->queue.length > 0);
}

static void put_event(struct json *out, const struct subscribers *s, enum client_format format,
		      const struct event *e)
{
	if (format == CLIENT_RECORD)
		(void)frame_put_event(out,
				      e); /* an error sticks, or the event is over every limit */
	else if (format == CLIENT_JSON)
		format_json(out, &s->source, e);
	else
		format_text(out, &s->source, e);
}

/* Whole or not at all. */
static bool enqueue(struct client *c, const struct json *message)
{
	if (c->queue.length + message->length > SUBSCRIBER_QUEUE_MAX || json_error(message))
		return false;
	json_append(&c->queue, message->text, message->length);
	return !json_error(&c->queue);
}

static void lose(struct client *c, const struct event *e)
{
	c->lost_events++;
	c->lost_refusals += event_refusals(e);
	c->lost_last = (struct event){ .seq = e->seq, .start_us = e->end_us, .end_us = e->end_us };
	c->queue.error = 0;
}

/* There is room again: say what is missing, under the seq of the last event that is. */
static bool tell_lost(struct subscribers *s, struct client *c)
{
	_cleanup_json_ struct json message = JSON_INIT;
	char text[160], counters[96];
	struct event e = c->lost_last;

	if (!c->lost_events)
		return true;
	if (c->queue.length > SUBSCRIBER_QUEUE_MAX / 2)
		return false; /* not one by one as bytes get free */
	(void)snprintf(text, sizeof(text),
		       "this reader was too slow: %" PRIu64 " events did not reach it",
		       c->lost_events); /* fits */
	(void)snprintf(counters, sizeof(counters),
		       "{\"events\":%" PRIu64 ",\"refusals\":%" PRIu64 "}", c->lost_events,
		       c->lost_refusals); /* fits */
	e.kind = EVENT_HEALTH;
	e.action = "lost";
	e.text = text;
	e.counters_json = counters;
	e.severity = event_severity(&e);
	put_event(&message, s, c->format, &e);
	if (!enqueue(c, &message))
		return false;
	c->lost_events = c->lost_refusals = 0;
	return true;
}

void subscribers_publish(struct subscribers *s, const struct event *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(s->scratch); i++)
		json_reset(&s->scratch[i]);
	for (size_t i = 0; i < SUBSCRIBERS_MAX; i++) {
		struct client *c = &s->clients[i];
		struct json *message = &s->scratch[c->format];

		if (c->fd < 0 || c->format == CLIENT_SILENT)
			continue;
		if (!message->length)
			put_event(message, s, c->format, e);
		if (!tell_lost(s, c) || !enqueue(c, message))
			lose(c, e);
		if (!c->waits_for_room)
			send_queue(s, c);
	}
}

static void start(struct subscribers *s, struct client *c, enum client_format format)
{
	c->format = format;
	if (format == CLIENT_RECORD)
		(void)frame_put_source(&c->queue,
				       &s->source); /* an error sticks: the client is then cut */
	if (json_error(&c->queue))
		hang_up(c);
	else
		send_queue(s, c);
}

static void answer(struct subscribers *s, struct client *c)
{
	if (!strcmp(c->request, "format=record")) {
		start(s, c, CLIENT_RECORD);
	} else if (!strcmp(c->request, "format=json")) {
		start(s, c, CLIENT_JSON);
	} else if (!strcmp(c->request, "format=text")) {
		start(s, c, CLIENT_TEXT);
	} else if (!strcmp(c->request, "flush")) {
		if (s->flush)
			s->flush(s->data);
		json_append(&c->queue, "ok\n", 3);
		c->closing = true;
		send_queue(s, c);
	} else {
		hang_up(c);
	}
}

/* A client speaks once; later words are read and dropped, since that is how its end is noticed. */
static void listen_to(struct subscribers *s, struct client *c)
{
	bool asked = c->format != CLIENT_SILENT || c->closing;
	size_t room = sizeof(c->request) - 1 - c->request_length;
	char ignored[256];
	ssize_t n = asked ? recv(c->fd, ignored, sizeof(ignored), MSG_DONTWAIT)
			  : recv(c->fd, c->request + c->request_length, room, MSG_DONTWAIT);
	char *end;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		hang_up(c);
		return;
	}
	if (asked)
		return;
	c->request_length += (size_t)n;
	end = memchr(c->request, '\n', c->request_length);
	if (end) {
		*end = '\0';
		answer(s, c);
	} else if (c->request_length == sizeof(c->request) - 1) {
		hang_up(c);
	}
}

static struct client *free_place(struct subscribers *s)
{
	for (size_t i = 0; i < SUBSCRIBERS_MAX; i++)
		if (s->clients[i].fd < 0)
			return &s->clients[i];
	return NULL;
}

static void welcome(struct subscribers *s)
{
	_cleanup_close_ int fd = accept4(s->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct client *c = free_place(s);
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };

	if (fd < 0 || !c || epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &ev))
		return; /* one too many is hung up on */
	*c = (struct client){ .fd = TAKE_FD(fd) };
}

static void serve(struct subscribers *s, struct client *c, uint32_t what)
{
	if (c->fd >= 0 && what & EPOLLOUT) {
		(void)tell_lost(s, c); /* or at the next event */
		send_queue(s, c);
	}
	if (c->fd >= 0 && what & (EPOLLIN | EPOLLHUP | EPOLLERR))
		listen_to(s, c);
}

int subscribers_fd(const struct subscribers *s)
{
	return s->epoll_fd;
}

void subscribers_dispatch(struct subscribers *s)
{
	struct epoll_event evs[EVENTS_AT_ONCE];
	int n = epoll_wait(s->epoll_fd, evs, EVENTS_AT_ONCE, 0);

	for (int i = 0; i < n; i++) {
		if (evs[i].data.ptr)
			serve(s, evs[i].data.ptr, evs[i].events);
		else
			welcome(s);
	}
}

/* Root alone: the mode is set before the name exists. */
static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	if (fd < 0 || fchmod(fd, 0600) || (unlink(path) && errno != ENOENT))
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, SUBSCRIBERS_MAX))
		return -errno;
	return TAKE_FD(fd);
}

static int start_listening(struct subscribers *s)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = NULL };

	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (s->epoll_fd < 0 || !s->path)
		return s->path ? -errno : -ENOMEM;
	s->listen_fd = listen_at(s->path);
	if (s->listen_fd < 0)
		return s->listen_fd;
	return epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, s->listen_fd, &ev) ? -errno : 0;
}

int subscribers_open(const struct subscribers_config *config, struct pg_error *err,
		     struct subscribers **ret)
{
	struct subscribers *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return pg_fail(err, -ENOMEM, PG_EXIT_AUTO, "socket %s: out of memory",
			       config->path);
	s->listen_fd = s->epoll_fd = -1;
	for (size_t i = 0; i < SUBSCRIBERS_MAX; i++)
		s->clients[i].fd = -1;
	s->source = *config->source;
	s->flush = config->flush;
	s->data = config->data;
	s->path = strdup(config->path);
	r = start_listening(s);
	if (r) {
		subscribers_free(s);
		return pg_fail(err, r, PG_EXIT_AUTO, "socket %s: %s", config->path, strerror(-r));
	}
	*ret = s;
	return 0;
}

void subscribers_free(struct subscribers *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < SUBSCRIBERS_MAX; i++)
		if (s->clients[i].fd >= 0)
			hang_up(&s->clients[i]);
	for (size_t i = 0; i < ARRAY_SIZE(s->scratch); i++)
		json_free(&s->scratch[i]);
	if (s->listen_fd >= 0)
		(void)unlink(s->path); /* a stale name is replaced by the next agent */
	cleanup_close(&s->listen_fd);
	cleanup_close(&s->epoll_fd);
	free(s->path);
	free(s);
}

size_t subscribers_count(const struct subscribers *s)
{
	size_t n = 0;

	for (size_t i = 0; i < SUBSCRIBERS_MAX; i++)
		n += s->clients[i].fd >= 0 && s->clients[i].format != CLIENT_SILENT;
	return n;
}
