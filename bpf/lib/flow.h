/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Flows: conversations that this machine began. Only packets that leave make one; a reply keeps it
 * alive but never makes or ends one. Before the table stand the stamps of local ports in use, so that
 * a packet to a port that nobody here speaks from costs one byte, not a hash.
 */
#ifndef PG_BPF_FLOW_H
#define PG_BPF_FLOW_H

#include "lib/packet.h"

static __always_inline __u8 *used_byte(struct pg_control *ctl, __u32 table, __u16 port)
{
	return &ctl->used[table][port % PG_USED_BYTES];
}

static __always_inline void stamp_used(struct pg_control *ctl, __u32 table, __u16 port)
{
	__u8 *stamp = used_byte(ctl, table, port), now = ctl->used_now;

	if (*stamp != now) /* a line that many CPUs read is written once a rotation */
		*stamp = now;
}

static __always_inline bool is_used(struct pg_control *ctl, __u32 table, __u16 port)
{
	__u8 stamp = *used_byte(ctl, table, port);

	return stamp && (stamp == ctl->used_now || stamp == ctl->used_before);
}

static __always_inline bool flow_is_over(const struct pg_slot *slot, const struct pg_flow *flow,
					 __u32 now)
{
	__u32 state = flow->state;

	return state >= PG_FLOW_STATES || now - flow->seen > slot->flow_ticks[state];
}

/* Note life in a flow, but not so often that CPUs fight for its line. */
static __always_inline void flow_touch(const struct pg_slot *slot, struct pg_flow *flow,
				       __u32 state, __u32 now)
{
	if (state >= PG_FLOW_STATES)
		return;
	if (flow->state != state)
		flow->state = state;
	if (now - flow->seen > slot->flow_ticks[state] / 8)
		flow->seen = now;
}

/* A packet that leaves: remember that its answer is wanted. */
static __always_inline void flow_begin(const struct pg_slot *slot, const struct pg_flow_key *key,
				       __u32 state)
{
	struct pg_flow *flow = bpf_map_lookup_elem(&pg_flows, key), fresh = {};
	__u32 now = bpf_jiffies64();

	if (flow && !flow_is_over(slot, flow, now)) {
		if (state == PG_FLOW_UDP || state == PG_FLOW_TCP_SYN)
			state = flow->state; /* it may be further on: a stream, established */
		flow_touch(slot, flow, state, now);
		return;
	}
	fresh.seen = now;
	fresh.state = state;
	(void)bpf_map_update_elem(&pg_flows, key, &fresh,
				  BPF_ANY); /* a full table evicts the oldest */
}

/* A packet that comes: whether it answers a flow. */
static __always_inline bool flow_answers(const struct pg_slot *slot, const struct pg_flow_key *key,
					 bool syn)
{
	struct pg_flow *flow = bpf_map_lookup_elem(&pg_flows, key);
	__u32 now = bpf_jiffies64(), state;

	if (!flow || flow_is_over(slot, flow, now))
		return false;
	state = flow->state;
	if (syn && state != PG_FLOW_TCP_SYN)
		return false; /* a new connection is no reply; but two may open at once (RFC 9293, 3.5) */
	if (state == PG_FLOW_UDP)
		state = PG_FLOW_UDP_STREAM;
	else if (state == PG_FLOW_TCP_SYN && !syn)
		state = PG_FLOW_TCP;
	if (state != PG_FLOW_TCP_CLOSING && state != PG_FLOW_MULTICAST)
		flow_touch(slot, flow, state, now);
	return true;
}

/* The reply of a conversation that began here, or a segment of a connection that the kernel has. */
static __always_inline bool is_reply(struct pg_control *ctl, const struct pg_slot *slot,
				     const struct packet *p)
{
	bool udp = p->proto != IPPROTO_TCP, syn = (p->tcp_flags & (TCP_SYN | TCP_ACK)) == TCP_SYN;
	struct pg_flow_key key = {
		.remote_port = p->sport,
		.local_port = p->dport,
		.proto = udp ? PG_UDP : PG_TCP,
	};

	if (is_used(ctl, udp ? PG_USED_UDP : PG_USED_TCP, p->dport)) {
		__builtin_memcpy(key.remote, p->source, 16);
		__builtin_memcpy(key.local, p->target, 16);
		if (flow_answers(slot, &key, syn))
			return true;
	}
	if (!udp || !is_used(ctl, PG_USED_MULTICAST, p->dport))
		return false;
	__builtin_memset(key.remote, 0, 32);
	key.ifindex = p->ifindex;
	return flow_answers(slot, &key, false);
}

#endif
