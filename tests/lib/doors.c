// SPDX-License-Identifier: GPL-2.0-only
/*
 * doors GUARDED OUTSIDE: opens every door that no bind() shows - sockets that listen or receive on
 * a port that the kernel chose, and sockets that were made in one cgroup and are used in another -
 * and answers on all of them until it is killed. GUARDED and OUTSIDE are directories of cgroups; it
 * begins in GUARDED. For each door it says where to knock,
 *
 *   HOOK  FAMILY  NAME  PROTO  PORT
 *
 * or, as lib/attack.h has it, why there is none; then `ready`. Whether somebody gets in is for the
 * neighbour to try.
 */
#include <poll.h>

#include "lib/cgroup.h"

#define MAX_DOORS 64
/* The guarded policy lets these in; but not for a socket that did not ask for one. */
#define RANGE_FIRST 43000
#define RANGE_LAST 43999
#define ACTIVATED_PORT 1082

struct place {
	const char *guarded, *outside;
};

struct door {
	const char *hook, *name;
	int (*open)(const struct door *door, int family, const struct place *place);
	int type, protocol;
	uint16_t port;		/* of identity's doors */
};

static int opened(int fd, int r)
{
	if (!r)
		return fd;
	close(fd);
	return r;
}

static int listens(int fd, int r)
{
	return opened(fd, r ? r : errno_of(listen(fd, 8)));
}

static int bind_port(int fd, int family, uint16_t port)
{
	struct address any = address_of(family, "", port);

	if (family == AF_INET6)
		(void)set_option(fd, SOL_IPV6, IPV6_V6ONLY, 1);
	return errno_of(bind(fd, sockaddr_of(&any), any.length));
}

static int plain(const struct door *d, int family, const struct place *place)
{
	int fd = make_socket(family, d->type, d->protocol);

	(void)place;
	return fd < 0 ? fd : listens(fd, 0);
}

static int bound_to_0(const struct door *d, int family, const struct place *place)
{
	int fd = make_socket(family, d->type, d->protocol);

	(void)place;
	return fd < 0 ? fd : listens(fd, bind_port(fd, family, 0));
}

static int no_port(const struct door *d, int family, const struct place *place)
{
	int fd = make_socket(family, d->type, d->protocol), r;

	(void)place;
	if (fd < 0)
		return fd;
	r = set_option(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1);
	return listens(fd, r ? r : bind_port(fd, family, 0));
}

static int choose_from(int fd, uint32_t first, uint32_t last)
{
	return set_option(fd, SOL_IP, OPTION_LOCAL_PORT_RANGE, last << 16 | first);
}

/* A range of one port is as good as a bind to it. */
static int port_range(const struct door *d, int family, const struct place *place)
{
	uint16_t port = 33090 + (family == AF_INET6);	/* within the machine's own range */
	int fd = make_socket(family, d->type, d->protocol), r;

	(void)place;
	if (fd < 0)
		return fd;
	r = choose_from(fd, port, port);
	return listens(fd, r ? r : bind_port(fd, family, 0));
}

static int by_uring(const struct door *d, int family, const struct place *place)
{
	int fd = make_socket(family, d->type, d->protocol);

	(void)place;
	return fd < 0 ? fd : opened(fd, uring(URING_LISTEN, fd, NULL, 8, 0));
}

/* Sending binds it, to a port of the kernel's choice. */
static int sends(int fd, int family)
{
	struct address self = address_of(family, family == AF_INET ? "127.0.0.1" : "::1", 9);

	return sendto(fd, "x", 1, 0, sockaddr_of(&self), self.length) < 0 ? -errno : 0;
}

static int by_sendto(const struct door *d, int family, const struct place *place)
{
	int fd = make_socket(family, d->type, d->protocol);

	(void)place;
	return fd < 0 ? fd : opened(fd, sends(fd, family));
}

static int by_bind_to_0(const struct door *d, int family, const struct place *place)
{
	int fd = make_socket(family, d->type, d->protocol);

	(void)place;
	return fd < 0 ? fd : opened(fd, bind_port(fd, family, 0));
}

/* Inbound lets these ports in: the socket must refuse. */
static int in_allowed_range(const struct door *d, int family, const struct place *place)
{
	int fd = make_socket(family, d->type, d->protocol), r;

	(void)place;
	if (fd < 0)
		return fd;
	r = choose_from(fd, RANGE_FIRST, RANGE_LAST);
	return opened(fd, r ? r : sends(fd, family));
}

/* --- made in one cgroup, used in another ------------------------------------------------- */

/* A socket of an unguarded process, passed in: only what is allowed in may reach it. */
static int passed_in(const struct door *d, int family, const struct place *place)
{
	int fd = socket_from(place->outside, family, d->type);

	return fd < 0 ? fd : listens(fd, bind_port(fd, family, d->port));
}

static int make_activated(int family, int type, uint16_t port)
{
	int fd = make_socket(family, type, 0);

	return fd < 0 ? fd : listens(fd, bind_port(fd, family, port));
}

/* As systemd does it: the socket listens already when the service that inherits it is born. */
static int activated(const struct door *d, int family, const struct place *place)
{
	int r = join(place->outside), fd;

	if (r)
		return r;
	fd = make_activated(family, d->type, d->port);
	r = join(place->guarded);
	return fd < 0 ? fd : opened(fd, r);
}

#define TCP SOCK_STREAM, 0
#define UDP SOCK_DGRAM, 0
#define MPTCP SOCK_STREAM, IPPROTO_MPTCP
#define UDPLITE SOCK_DGRAM, IPPROTO_UDPLITE

static const struct door doors[] = {
	{ "listen", "listen without bind", plain, TCP, 0 },
	{ "listen", "listen after bind to port 0", bound_to_0, TCP, 0 },
	{ "listen", "listen after IP_BIND_ADDRESS_NO_PORT", no_port, TCP, 0 },
	{ "listen", "listen on an IP_LOCAL_PORT_RANGE of one port", port_range, TCP, 0 },
	{ "listen", "listen by io_uring", by_uring, TCP, 0 },
	{ "listen", "listen without bind, MPTCP", plain, MPTCP, 0 },
	{ "listen", "listen after bind to port 0, MPTCP", bound_to_0, MPTCP, 0 },
	{ "inbound", "UDP bound by sendto, a stranger asks", by_sendto, UDP, 0 },
	{ "inbound", "UDP bound to port 0, a stranger asks", by_bind_to_0, UDP, 0 },
	{ "inbound", "UDP-Lite bound by sendto, a stranger asks", by_sendto, UDPLITE, 0 },
	{ "deliver", "UDP bound by sendto, on a port let in", in_allowed_range, UDP, 0 },
	{ "inbound", "socket made outside the guarded cgroup, passed in",
	  passed_in, TCP, ACTIVATED_PORT },
	{ "inbound", "listening socket inherited from outside",
	  activated, TCP, ACTIVATED_PORT + 1 },
};

static const char *proto_of(const struct door *d)
{
	if (d->protocol == IPPROTO_UDPLITE)
		return "udplite";
	return d->type == SOCK_DGRAM ? "udp" : "tcp";
}

static size_t open_all(const struct place *place, struct pollfd *fds)
{
	size_t count = 0;

	for (size_t i = 0; i < 2 * sizeof(doors) / sizeof(*doors); i++) {
		const struct door *d = &doors[i / 2];
		int family = i % 2 ? AF_INET6 : AF_INET, fd = d->open(d, family, place);

		if (fd < 0) {
			tell(d->hook, family, d->name, fd);
			continue;
		}
		fds[count++] = (struct pollfd){ .fd = fd, .events = POLLIN };
		printf("%s\t%d\t%s\t%s\t%u\n", d->hook, family == AF_INET ? 4 : 6, d->name,
		       proto_of(d), port_of(fd));
	}
	return count;
}

static void answer(int fd)
{
	struct address whence = { .length = sizeof(whence.storage) };
	int connection = accept(fd, NULL, NULL);
	char buffer[512];
	ssize_t n;

	if (connection >= 0) {
		(void)send(connection, "hello\n", 6, MSG_NOSIGNAL);	/* he may be gone by now */
		close(connection);
		return;
	}
	n = recvfrom(fd, buffer, sizeof(buffer), MSG_DONTWAIT, sockaddr_of(&whence),
		     &whence.length);
	if (n >= 0)
		(void)sendto(fd, buffer, n, 0, sockaddr_of(&whence), whence.length);
}

int main(int argc, char **argv)
{
	struct pollfd fds[MAX_DOORS];
	size_t count;

	if (argc != 3) {
		fprintf(stderr, "usage: doors GUARDED OUTSIDE\n");
		return 64;
	}
	count = open_all(&(struct place){ argv[1], argv[2] }, fds);
	puts("ready");
	fflush(stdout);
	while (poll(fds, count, -1) > 0)
		for (size_t i = 0; i < count; i++)
			if (fds[i].revents)
				answer(fds[i].fd);
	return 1;
}
