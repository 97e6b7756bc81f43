// SPDX-License-Identifier: GPL-2.0-only
/*
 * One epoll descriptor holds the listening socket and all clients, so that the agent's loop has one
 * descriptor to watch. Here clients come, speak and go; what they get is the business of client.c.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "events/format.h"
#include "events/subscribers_state.h"
#include "util/cleanup.h"

#define EVENTS_AT_ONCE 16

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
			client_put(message, c->format, &s->source, e);
		client_publish(s, c, e, message);
	}
}

void subscribers_flush(struct subscribers *s)
{
	for (size_t i = 0; i < SUBSCRIBERS_MAX; i++) {
		struct client *c = &s->clients[i];

		if (c->fd >= 0 && c->queue.length && !c->waits_for_room)
			client_send(s, c);
	}
}

/* CLIENT_SILENT: no such format. */
static unsigned format_asked(const char *name)
{
	if (!strcmp(name, "record"))
		return CLIENT_RECORD;
	for (unsigned i = 0; format_at(i); i++)
		if (!strcmp(format_at(i)->name, name))
			return CLIENT_FORMAT + i;
	return CLIENT_SILENT;
}

/* Plain decimal, and nothing behind it. */
static bool parse_seq(const char *word, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoull(word, &end, 10);
	return *word >= '0' && *word <= '9' && !*end && !errno;
}

/* BOOTID-INSTANCE-SEQ, of which an instance's name may have dashes too. */
static bool parse_id(const struct subscribers *s, char *id, uint64_t *ret_seq)
{
	char *seq = strrchr(id, '-'), *instance;
	size_t length = strlen(s->source.instance);

	if (!seq || !parse_seq(seq + 1, ret_seq) || seq - id < (ptrdiff_t)length + 1)
		return false;
	instance = seq - length;
	if (memcmp(instance, s->source.instance, length) || instance[-1] != '-')
		return false;
	instance[-1] = '\0'; /* what is left is the boot's */
	return true;
}

/* The word behind `format=F`; false: it cannot be done. */
static bool parse_past(const struct subscribers *s, char *word, struct client *c)
{
	uint64_t seq;

	if (!s->history)
		return false;
	if (!strncmp(word, "from=", 5))
		return parse_seq(word + 5, &c->next);
	return !strncmp(word, "after=", 6) && parse_id(s, word + 6, &seq) &&
	       !history_after(s->history, word + 6, seq, &c->next);
}

static void flush(struct subscribers *s, struct client *c)
{
	if (s->flush)
		s->flush(s->data);
	json_append(&c->queue, "ok\n", 3);
	c->closing = true;
	client_send(s, c);
}

static void answer(struct subscribers *s, struct client *c)
{
	char *format = c->request, *past = strchr(format, ' ');
	unsigned number;

	if (!strcmp(format, "flush")) {
		flush(s, c);
		return;
	}
	if (past)
		*past++ = '\0';
	number = strncmp(format, "format=", 7) ? CLIENT_SILENT : format_asked(format + 7);
	if (number == CLIENT_SILENT || (past && !parse_past(s, past, c)))
		client_hang_up(c);
	else
		client_start(s, c, number, past != NULL);
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
		client_hang_up(c);
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
		client_hang_up(c);
	}
}

/* A place for whoever is at the other end; the last ones are root's. */
static struct client *free_place(struct subscribers *s, int fd)
{
	struct client *place = NULL;
	struct ucred peer = { 0 };
	socklen_t size = sizeof(peer);
	size_t taken = 0;

	for (size_t i = 0; i < SUBSCRIBERS_MAX; i++) {
		if (s->clients[i].fd < 0)
			place = place ? place : &s->clients[i];
		else
			taken++;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) ||
	    (peer.uid && taken >= SUBSCRIBERS_NOT_ROOT))
		return NULL;
	return place;
}

static void welcome(struct subscribers *s)
{
	_cleanup_close_ int fd = accept4(s->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct client *c = fd < 0 ? NULL : free_place(s, fd);
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };

	if (!c || epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &ev))
		return; /* one too many is hung up on */
	*c = (struct client){ .fd = TAKE_FD(fd) };
}

static void serve(struct subscribers *s, struct client *c, uint32_t what)
{
	if (c->fd >= 0 && what & EPOLLOUT)
		client_go_on(s, c);
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

/* Root alone: the mode is set before the name exists. Then the group, if there is one. */
static int listen_at(const char *path, gid_t group)
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
	if (group != SUBSCRIBERS_NO_GROUP && (lchown(path, (uid_t)-1, group) || chmod(path, 0660)))
		return -errno;
	return TAKE_FD(fd);
}

static int start_listening(struct subscribers *s)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = NULL };

	s->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (s->epoll_fd < 0 || !s->path)
		return s->path ? -errno : -ENOMEM;
	s->listen_fd = listen_at(s->path, s->group);
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
	s->history = config->history;
	s->group = config->group;
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
			client_hang_up(&s->clients[i]);
	for (size_t i = 0; i < ARRAY_SIZE(s->scratch); i++)
		json_free(&s->scratch[i]);
	if (s->listen_fd >= 0)
		(void)unlink(s->path); /* a stale name is replaced by the next agent */
	cleanup_close(&s->listen_fd);
	cleanup_close(&s->epoll_fd);
	free(s->path);
	free(s);
}

void subscribers_set_number(struct subscribers *s, uint32_t number)
{
	s->source.number = number;
}

size_t subscribers_count(const struct subscribers *s)
{
	size_t n = 0;

	for (size_t i = 0; i < SUBSCRIBERS_MAX; i++)
		n += s->clients[i].fd >= 0 && s->clients[i].format != CLIENT_SILENT;
	return n;
}
