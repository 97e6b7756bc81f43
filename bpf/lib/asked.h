/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whom an unconnected UDP socket has sent to, as its program wrote the address (hooks of cgroups stand
 * on the program's side of NAT). Keyed by the socket's cookie, which no later socket gets again.
 */
#ifndef PG_BPF_ASKED_H
#define PG_BPF_ASKED_H

#include "lib/socket.h"

#define SOCKET_FLAG_BROADCAST 6 /* enum sock_flags: SO_BROADCAST is set */

/*
 * A question to many, which anybody may answer. A subnet's broadcast address is not known here; one
 * that a socket with SO_BROADCAST sends to and that could be one, is.
 */
static __always_inline bool asks_many(struct bpf_sock_addr *ctx, const struct pg_question *q)
{
	if (q->family == 6)
		return q->remote[0] == 0xff;
	if (q->remote[12] >> 4 == 14)
		return true;
	return (q->remote[15] & 3) == 3 &&
	       BPF_CORE_READ(plain_socket(ctx->sk), __sk_common.skc_flags) >>
			       SOCKET_FLAG_BROADCAST &
		       1;
}

static __always_inline void remember_asked(struct bpf_sock_addr *ctx, const struct pg_question *q)
{
	struct pg_asked_key key = { .socket = bpf_get_socket_cookie(ctx), .remote_port = q->port };
	__u32 one = 1;

	if (!asks_many(ctx, q))
		__builtin_memcpy(key.remote, q->remote, 16);
	if (!bpf_map_lookup_elem(&pg_asked, &key)) /* most are known, and stay so by being looked up */
		(void)bpf_map_update_elem(&pg_asked, &key, &one, BPF_ANY); /* full: the oldest goes */
}

static __always_inline bool was_asked(struct __sk_buff *skb, const struct packet *p)
{
	struct pg_asked_key key = { .socket = bpf_get_socket_cookie(skb), .remote_port = p->sport };

	__builtin_memcpy(key.remote, p->source, 16);
	if (bpf_map_lookup_elem(&pg_asked, &key))
		return true;
	__builtin_memset(key.remote, 0, 16);
	return bpf_map_lookup_elem(&pg_asked, &key) != 0;
}

#endif
