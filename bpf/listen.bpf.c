// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * listen: a socket begins to listen, on whatever way it came to its port (listen() without bind(),
 * bind(0), IP_BIND_ADDRESS_NO_PORT …). Three programs of one body, of which the best that the kernel
 * takes is attached: lsm_cgroup (Linux 6.0, with `bpf` among the LSMs) and fmod_ret refuse, sockops
 * can only say what it saw. A port that is not chosen yet is asked for as port 0, which only `any` and
 * the default speak of.
 */
#include "lib/socket.h"

#include <bpf/bpf_tracing.h>

#define EPERM 1

/* @family: the socket's. @local: its address, which is @q's. */
static __always_inline void put_socket(const struct sock *sk, __u32 family, struct pg_question *q,
				       __u8 local[16])
{
	q->port = BPF_CORE_READ(sk, __sk_common.skc_num);
	q->family = 4;
	if (family == FAMILY_IPV4) {
		map_ipv4(local, BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr));
	} else {
		bpf_core_read(local, 16, &sk->__sk_common.skc_v6_rcv_saddr.in6_u.u6_addr8);
		q->family = is_mapped((const __u32 *)local) ? 4 : 6;
	}
}

/* The same, read beside the question, which need not lie on the stack then: Linux 5.10 is short of that. */
static __always_inline void put_number(__u64 socket, struct pg_question *q)
{
	const struct sock *sk = (const void *)socket;
	__u8 local[16] __attribute__((aligned(8)));

	put_socket(sk, BPF_CORE_READ(sk, __sk_common.skc_family), q, local);
	__builtin_memcpy(q->local, local, 16);
}

GLOBAL __u32 pg_step_listen(__u64 socket, __u32 answer)
{
	struct pg_question q = { .direction = PG_BIND };

	put_number(socket, &q);
	return step_of_call(&q, 0, answer);
}

GLOBAL __u64 pg_ask_listen(__u64 socket, __u64 near, __u64 far, __u32 index)
{
	struct asker a = { ASKER_LISTEN, 0, (void *)socket };
	struct pg_question q = {};

	put_number(socket, &q);
	return put_to_rules(&q, IPPROTO_TCP, PG_BIND, near, far, index, &a);
}

/* Return: whether the socket may listen. @cookie: 0 where it is not needed. */
static __always_inline bool listens(const struct sock *sk, bool seen_only, __u64 cookie)
{
	struct attempt a = { .hook = PG_HOOK_LISTEN, .seen_only = seen_only, .cookie = cookie };
	struct pg_control *ctl = control();
	__u32 family = BPF_CORE_READ(sk, __sk_common.skc_family), index;
	union decided u;

	if (!ctl || (family != FAMILY_IPV4 && family != FAMILY_IPV6))
		return true;
	index = slot_in_force(ctl);
	a.protocol = ruled_protocol(BPF_CORE_READ(sk, sk_protocol));
	if (a.protocol != IPPROTO_TCP || !is_judged(ctl, index, sk, of_host(ctl, sk), &a.owner))
		return true;
	put_socket(sk, family, &a.q, a.q.local);
	if (!decide_by_port(ctl, index, &a, PG_BIND, &u.d))
		u.word = pg_ask_listen((__u64)sk, a.owner.near, a.owner.far, index);
	return settle(&a, u.d);
}

SEC("lsm_cgroup/socket_listen")
int BPF_PROG(pg_listen_lsm, struct socket *socket, int backlog)
{
	struct sock *sk = BPF_CORE_READ(socket, sk);

	(void)ctx;
	(void)backlog;
	return listens(sk, false, 0); /* 0 is EPERM */
}

SEC("fmod_ret/security_socket_listen")
int BPF_PROG(pg_listen_fmod, struct socket *socket, int backlog, int ret)
{
	struct sock *sk = BPF_CORE_READ(socket, sk);
	struct pg_control *ctl = control();

	(void)ctx;
	(void)backlog; /* this program sees the whole machine */
	if (ret || !sk || !ctl || !is_guarded(ctl, cgroup_of(sk)))
		return ret;
	return listens(sk, false, 0) ? 0 : -EPERM;
}

SEC("sockops")
int pg_listen_ops(struct bpf_sock_ops *ctx)
{
	if (ctx->op == BPF_SOCK_OPS_TCP_LISTEN_CB)
		(void)listens(plain_socket(ctx->sk), true, bpf_get_socket_cookie(ctx));
	return 1;
}
