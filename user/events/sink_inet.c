// SPDX-License-Identifier: GPL-2.0-only
/*
 * Syslog over UDP and TCP. A datagram has arrived when no error came back for it within a tick; bytes of a
 * stream have when the other machine's kernel has acknowledged them, and its program has not hung up within
 * a tick, since what it had not read is gone with it.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "events/sink.h"
#include "events/syslog.h"
#include "util/address.h"
#include "util/cleanup.h"

#define DEAD_MS 30000 /* of a peer that acknowledges nothing */

union any_address {
	struct sockaddr base;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t address_of(const struct output *o, union any_address *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (address_is_v4(o->ip)) {
		ret->v4.sin_family = AF_INET;
		ret->v4.sin_port = htons(o->port);
		memcpy(&ret->v4.sin_addr, o->ip + 12, 4);
		return sizeof(ret->v4);
	}
	ret->v6.sin6_family = AF_INET6;
	ret->v6.sin6_port = htons(o->port);
	memcpy(&ret->v6.sin6_addr, o->ip, 16);
	return sizeof(ret->v6);
}

/* The policy holds for the agent as for everybody. */
static int say_why(struct sink *s, int error)
{
	if (error == -EPERM)
		(void)snprintf(s->why, sizeof(s->why), "the policy refuses it: allow out %u/%s",
			       s->config->port, s->config->kind == OUTPUT_UDP ? "udp" : "tcp");
	else
		s->why[0] = '\0';
	return error;
}

static int open_socket(struct sink *s, int type)
{
	union any_address address;
	socklen_t length = address_of(s->config, &address);

	s->fd = socket(address.base.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0 || connect(s->fd, &address.base, length))
		return say_why(s, -errno);
	return 0;
}

static int pending_error(struct sink *s)
{
	int error = 0;
	socklen_t size = sizeof(error);

	if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &size))
		error = errno;
	return say_why(s, -error);
}

static ssize_t inet_write(struct sink *s, const char *bytes, size_t length)
{
	ssize_t n;

	do
		n = send(s->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		return n;
	return errno == EAGAIN || errno == ENOBUFS ? 0 : say_why(s, -errno);
}

static int udp_open(struct sink *s)
{
	return open_socket(s, SOCK_DGRAM);
}

static void udp_put(struct sink *s, struct json *out, const struct event_source *source,
		    const struct event *e)
{
	sink_put_framed(s, out, source, e, syslog_message);
}

static ssize_t udp_in_flight(struct sink *s)
{
	return pending_error(s);
}

/* Best effort: without them a dead peer is only noticed later. */
static void set_patience(int fd)
{
	const int on = 1, idle_s = 30, dead_ms = DEAD_MS;

	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &dead_ms, sizeof(dead_ms));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static int tcp_open(struct sink *s)
{
	int r = open_socket(s, SOCK_STREAM);

	if (s->fd >= 0)
		set_patience(s->fd);
	s->hears = true;
	return r;
}

static void tcp_put(struct sink *s, struct json *out, const struct event_source *source,
		    const struct event *e)
{
	sink_put_framed(s, out, source, e, syslog_counted);
}

static ssize_t tcp_in_flight(struct sink *s)
{
	char ignored[512];
	int unacknowledged = 0;
	ssize_t n;

	do /* syslog's receivers say nothing; what one says all the same is of no use */
		n = recv(s->fd, ignored, sizeof(ignored), MSG_DONTWAIT);
	while (n > 0 || (n < 0 && errno == EINTR));
	if (!n) {
		(void)snprintf(s->why, sizeof(s->why), "the receiver has hung up");
		return -EPIPE;
	}
	if (errno != EAGAIN || ioctl(s->fd, SIOCOUTQ, &unacknowledged))
		return say_why(s, -errno);
	return unacknowledged;
}

const struct sink_ops sink_udp_ops = {
	.size = sizeof(struct sink),
	.datagrams = true,
	.patience = 1,
	.open = udp_open,
	.put = udp_put,
	.write = inet_write,
	.in_flight = udp_in_flight,
};

const struct sink_ops sink_tcp_ops = {
	.size = sizeof(struct sink),
	.patience = 1,
	.open = tcp_open,
	.connected = pending_error,
	.put = tcp_put,
	.write = inet_write,
	.in_flight = tcp_in_flight,
};
