// SPDX-License-Identifier: GPL-2.0-only
/*
 * A machine that has much going on: a thousand open connections, and as many conversations as the table
 * of flows holds, which begin at every port that a program may get from the kernel. Then no packet is
 * refused by what a quiet machine's is: that its port is in no use.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <netinet/if_ether.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "bench/bench.h"
#include "bench/packets.h"
#include "bench/receive.h"

#define CONNECTIONS 500 /* of two sockets each */
#define FIRST_PORT 1024
#define PORTS (65536 - FIRST_PORT)

static void raise_limit(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files))
		die("open files: %s", strerror(errno));
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files))
		die("open files: %s", strerror(errno));
}

/* They stay open as long as this process does. */
static void connect_many(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) || listen(listener, 16) ||
	    getsockname(listener, (struct sockaddr *)&address, &size))
		die("a listener: %s", strerror(errno));
	for (int i = 0; i < CONNECTIONS; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		if (connect(fd, (struct sockaddr *)&address, sizeof(address)) ||
		    accept4(listener, NULL, NULL, SOCK_CLOEXEC) < 0)
			die("connection %d: %s", i, strerror(errno));
	}
}

struct question {
	struct ethhdr ethernet;
	struct iphdr ip;
	struct udphdr udp;
	char data[4];
} __attribute__((packed));

/* The @number-th conversation leaves, as far as the program that sees it leave can tell. */
static void begin_flow(int outbound, unsigned number)
{
	const unsigned size = sizeof(struct question) - sizeof(struct ethhdr);
	struct question q = {
		.ethernet = { .h_proto = htons(ETH_P_IP) },
		.ip = { .version = 4,
			.ihl = 5,
			.tot_len = htons(size),
			.ttl = 64,
			.protocol = IPPROTO_UDP,
			.daddr = htonl(0xc6120000 + number) }, /* 198.18.0.0/15 */
		.udp = { .source = htons((uint16_t)(FIRST_PORT + number % PORTS)),
			 .dest = htons(53),
			 .len = htons(sizeof(q.udp) + sizeof(q.data)) },
	};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = &q, .data_size_in = sizeof(q), .repeat = 1);

	(void)inet_pton(AF_INET, RECEIVER_IPV4, &q.ip.saddr);
	if (bpf_prog_test_run_opts(outbound, &opts))
		die("a flow: %s", strerror(errno));
}

void busy_begin(const char *pins)
{
	int outbound = pinned(pins, "pg_out_tc");

	raise_limit();
	connect_many();
	for (unsigned i = 0; i < GUARD_FLOWS * 5 / 4; i++) /* those of allowed ports begin none */
		begin_flow(outbound, i);
	(void)close(outbound);
}
