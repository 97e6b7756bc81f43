/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whom an unconnected UDP socket has sent to, as its program wrote the address (hooks of cgroups stand
 * on the program's side of NAT), and, where out is restricted, whom it was let hear: a server may answer.
 * Keyed by the socket's cookie, which no later socket gets again. Two tables, since those who are heard
 * are outsiders: they could push out whom the machine itself has asked.
 */
#ifndef PG_BPF_ASKED_H
#define PG_BPF_ASKED_H

#include "lib/socket.h"

#define SOCK_BINDPORT_LOCK 8
#define SOCKET_FLAG_BROADCAST 6 /* enum sock_flags: SO_BROADCAST is set */

/* bind() named the port, rather than 0; so the socket is its program's door, not only its way out. */
static __always_inline bool program_chose_port(const struct sock *plain)
{
	__u32 locks = pg_casts ? BPF_CORE_READ_BITFIELD(IN_PLACE(struct sock, plain), sk_userlocks)
			       : BPF_CORE_READ_BITFIELD_PROBED(plain, sk_userlocks);

	return locks & SOCK_BINDPORT_LOCK;
}

static __always_inline bool may_broadcast(const struct sock *plain)
{
	__u64 flags = pg_casts ? IN_PLACE(struct sock, plain)->__sk_common.skc_flags
			       : BPF_CORE_READ(plain, __sk_common.skc_flags);

	return flags >> SOCKET_FLAG_BROADCAST & 1;
}

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
	return (q->remote[15] & 3) == 3 && may_broadcast(readable(ctx->sk));
}

/*
 * The host's rules let the answer in: then they are asked, and asked again when they change. What a
 * scope lets in is remembered all the same, which spares each send a second walk. Asked first: a server looks
 * up nothing for those whom it answers.
 */
static __always_inline bool is_let_in(const struct pg_control *ctl, __u32 index,
				      struct bpf_sock_addr *ctx, const struct attempt *a)
{
	const struct pg_question *out = &a->q;
	struct pg_question q = { .direction = PG_IN, .proto = PG_UDP, .family = out->family };
	struct bpf_sock *sk = ctx->sk;

	if (!sk || !sk->src_port)
		return false;
	q.port = sk->src_port;
	if (!has_answer(ctl, index, PG_IN, PG_UDP, q.port) &&
	    ctl->slots[index].defaults[PG_IN] != PG_ALLOW) /* most sockets that ask */
		return false;
	if (!program_chose_port(readable(sk)) || owner_scope(index, &a->owner, 1u << PG_IN))
		return false;
	q.remote_port = out->port;
	__builtin_memcpy(q.remote, out->remote, 16);
	if (sk->family == FAMILY_IPV4)
		map_ipv4(q.local, sk->src_ip4);
	return ask_rules(ctl, index, PG_IN, PG_UDP, &q).verdict == PG_ALLOW;
}

static __always_inline void remember(struct bpf_sock_addr *ctx, const struct pg_question *q)
{
	struct pg_asked_key key = { .remote_port = q->port };
	__u32 now = bpf_jiffies64(), *seen;

	key.socket = bpf_get_socket_cookie(ctx);
	if (!asks_many(ctx, q))
		__builtin_memcpy(key.remote, q->remote, 16);
	seen = bpf_map_lookup_elem(&pg_asked, &key);
	if (seen)
		*seen = now;
	else /* a full table: the oldest goes */
		(void)bpf_map_update_elem(&pg_asked, &key, &now, BPF_ANY);
}

/* On a stack of its own. */
SUBPROGRAM int remember_asked(struct bpf_sock_addr *ctx, const struct attempt *a, __u32 index)
{
	const struct pg_control *ctl = control();

	if (ctl && !is_let_in(ctl, index & 1, ctx, a))
		remember(ctx, &a->q);
	return 0;
}

static __always_inline void remember_heard(struct __sk_buff *skb, const struct packet *p)
{
	struct pg_asked_key key = { .socket = bpf_get_socket_cookie(skb), .remote_port = p->sport };
	__u32 now = bpf_jiffies64();

	__builtin_memcpy(key.remote, p->source, 16);
	if (!bpf_map_lookup_elem(&pg_heard, &key))
		(void)bpf_map_update_elem(&pg_heard, &key, &now, BPF_ANY);
}

SUBPROGRAM int answers_heard(struct bpf_sock_addr *ctx, const struct pg_question *q)
{
	struct pg_asked_key key = { .socket = bpf_get_socket_cookie(ctx), .remote_port = q->port };

	__builtin_memcpy(key.remote, q->remote, 16);
	return bpf_map_lookup_elem(&pg_heard, &key) != 0;
}

/* A socket that keeps its port forgets as a flow does; the kernel's choice of a port does not come again. */
static __always_inline bool is_remembered(const struct pg_asked_key *key, __u32 ticks)
{
	__u32 *seen = bpf_map_lookup_elem(&pg_asked, key), now = bpf_jiffies64();

	if (!seen || (ticks && now - *seen > ticks))
		return false;
	if (now - *seen > ticks / 8)
		*seen = now;
	return true;
}

/* @ticks: how long a conversation lasts without a packet; 0: as long as the socket. */
static __always_inline bool was_asked(struct __sk_buff *skb, const struct packet *p, __u32 ticks)
{
	struct pg_asked_key key = { .socket = bpf_get_socket_cookie(skb), .remote_port = p->sport };

	__builtin_memcpy(key.remote, p->source, 16);
	if (is_remembered(&key, ticks))
		return true;
	__builtin_memset(key.remote, 0, 16);
	return is_remembered(&key, ticks);
}

#endif
