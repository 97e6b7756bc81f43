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

static __always_inline void put_ipv4(struct bpf_sock_addr *ctx, struct pg_question *q)
{
	q->family = 4;
	map_ipv4(q->remote, ctx->user_ip4);
	q->port = bpf_ntohs(ctx->user_port);
	q->direction = PG_OUT;
	q->fresh = PG_FRESH_YES;
}

static __always_inline void put_ipv6(struct bpf_sock_addr *ctx, struct pg_question *q)
{
	take_ipv6(ctx, q->remote, &q->family);
	q->port = bpf_ntohs(ctx->user_port);
	q->direction = PG_OUT;
	q->fresh = PG_FRESH_YES;
}

GLOBAL __u64 pg_ask_out4(struct bpf_sock_addr *ctx, __u64 near, __u64 far, __u32 index)
{
	struct pg_question q = {};

	put_ipv4(ctx, &q);
	return put_to_rules(&q, ruled_protocol(ctx->protocol), PG_OUT, near, far, index);
}

GLOBAL __u64 pg_ask_out6(struct bpf_sock_addr *ctx, __u64 near, __u64 far, __u32 index)
{
	struct pg_question q = {};

	put_ipv6(ctx, &q);
	return put_to_rules(&q, ruled_protocol(ctx->protocol), PG_OUT, near, far, index);
}

/*
 * Return: 1 it may go, 0 EPERM. @datagram: the answer may come to an unconnected socket. @v6, @datagram:
 * constants.
 */
static __always_inline int out(struct bpf_sock_addr *ctx, struct attempt *a, bool v6, bool datagram)
{
	struct pg_control *ctl = control();
	union decided u;
	bool here, judged;
	__u32 index;

	a->protocol = ruled_protocol(ctx->protocol);
	if (!ctl || !a->protocol)
		return 1;
	index = slot_in_force(ctl);
	if (!guards_loopback(&ctl->slots[index]) && is_loopback(a->q.remote))
		return 1;
	here = in_host_netns(ctl, ctx, ctx->sk);
	judged = is_judged(ctl, index, ctx->sk, here, &a->owner);
	if (!judged && !here)
		return 1;
	if (judged) {
		if (!decide_by_port(ctl, index, a, PG_OUT, &u.d))
			u.word = v6 ? pg_ask_out6(ctx, a->owner.near, a->owner.far, index) :
				      pg_ask_out4(ctx, a->owner.near, a->owner.far, index);
		if (datagram && is_answer(ctx, a, &u.d))
			u.d = decision(PG_ALLOW, PG_REASON_REPLY);
		if (!settle(a, u.d))
			return 0;
	}
	if (datagram)
		(void)remember_asked(ctx, a, index);
	return 1;
}

SEC("cgroup/connect4")
int pg_connect4(struct bpf_sock_addr *ctx)
{
	struct attempt a = { .hook = PG_HOOK_CONNECT };

	put_ipv4(ctx, &a.q);
	return out(ctx, &a, false, false);
}

SEC("cgroup/connect6")
int pg_connect6(struct bpf_sock_addr *ctx)
{
	struct attempt a = { .hook = PG_HOOK_CONNECT };

	put_ipv6(ctx, &a.q);
	return out(ctx, &a, true, false);
}

SEC("cgroup/sendmsg4")
int pg_send4(struct bpf_sock_addr *ctx)
{
	struct attempt a = { .hook = PG_HOOK_SEND };

	put_ipv4(ctx, &a.q);
	return out(ctx, &a, false, true);
}

SEC("cgroup/sendmsg6")
int pg_send6(struct bpf_sock_addr *ctx)
{
	struct attempt a = { .hook = PG_HOOK_SEND };

	put_ipv6(ctx, &a.q);
	return out(ctx, &a, true, true);
}
