// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * bind: a process takes a local port. cgroup/bind4 and bind6 see TCP, UDP, UDP-Lite and MPTCP; a
 * refused bind() gives the caller EPERM. Sockets of other network namespaces than the host's are not
 * judged until a scope names them. Port 0, which lets the kernel choose, is no request for a port.
 */
#include "lib/socket.h"

/* Return: 1 the bind may go on, 0 EPERM. */
static __always_inline int bind(struct bpf_sock_addr *ctx, struct attempt *a)
{
	struct pg_control *ctl = control();
	__u32 index;

	a->hook = PG_HOOK_BIND;
	a->protocol = ruled_protocol(ctx->protocol);
	a->q.port = bpf_ntohs(ctx->user_port);
	if (!ctl || !a->q.port || !a->protocol)
		return 1;
	index = slot_in_force(ctl);
	if (!is_judged(ctl, index, plain_socket(ctx->sk), in_host_netns(ctl, ctx, ctx->sk),
		       &a->owner))
		return 1;
	return settle(a, ask_for_call(ctl, index, a, PG_BIND));
}

SEC("cgroup/bind4")
int pg_bind4(struct bpf_sock_addr *ctx)
{
	struct attempt a = { .q.family = 4 };

	map_ipv4(a.q.local, ctx->user_ip4);
	return bind(ctx, &a);
}

SEC("cgroup/bind6")
int pg_bind6(struct bpf_sock_addr *ctx)
{
	struct attempt a = {};

	take_ipv6(ctx, a.q.local, &a.q.family);
	return bind(ctx, &a);
}
