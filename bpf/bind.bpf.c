// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * bind: a process takes a local port. cgroup/bind4 and bind6 see TCP, UDP, UDP-Lite and MPTCP; a
 * refused bind() gives the caller EPERM. Sockets of other network namespaces than the host's are not
 * judged until a scope names them. Port 0, which lets the kernel choose, is no request for a port.
 */
#include <bpf/bpf_core_read.h>

#include "lib/policy.h"
#include "lib/report.h"

#define IPPROTO_MPTCP 262

/* Where SO_NETNS_COOKIE does not exist (before Linux 5.14) user space knows only the inode number. */
const volatile bool pg_netns_by_inum = false;

static __always_inline bool in_host_netns(const struct pg_control *ctl, struct bpf_sock_addr *ctx)
{
	struct sock *plain = 0;
	struct bpf_sock *sk;

	if (!pg_netns_by_inum)
		return bpf_get_netns_cookie(ctx) == ctl->netns_cookie;
	sk = ctx->sk;
	bpf_probe_read_kernel(&plain, sizeof(plain),
			      &sk); /* the verifier lets nobody read through sk itself */
	return BPF_CORE_READ(plain, __sk_common.skc_net.net, ns.inum) == ctl->netns_inum;
}

static __always_inline void report_bind(const struct pg_question *q, __u8 protocol, __u8 mode,
					__u32 verdict, const struct pg_decision *d)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct pg_record_refusal *r;
	__u64 id = bpf_get_current_pid_tgid();

	r = bpf_ringbuf_reserve(&pg_events, sizeof(*r), 0);
	if (!r) {
		count_shared(PG_COUNT_LOST);
		return;
	}
	__builtin_memset(r, 0, sizeof(*r));
	r->type = PG_RECORD_REFUSAL;
	r->hook = PG_HOOK_BIND;
	r->verdict = verdict;
	r->reason = d->reason;
	r->proto = protocol;
	r->family = q->family;
	r->mode = mode;
	r->rule = d->rule;
	r->local_port = q->port;
	__builtin_memcpy(r->local, q->local, 16);
	r->time_ns = bpf_ktime_get_ns();
	r->cgroup_id = bpf_get_current_cgroup_id();
	r->started_ns = BPF_CORE_READ(task, group_leader, start_boottime);
	r->pid = id >> 32;
	r->ppid = BPF_CORE_READ(task, real_parent, tgid);
	r->uid = bpf_get_current_uid_gid();
	bpf_get_current_comm(r->comm, sizeof(r->comm));
	bpf_ringbuf_submit(r, 0);
}

/* Return: 1 the bind may go on, 0 EPERM. */
static __always_inline int bind(struct bpf_sock_addr *ctx, struct pg_question *q)
{
	struct pg_control *ctl = control();
	__u32 protocol = ctx->protocol, verdict, index;
	struct pg_decision d;
	__u8 mode;

	q->port = bpf_ntohs(ctx->user_port);
	if (!ctl || !q->port)
		return 1;
	index = ctl->slot & 1;
	mode = ctl->slots[index].mode;
	if (mode == PG_MODE_OFF || !in_host_netns(ctl, ctx))
		return 1;
	if (protocol == IPPROTO_MPTCP)
		protocol = IPPROTO_TCP;
	q->proto = protocol == IPPROTO_TCP ? PG_TCP : PG_UDP;
	q->uid = bpf_get_current_uid_gid();
	d = ask_rules(ctl, index, PG_BIND, q->proto, q);
	verdict = d.verdict == PG_DENY && mode == PG_MODE_AUDIT ? PG_AUDIT : d.verdict;
	count_shared(PG_COUNT_VERDICT(PG_HOOK_BIND, verdict, d.reason & 31));
	if (d.rule)
		count_shared(PG_COUNT_RULE(d.rule));
	if (verdict != PG_ALLOW)
		report_bind(q, protocol, mode, verdict, &d);
	return verdict != PG_DENY;
}

SEC("cgroup/bind4")
int pg_bind4(struct bpf_sock_addr *ctx)
{
	struct pg_question q = { .direction = PG_BIND, .family = 4 };

	map_ipv4(q.local, ctx->user_ip4);
	return bind(ctx, &q);
}

SEC("cgroup/bind6")
int pg_bind6(struct bpf_sock_addr *ctx)
{
	struct pg_question q = { .direction = PG_BIND, .family = 6 };
	__u32 *local = (__u32 *)q.local;

	local[0] = ctx->user_ip6[0];
	local[1] = ctx->user_ip6[1];
	local[2] = ctx->user_ip6[2];
	local[3] = ctx->user_ip6[3];
	if (!local[0] && !local[1] && local[2] == bpf_htonl(0xffff))
		q.family = 4;
	return bind(ctx, &q);
}
