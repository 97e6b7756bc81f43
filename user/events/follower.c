// SPDX-License-Identifier: GPL-2.0-only
#include "events/follower.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "util/cleanup.h"

#define RECEIVE_SIZE 65536
#define FLUSH_SECONDS 2 /* an agent that is busy for longer is not waited for */

int follower_connect(const char *run, struct follower *ret)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int n = snprintf(address.sun_path, sizeof(address.sun_path), "%s/events.sock", run);

	if (n < 0 || (size_t)n >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return -errno;
	*ret = (struct follower){ .fd = TAKE_FD(fd) };
	return 0;
}

void follower_close(struct follower *f)
{
	cleanup_close(&f->fd);
	json_free(&f->bytes);
	*f = (struct follower)FOLLOWER_INIT;
}

static int ask(const struct follower *f, const char *line)
{
	size_t length = strlen(line);

	return send(f->fd, line, length, MSG_NOSIGNAL) == (ssize_t)length ? 0 : -ECONNRESET;
}

void follower_flush(struct follower *f)
{
	struct pollfd answer = { .fd = f->fd, .events = POLLIN };

	if (!ask(f, "flush\n"))
		(void)poll(&answer, 1, FLUSH_SECONDS * 1000);
}

int follower_begin(struct follower *f)
{
	return ask(f, "format=record\n");
}

int follower_begin_after(struct follower *f, const char *id)
{
	char line[256];
	int n = snprintf(line, sizeof(line), "format=record %s%s\n", id[0] ? "after=" : "from=0",
			 id);

	return (size_t)n < sizeof(line) ? ask(f, line) : -EINVAL;
}

int follower_receive(struct follower *f)
{
	char bytes[RECEIVE_SIZE];
	ssize_t n = recv(f->fd, bytes, sizeof(bytes), 0);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n <= 0)
		return -ECONNRESET;
	if (f->taken) {
		memmove(f->bytes.text, f->bytes.text + f->taken, f->bytes.length - f->taken);
		f->bytes.length -= f->taken;
		f->taken = 0;
	}
	json_append(&f->bytes, bytes, (size_t)n);
	return json_error(&f->bytes);
}

int follower_next(struct follower *f, struct event *ret)
{
	struct frame frame;
	size_t used;
	int got;

	while (f->taken < f->bytes.length) {
		got = frame_get(f->bytes.text + f->taken, f->bytes.length - f->taken, &frame,
				&used);
		if (got <= 0)
			return got;
		f->taken += used;
		if (frame.type == FRAME_EVENT) {
			*ret = frame.event;
			return 1;
		}
		f->source = frame.source;
	}
	return 0;
}
