/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The TCP socket that the kernel has, in its own network namespace, for what comes in or for what leaves. */
#ifndef PG_BPF_LOOKUP_H
#define PG_BPF_LOOKUP_H

#include "lib/packet.h"

/* @leaves: the packet is one of that socket's. Return: NULL, or a socket that must be released. */
static __always_inline struct bpf_sock *look_up_tcp(void *ctx, const struct packet *p, const bool leaves)
{
	const __u8 *remote = leaves ? p->target : p->source, *local = leaves ? p->source : p->target;
	__be16 remote_port = bpf_htons(leaves ? p->dport : p->sport);
	__be16 local_port = bpf_htons(leaves ? p->sport : p->dport);
	struct bpf_sock_tuple tuple = {};

	if (p->family == 4) {
		__builtin_memcpy(&tuple.ipv4.saddr, remote + 12, 4);
		__builtin_memcpy(&tuple.ipv4.daddr, local + 12, 4);
		tuple.ipv4.sport = remote_port;
		tuple.ipv4.dport = local_port;
		return bpf_skc_lookup_tcp(ctx, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);
	}
	__builtin_memcpy(tuple.ipv6.saddr, remote, 16);
	__builtin_memcpy(tuple.ipv6.daddr, local, 16);
	tuple.ipv6.sport = remote_port;
	tuple.ipv6.dport = local_port;
	return bpf_skc_lookup_tcp(ctx, &tuple, sizeof(tuple.ipv6), BPF_F_CURRENT_NETNS, 0);
}

#endif
