/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whom an unconnected UDP socket has sent to, as its program wrote the address (hooks of cgroups stand
 * on the program's side of NAT), and whom it was let hear, where out is restricted: a server may answer; and
 * where `send` cannot tell what rules let in: who is answered is not asked, and is heard no longer than the rules say.
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
static __always_inline bool asks_many(struct bpf_sock_addr *ctx, __u32 family,
				      const __u8 remote[16])
{
	if (family == 6)
		return remote[0] == 0xff;
	if (remote[12] >> 4 == 14)
		return true;
	return (remote[15] & 3) == 3 && may_broadcast(readable(ctx->sk));
}

/* What comes back to what @q asks as PG_OUT. */
static __always_inline void turn_back(struct bpf_sock_addr *ctx, struct pg_question *q)
{
	struct bpf_sock *sk = ctx->sk;

	q->direction = PG_IN;
	q->proto = PG_UDP;
	q->fresh = PG_FRESH_NO;
	q->remote_port = q->port;
	if (!sk)
		return;
	q->port = sk->src_port;
	if (sk->family == FAMILY_IPV4)
		map_ipv4(q->local, sk->src_ip4);
}

/* Whether what comes back is let in by the rules, as far as the port tells by which it comes. */
enum back { BACK_LET_IN, BACK_REFUSED, BACK_ASK };

/* Most sockets that ask have a port that no rule speaks of, and most that answer one that it lets in by itself. */
static __always_inline enum back let_back_by_port(const struct pg_control *ctl, __u32 index,
						  struct bpf_sock_addr *ctx, const struct owner *o)
{
	const struct pg_question none = {};
	struct bpf_sock *sk = ctx->sk;
	__u32 word;

	if (!sk || !sk->src_port)
		return BACK_REFUSED;
	if (!is_of_host(o))
		return BACK_ASK;
	if (!has_answer(ctl, index, PG_IN, PG_UDP, sk->src_port) &&
	    ctl->slots[index].defaults[PG_IN] != PG_ALLOW)
		return BACK_REFUSED;
	word = port_answer(ctl, index, PG_IN, PG_UDP, sk->src_port);
	if (!is_final(word))
		return BACK_ASK;
	if (decide(&ctl->slots[index], word, &none, PG_IN).verdict != PG_ALLOW ||
	    !program_chose_port(readable(sk)))
		return BACK_REFUSED;
	return BACK_LET_IN;
}

/*
 * The same, of the whole question: what the host's rules let in they are asked about again when they change. The
 * device and, of a socket bound to any, the local address are not known here, and a scope is not asked, which would be
 * a second walk for each send: BACK_ASK, and it is whom the rules have let be heard. @q: turned back.
 */
static __always_inline enum back let_back(struct bpf_sock_addr *ctx, const struct pg_question *q,
					  struct owner *o, __u32 index, const struct asker *a)
{
	const struct pg_control *ctl = control();
	struct bpf_sock *sk = ctx->sk;

	if (!ctl || !sk || !program_chose_port(readable(sk)))
		return BACK_REFUSED;
	if (!owner_number(index, o, 1u << PG_IN) &&
	    ask_rules(ctl, index, PG_IN, PG_UDP, q, a).verdict == PG_ALLOW)
		return BACK_LET_IN;
	return BACK_ASK;
}

static __always_inline struct pg_asked_key asked_key(struct bpf_sock_addr *ctx, __u32 port,
						     __u64 remote0, __u64 remote1)
{
	struct pg_asked_key key = { .socket = bpf_get_socket_cookie(ctx), .remote_port = port };

	__builtin_memcpy(key.remote, &remote0, 8);
	__builtin_memcpy(key.remote + 8, &remote1, 8);
	return key;
}

/* On a stack of its own; of numbers, since the question takes more room on the caller's. @family: 4 or 6. */
SUBPROGRAM int remember_asked(struct bpf_sock_addr *ctx, __u32 family, __u32 port, __u64 remote0,
			      __u64 remote1)
{
	struct pg_asked_key key = asked_key(ctx, port, remote0, remote1);
	__u32 now = bpf_jiffies64(), *seen;

	if (asks_many(ctx, family, key.remote))
		__builtin_memset(key.remote, 0, 16);
	seen = bpf_map_lookup_elem(&pg_asked, &key);
	if (seen)
		*seen = now;
	else /* a full table: the oldest goes */
		(void)bpf_map_update_elem(&pg_asked, &key, &now, BPF_ANY);
	return 0;
}

static __always_inline void remember_heard(struct __sk_buff *skb, const struct packet *p,
					   __u32 ticks)
{
	struct pg_asked_key key = { .socket = bpf_get_socket_cookie(skb), .remote_port = p->sport };
	__u32 now = bpf_jiffies64(), *seen;

	__builtin_memcpy(key.remote, p->source, 16);
	seen = bpf_map_lookup_elem(&pg_heard, &key);
	if (!seen)
		(void)bpf_map_update_elem(&pg_heard, &key, &now, BPF_ANY);
	else if (now - *seen > ticks / 8)
		*seen = now;
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
