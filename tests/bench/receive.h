/* SPDX-License-Identifier: GPL-2.0-only */
/* What a packet costs the CPU that receives it, behind portguard and its peers. */
#ifndef PORTGUARD_BENCH_RECEIVE_H
#define PORTGUARD_BENCH_RECEIVE_H

#include <sched.h>

#include "bench/bench.h"
#include "bench/commands.h"
#include "bench/workers.h"

/* --- frames.c --- */

enum traffic {
	TRAFFIC_UDP, /* one source, one port */
	TRAFFIC_ANEW, /* one source, one port, and each frame written anew by the CPU that sends it */
	TRAFFIC_SPREAD, /* UDP of any source to any of many closed ports */
	TRAFFIC_SYN,
	TRAFFIC_ACK,
	TRAFFIC_FIN,
	TRAFFIC_IPV6,
	TRAFFIC_VLAN,
	TRAFFIC_FRAGMENT /* later ones, whose first one never came */
};

#define FRAME_BYTES 64
#define SENDER_IPV4 "10.80.0.2"
#define SENDER_IPV6 "fd80::2"
#define RECEIVER_IPV4 "10.80.0.1"
#define RECEIVER_IPV6 "fd80::1"
#define SENDER_MAC "02:00:00:00:00:02"
#define RECEIVER_MAC "02:00:00:00:00:01"

struct frames {
	int same, anew, spread; /* programs that send */
};
/* Return: whether this kernel can (from Linux 5.18 on). */
bool frames_open(struct frames *f);

struct frame_order {
	enum traffic traffic;
	unsigned device, port, count, batch; /* @batch: so many before the receiver is woken */
};
void frames_send(const struct frames *f, const struct frame_order *o);

/* --- receive.c --- */

/* The next one of a set behind @cpu. Return: whether there is one. */
bool next_cpu(const cpu_set_t *set, int *cpu);
/* Let a process, 0: this one, run on that CPU alone. */
void bind_to(pid_t pid, int cpu);

struct receiving {
	struct frames frames;
	int sender, receiver; /* CPUs */
	cpu_set_t before;
	struct worker stand_by;
	bool *wanted; /* shared with it */
};

struct target {
	int namespace, host;
	char device[16]; /* in @namespace */
	unsigned sender; /* the cable's other end, in @host */
	pid_t thread;
	int clock, figures;
};

/* Return: whether there are two CPUs, and a kernel that can send. */
bool receive_begin(struct receiving *g);
void receive_end(const struct receiving *g);

/* Return: false where NAPI has no threads (before Linux 5.12). */
bool target_make(struct target *r, const struct receiving *g, unsigned number);
/* For what is started or opened meanwhile. */
void target_enter(const struct target *r);
void target_leave(const struct target *r);

/* Send it what @o says, of whatever device. Return: its thread's CPU time for each that came, in ns. */
double target_run(const struct target *r, const struct receiving *g, struct frame_order o);

/* --- guards.c --- */

enum guard_kind {
	GUARD_NONE,
	GUARD_EMPTY, /* an XDP program that drops everything */
	GUARD_READ, /* one that asks for port 80, and nothing else */
	GUARD_XDP, /* portguard */
	GUARD_TC,
	GUARD_FILTER_UDP, /* xdp-filter: only what UDP needs; all that it can */
	GUARD_FILTER_ALL,
	GUARD_NFT_NETDEV, /* nftables with a set */
	GUARD_NFT_RAW,
	GUARD_NFT_INPUT,
	GUARD_NFT_CONNTRACK,
	GUARD_NFT_LINEAR, /* rule after rule */
	GUARD_IPTABLES
};

#define GUARD_FLOWS 65536
#define GUARD_CLOSED 81
#define GUARD_ALLOWED 80

struct guard {
	const char *name;
	enum guard_kind kind;
	unsigned rules;
	bool agent; /* that reports events, with somebody who reads them */
	bool busy; /* every port in use, the table of flows full, a thousand sockets */
	struct agent running;
	pid_t subscriber;
};

/* `set open { ... }`: port 80 and @rules - 1 others. */
void guard_write_set(FILE *f, unsigned rules);

/* Put it before @r, and see that it lets in and refuses what it is to. Return: NULL, or why not. */
const char *guard_set(const struct world *w, const struct target *r, const struct receiving *g,
		      struct guard *guard);
void guard_end(const struct world *w, const struct target *r, const struct guard *guard);

/* --- busy.c --- */

/* Make this namespace's sockets, and the flows of the instance whose pins are in @pins. */
void busy_begin(const char *pins);

/* --- peers.c --- */

void peers_measure(const struct world *w, size_t rounds, unsigned turns);
/* Return: how many aims were missed. */
int peers_print(void);

#endif
