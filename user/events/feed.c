// SPDX-License-Identifier: GPL-2.0-only
#include "events/feed.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "util/cleanup.h"

#define RECEIVE_SIZE 65536

int feed_open(struct feed *f, const char *socket_path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (strlen(socket_path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, socket_path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return -errno;
	f->fd = TAKE_FD(fd);
	return 0;
}

void feed_close(struct feed *f)
{
	cleanup_close(&f->fd);
	json_free(&f->bytes);
	*f = (struct feed)FEED_INIT;
}

int feed_ask(const struct feed *f, const char *line)
{
	size_t length = strlen(line);

	return send(f->fd, line, length, MSG_NOSIGNAL) == (ssize_t)length ? 0 : -EPIPE;
}

int feed_receive(struct feed *f)
{
	char bytes[RECEIVE_SIZE];
	ssize_t n = recv(f->fd, bytes, sizeof(bytes), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return -EAGAIN;
	if (n <= 0)
		return -ECONNRESET;
	f->bytes.length -= f->taken;
	memmove(f->bytes.text, f->bytes.text + f->taken, f->bytes.length);
	f->taken = 0;
	json_append(&f->bytes, bytes, (size_t)n);
	return json_error(&f->bytes);
}

int feed_next(struct feed *f, struct event *ret)
{
	struct frame frame;
	size_t used;
	int got;

	while ((got = frame_get(f->bytes.text + f->taken, f->bytes.length - f->taken, &frame,
				&used)) > 0) {
		f->taken += used;
		if (frame.type == FRAME_EVENT) {
			*ret = frame.event;
			return 1;
		}
		f->source = frame.source;
	}
	return got;
}
