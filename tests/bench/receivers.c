// SPDX-License-Identifier: GPL-2.0-only
/* The other ends of outputs: sockets, and how events are counted that come out of them. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bench/events.h"

#define ROOM (8 << 20) /* bytes that wait for a receiver: no datagram is lost */

static void must(int result, const char *what)
{
	if (result < 0)
		die("%s: %s", what, strerror(errno));
}

static struct sockaddr_un unix_address(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path); /* fits */
	return address;
}

int receiver_unix(const char *path)
{
	const struct sockaddr_un address = unix_address(path);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	must(bind(fd, (const struct sockaddr *)&address, sizeof(address)), path);
	return fd;
}

int receiver_inet(int type, unsigned port)
{
	const struct sockaddr_in address = { .sin_family = AF_INET,
					     .sin_port = htons((uint16_t)port),
					     .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const int room = ROOM;
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	must(setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)), "SO_RCVBUFFORCE");
	must(bind(fd, (const struct sockaddr *)&address, sizeof(address)), "a receiver's address");
	if (type == SOCK_STREAM)
		must(listen(fd, 1), "listen");
	return fd;
}

int receiver_subscriber(const char *path, const char *wish)
{
	const struct sockaddr_un address = unix_address(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(connect(fd, (const struct sockaddr *)&address, sizeof(address)), path);
	must((int)write(fd, wish, strlen(wish)), path);
	return fd;
}

static unsigned count_lines(const char *bytes, size_t length)
{
	const char *end = bytes + length;
	unsigned count = 0;

	while ((bytes = memchr(bytes, '\n', (size_t)(end - bytes)))) {
		bytes++;
		count++;
	}
	return count;
}

struct counted {
	size_t length; /* as far as it is read */
	size_t left; /* of the message */
};

static unsigned count_counted(struct counted *c, const char *bytes, size_t length)
{
	unsigned count = 0;

	for (size_t i = 0; i < length; i++) {
		if (c->left) {
			size_t more = c->left < length - i ? c->left : length - i;

			c->left -= more;
			count += !c->left;
			i += more - 1;
		} else if (bytes[i] == ' ') {
			c->left = c->length;
			c->length = 0;
		} else {
			c->length = c->length * 10 + (size_t)(bytes[i] - '0');
		}
	}
	return count;
}

void receiver_read(const void *data, unsigned amount)
{
	const struct receiver *r = data;
	struct counted counted = { 0 };
	char bytes[65536];

	while (amount) {
		ssize_t n = read(r->fd, bytes, sizeof(bytes));
		unsigned count = n <= 0                        ? 0
				 : r->reads == READS_DATAGRAMS ? 1
				 : r->reads == READS_LINES
					 ? count_lines(bytes, (size_t)n)
					 : count_counted(&counted, bytes, (size_t)n);

		if (n <= 0 || count > amount)
			die("a receiver: %s", n ? strerror(errno) : "its end");
		amount -= count;
	}
}
