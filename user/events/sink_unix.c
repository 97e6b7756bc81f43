// SPDX-License-Identifier: GPL-2.0-only
/*
 * Syslog's local socket. What its receiver has not read yet the kernel still counts as ours (SIOCOUTQ), so
 * that "arrived" is "read" here. A receiver that dies takes its queue along, and then nothing is ours either:
 * hence nothing has arrived unless the socket of that name is still the same, and somebody holds it.
 */
#include "events/sink_unix.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <linux/stat.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "events/syslog.h"
#include "util/cleanup.h"

#define UNKNOWN ((ssize_t)1 << 60) /* more than ever is written: nothing is known to have arrived */

static int identify(const char *path, struct sink_unix *ret)
{
	struct statx st;

	if (statx(AT_FDCWD, path, 0, STATX_INO | STATX_BTIME, &st))
		return -errno;
	ret->device = (uint64_t)st.stx_dev_major << 32 | st.stx_dev_minor;
	ret->inode = st.stx_ino;
	ret->made_ns = 0;
	if (st.stx_mask & STATX_BTIME)
		ret->made_ns = (uint64_t)st.stx_btime.tv_sec * 1000000000 + st.stx_btime.tv_nsec;
	return 0;
}

static int connect_to(const char *path, int *ret_fd)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return -errno;
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int sink_unix_connect(struct sink_unix *u, const char *path)
{
	int r;

	u->path = path;
	r = identify(path, u); /* before: one that takes its place in between is noticed later */
	r = r ?: connect_to(path, &u->sink.fd);
	if (r == -ENOENT)
		(void)snprintf(u->sink.why, sizeof(u->sink.why), "there is no socket %.107s", path);
	else if (r == -ECONNREFUSED)
		(void)snprintf(u->sink.why, sizeof(u->sink.why), "nobody reads %.107s", path);
	return r;
}

ssize_t sink_unix_send(struct sink *s, const char *bytes, size_t length)
{
	ssize_t n;

	do
		n = send(s->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	return n >= 0 ? n : errno == EAGAIN || errno == ENOBUFS ? 0 : -errno;
}

static int still_there(const struct sink_unix *u)
{
	struct sink_unix now = { .device = 0 };
	_cleanup_close_ int probe = -1;
	int r = identify(u->path, &now);

	if (!r && (now.device != u->device || now.inode != u->inode || now.made_ns != u->made_ns))
		r = -ECONNRESET;
	return r ?: connect_to(u->path, &probe);
}

ssize_t sink_unix_in_flight(struct sink *s)
{
	struct sink_unix *u = (struct sink_unix *)s;
	int unread = 0, r = 0;

	s->why[0] = '\0';
	if (ioctl(s->fd, SIOCOUTQ, &unread))
		return -errno;
	r = still_there(u);
	if (r)
		return r;
	return unread ? UNKNOWN : 0;
}

static int unix_open(struct sink *s)
{
	return sink_unix_connect((struct sink_unix *)s, s->config->path);
}

static void unix_put(struct sink *s, struct json *out, const struct event_source *source,
		     const struct event *e)
{
	sink_put_framed(s, out, source, e, syslog_message);
}

const struct sink_ops sink_unix_ops = {
	.size = sizeof(struct sink_unix),
	.datagrams = true,
	.open = unix_open,
	.put = unix_put,
	.write = sink_unix_send,
	.in_flight = sink_unix_in_flight,
};
