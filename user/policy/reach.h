/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who may reach a socket: not the answer to one attempt, but whether all attempts get the same one. The
 * kernel answers a question that names a peer and a device; a socket that listens has none yet.
 */
#ifndef PORTGUARD_REACH_H
#define PORTGUARD_REACH_H

#include "policy/compile.h"

struct reach_socket {
	enum pg_proto proto;
	uint16_t port;
	bool v4, v6;			/* the families of the packets that it takes */
	const uint8_t *local;		/* 16 bytes; NULL: any address */
	uint64_t now_ns;		/* CLOCK_BOOTTIME; 0: no rule has ended yet */
	const uint16_t *owner;		/* PG_OWNERS numbers of scopes, 0: none; NULL: it is the host's */
};

struct reach {
	bool allow, deny;		/* some packets may get this verdict; at least one is set */
	struct pg_decision allowed;	/* one decision that lets packets in, if any does */
};

/**
 * reach_in() - What packets from outside to a socket can meet.
 * @c: of @p, whose rules have their ids. Essentials let in what they ask for, so their ports may have both.
 * What is said about addresses is by the prefixes of the policy: ones that together hold every address
 * (0.0.0.0/1 and 128.0.0.0/1) still leave "all others", which nobody is.
 * Of a scope that inherits those further out count as well; two that each deny others may then still
 * be told to let some in.
 * Rules with `for` are asked as of now; what may be over its rate reaches the socket all the same.
 * Return: 0 or -ENOMEM.
 */
int reach_in(const struct compiled *c, const struct policy *p, const struct reach_socket *s,
	     struct reach *ret);

#endif
