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

/* Whether a rule has let the socket hear that remote. @ticks: lately; 0: ever. */
GLOBAL int pg_was_heard(struct bpf_sock_addr *ctx, __u32 port, __u64 remote0, __u64 remote1,
			__u32 ticks)
{
	struct pg_asked_key key = asked_key(ctx, port, remote0, remote1);
	__u32 *seen = bpf_map_lookup_elem(&pg_heard, &key), now = bpf_jiffies64();

	return seen && (!ticks || now - *seen <= ticks);
}

/* No rule refuses it, and it answers what was let in: a server's datagram. */
static __always_inline bool is_answer(struct bpf_sock_addr *ctx, const struct attempt *a,
				      const struct pg_decision *d)
{
	const __u64 *remote = (const __u64 *)a->q.remote;

	return d->verdict == PG_DENY && d->reason == PG_REASON_NO_RULE &&
	       pg_was_heard(ctx, a->q.port, remote[0], remote[1], 0);
}

/* @v6: a constant. */
static __always_inline void put_call(struct bpf_sock_addr *ctx, bool v6, struct pg_question *q)
{
	take_target(ctx, v6, q, q->remote);
	q->direction = PG_OUT;
	q->fresh = PG_FRESH_YES;
}

/* @v6: a constant. */
static __always_inline __u32 step_of_out(struct bpf_sock_addr *ctx, bool v6, __u32 how,
					 __u32 answer)
{
	struct pg_question q = {};

	put_call(ctx, v6, &q);
	return step_of_call(&q, how, answer);
}

GLOBAL __u32 pg_step_out4(struct bpf_sock_addr *ctx, __u32 how, __u32 answer)
{
	return step_of_out(ctx, false, how, answer);
}

GLOBAL __u32 pg_step_out6(struct bpf_sock_addr *ctx, __u32 how, __u32 answer)
{
	return step_of_out(ctx, true, how, answer);
}

/* @v6: a constant. */
static __always_inline __u32 step_of_back(struct bpf_sock_addr *ctx, bool v6, __u32 how,
					  __u32 answer)
{
	struct pg_question q = {};

	put_call(ctx, v6, &q);
	turn_back(ctx, &q);
	return step_of_call(&q, how, answer);
}

GLOBAL __u32 pg_step_back4(struct bpf_sock_addr *ctx, __u32 how, __u32 answer)
{
	return step_of_back(ctx, false, how, answer);
}

GLOBAL __u32 pg_step_back6(struct bpf_sock_addr *ctx, __u32 how, __u32 answer)
{
	return step_of_back(ctx, true, how, answer);
}

static __always_inline __u64 ask_out(struct bpf_sock_addr *ctx, bool v6, __u64 near, __u64 far,
				     __u32 index)
{
	struct asker a = { v6 ? ASKER_OUT6 : ASKER_OUT4, STEP_LIMITED, ctx };
	struct pg_question q = {};

	put_call(ctx, v6, &q);
	return put_to_rules(&q, ruled_protocol(ctx->protocol), PG_OUT, near, far, index, &a);
}

GLOBAL __u64 pg_ask_out4(struct bpf_sock_addr *ctx, __u64 near, __u64 far, __u32 index)
{
	return ask_out(ctx, false, near, far, index);
}

GLOBAL __u64 pg_ask_out6(struct bpf_sock_addr *ctx, __u64 near, __u64 far, __u32 index)
{
	return ask_out(ctx, true, near, far, index);
}

/* @v6: a constant. */
static __always_inline __u32 back_of(struct bpf_sock_addr *ctx, bool v6, __u64 near, __u64 far,
				     __u32 index)
{
	const struct asker a = { v6 ? ASKER_BACK6 : ASKER_BACK4,
				 (index & STEP_INDEX) | STEP_LIMITED, ctx };
	struct owner o = { .near = near, .far = far };
	struct pg_question q = {};

	put_call(ctx, v6, &q);
	turn_back(ctx, &q);
	return let_back(ctx, &q, &o, index & STEP_INDEX, &a);
}

GLOBAL __u32 pg_back4(struct bpf_sock_addr *ctx, __u64 near, __u64 far, __u32 index)
{
	return back_of(ctx, false, near, far, index);
}

GLOBAL __u32 pg_back6(struct bpf_sock_addr *ctx, __u64 near, __u64 far, __u32 index)
{
	return back_of(ctx, true, near, far, index);
}

/* Return: 1 it may go, 0 EPERM. @v6, @hook: constants; to a `send` the answer may come unconnected. */
static __always_inline int out(struct bpf_sock_addr *ctx, bool v6, enum pg_hook hook)
{
	struct attempt a = { .hook = hook, .protocol = ruled_protocol(ctx->protocol) };
	bool datagram = hook == PG_HOOK_SEND, here, judged;
	struct pg_control *ctl = control();
	union decided u;
	const __u64 *remote = (const __u64 *)a.q.remote;
	enum back back;
	__u32 index;

	put_call(ctx, v6, &a.q);
	if (!ctl || !a.protocol)
		return 1;
	index = slot_in_force(ctl);
	if (!guards_loopback(&ctl->slots[index]) && is_loopback(a.q.remote))
		return 1;
	here = in_host_netns(ctl, ctx, ctx->sk);
	judged = is_judged(ctl, index, ctx->sk, here, &a.owner);
	if (!judged && !here)
		return 1;
	if (judged) {
		if (!decide_by_port(ctl, index, &a, PG_OUT, &u.d))
			u.word = v6 ? pg_ask_out6(ctx, a.owner.near, a.owner.far, index) :
				      pg_ask_out4(ctx, a.owner.near, a.owner.far, index);
		if (datagram && is_answer(ctx, &a, &u.d))
			u.d = decision(PG_ALLOW, PG_REASON_REPLY);
		if (!settle(&a, u.d))
			return 0;
	}
	if (!datagram)
		return 1;
	back = let_back_by_port(ctl, index, ctx, &a.owner);
	if (back == BACK_ASK)
		back = v6 ? pg_back6(ctx, a.owner.near, a.owner.far, index) :
			    pg_back4(ctx, a.owner.near, a.owner.far, index);
	if (back == BACK_LET_IN ||
	    (back == BACK_ASK && pg_was_heard(ctx, a.q.port, remote[0], remote[1],
					      ctl->slots[index].flow_ticks[PG_FLOW_UDP_STREAM])))
		return 1;
	(void)remember_asked(ctx, a.q.family, a.q.port, remote[0], remote[1]);
	return 1;
}

SEC("cgroup/connect4")
int pg_connect4(struct bpf_sock_addr *ctx)
{
	return out(ctx, false, PG_HOOK_CONNECT);
}

SEC("cgroup/connect6")
int pg_connect6(struct bpf_sock_addr *ctx)
{
	return out(ctx, true, PG_HOOK_CONNECT);
}

SEC("cgroup/sendmsg4")
int pg_send4(struct bpf_sock_addr *ctx)
{
	return out(ctx, false, PG_HOOK_SEND);
}

SEC("cgroup/sendmsg6")
int pg_send6(struct bpf_sock_addr *ctx)
{
	return out(ctx, true, PG_HOOK_SEND);
}
