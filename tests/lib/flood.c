// SPDX-License-Identifier: GPL-2.0-only
/*
 * A flood as fast as the machine makes one, for tests/e2e/flood.sh: TCP SYNs of 64 bytes on the wire, each from
 * another of so many sources to another of so many ports. A small XDP program gives each its ends and sends it
 * out (live frames of BPF_PROG_TEST_RUN, from Linux 5.18), so that no socket stands in the way.
 *
 *   flood DEVICE MAC TARGET SOURCES PORTS SECONDS    says how many it has sent; exit 2: this kernel cannot
 *   flood hear DEVICE    lets a veth take such frames from the other end, whatever is attached to it
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib/insn.h"

#define FIRST_SOURCE 0x0a640000 /* 10.100.0.0 */
#define FIRST_PORT 2000
#define CLIENT_PORT 40000
#define A_TURN (1 << 16) /* packets between two looks at the clock */
#define CANNOT 2

struct packet {
	struct ethhdr ethernet;
	struct iphdr ip;
	struct tcphdr tcp;
	uint8_t pad[6]; /* the least that Ethernet carries; 64 bytes with its checksum */
} __attribute__((packed));
_Static_assert(sizeof(struct packet) == 60, "the least frame");

static void fail(const char *what)
{
	(void)fprintf(stderr, "flood: %s: %s\n", what, strerror(errno));
	exit(errno == EINVAL || errno == EOPNOTSUPP ? CANNOT : 1);
}

static int bpf(int command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

/* Gives a packet its source and port, at random, and sends it out by @ifindex. */
static int load_program(unsigned ifindex, unsigned sources, unsigned ports)
{
	const struct bpf_insn insns[] = {
		MOVE(BPF_REG_6, BPF_REG_1),
		CALL(BPF_FUNC_get_prandom_u32),
		MOVE(BPF_REG_7, BPF_REG_0),
		ALU32_IMM(BPF_MOD, BPF_REG_7, (int)sources),
		ALU32_IMM(BPF_ADD, BPF_REG_7, FIRST_SOURCE),
		TO_BE(32, BPF_REG_7),
		CALL(BPF_FUNC_get_prandom_u32),
		ALU32_IMM(BPF_MOD, BPF_REG_0, (int)ports),
		ALU32_IMM(BPF_ADD, BPF_REG_0, FIRST_PORT),
		TO_BE(16, BPF_REG_0),
		LOAD(BPF_W, BPF_REG_2, BPF_REG_6, offsetof(struct xdp_md, data)),
		LOAD(BPF_W, BPF_REG_3, BPF_REG_6, offsetof(struct xdp_md, data_end)),
		MOVE(BPF_REG_4, BPF_REG_2),
		ALU_IMM(BPF_ADD, BPF_REG_4, sizeof(struct packet)),
		INSN(BPF_JMP | BPF_JGT | BPF_X, BPF_REG_4, BPF_REG_3, 2, 0),
		STORE(BPF_W, BPF_REG_2, BPF_REG_7, offsetof(struct packet, ip.saddr)),
		STORE(BPF_H, BPF_REG_2, BPF_REG_0, offsetof(struct packet, tcp.dest)),
		MOVE_IMM(BPF_REG_1, (int)ifindex),
		MOVE_IMM(BPF_REG_2, 0),
		CALL(BPF_FUNC_redirect),
		EXIT,
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_XDP,
		.insns = (uint64_t)(uintptr_t)insns,
		.insn_cnt = sizeof(insns) / sizeof(*insns),
		.license = (uint64_t)(uintptr_t) "GPL",
	};
	int fd = bpf(BPF_PROG_LOAD, &attr);

	if (fd < 0)
		fail("the program");
	return fd;
}

static struct packet packet_to(const char *mac, const char *target)
{
	const struct ether_addr *ether = ether_aton(mac);
	struct packet p = {
		.ethernet = { .h_source = { 2, 0, 0, 0, 0, 0x99 }, .h_proto = htons(ETH_P_IP) },
		.ip = { .version = 4,
			.ihl = 5,
			.tot_len = htons(sizeof(p.ip) + sizeof(p.tcp)),
			.ttl = 64,
			.protocol = IPPROTO_TCP },
		.tcp = { .source = htons(CLIENT_PORT), .doff = 5, .syn = 1 },
	};

	if (!ether || inet_pton(AF_INET, target, &p.ip.daddr) != 1) {
		errno = EDOM;
		fail("MAC or TARGET");
	}
	memcpy(p.ethernet.h_dest, ether, sizeof(p.ethernet.h_dest));
	return p;
}

static double now_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail for this clock */
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t flood(int program, const struct packet *packet, double seconds)
{
	double end = now_s() + seconds;
	uint64_t sent = 0;

	do {
		union bpf_attr attr = {
			.test = { .prog_fd = (uint32_t)program,
				  .data_in = (uint64_t)(uintptr_t)packet,
				  .data_size_in = sizeof(*packet),
				  .repeat = A_TURN,
				  .flags = BPF_F_TEST_XDP_LIVE_FRAMES },
		};

		if (bpf(BPF_PROG_TEST_RUN, &attr))
			fail("live frames");
		sent += A_TURN;
	} while (now_s() < end);
	return sent;
}

/* A veth has the queue that frames come by if a program is attached to it, or if it does GRO. */
static int hear(const char *device)
{
	struct ethtool_value on = { .cmd = ETHTOOL_SGRO, .data = 1 };
	struct ifreq request = { .ifr_data = (void *)&on };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device);
	if (fd < 0 || ioctl(fd, SIOCETHTOOL, &request))
		fail(device);
	(void)close(fd);
	return 0;
}

int main(int argc, char **argv)
{
	struct packet packet;
	unsigned ifindex;

	if (argc == 3 && !strcmp(argv[1], "hear"))
		return hear(argv[2]);
	if (argc != 7) {
		(void)fprintf(stderr, "usage: flood DEVICE MAC TARGET SOURCES PORTS SECONDS\n");
		return 64;
	}
	ifindex = if_nametoindex(argv[1]);
	if (!ifindex)
		fail(argv[1]);
	packet = packet_to(argv[2], argv[3]);
	(void)printf("%llu\n",
		     (unsigned long long)flood(load_program(ifindex, (unsigned)atoi(argv[4]),
							    (unsigned)atoi(argv[5])),
					       &packet, atof(argv[6])));
	return fflush(stdout) ? 74 : 0;
}
