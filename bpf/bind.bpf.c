// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * bind: a process takes a local port. cgroup/bind4 and bind6 see TCP, UDP, UDP-Lite and MPTCP; a
 * refused bind() gives the caller EPERM. Sockets of other network namespaces than the host's are not
 * judged until a scope names them. Port 0, which lets the kernel choose, is no request for a port.
 */
#include "lib/socket.h"

/* @v6: a constant. */
static __always_inline __u32 step_of_bind(struct bpf_sock_addr *ctx, bool v6, __u32 answer)
{
	struct pg_question q = { .direction = PG_BIND };

	take_target(ctx, v6, &q, q.local);
	return step_of_call(&q, 0, answer);
}

GLOBAL __u32 pg_step_bind4(struct bpf_sock_addr *ctx, __u32 answer)
{
	return step_of_bind(ctx, false, answer);
}

GLOBAL __u32 pg_step_bind6(struct bpf_sock_addr *ctx, __u32 answer)
{
	return step_of_bind(ctx, true, answer);
}

/* @v6: a constant. */
static __always_inline __u64 ask_bind(struct bpf_sock_addr *ctx, bool v6, __u64 near, __u64 far,
				      __u32 index)
{
	struct asker a = { v6 ? ASKER_BIND6 : ASKER_BIND4, 0, ctx };
	struct pg_question q = {};

	take_target(ctx, v6, &q, q.local);
	return put_to_rules(&q, ruled_protocol(ctx->protocol), PG_BIND, near, far, index, &a);
}

GLOBAL __u64 pg_ask_bind4(struct bpf_sock_addr *ctx, __u64 near, __u64 far, __u32 index)
{
	return ask_bind(ctx, false, near, far, index);
}

GLOBAL __u64 pg_ask_bind6(struct bpf_sock_addr *ctx, __u64 near, __u64 far, __u32 index)
{
	return ask_bind(ctx, true, near, far, index);
}

/* Return: 1 the bind may go on, 0 EPERM. @v6: a constant. */
static __always_inline int bind(struct bpf_sock_addr *ctx, bool v6)
{
	struct attempt a = { .hook = PG_HOOK_BIND, .protocol = ruled_protocol(ctx->protocol) };
	struct pg_control *ctl = control();
	union decided u;
	__u32 index;

	take_target(ctx, v6, &a.q, a.q.local);
	if (!ctl || !a.q.port || !a.protocol)
		return 1;
	index = slot_in_force(ctl);
	if (!is_judged(ctl, index, ctx->sk, in_host_netns(ctl, ctx, ctx->sk), &a.owner))
		return 1;
	if (!decide_by_port(ctl, index, &a, PG_BIND, &u.d))
		u.word = v6 ? pg_ask_bind6(ctx, a.owner.near, a.owner.far, index) :
			      pg_ask_bind4(ctx, a.owner.near, a.owner.far, index);
	return settle(&a, u.d);
}

SEC("cgroup/bind4")
int pg_bind4(struct bpf_sock_addr *ctx)
{
	return bind(ctx, false);
}

SEC("cgroup/bind6")
int pg_bind6(struct bpf_sock_addr *ctx)
{
	return bind(ctx, true);
}
