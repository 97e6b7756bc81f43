/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the hooks of socket calls share: whether the socket belongs to the host's network namespace,
 * who calls, and what becomes of a decision. A refusal is told whole, since its caller is known.
 *
 * The caller is read from the task itself: helpers that name it are not to be had in every kind of
 * program on every kernel.
 */
#ifndef PG_BPF_SOCKET_H
#define PG_BPF_SOCKET_H

#include "lib/owner.h"
#include "lib/packet.h"
#include "lib/report.h"

#define IPPROTO_RAW 255
#define IPPROTO_MPTCP 262
#define FAMILY_IPV4 2
#define FAMILY_IPV6 10
#define SOCKET_STREAM 1
#define SOCKET_RAW 3

static __always_inline __u32 caller_uid(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	if (pg_casts)
		return IN_PLACE(struct task_struct, task)->cred->uid.val;
	return BPF_CORE_READ(task, cred, uid.val);
}

/* The file that the caller runs; the kernel's own threads run none. */
static __always_inline void put_caller_exe(struct pg_question *q)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct inode *inode = BPF_CORE_READ(task, mm, exe_file, f_inode);

	q->exe_inode = BPF_CORE_READ(inode, i_ino);
	q->exe_device = BPF_CORE_READ(inode, i_sb, s_dev);
}

/* One call that a hook judges. */
struct attempt {
	__u8 hook; /* enum pg_hook */
	__u8 protocol; /* IPPROTO_* */
	bool seen_only; /* this program cannot refuse */
	struct pg_question q; /* its addresses are written by 8 bytes */
	struct owner owner;
	__u64 cookie; /* of the socket, where it is to be found again */
};

static __always_inline void tell_caller(struct pg_record_refusal *r)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	r->cgroup_id = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	r->started_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	r->pid = BPF_CORE_READ(task, tgid);
	r->ppid = BPF_CORE_READ(task, real_parent, tgid);
	r->uid = BPF_CORE_READ(task, cred, uid.val);
	BPF_CORE_READ_STR_INTO(&r->comm, task, comm);
}

static __always_inline void tell_call(const struct attempt *a, __u8 mode, __u32 verdict,
				      const struct pg_decision *d)
{
	struct pg_record_refusal *r = bpf_ringbuf_reserve(&pg_events, sizeof(*r), 0);

	if (!r) {
		if (verdict != PG_ALLOW)
			count_call(PG_COUNT_LOST);
		return;
	}
	__builtin_memset(r, 0, sizeof(*r));
	r->type = PG_RECORD_REFUSAL;
	r->hook = a->hook;
	r->verdict = verdict;
	r->reason = d->reason;
	r->proto = a->protocol;
	r->family = a->q.family;
	r->mode = mode;
	r->rule = d->rule;
	r->scope = d->scope;
	if (a->q.direction == PG_OUT) {
		r->remote_port = a->q.port;
		__builtin_memcpy(r->remote, a->q.remote, 16);
	} else {
		r->local_port = a->q.port;
		__builtin_memcpy(r->local, a->q.local, 16);
	}
	r->time_ns = bpf_ktime_get_ns();
	r->socket = a->cookie;
	tell_caller(r);
	bpf_ringbuf_submit(r, 0);
}

/* Count a decision, and tell a refusal or what a rule wants told. Return: whether the call may go on. */
static __always_inline bool settle(const struct attempt *a, struct pg_decision d)
{
	__u8 mode = a->owner.mode;
	__u32 verdict = d.verdict;

	if (verdict == PG_DENY && (mode == PG_MODE_AUDIT || a->seen_only))
		verdict = PG_AUDIT;
	if (d.verdict == PG_DENY && a->seen_only && mode != PG_MODE_AUDIT)
		d.reason = PG_REASON_UNENFORCED;
	count_call(PG_COUNT_VERDICT(a->hook, verdict, d.reason & 31));
	if (d.rule)
		count_call(PG_COUNT_RULE(d.rule));
	if (verdict != PG_ALLOW || d.flags & PG_ANSWER_LOG)
		tell_call(a, mode, verdict, &d);
	return verdict != PG_DENY;
}

/*
 * What the port alone decides, for most calls. Return: whether it does; else the call is put to the rules as a
 * whole (put_to_rules()), by a function of its context and of numbers: the verifier follows that once a program
 * (Linux 5.6), and not once for every way that leads there.
 */
static __always_inline bool decide_by_port(const struct pg_control *ctl, __u32 index,
					   const struct attempt *a, __u32 direction,
					   struct pg_decision *ret)
{
	__u32 proto = a->protocol == IPPROTO_TCP ? PG_TCP : PG_UDP;
	const struct owner *o = &a->owner;
	__u64 says;
	__u32 word;

	if (!is_of_host(o)) {
		says = pg_owner_says(o->near, o->far, index,
				     OWNER_PORT(direction, proto, a->q.port), 0);
		if (stands_alone(says))
			*ret = decide_alone(&ctl->slots[index], index, says, &a->q);
		return stands_alone(says);
	}
	word = port_answer(ctl, index, direction, proto, a->q.port);
	if (!is_final(word))
		return false;
	*ret = decide(&ctl->slots[index], word, &a->q, direction);
	return true;
}

/* @q: address, family and port. @protocol: TCP or UDP. Return: a union decided's word. */
static __always_inline __u64 put_to_rules(struct pg_question *q, __u8 protocol, __u32 direction,
					  __u64 near, __u64 far, __u32 index, struct asker *a)
{
	struct owner o = { .near = near, .far = far };
	union decided u = { .word = 0 };
	struct pg_control *ctl = control();

	if (!ctl)
		return 0;
	index &= 1;
	q->direction = direction;
	q->proto = made_unknown(protocol == IPPROTO_TCP ? PG_TCP : PG_UDP, ctl->seed);
	q->uid = caller_uid();
	a->how |= index;
	u.d = ask_owner(ctl, index, &o, direction, q, a);
	return u.word;
}

/* One step of that, by the program's function for it (struct asker). @q: as above; no step asks for the protocol. */
static __always_inline __u32 step_of_call(struct pg_question *q, __u32 how, __u32 answer)
{
	struct pg_group *group = group_of(answer);

	if (!group)
		return 0;
	if (group->dimensions & PG_DIM_USER)
		q->uid = caller_uid();
	if (group->dimensions & PG_DIM_EXE)
		put_caller_exe(q);
	return ask_group(group, answer, q, how);
}

/* The protocol that the rules speak of, or 0: they do not speak of it. */
static __always_inline __u8 ruled_protocol(__u32 protocol)
{
	if (protocol == IPPROTO_TCP || protocol == IPPROTO_MPTCP)
		return IPPROTO_TCP;
	return protocol == IPPROTO_UDP || protocol == IPPROTO_UDPLITE ? protocol : 0;
}

static __always_inline bool is_mapped(const __u32 address[4])
{
	return !address[0] && !address[1] && address[2] == bpf_htonl(0xffff);
}

/* The program's address of an IPv6 call, which may be an IPv4 one in disguise (RFC 4291, 2.5.5.2). */
static __always_inline void take_ipv6(struct bpf_sock_addr *ctx, __u8 to[16], __u8 *ret_family)
{
	__u32 *words = (__u32 *)to;

	words[0] = ctx->user_ip6[0];
	words[1] = ctx->user_ip6[1];
	words[2] = ctx->user_ip6[2];
	words[3] = ctx->user_ip6[3];
	*ret_family = is_mapped(words) ? 4 : 6;
}

/* The call's port, and its address as @address, which is one of @q's. @v6: a constant. */
static __always_inline void take_target(struct bpf_sock_addr *ctx, bool v6, struct pg_question *q,
					__u8 address[16])
{
	q->port = bpf_ntohs(ctx->user_port);
	if (v6) {
		take_ipv6(ctx, address, &q->family);
		return;
	}
	q->family = 4;
	map_ipv4(address, ctx->user_ip4);
}

#endif
