/* SPDX-License-Identifier: GPL-2.0-only */
/* The sockets of this network namespace, by sock_diag, and who holds them. */
#ifndef PORTGUARD_SOCKETS_H
#define PORTGUARD_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct socket_entry {
	uint8_t protocol;	/* IPPROTO_TCP or IPPROTO_UDP */
	uint8_t family;		/* 4 or 6; IPv4-mapped addresses are 4 */
	uint8_t state;		/* as the kernel numbers TCP states: 1 established, 10 listen */
	uint16_t local_port, remote_port;
	uint8_t local[16], remote[16];
	uint32_t uid, device;
	uint64_t inode;
};

#define SOCKET_ESTABLISHED 1
#define SOCKET_LISTEN 10

typedef int (*socket_fn)(const struct socket_entry *s, void *data);

/* Call @fn for each socket of @protocol in a state of @states (bits 1 << state). 0, what @fn returned, or -errno. */
int sockets_each(uint8_t protocol, uint32_t states, socket_fn fn, void *data);

/* Inodes of the sockets that processes hold whose program's name begins with @name (sshd); sorted. */
int sockets_held_by(const char *name, uint64_t **ret_inodes, size_t *ret_count);

#endif
