/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the guests' busybox cannot do on every kernel's own version of it: move a device into another
 * network namespace, listen, dial and bind without a name service.
 *
 *   net move DEVICE PID | serve PORT | dial ADDRESS PORT | bind PORT | listen | raw PROTOCOL |
 *       unfilter DEVICE
 *
 * dial exits with 0 if an answer came, bind if the port was given, listen if a socket that was never
 * bound may listen, raw if there is a raw socket of that IP protocol; unfilter takes a device's clsact
 * away, and with it all of its classic tc filters.
 */
#include <arpa/inet.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define DIAL_SECONDS 1

static struct sockaddr_in address_of(const char *address, const char *port)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port)) };

	(void)inet_pton(AF_INET, address, &in.sin_addr);	/* the script's own constants */
	return in;
}

static int tcp_socket(void)
{
	struct timeval limit = { .tv_sec = DIAL_SECONDS };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));	/* of connect, too */
	return fd;
}

static int bind_to(int fd, const char *port)
{
	struct sockaddr_in in = address_of("0.0.0.0", port);

	return bind(fd, (struct sockaddr *)&in, sizeof(in));
}

/* Every connection gets one word. */
static int serve(const char *port)
{
	int fd = tcp_socket();

	if (bind_to(fd, port) || listen(fd, 16))
		return 1;
	for (;;) {
		int one = accept(fd, NULL, NULL);

		if (one < 0)
			continue;
		(void)!write(one, "hello\n", 6);	/* who dials will miss it */
		(void)close(one);
	}
}

static int dial(const char *address, const char *port)
{
	struct sockaddr_in in = address_of(address, port);
	int fd = tcp_socket();
	char word[8];

	return connect(fd, (struct sockaddr *)&in, sizeof(in)) || read(fd, word, sizeof(word)) <= 0;
}

/* Sends a request of rtnetlink and waits for the answer. */
static int ask_rtnetlink(void *request, size_t size)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
	} answer = { .error.error = -1 };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	if (send(fd, request, size, 0) < 0 || recv(fd, &answer, sizeof(answer), 0) < 0)
		return 1;
	return answer.error.error != 0;
}

/* RTM_NEWLINK with IFLA_NET_NS_PID: rtnetlink(7). */
static int move(const char *device, const char *pid)
{
	struct {
		struct nlmsghdr head;
		struct ifinfomsg info;
		struct rtattr attribute;
		uint32_t pid;
	} request = {
		.head = { .nlmsg_len = sizeof(request), .nlmsg_type = RTM_NEWLINK,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
		.info = { .ifi_index = (int)if_nametoindex(device) },
		.attribute = { .rta_len = RTA_LENGTH(sizeof(uint32_t)), .rta_type = IFLA_NET_NS_PID },
		.pid = (uint32_t)atoi(pid),
	};

	return ask_rtnetlink(&request, sizeof(request));
}

static int unfilter(const char *device)
{
	struct {
		struct nlmsghdr head;
		struct tcmsg tc;
	} request = {
		.head = { .nlmsg_len = sizeof(request), .nlmsg_type = RTM_DELQDISC,
			  .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK },
		.tc = { .tcm_ifindex = (int)if_nametoindex(device), .tcm_parent = TC_H_CLSACT },
	};

	return ask_rtnetlink(&request, sizeof(request));
}

/* Answer whoever comes to the listening socket that systemd hands over (sd_listen_fds(3): from 3 on). */
static int answer(const char *text)
{
	for (;;) {
		int client = accept4(3, NULL, NULL, SOCK_CLOEXEC);

		if (client < 0)
			return 1;
		(void)dprintf(client, "%s\n", text);
		(void)close(client);
	}
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "move"))
		return move(argv[2], argv[3]);
	if (argc == 3 && !strcmp(argv[1], "serve"))
		return serve(argv[2]);
	if (argc == 4 && !strcmp(argv[1], "dial"))
		return dial(argv[2], argv[3]);
	if (argc == 3 && !strcmp(argv[1], "bind"))
		return bind_to(tcp_socket(), argv[2]) != 0;
	if (argc == 3 && !strcmp(argv[1], "unfilter"))
		return unfilter(argv[2]);
	if (argc == 2 && !strcmp(argv[1], "listen"))
		return listen(tcp_socket(), 1) != 0;
	if (argc == 3 && !strcmp(argv[1], "raw"))
		return socket(AF_INET, SOCK_RAW, atoi(argv[2])) < 0;
	if (argc == 3 && !strcmp(argv[1], "answer"))
		return answer(argv[2]);
	fprintf(stderr, "usage: net move DEVICE PID | serve PORT | dial ADDRESS PORT | bind PORT |\n"
			"           listen | raw PROTOCOL | unfilter DEVICE | answer TEXT\n");
	return 64;
}
