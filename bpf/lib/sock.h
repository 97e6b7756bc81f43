/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A socket as the kernel has it, read by CO-RE: its network namespace, and the cgroup in which it was
 * made, which neither passing it on nor moving its process changes.
 */
#ifndef PG_BPF_SOCK_H
#define PG_BPF_SOCK_H

#include <bpf/bpf_core_read.h>

#include "lib/maps.h"

/* Where SO_NETNS_COOKIE does not exist (before Linux 5.14) user space knows only the inode number. */
extern const volatile bool pg_netns_by_inum;

/*
 * Whether the kernel's structures are read in place (Linux 6.2): a load instead of a call that copies, for each step
 * from pointer to pointer. Of what is not there 0 is read, both ways.
 */
extern const volatile bool pg_casts;

/* Any pointer as one to read through, where pg_casts; an instruction. */
#define IN_PLACE(type, pointer) \
	((type *)((void *(*)(const void *, __u32))PG_CAST)(pointer, bpf_core_type_id_kernel(type)))

/* A socket that CO-RE may read through: the verifier lets nobody do so with the pointer it tracks. */
static __always_inline struct sock *plain_socket(const void *tracked)
{
	struct sock *plain = 0;

	bpf_probe_read_kernel(&plain, sizeof(plain), &tracked);
	return plain;
}

/* The same for those that read in place where they can. */
static __always_inline const struct sock *readable(const void *tracked)
{
	return pg_casts ? IN_PLACE(struct sock, tracked) : plain_socket(tracked);
}

static __always_inline struct sock *socket_of(struct __sk_buff *skb)
{
	struct sk_buff *plain = 0;

	if (pg_casts)
		return IN_PLACE(struct sk_buff, skb)->sk;
	bpf_probe_read_kernel(&plain, sizeof(plain), &skb);
	return BPF_CORE_READ(plain, sk);
}

static __always_inline bool of_host(const struct pg_control *ctl, const struct sock *plain)
{
	__u32 inum = pg_casts ? IN_PLACE(struct sock, plain)->__sk_common.skc_net.net->ns.inum
			      : BPF_CORE_READ(plain, __sk_common.skc_net.net, ns.inum);

	return inum == ctl->netns_inum;
}

/* @ctx: of a program that knows bpf_get_netns_cookie(); @tracked: its socket. */
static __always_inline bool in_host_netns(const struct pg_control *ctl, void *ctx,
					  const void *tracked)
{
	if (!pg_netns_by_inum)
		return bpf_get_netns_cookie(ctx) == ctl->netns_cookie;
	return of_host(ctl, plain_socket(tracked));
}

static __always_inline struct cgroup *cgroup_of(const struct sock *sk)
{
	struct sock_cgroup_data___before_5_15 *old = (void *)&sk->sk_cgrp_data;

	if (bpf_core_field_exists(sk->sk_cgrp_data.cgroup))
		return BPF_CORE_READ(sk, sk_cgrp_data.cgroup);
	return (void *)BPF_CORE_READ(old, val);
}

static __always_inline __u64 cgroup_id_of(const struct sock *sk)
{
	if (pg_casts)
		return IN_PLACE(struct sock, sk)->sk_cgrp_data.cgroup->kn->id;
	return BPF_CORE_READ(cgroup_of(sk), kn, id);
}

/* The enforcement root or below it. */
static __always_inline bool is_guarded(const struct pg_control *ctl, struct cgroup *cgroup)
{
	struct cgroup *root = 0;
	__u32 level = ctl->cgroup_level;
	__u64 id = 0;

	if ((__u32)BPF_CORE_READ(cgroup, level) < level)
		return false;
	if (bpf_core_field_exists(cgroup->ancestors)) {
		bpf_probe_read_kernel(&root, sizeof(root), &cgroup->ancestors[0] + level);
		id = BPF_CORE_READ(root, kn, id);
	} else {
		struct cgroup___before_6_1 *before = (void *)cgroup;

		bpf_probe_read_kernel(&id, sizeof(id), &before->ancestor_ids[0] + level);
	}
	return id == ctl->cgroup_id;
}

#endif
