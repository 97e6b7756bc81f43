/* SPDX-License-Identifier: GPL-2.0-only */
/* What a packet costs in a program: packets.c, idle.c, growth.c. */
#ifndef PORTGUARD_BENCH_PACKETS_H
#define PORTGUARD_BENCH_PACKETS_H

#include <linux/bpf.h>

#include "bench/bench.h"

/* --- idle.c --- */

/* So that a test run of an XDP program waits for nothing. Return: a link, to be closed with the program. */
int idle_attach(int program);

/* --- packets.c --- */

/* A program that does nothing but return, and one that is pinned, or will be within seconds. */
int empty_program(enum bpf_prog_type type, enum bpf_attach_type attach, int returns);
int pinned(const char *pins, const char *name);

/* A TCP SYN from the peer to a port of the host, as Ethernet carries it. */
#define PACKET_BYTES 54
void packet_syn(unsigned port, unsigned char to[PACKET_BYTES]);

/* A program that goes on into element 0 of array_of(), which must stay open: its last user empties it. */
int array_of(int program);
int program_before(const struct bpf_insn *insns, size_t count);

/* Run an XDP program on a packet, over and over. Return: this thread's CPU time for each, in ns. */
#define PACKET_BYTES_MAX 128
double packet_run(int fd, const void *packet, size_t size, unsigned repeat, uint32_t *ret_verdict);

enum packet_kind { DROP, DROP_SPREAD, ALLOWED, FLOW, SOCKET, PACKET_KINDS };

struct packets {
	int base,
		base_spread; /* programs that do nothing; the second with other sources each time */
	int base_array;
	int inbound, spread, spread_array, outbound;
	int links[4]; /* of the XDP programs */
	int listener, client, server; /* an open TCP connection, for SOCKET */
	unsigned turns, repeat;
};

/* From how many sources, and to how many ports, DROP_SPREAD comes. */
struct spread {
	unsigned sources, ports;
};
extern const struct spread spread_any;

/* Open the programs of an instance whose pins are in @pins. */
void packets_open(struct packets *p, const char *pins, const struct spread *over, unsigned turns,
		  unsigned repeat);
void packets_close(struct packets *p);

/**
 * packets_measure() - What a packet of each of the first @kinds takes over an empty program, in ns.
 * Return: what the empty program takes.
 */
double packets_measure(const struct packets *p, size_t kinds, double *ret_ns);

struct packet_order {
	int program;
	unsigned char packet[PACKET_BYTES_MAX];
	size_t size;
};
/* What runs for a kind of packet, and on what, after all that must have left before it comes. */
struct packet_order packets_order(const struct packets *p, enum packet_kind kind);

/* --- growth.c --- */

/* The same packets by one CPU and by two at once, of the instance whose pins are in @pins. */
void growth_measure(const char *pins, size_t rounds, unsigned turns, unsigned repeat);
/* Return: how many aims were missed. */
int growth_print(void);

#endif
