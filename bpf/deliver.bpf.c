// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * deliver: a packet reaches a socket (cgroup_skb ingress). What inbound saw needs no second answer;
 * this is for what came past it - through a tunnel, by an interface that is not guarded, from a
 * container - and for unconnected UDP sockets, which would take a datagram from anybody.
 *
 * Established TCP and connected UDP pass at once. An unconnected UDP socket hears whom it has spoken
 * to; one that its program bound to a port, those too whom the rules of `in` allow.
 */
#include "lib/asked.h"
#include "lib/flow.h"
#include "lib/question.h"

#define PASS 1
#define LOOPBACK_DEVICE 1 /* in every network namespace */

static __always_inline bool is_covered(__u32 ifindex)
{
	__u32 *device = bpf_map_lookup_elem(&pg_devices, &ifindex);

	return device && *device & PG_DEVICE_COVERED;
}

/*
 * Its fragments may have come by different devices, and it has the last one's: inbound saw perhaps only
 * a part of it. Both families' control blocks are still there at this hook.
 */
static __always_inline bool was_in_fragments(struct __sk_buff *skb, const struct packet *p)
{
	struct sk_buff *plain = 0;

	bpf_probe_read_kernel(&plain, sizeof(plain), &skb);
	if (p->family == 4)
		return BPF_CORE_READ((struct inet_skb_parm *)&plain->cb, frag_max_size);
	return BPF_CORE_READ((struct inet6_skb_parm *)&plain->cb, frag_max_size);
}

/* Whether the datagram answers: its socket has spoken to that remote, or the flows know it. */
static __always_inline bool is_answer(struct pg_control *ctl, __u32 index, struct __sk_buff *skb,
				      const struct packet *p, __u32 ticks)
{
	return was_asked(skb, p, ticks) || is_reply(ctl, &ctl->slots[index], p);
}

/* What came past inbound: here limits count it. Segments come to a listener to end their handshake. */
static __always_inline struct pg_decision ask_here(struct pg_control *ctl, __u32 index,
						   struct __sk_buff *skb, const struct packet *p,
						   __u32 ticks)
{
	__u32 word = packet_answer(ctl, index, p, false), fresh = PG_FRESH_YES;

	if (PG_ANSWER_KIND(word) != PG_ANSWER_ASK)
		fresh = PG_FRESH_NO;
	else if (p->proto == IPPROTO_TCP ? !begins_connection(p) :
					   is_answer(ctl, index, skb, p, ticks))
		fresh = PG_FRESH_PASSED;
	return decide_packet(ctl, index, p, word, false, fresh);
}

/* @ret_judged: inbound has answered already. */
static __always_inline struct pg_decision judge(struct pg_control *ctl, __u32 index,
						struct __sk_buff *skb, const struct packet *p,
						bool *ret_judged)
{
	bool udp = p->proto != IPPROTO_TCP;
	bool covered = is_covered(skb->ifindex) && !was_in_fragments(skb, p);
	struct pg_decision d = decision(PG_DENY, PG_REASON_NO_RULE);
	__u32 ticks = 0;

	*ret_judged = covered;
	if (p->class != PACKET_WHOLE)
		return decision(PG_DENY, PG_REASON_MALFORMED);
	if (!p->has_ports)
		return judge_protocol(&ctl->slots[index], p);
	if (!udp || program_chose_port(socket_of(skb))) {
		ticks = ctl->slots[index].flow_ticks[PG_FLOW_UDP_STREAM];
		if (!covered)
			d = ask_here(ctl, index, skb, p, ticks);
		if (udp && ctl->slots[index].out_restricted && (covered || d.verdict == PG_ALLOW))
			remember_heard(skb, p);
		if (covered)
			return d;
	}
	*ret_judged = false;
	d.reason = refusal_reason(&ctl->slots[index], d.reason);
	if (ctl->slots[index].panic)
		return d;
	if (d.verdict == PG_DENY && udp && is_answer(ctl, index, skb, p, ticks))
		return decision(PG_ALLOW, PG_REASON_REPLY);
	/* What inbound denied and audit let pass has been told. */
	*ret_judged = covered && ctl->slots[index].mode == PG_MODE_AUDIT &&
		      ask_for_packet(ctl, index, p, false, PG_FRESH_NO).verdict == PG_DENY;
	return d;
}

static __always_inline bool concerns_host(const struct pg_control *ctl, __u32 index,
					  struct __sk_buff *skb)
{
	const struct pg_slot *slot = &ctl->slots[index];

	if (is_off(slot) || (skb->ifindex == LOOPBACK_DEVICE && !guards_loopback(slot)))
		return false;
	return of_host(ctl, socket_of(skb));
}

/* Return: whether the packet passes. */
static __always_inline bool deliver(struct __sk_buff *skb, struct bpf_sock *sk)
{
	struct bytes b = bytes_of_skb(skb, false);
	struct pg_control *ctl = control();
	struct pg_decision d;
	struct packet *p;
	bool judged;
	__u32 index;

	sk = bpf_sk_fullsock(sk);
	if (!ctl || !sk || sk->type == SOCKET_RAW)
		return true;
	index = slot_in_force(ctl);
	if (!concerns_host(ctl, index, skb))
		return true;
	b.vlan = 0;
	b.vlan_tags = 0;
	p = parse(&b);
	if (!p || FORGOTTEN(p->proto) == IPPROTO_ICMP || p->proto == IPPROTO_ICMPV6)
		return true;
	d = judge(ctl, index, skb, p, &judged);
	return judged || report_packet(ctl, index, p, PG_HOOK_DELIVER, &d);
}

/* Then open connections are judged as well. */
static __always_inline bool is_panic(void)
{
	const struct pg_control *ctl = control();

	return ctl && ctl->slots[slot_in_force(ctl)].panic;
}

SEC("cgroup_skb/ingress")
int pg_deliver(struct __sk_buff *skb)
{
	struct bpf_sock *sk = skb->sk;

	if (!sk)
		return PASS;
	if (sk->state != TCP_STATE_CLOSE && sk->state != TCP_STATE_LISTEN && !is_panic())
		return PASS;
	return deliver(skb, sk);
}
