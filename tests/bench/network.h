/* SPDX-License-Identifier: GPL-2.0-only */
/* Sockets of a host and a peer, and what they pay: network.c, floor.c, pass.c, streams.c. */
#ifndef PORTGUARD_BENCH_NETWORK_H
#define PORTGUARD_BENCH_NETWORK_H

#include <netinet/in.h>

#include "bench/bench.h"

/* --- network.c --- */

/* The network namespace of this process, and another one for it. */
int namespace_open(void);
void namespace_enter(int namespace);

/* Cables from the host to a peer in a network namespace of its own. */
enum cable {
	CABLE, /* guarded; a packet may be as large as TCP makes it (GSO) */
	CABLE_NARROW, /* guarded; a TCP segment is a packet */
	CABLE_UNGUARDED,
	CABLES
};
#define NETWORK_GUARDED "bench2, bench4"

struct network {
	int host, peer; /* namespaces */
};

void network_make(struct network *n);

/* A socket of the peer, or of the host, and of this process's cgroup. */
int network_socket(const struct network *n, bool of_peer, int type);
struct sockaddr_in network_address(enum cable cable, bool of_peer, unsigned port);

/* --- floor.c --- */

/*
 * Empty programs, for as long as this process is there, at all that the instance whose pins are in @pins is
 * attached to, but of @cgroup and @ifindex. Return: NULL, or why not.
 */
const char *floor_attach(const char *pins, const char *cgroup, unsigned ifindex);

/* --- pass.c --- */

/* Makes an instance of its own and takes it down. */
void pass_measure(const struct world *w, size_t rounds);
/* Return: how many aims were missed. */
int pass_print(void);

/* --- streams.c --- */

enum stream_kind {
	TCP_LARGE, /* deliver beside nothing */
	TCP_SMALL,
	TCP_SMALL_OWN, /* deliver beside an empty program in its place */
	UDP_ONE, /* deliver and send beside neither */
	UDP_NEW,
	UDP_ONE_ALL, /* all of portguard beside nothing of it */
	UDP_NEW_ALL,
	STREAM_KINDS
};

/* So many MiB from one socket to the other by this process alone: what is measured is no scheduler. */
void stream_carry(int from, int to, unsigned mib);
/* Fill @rows, one for each kind; makes an instance of its own and takes it down. */
void streams_measure(const struct world *w, size_t rounds, struct row *rows);

#endif
