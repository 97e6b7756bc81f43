// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames of 64 bytes as a cable carries them, to a port of the receiver's that is closed: valid ones, so
 * that each guard refuses them and nothing before it does. And the programs that send them
 * (BPF_PROG_TEST_RUN with live frames).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <netinet/ether.h>
#include <netinet/if_ether.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdint.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bench/bench.h"
#include "bench/packets.h"
#include "bench/receive.h"
#include "lib/insn.h"

#define SOURCE 0x0a500002 /* 10.80.0.2 */
#define TARGET 0x0a500001
#define SOURCE_PORT 40000
#define LATER_FRAGMENT 100 /* its offset, in eights of bytes */

#define AT_IP ETH_HLEN
#define AT_L4 (AT_IP + (int)sizeof(struct iphdr))

/* Of an IP header; @bytes: an even number. */
static uint16_t checksum(const void *data, size_t bytes)
{
	const uint16_t *words = data;
	uint32_t sum = 0;

	for (size_t i = 0; i < bytes / 2; i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~(sum + (sum >> 16));
}

static unsigned char *put(unsigned char *at, const void *data, size_t bytes)
{
	memcpy(at, data, bytes);
	return at + bytes;
}

static unsigned char *put_ethernet(unsigned char *at, enum traffic traffic)
{
	struct ethhdr e;
	const uint16_t tag[] = { 0, htons(ETH_P_IP) }; /* a priority tag: no VLAN device needed */

	(void)ether_aton_r(RECEIVER_MAC, (struct ether_addr *)e.h_dest);
	(void)ether_aton_r(SENDER_MAC, (struct ether_addr *)e.h_source);
	e.h_proto = htons(traffic == TRAFFIC_IPV6   ? ETH_P_IPV6
			  : traffic == TRAFFIC_VLAN ? ETH_P_8021Q
						    : ETH_P_IP);
	at = put(at, &e, sizeof(e));
	return traffic == TRAFFIC_VLAN ? put(at, tag, sizeof(tag)) : at;
}

static bool is_tcp(enum traffic traffic)
{
	return traffic == TRAFFIC_SYN || traffic == TRAFFIC_ACK || traffic == TRAFFIC_FIN;
}

static unsigned char *put_ip(unsigned char *at, enum traffic traffic, size_t bytes)
{
	struct iphdr ip = { .version = 4,
			    .ihl = 5,
			    .tot_len = htons((uint16_t)bytes),
			    .ttl = 64,
			    .protocol = is_tcp(traffic) ? IPPROTO_TCP : IPPROTO_UDP,
			    .saddr = htonl(SOURCE),
			    .daddr = htonl(TARGET) };
	struct ip6_hdr ip6 = { .ip6_vfc = 0x60,
			       .ip6_plen = htons((uint16_t)(bytes - sizeof(ip6))),
			       .ip6_nxt = IPPROTO_UDP,
			       .ip6_hlim = 64 };

	if (traffic == TRAFFIC_IPV6) {
		(void)inet_pton(AF_INET6, RECEIVER_IPV6, &ip6.ip6_dst);
		(void)inet_pton(AF_INET6, SENDER_IPV6, &ip6.ip6_src);
		return put(at, &ip6, sizeof(ip6));
	}
	if (traffic == TRAFFIC_FRAGMENT)
		ip.frag_off = htons(LATER_FRAGMENT);
	ip.check = checksum(&ip, sizeof(ip));
	return put(at, &ip, sizeof(ip));
}

static void frame_make(enum traffic traffic, unsigned port, unsigned char to[FRAME_BYTES])
{
	unsigned char *at;
	struct tcphdr tcp = { .source = htons(SOURCE_PORT),
			      .dest = htons((uint16_t)port),
			      .doff = 5 };
	struct udphdr udp = { .source = htons(SOURCE_PORT), .dest = htons((uint16_t)port) };

	memset(to, 0, FRAME_BYTES);
	at = put_ethernet(to, traffic);
	at = put_ip(at, traffic, (size_t)(to + FRAME_BYTES - at));
	udp.len = htons((uint16_t)(to + FRAME_BYTES - at)); /* its checksum 0: none, by IPv4 */
	tcp.syn = traffic == TRAFFIC_SYN;
	tcp.ack = traffic == TRAFFIC_ACK;
	tcp.fin = traffic == TRAFFIC_FIN;
	(void)(is_tcp(traffic) ? put(at, &tcp, sizeof(tcp)) : put(at, &udp, sizeof(udp)));
}

/* --- programs ----------------------------------------------------------------------------------- */

#define COUNT(insns) (sizeof(insns) / sizeof(*(insns)))
/* Where a frame says by which device it goes: in its payload, by IPv6 in the checksum of UDP, too. */
#define AT_DEVICE (FRAME_BYTES - 4)
#define PACE_NS 250
#define LOOKS_MAX 200

/*
 * Wait PACE_NS, with BPF_REG_8 and _9. A receiver that is faster than its sender is spared two things
 * that differ from turn to turn: a full ring, and pages that find no way back.
 */
#define PACE                                                                             \
	CALL(BPF_FUNC_ktime_get_ns), MOVE(BPF_REG_8, BPF_REG_0), MOVE_IMM(BPF_REG_9, 0), \
		CALL(BPF_FUNC_ktime_get_ns),                                             \
		INSN(BPF_ALU64 | BPF_SUB | BPF_X, BPF_REG_0, BPF_REG_8, 0, 0),           \
		INSN(BPF_JMP | BPF_JGT | BPF_K, BPF_REG_0, 0, 2, PACE_NS),               \
		ALU_IMM(BPF_ADD, BPF_REG_9, 1),                                          \
		INSN(BPF_JMP | BPF_JLT | BPF_K, BPF_REG_9, 0, -5, LOOKS_MAX)

/* BPF_REG_2: the frame that BPF_REG_6 is the context of; @skip so many instructions if it is short. */
#define FRAME(skip)                                                                   \
	LOAD(BPF_W, BPF_REG_2, BPF_REG_6, offsetof(struct xdp_md, data)),             \
		LOAD(BPF_W, BPF_REG_3, BPF_REG_6, offsetof(struct xdp_md, data_end)), \
		MOVE(BPF_REG_4, BPF_REG_2), ALU_IMM(BPF_ADD, BPF_REG_4, FRAME_BYTES), \
		INSN(BPF_JMP | BPF_JGT | BPF_X, BPF_REG_4, BPF_REG_3, skip, 0)

/* Send the frame at BPF_REG_2. */
#define SEND                                                                  \
	LOAD(BPF_W, BPF_REG_1, BPF_REG_2, AT_DEVICE), MOVE_IMM(BPF_REG_2, 0), \
		CALL(BPF_FUNC_redirect), EXIT, MOVE_IMM(BPF_REG_0, XDP_ABORTED), EXIT

#define SEND_SKIPPED 4

#define FOLD(reg, with)                                                             \
	MOVE(with, reg), ALU_IMM(BPF_AND, reg, 0xffff), ALU_IMM(BPF_RSH, with, 16), \
		INSN(BPF_ALU64 | BPF_ADD | BPF_X, reg, with, 0, 0)

static int load(const struct bpf_insn *insns, size_t count)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_XDP);
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "bench_send", "GPL", insns, count, &opts);

	if (fd < 0)
		die("a program that sends: %s", strerror(errno));
	return fd;
}

static int same_program(void)
{
	const struct bpf_insn insns[] = { MOVE(BPF_REG_6, BPF_REG_1), PACE, FRAME(SEND_SKIPPED),
					  SEND };

	return load(insns, COUNT(insns));
}

/* Of what a header's checksum is made, without source and checksum. */
static uint32_t sum_without_source(void)
{
	unsigned char frame[FRAME_BYTES];
	uint16_t words[sizeof(struct iphdr) / 2];
	struct iphdr ip;
	uint32_t sum = 0;

	frame_make(TRAFFIC_SPREAD, 0, frame);
	memcpy(&ip, frame + AT_IP, sizeof(ip));
	ip.check = 0;
	ip.saddr = 0;
	memcpy(words, &ip, sizeof(ip));
	for (size_t i = 0; i < COUNT(words); i++)
		sum += words[i];
	return sum;
}

/*
 * Writes each frame anew. @any: UINT32_MAX: any source, any source port, and one of the closed ports 1024-17407;
 * 0: always the same.
 */
static int writing_program(uint32_t any)
{
	const struct bpf_insn insns[] = {
		MOVE(BPF_REG_6, BPF_REG_1),
		PACE,
		CALL(BPF_FUNC_get_prandom_u32),
		MOVE(BPF_REG_7, BPF_REG_0),
		ALU32_IMM(BPF_AND, BPF_REG_7, (int)any),
		ALU32_IMM(BPF_OR, BPF_REG_7, (int)(htonl(SOURCE) & ~any)),
		CALL(BPF_FUNC_get_prandom_u32),
		ALU32_IMM(BPF_AND, BPF_REG_0, (int)any),
		FRAME(23 + SEND_SKIPPED),
		STORE(BPF_W, BPF_REG_2, BPF_REG_7, AT_IP + offsetof(struct iphdr, saddr)),
		STORE(BPF_H, BPF_REG_2, BPF_REG_0, AT_L4),
		ALU_IMM(BPF_RSH, BPF_REG_0, 16),
		STORE(BPF_B, BPF_REG_2, BPF_REG_0, AT_L4 + 3),
		ALU_IMM(BPF_RSH, BPF_REG_0, 8),
		ALU_IMM(BPF_AND, BPF_REG_0, 0x3f),
		ALU_IMM(BPF_ADD, BPF_REG_0, 4),
		STORE(BPF_B, BPF_REG_2, BPF_REG_0, AT_L4 + 2),
		FOLD(BPF_REG_7, BPF_REG_1),
		ALU_IMM(BPF_ADD, BPF_REG_7, (int)sum_without_source()),
		FOLD(BPF_REG_7, BPF_REG_1),
		FOLD(BPF_REG_7, BPF_REG_1),
		ALU_IMM(BPF_XOR, BPF_REG_7, 0xffff),
		STORE(BPF_H, BPF_REG_2, BPF_REG_7, AT_IP + offsetof(struct iphdr, check)),
		SEND,
	};

	return load(insns, COUNT(insns));
}

/* A kernel before 5.18 knows no live frames. This one goes by device 0, that is nowhere. */
static bool can_send(int program)
{
	unsigned char frame[FRAME_BYTES] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = FRAME_BYTES,
		    .repeat = 1, .flags = BPF_F_TEST_XDP_LIVE_FRAMES);

	return !bpf_prog_test_run_opts(program, &opts);
}

bool frames_open(struct frames *f)
{
	f->same = same_program();
	f->anew = writing_program(0);
	f->spread = writing_program(UINT32_MAX);
	(void)idle_attach(f->same); /* all for as long as this process is there */
	(void)idle_attach(f->spread);
	(void)idle_attach(f->anew);
	return can_send(f->same);
}

void frames_send(const struct frames *f, const struct frame_order *o)
{
	unsigned char frame[FRAME_BYTES];
	uint32_t device = o->device;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = FRAME_BYTES,
		    .repeat = (int)o->count, .flags = BPF_F_TEST_XDP_LIVE_FRAMES,
		    .batch_size = o->batch);

	frame_make(o->traffic, o->port, frame);
	memcpy(frame + AT_DEVICE, &device, sizeof(device));
	if (bpf_prog_test_run_opts(o->traffic == TRAFFIC_SPREAD ? f->spread
				   : o->traffic == TRAFFIC_ANEW ? f->anew
								: f->same,
				   &opts))
		die("sending live frames: %s", strerror(errno));
}
