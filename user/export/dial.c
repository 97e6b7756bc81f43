// SPDX-License-Identifier: GPL-2.0-only
#include "export/dial.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "util/cleanup.h"

static bool is_port(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits && digits <= 5 && !text[digits] && text[0] != '0' && atoi(text) <= 65535;
}

int dial_parse(struct dial *d, const char *word, const char *port, struct pg_error *err)
{
	bool bracket = word[0] == '[';
	const char *host = word + bracket;
	const char *end = bracket ? strchr(host, ']') : strrchr(host, ':');
	size_t length = end ? (size_t)(end - host) : strlen(host);
	const char *rest = host + length + (end && bracket);

	if (!length || length >= sizeof(d->host) || (bracket && !end) ||
	    (!bracket && memchr(host, ':', length)) || (*rest && *rest != ':'))
		return pg_fail(err, -EINVAL, PG_EXIT_USAGE,
			       "'%.80s': want HOST, HOST:PORT or [ADDRESS]:PORT", word);
	if (*rest)
		port = rest + 1;
	if (!is_port(port))
		return pg_fail(err, -EINVAL, PG_EXIT_USAGE, "'%.80s': port: want 1-65535", word);
	(void)snprintf(d->host, sizeof(d->host), "%.*s", (int)length, host); /* fits */
	(void)snprintf(d->port, sizeof(d->port), "%s", port); /* fits */
	return 0;
}

/*
 * It may take its time, and signals that end us must not wait for that: main() has set what they do then.
 */
static int look_up(struct dial *d, struct pg_error *err)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
	sigset_t ends, before;
	int r;

	(void)sigemptyset(&ends);
	(void)sigaddset(&ends, SIGTERM);
	(void)sigaddset(&ends, SIGINT);
	(void)sigprocmask(SIG_UNBLOCK, &ends, &before);
	r = getaddrinfo(d->host, d->port, &hints, &d->addresses);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	if (!r)
		return 0;
	d->addresses = NULL;
	return pg_fail(err, -EHOSTUNREACH, PG_EXIT_UNAVAILABLE, "cannot be looked up: %s",
		       gai_strerror(r));
}

/* A receiver that is gone without a word is noticed, with or without something under way. */
static void notice_silence(int fd)
{
	static const struct {
		int level, option, value;
	} options[] = {
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },          { IPPROTO_TCP, TCP_KEEPIDLE, 30 },
		{ IPPROTO_TCP, TCP_KEEPINTVL, 10 },       { IPPROTO_TCP, TCP_KEEPCNT, 3 },
		{ IPPROTO_TCP, TCP_USER_TIMEOUT, 60000 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(options); i++) /* else the kernel's own patience holds */
		(void)setsockopt(fd, options[i].level, options[i].option, &options[i].value,
				 sizeof(options[i].value));
}

/* The next address that takes a connection at all. */
static int try_next(struct dial *d, struct pg_error *err)
{
	int error = EHOSTUNREACH;

	for (; d->next; d->next = d->next->ai_next) {
		cleanup_close(&d->fd);
		d->fd = socket(d->next->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			       IPPROTO_TCP);
		if (d->fd >= 0 && (!connect(d->fd, d->next->ai_addr, d->next->ai_addrlen) ||
				   errno == EINPROGRESS))
			return 0;
		error = errno;
	}
	return pg_fail(err, -error, PG_EXIT_UNAVAILABLE, "%s", strerror(error));
}

int dial_begin(struct dial *d, struct pg_error *err)
{
	int r = look_up(d, err);

	d->next = d->addresses;
	return r ? r : try_next(d, err);
}

int dial_go_on(struct dial *d, struct pg_error *err)
{
	int error = 0;
	socklen_t size = sizeof(error);

	if (getsockopt(d->fd, SOL_SOCKET, SO_ERROR, &error, &size))
		error = errno;
	if (!error) {
		notice_silence(d->fd);
		return 1;
	}
	d->next = d->next->ai_next;
	if (d->next)
		return try_next(d, err);
	return pg_fail(err, -error, PG_EXIT_UNAVAILABLE, "%s", strerror(error));
}

void dial_close(struct dial *d)
{
	cleanup_close(&d->fd);
	d->fd = -1;
	if (d->addresses)
		freeaddrinfo(d->addresses);
	d->addresses = d->next = NULL;
}
