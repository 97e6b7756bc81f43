// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines on standard output, for containers, whose runtime keeps them. The descriptor is shared with others who
 * expect it to block: so it is opened anew, and a socket, which cannot be, is asked not to block at each write.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "events/sink.h"
#include "util/cleanup.h"

struct sink_stdout {
	struct sink sink;
	bool socket;
};

static int stdout_open(struct sink *s)
{
	struct sink_stdout *o = (struct sink_stdout *)s;
	struct stat st;

	if (fstat(STDOUT_FILENO, &st))
		return -errno;
	o->socket = S_ISSOCK(st.st_mode);
	s->hears = S_ISFIFO(st.st_mode) || o->socket;
	s->fd = o->socket ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
			  : open("/proc/self/fd/1",
				 O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return s->fd < 0 ? -errno : 0;
}

static void stdout_put(struct sink *s, struct json *out, const struct event_source *source,
		       const struct event *e)
{
	s->config->format->write(out, source, e);
}

static ssize_t stdout_write(struct sink *s, const char *bytes, size_t length)
{
	ssize_t n;

	do
		n = ((struct sink_stdout *)s)->socket
			    ? send(s->fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL)
			    : write(s->fd, bytes, length);
	while (n < 0 && errno == EINTR);
	return n >= 0 ? n : errno == EAGAIN ? 0 : -errno;
}

const struct sink_ops sink_stdout_ops = {
	.size = sizeof(struct sink_stdout),
	.open = stdout_open,
	.put = stdout_put,
	.write = stdout_write,
};
