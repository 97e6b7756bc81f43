/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whose the port is to which a packet was sent, for events: the kernel is asked for the one socket, which costs the
 * same however many there are, and who holds it is looked for in the cgroup in which it was made. So much of that a
 * second and no more; what was found is believed for ten seconds, as long as the socket is the same.
 *
 * Only this network namespace has answers, and only ports of addresses that are its own.
 */
#ifndef PORTGUARD_AGENT_OWNERS_H
#define PORTGUARD_AGENT_OWNERS_H

#include "events/stream.h"

#define AGENT_OWNERS 64

/* A look-up that is good until the tick. */
struct agent_owners_port {
	bool known;
	uint8_t proto, local[16];
	uint16_t port;
	uint32_t ifindex;
	struct process *process;	/* NULL: nobody's */
};

struct agent_owners_socket {
	uint64_t inode;
	unsigned until;			/* this second it is believed; 0: nothing is there */
	struct process *process;
};

struct agent_owners {
	const char *mount;		/* of cgroup2; outlives it */
	const struct process_cache *processes;	/* how processes are read; likewise */
	struct agent_owners_port ports[AGENT_OWNERS];
	struct agent_owners_socket sockets[AGENT_OWNERS];
	unsigned budget, second;
};

void agent_owners_open(struct agent_owners *o, const char *mount, const struct process_cache *processes);
void agent_owners_close(struct agent_owners *o);
/* Once a second. */
void agent_owners_tick(struct agent_owners *o);
/* As stream_config.owner. */
const struct process *agent_owners_find(struct agent_owners *o, const struct stream_packet *to);

#endif
