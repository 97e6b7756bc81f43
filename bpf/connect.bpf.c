// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * connect and send: a process goes out. cgroup/connect4 and 6 see connect() of TCP, MPTCP, UDP and
 * UDP-Lite, TCP Fast Open too; cgroup/sendmsg4 and 6 see a datagram that names its target. Refused,
 * the caller gets EPERM; what was connected before stays so. A datagram that may go is remembered,
 * for `deliver` to know its answer by.
 */
#include "lib/asked.h"
#include "lib/socket.h"

/* 127.0.0.0/8, ::1, and the unspecified address, which means the same to connect(). */
static __always_inline bool is_loopback(const __u8 address[16])
{
	const __u32 *words = (const __u32 *)address;

	if (is_mapped(words))
		return address[12] == 127 || !words[3];
	return !words[0] && !words[1] && !words[2] && (!words[3] || words[3] == bpf_htonl(1));
}

/* No rule refuses it, and it answers what was let in: a server's datagram. */
static __always_inline bool is_answer(struct bpf_sock_addr *ctx, const struct attempt *a,
				      const struct pg_decision *d)
{
	return d->verdict == PG_DENY && d->reason == PG_REASON_NO_RULE && answers_heard(ctx, &a->q);
}

/* Return: 1 it may go, 0 EPERM. @datagram: the answer may come to an unconnected socket. */
static __always_inline int out(struct bpf_sock_addr *ctx, struct attempt *a, bool datagram)
{
	struct pg_control *ctl = control();
	struct pg_decision d;
	bool here, judged;
	__u32 index;

	a->protocol = ruled_protocol(ctx->protocol);
	a->q.direction = PG_OUT;
	a->q.fresh = PG_FRESH_YES;
	a->q.port = bpf_ntohs(ctx->user_port);
	if (!ctl || !a->protocol)
		return 1;
	index = slot_in_force(ctl);
	if (!guards_loopback(&ctl->slots[index]) && is_loopback(a->q.remote))
		return 1;
	here = in_host_netns(ctl, ctx, ctx->sk);
	judged = is_judged(ctl, index, plain_socket(ctx->sk), here, &a->owner);
	if (!judged && !here)
		return 1;
	if (judged) {
		d = ask_for_call(ctl, index, a, PG_OUT);
		if (datagram && is_answer(ctx, a, &d))
			d = decision(PG_ALLOW, PG_REASON_REPLY);
		if (!settle(a, d))
			return 0;
	}
	if (datagram)
		(void)remember_asked(ctx, a, index);
	return 1;
}

SEC("cgroup/connect4")
int pg_connect4(struct bpf_sock_addr *ctx)
{
	struct attempt a = { .hook = PG_HOOK_CONNECT, .q.family = 4 };

	map_ipv4(a.q.remote, ctx->user_ip4);
	return out(ctx, &a, false);
}

SEC("cgroup/connect6")
int pg_connect6(struct bpf_sock_addr *ctx)
{
	struct attempt a = { .hook = PG_HOOK_CONNECT };

	take_ipv6(ctx, a.q.remote, &a.q.family);
	return out(ctx, &a, false);
}

SEC("cgroup/sendmsg4")
int pg_send4(struct bpf_sock_addr *ctx)
{
	struct attempt a = { .hook = PG_HOOK_SEND, .q.family = 4 };

	map_ipv4(a.q.remote, ctx->user_ip4);
	return out(ctx, &a, true);
}

SEC("cgroup/sendmsg6")
int pg_send6(struct bpf_sock_addr *ctx)
{
	struct attempt a = { .hook = PG_HOOK_SEND };

	take_ipv6(ctx, a.q.remote, &a.q.family);
	return out(ctx, &a, true);
}
