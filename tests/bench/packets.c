// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a packet costs: the pinned program runs on one packet over and over (BPF_PROG_TEST_RUN), in
 * short turns with an empty program. For packets that differ, a small program gives each another
 * source and port and goes on into the program that is measured; its twin goes on into the empty
 * one.
 *
 * The kernel says durations in whole nanoseconds a run, too coarse here: this thread's CPU time is
 * read.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <netinet/if_ether.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "bench/bench.h"
#include "bench/packets.h"
#include "lib/insn.h"

#define TURNS_MAX 16
#define PIN_WAIT_MS 5000

#define HOST 0x0a4d0001 /* 10.77.0.1 */
#define PEER 0x0a4d0002
#define ALLOWED_PORT 80
#define CLOSED_PORT 81
#define CLIENT_PORT 40000
#define FIRST_SOURCE 0x0a640000 /* 10.100.0.0 */
#define FIRST_PORT 1024

struct packet {
	struct ethhdr ethernet;
	struct iphdr ip;
	union {
		struct tcphdr tcp;
		struct udphdr udp;
	};
} __attribute__((packed));

struct ends {
	uint32_t source, target;
	uint16_t source_port, target_port;
};

static struct packet packet_of(uint8_t protocol, const struct ends *e)
{
	return (struct packet){
		.ethernet = { .h_proto = htons(ETH_P_IP) },
		.ip = { .version = 4,
			.ihl = 5,
			.tot_len = htons(40),
			.ttl = 64,
			.protocol = protocol,
			.saddr = htonl(e->source),
			.daddr = htonl(e->target) },
	};
}

static struct packet tcp_packet(const struct ends *e, bool syn)
{
	struct packet p = packet_of(IPPROTO_TCP, e);

	p.tcp = (struct tcphdr){ .source = htons(e->source_port),
				 .dest = htons(e->target_port),
				 .doff = 5 };
	p.tcp.syn = syn;
	p.tcp.ack = !syn;
	return p;
}

void packet_syn(unsigned port, unsigned char to[PACKET_BYTES])
{
	const struct ends e = { PEER, HOST, CLIENT_PORT, (uint16_t)port };
	const struct packet p = tcp_packet(&e, true);

	_Static_assert(sizeof(p) == PACKET_BYTES, "an Ethernet frame");
	memcpy(to, &p, sizeof(p));
}

static struct packet udp_packet(const struct ends *e)
{
	struct packet p = packet_of(IPPROTO_UDP, e);

	p.udp = (struct udphdr){ .source = htons(e->source_port),
				 .dest = htons(e->target_port),
				 .len = htons(20) };
	return p;
}

static struct ends reversed(const struct ends *e)
{
	return (struct ends){ e->target, e->source, e->target_port, e->source_port };
}

/* --- our own programs --- */

int empty_program(enum bpf_prog_type type, enum bpf_attach_type attach, int returns)
{
	const struct bpf_insn insns[] = { MOVE_IMM(BPF_REG_0, returns), EXIT };
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach);
	int fd = bpf_prog_load(type, "bench_empty", "GPL", insns, sizeof(insns) / sizeof(*insns),
			       &opts);

	if (fd < 0)
		die("an empty program: %s", strerror(errno));
	return fd;
}

/* Programs that go on into each other must agree in attach type, which libbpf names, and in flags. */
static int load_before(const struct bpf_insn *insns, size_t count, uint32_t flags)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_XDP, .prog_flags = flags);

	return bpf_prog_load(BPF_PROG_TYPE_XDP, "bench_before", "GPL", insns, count, &opts);
}

int program_before(const struct bpf_insn *insns, size_t count)
{
	int fd = load_before(insns, count, 0);

	if (fd < 0) /* portguard's own reads packets in fragments where the kernel can (5.18) */
		fd = load_before(insns, count, BPF_F_XDP_HAS_FRAGS);
	if (fd < 0)
		die("program: %s", strerror(errno));
	return fd;
}

int array_of(int program)
{
	uint32_t zero = 0;
	int array = bpf_map_create(BPF_MAP_TYPE_PROG_ARRAY, "bench_next", 4, 4, 1, NULL);

	if (array < 0 || bpf_map_update_elem(array, &zero, &program, BPF_ANY))
		die("program array: %s", strerror(errno));
	return array;
}

/* One of so many sources, and of so many closed ports, then on into element 0 of @array. */
static int spreading_program(int array, const struct spread *over)
{
	const struct bpf_insn insns[] = {
		MOVE(BPF_REG_6, BPF_REG_1),
		CALL(BPF_FUNC_get_prandom_u32),
		MOVE(BPF_REG_7, BPF_REG_0),
		ALU32_IMM(BPF_MOD, BPF_REG_7, (int)over->sources),
		ALU32_IMM(BPF_ADD, BPF_REG_7, FIRST_SOURCE),
		TO_BE(32, BPF_REG_7),
		CALL(BPF_FUNC_get_prandom_u32),
		LOAD(BPF_W, BPF_REG_2, BPF_REG_6, offsetof(struct xdp_md, data)),
		LOAD(BPF_W, BPF_REG_3, BPF_REG_6, offsetof(struct xdp_md, data_end)),
		MOVE(BPF_REG_4, BPF_REG_2),
		ALU_IMM(BPF_ADD, BPF_REG_4, offsetof(struct packet, tcp.seq)),
		INSN(BPF_JMP | BPF_JGT | BPF_X, BPF_REG_4, BPF_REG_3, 12, 0),
		STORE(BPF_W, BPF_REG_2, BPF_REG_7, offsetof(struct packet, ip.saddr)),
		STORE(BPF_H, BPF_REG_2, BPF_REG_0, offsetof(struct packet, tcp.source)),
		ALU32_IMM(BPF_RSH, BPF_REG_0, 16),
		ALU32_IMM(BPF_MOD, BPF_REG_0, (int)over->ports),
		ALU32_IMM(BPF_ADD, BPF_REG_0, FIRST_PORT),
		TO_BE(16, BPF_REG_0),
		STORE(BPF_H, BPF_REG_2, BPF_REG_0, offsetof(struct packet, tcp.dest)),
		GO_ON(BPF_REG_6, array),
	};

	return program_before(insns, sizeof(insns) / sizeof(*insns));
}

int pinned(const char *pins, const char *name)
{
	unsigned tries = PIN_WAIT_MS;
	char path[BENCH_PATH];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s", pins, name);
	while ((fd = bpf_obj_get(path)) < 0 && errno == ENOENT && tries--)
		(void)usleep(1000);
	if (fd < 0)
		die("%s: %s", path, strerror(errno));
	return fd;
}

/* --- an open connection --- */

static void connect_sockets(struct packets *p)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(address);

	p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	p->client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(p->listener, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(p->listener, 1) ||
	    getsockname(p->listener, (struct sockaddr *)&address, &size) ||
	    connect(p->client, (struct sockaddr *)&address, sizeof(address)))
		die("connection: %s", strerror(errno));
	p->server = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC);
	if (p->server < 0)
		die("accept: %s", strerror(errno));
}

static struct ends ends_of(int client)
{
	struct sockaddr_in local = { 0 }, remote = { 0 };
	socklen_t size = sizeof(local);

	if (getsockname(client, (struct sockaddr *)&local, &size) ||
	    getpeername(client, (struct sockaddr *)&remote, &size))
		die("connection: %s", strerror(errno));
	return (struct ends){ INADDR_LOOPBACK, INADDR_LOOPBACK, ntohs(remote.sin_port),
			      ntohs(local.sin_port) };
}

/* --- measuring --- */

const struct spread spread_any = { UINT32_MAX, 16384 };

static void attach_all(struct packets *p)
{
	const int programs[] = { p->base, p->base_spread, p->inbound, p->spread };

	_Static_assert(sizeof(programs) == sizeof(p->links), "a link for each");
	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++)
		p->links[i] = idle_attach(programs[i]);
}

void packets_open(struct packets *p, const char *pins, const struct spread *over, unsigned turns,
		  unsigned repeat)
{
	p->turns = turns;
	p->repeat = repeat;
	p->base = empty_program(BPF_PROG_TYPE_XDP, BPF_XDP, XDP_PASS);
	p->base_array = array_of(p->base);
	p->base_spread = spreading_program(p->base_array, over);
	p->inbound = pinned(pins, "pg_in_xdp");
	p->outbound = pinned(pins, "pg_out_tc");
	p->spread_array = array_of(p->inbound);
	p->spread = spreading_program(p->spread_array, over);
	attach_all(p);
	connect_sockets(p);
}

void packets_close(struct packets *p)
{
	const int fds[] = { p->base,         p->base_spread, p->base_array, p->inbound, p->spread,
			    p->spread_array, p->outbound,    p->listener,   p->client,  p->server };

	for (size_t i = 0; i < sizeof(p->links) / sizeof(*p->links); i++)
		(void)close(p->links[i]);
	for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++)
		(void)close(fds[i]);
}

static double thread_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t); /* cannot fail for this clock */
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

double packet_run(int fd, const void *packet, size_t size, unsigned repeat, uint32_t *ret_verdict)
{
	char copy[PACKET_BYTES_MAX];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = copy, .data_size_in = (__u32)size,
		    .repeat = (int)repeat);
	double began;

	memcpy(copy, packet, size);
	began = thread_ns();
	if (bpf_prog_test_run_opts(fd, &opts))
		die("test run: %s", strerror(errno));
	*ret_verdict = opts.retval;
	return (thread_ns() - began) / repeat;
}

/* Return: the verdict. */
static uint32_t test_run(int fd, const struct packet *packet)
{
	uint32_t verdict;

	(void)packet_run(fd, packet, sizeof(*packet), 1, &verdict);
	return verdict;
}

static double ns_each(int fd, const struct packet *packet, unsigned repeat)
{
	uint32_t verdict;

	return packet_run(fd, packet, sizeof(*packet), repeat, &verdict);
}

/* A packet of that kind, after what must have left before it comes. */
static struct packet prepare(const struct packets *p, enum packet_kind kind)
{
	struct ends in = { PEER, HOST, CLIENT_PORT, CLOSED_PORT }, out;
	struct packet packet;

	switch (kind) {
	case ALLOWED:
		in.target_port = ALLOWED_PORT;
		break;
	case FLOW:
		in.source_port = 53;
		in.target_port = CLIENT_PORT;
		out = reversed(&in);
		packet = udp_packet(&out);
		(void)test_run(p->outbound, &packet);
		return udp_packet(&in);
	case SOCKET: /* a segment that leaves stamps its port, but begins no flow */
		in = ends_of(p->client);
		out = reversed(&in);
		packet = tcp_packet(&out, false);
		(void)test_run(p->outbound, &packet);
		return tcp_packet(&in, false);
	default:
		break;
	}
	return tcp_packet(&in, true);
}

/* What runs for a kind of packet, and what is empty beside it. */
static int program_of(const struct packets *p, enum packet_kind kind)
{
	return kind == DROP_SPREAD ? p->spread : p->inbound;
}

struct packet_order packets_order(const struct packets *p, enum packet_kind kind)
{
	struct packet packet = prepare(p, kind);
	struct packet_order o = { .program = program_of(p, kind), .size = sizeof(packet) };

	memcpy(o.packet, &packet, sizeof(packet));
	return o;
}

static void prepare_all(const struct packets *p, size_t kinds, struct packet *packets)
{
	for (size_t kind = 0; kind < kinds; kind++) {
		uint32_t wanted = kind == DROP || kind == DROP_SPREAD ? XDP_DROP : XDP_PASS, got;

		packets[kind] = prepare(p, kind);
		got = test_run(program_of(p, kind), &packets[kind]);
		if (got != wanted)
			die("packets of kind %zu: verdict %u instead of %u", kind, got, wanted);
	}
}

double packets_measure(const struct packets *p, size_t kinds, double *ret_ns)
{
	double base[TURNS_MAX], over[PACKET_KINDS][TURNS_MAX];
	struct packet packets[PACKET_KINDS];
	unsigned turns = p->turns < TURNS_MAX ? p->turns : TURNS_MAX;

	prepare_all(p, kinds, packets);
	for (unsigned turn = 0; turn < turns; turn++) {
		double base_spread = ns_each(p->base_spread, &packets[DROP], p->repeat);

		base[turn] = ns_each(p->base, &packets[DROP], p->repeat);
		for (size_t kind = 0; kind < kinds; kind++)
			over[kind][turn] = ns_each(program_of(p, kind), &packets[kind], p->repeat) -
					   (kind == DROP_SPREAD ? base_spread : base[turn]);
	}
	for (size_t kind = 0; kind < kinds; kind++)
		ret_ns[kind] = median(over[kind], turns);
	return median(base, turns);
}
