// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a decision takes in each hook, over the same without portguard.
 *
 * Sockets: a call that comes to its hook, is allowed there, and fails right behind it, so that there is
 * little else in it - a second bind() of a socket, an address to which there is no way. socket() and
 * listen() cannot be stopped there: they succeed and are taken back, and count whole, since beside that
 * the hook is lost in noise. Packets: the pinned program runs on one (BPF_PROG_TEST_RUN), beside an
 * empty one; `deliver` as a process of the cgroup, since the packet's socket is then of that cgroup.
 *
 * A process for each call, in the guarded cgroup and outside of it, does it over and over, in short
 * turns. Its CPU time counts; of the turns of a round the one that took least, since what disturbs
 * only adds.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <math.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "bench/bench.h"
#include "bench/calls.h"
#include "bench/packets.h"
#include "bench/workers.h"

#define NO_WAY 0xc0000201 /* 192.0.2.1: no route leads there */

/* What classifiers return (linux/pkt_cls.h; portguard's own next: TCX_NEXT). */
#define TC_NEXT (-1)
#define TC_DROP 2
#define DELIVERED 1

static void refused(const char *what, int got)
{
	die("%s: not what was to be measured: %s", what, strerror(got));
}

/* --- calls -------------------------------------------------------------------------------------- */

static struct sockaddr_in address_of(uint32_t host, unsigned port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons((uint16_t)port),
				     .sin_addr.s_addr = htonl(host) };
}

static void call_bind(const void *data, unsigned count)
{
	const struct decision_call *c = data;

	for (unsigned i = 0; i < count; i++)
		if (!bind(c->fd, (const struct sockaddr *)&c->address, sizeof(c->address)) ||
		    errno != EINVAL)
			refused("bind", errno);
}

static void call_listen(const void *data, unsigned count)
{
	const struct sockaddr back = { .sa_family = AF_UNSPEC };
	const struct decision_call *c = data;

	for (unsigned i = 0; i < count; i++)
		if (listen(c->fd, 1) || connect(c->fd, &back, sizeof(back)))
			refused("listen", errno);
}

static void call_socket(const void *data, unsigned count)
{
	(void)data;
	for (unsigned i = 0; i < count; i++) {
		int fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_TCP);

		if (fd < 0)
			refused("socket", errno);
		(void)close(fd);
	}
}

static void call_connect(const void *data, unsigned count)
{
	const struct decision_call *c = data;

	for (unsigned i = 0; i < count; i++)
		if (!connect(c->fd, (const struct sockaddr *)&c->address, sizeof(c->address)) ||
		    errno != ENETUNREACH)
			refused("connect", errno);
}

static void call_send(const void *data, unsigned count)
{
	const struct decision_call *c = data;

	for (unsigned i = 0; i < count; i++)
		if (sendto(c->fd, "", 1, 0, (const struct sockaddr *)&c->address,
			   sizeof(c->address)) >= 0 ||
		    errno != ENETUNREACH)
			refused("send", errno);
}

static void call_program(const void *data, unsigned count)
{
	const struct decision_call *c = data;
	unsigned char packet[PACKET_BYTES];
	struct __sk_buff context = { .ifindex = c->ifindex };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet),
		    .ctx_in = &context, .ctx_size_in = sizeof(context), .repeat = (int)count);

	packet_syn(c->port, packet);
	if (bpf_prog_test_run_opts(c->fd, &opts))
		die("test run: %s", strerror(errno));
	if ((int)opts.retval != c->verdict)
		die("a packet to port %u: verdict %d instead of %d", c->port, (int)opts.retval,
		    c->verdict);
}

static const struct {
	void (*work)(const void *data, unsigned count);
	unsigned turn; /* so many are a millisecond or so */
	bool whole; /* the call with all that the kernel does in it */
} calls[DECISIONS] = {
	[DECIDE_BIND] = { call_bind, 3000 },          [DECIDE_LISTEN] = { call_listen, 500, true },
	[DECIDE_SOCKET] = { call_socket, 500, true }, [DECIDE_CONNECT] = { call_connect, 2000 },
	[DECIDE_SEND] = { call_send, 2000 },          [DECIDE_DROP] = { call_program, 30000 },
	[DECIDE_PASS] = { call_program, 30000 },      [DECIDE_DELIVER] = { call_program, 15000 },
};

/* --- places ------------------------------------------------------------------------------------- */

static int open_socket(int type, const struct sockaddr_in *address)
{
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	if (fd < 0 || (address && bind(fd, (const struct sockaddr *)address, sizeof(*address))))
		die("socket: %s", strerror(errno));
	return fd;
}

/* The cgroup of this process is the sockets'. @host: an address of the place's own. */
static void open_sockets(struct decision_call c[DECISIONS], uint32_t host)
{
	const struct sockaddr_in any = address_of(host, 0);
	const struct sockaddr_in allowed = address_of(host, DECISION_ALLOWED);

	c[DECIDE_BIND] =
		(struct decision_call){ .fd = open_socket(SOCK_DGRAM, &any), .address = allowed };
	c[DECIDE_LISTEN] = (struct decision_call){ .fd = open_socket(SOCK_STREAM, &allowed) };
	c[DECIDE_SOCKET] = (struct decision_call){ .fd = -1 };
	c[DECIDE_CONNECT] = (struct decision_call){ .fd = open_socket(SOCK_DGRAM, NULL),
						    .address = address_of(NO_WAY, DECISION_OUT) };
	c[DECIDE_SEND] = c[DECIDE_CONNECT];
	c[DECIDE_SEND].fd = open_socket(SOCK_DGRAM, NULL);
}

static void open_guarded_programs(struct decision_call c[DECISIONS], const char *pins)
{
	c[DECIDE_DROP] = (struct decision_call){ .fd = pinned(pins, "pg_in_tc"),
						 .ifindex = if_nametoindex(WORLD_DEVICE_A),
						 .port = DECISION_CLOSED,
						 .verdict = TC_DROP };
	c[DECIDE_PASS] = (struct decision_call){ .fd = pinned(pins, "pg_in_tc"),
						 .ifindex = c[DECIDE_DROP].ifindex,
						 .port = DECISION_ALLOWED,
						 .verdict = TC_NEXT };
	/* By a device that is not guarded: what inbound has let in is not asked again. */
	c[DECIDE_DELIVER] = (struct decision_call){ .fd = pinned(pins, "pg_deliver"),
						    .ifindex = if_nametoindex(WORLD_DEVICE_B),
						    .port = DECISION_ALLOWED,
						    .verdict = DELIVERED };
}

static struct decision_call empty_call(enum bpf_prog_type type, enum bpf_attach_type attach,
				       int verdict)
{
	return (struct decision_call){ .fd = empty_program(type, attach, verdict),
				       .verdict = verdict };
}

static void open_empty_programs(struct decision_call c[DECISIONS])
{
	c[DECIDE_DROP] = empty_call(BPF_PROG_TYPE_SCHED_CLS, 0, TC_DROP);
	c[DECIDE_PASS] = empty_call(BPF_PROG_TYPE_SCHED_CLS, 0, TC_NEXT);
	c[DECIDE_DELIVER] =
		empty_call(BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_INGRESS, DELIVERED);
}

static void start(struct decision_place *p)
{
	for (size_t i = 0; i < DECISIONS; i++)
		p->workers[i] = worker_start(calls[i].work, &p->calls[i]);
}

void decisions_open(struct decisions *d, const struct world *w, const char *pins,
		    const char *cgroup, unsigned number)
{
	const uint32_t host = INADDR_LOOPBACK + 1 + 2 * number;

	world_enter_cgroup(w, cgroup);
	open_sockets(d->guarded.calls, host);
	open_guarded_programs(d->guarded.calls, pins);
	start(&d->guarded);
	world_enter_cgroup(w, "rest");
	open_sockets(d->outside.calls, host + 1);
	open_empty_programs(d->outside.calls);
	start(&d->outside);
}

static void close_place(const struct decision_place *p)
{
	for (size_t i = 0; i < DECISIONS; i++) {
		worker_end(&p->workers[i]);
		(void)close(p->calls[i].fd); /* socket() has none: then it is -1 */
	}
}

void decisions_close(const struct decisions *d)
{
	close_place(&d->guarded);
	close_place(&d->outside);
}

static void one_turn(const struct decision_place *p, size_t which, double *least)
{
	double ns = worker_run(&p->workers[which], calls[which].turn) / calls[which].turn;

	*least = ns < *least ? ns : *least;
}

/* Turns go round: what an `apply` left for the kernel to clear away falls on few of anybody's. */
void decisions_measure(const struct decisions *d, unsigned turns, double ret_ns[DECISIONS])
{
	double with[DECISIONS], without[DECISIONS];

	for (size_t i = 0; i < DECISIONS; i++)
		with[i] = without[i] = HUGE_VAL;
	for (unsigned turn = 0; turn < turns; turn++)
		for (size_t i = 0; i < DECISIONS; i++) {
			one_turn(&d->guarded, i, &with[i]);
			if (!calls[i].whole)
				one_turn(&d->outside, i, &without[i]);
		}
	for (size_t i = 0; i < DECISIONS; i++)
		ret_ns[i] = calls[i].whole ? with[i] : with[i] - without[i];
}
