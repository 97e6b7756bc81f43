/* SPDX-License-Identifier: GPL-2.0-only */
/* The sockets of this network namespace, by sock_diag(7): looking at them, and closing one. */
#ifndef PORTGUARD_SOCKETS_H
#define PORTGUARD_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct socket_entry {
	uint8_t protocol;	/* IPPROTO_TCP (MPTCP's, too), IPPROTO_UDP or IPPROTO_UDPLITE */
	uint8_t family;		/* 4 or 6; IPv4-mapped addresses are 4 */
	uint8_t domain;		/* of the socket: AF_INET or AF_INET6 */
	bool v6_only;		/* listens or is unconnected, and takes no IPv4 */
	uint8_t state;		/* as the kernel numbers TCP states: 1 established, 7 close, 10 listen */
	uint16_t local_port, remote_port;
	uint8_t local[16], remote[16];
	uint32_t uid, device;
	uint64_t inode;
	uint64_t cgroup;	/* in which it was made; 0: not known */
	uint32_t cookie[2];
};

#define SOCKET_ESTABLISHED 1
#define SOCKET_SYN_SENT 2
#define SOCKET_SYN_RECV 3
#define SOCKET_CLOSE_WAIT 8
#define SOCKET_CLOSE 7		/* UDP: not connected */
#define SOCKET_LISTEN 10

typedef int (*socket_fn)(const struct socket_entry *s, void *data);

/* Call @fn for each socket of @protocol in a state of @states (bits 1 << state). 0, what @fn returned, or -errno. */
int sockets_each(uint8_t protocol, uint32_t states, socket_fn fn, void *data);

/*
 * The socket to which a packet for @local (16 bytes) and @port would go that belongs to no connection and comes by
 * @device: one that listens, or is not connected. One look-up of the kernel's own, however many sockets there are.
 * @protocol: IPPROTO_TCP or IPPROTO_UDP. 0, -ENOENT: none, or -errno.
 */
int sockets_find(uint8_t protocol, const uint8_t local[16], uint16_t port, uint32_t device, struct socket_entry *ret);

/* Close a TCP connection, whoever holds it; its other end is told. Return: 1, 0 (it is gone), or -errno as below. */
int sockets_close(const struct socket_entry *s);

/**
 * sockets_close_listener() - Close the sockets that listen at an address and port of this namespace.
 * @protocol: IPPROTO_TCP, or MPTCP's number (262), which is TCP to the kernel's tables.
 * @family:   4 or 6, as events and struct pg_record_refusal have it.
 * @local:    16 bytes, IPv4 as ::ffff:a.b.c.d; exactly this address, all zero (0.0.0.0, ::) is one too.
 * @port:     host order.
 * @cookie:   of the one socket that is meant; 0: all that listen there.
 *
 * For `on_listen: close`: to be called with what a record of hook listen and reason unenforced says. Each
 * matching socket is looked up first and then closed by its cookie, so that no other is hit. Its process
 * keeps running: accept() fails with EINVAL, poll() wakes, connections that wait to be accepted end.
 * Needs CAP_NET_ADMIN. Where many sockets share the port (SO_REUSEPORT) and no cookie is given, all are closed.
 * Return: how many were closed; 0: none listens there any more; -EOPNOTSUPP: the kernel cannot (it lacks
 * CONFIG_INET_DIAG_DESTROY, or this is an MPTCP listener, which newer kernels close for nobody), or the
 * protocol does not listen; other -errno. After an error those that could be closed are.
 */
int sockets_close_listener(uint16_t protocol, uint8_t family, const uint8_t local[16], uint16_t port,
			   uint64_t cookie);

#endif
