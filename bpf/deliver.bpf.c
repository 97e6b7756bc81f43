// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * deliver: a packet reaches a socket (cgroup_skb ingress). What inbound saw needs no second answer;
 * this is for what came past it - through a tunnel, by an interface that is not guarded, from a
 * container - and for unconnected UDP sockets, which would take a datagram from anybody.
 *
 * Established TCP and connected UDP pass at once. An unconnected UDP socket hears whom it has spoken
 * to; one that its program bound to a port, those too whom the rules of `in` allow.
 *
 * Where a scope answers `in` for the socket, what inbound let pass is only what some scope allows: it
 * is asked here whatever device it came by.
 */
#include "lib/asked.h"
#include "lib/capture.h"
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
static __always_inline bool was_in_fragments(struct __sk_buff *skb, __u32 family)
{
	struct sk_buff *plain = 0;

	if (pg_casts) {
		const void *cb = IN_PLACE(struct sk_buff, skb)->cb;

		return family == 4 ? IN_PLACE(struct inet_skb_parm, cb)->frag_max_size
				   : IN_PLACE(struct inet6_skb_parm, cb)->frag_max_size;
	}
	bpf_probe_read_kernel(&plain, sizeof(plain), &skb);
	if (family == 4)
		return BPF_CORE_READ((struct inet_skb_parm *)&plain->cb, frag_max_size);
	return BPF_CORE_READ((struct inet6_skb_parm *)&plain->cb, frag_max_size);
}

/* Whether the datagram answers: its socket has spoken to that remote, or the flows know it. */
GLOBAL int pg_is_answer(struct __sk_buff *skb, __u32 index, __u32 ticks)
{
	const struct packet *p = packet_in_hand();
	struct pg_control *ctl = control();

	return ctl && p && (was_asked(skb, p, ticks) || is_reply(ctl, &ctl->slots[index & 1], p));
}

/*
 * Whom a rule has let be heard is remembered where `send` must know it: out is restricted, or the rule is one of which
 * that cannot tell (let_back()). @near, @far: struct owner's.
 */
GLOBAL int pg_remember_heard(struct __sk_buff *skb, __u32 index, __u64 near, __u64 far)
{
	const struct owner o = { .near = near, .far = far };
	const struct pg_control *ctl = control();
	const struct packet *p = packet_in_hand();
	const struct pg_slot *slot;

	if (!ctl || !p)
		return 0;
	index &= 1;
	slot = &ctl->slots[index];
	if (!is_final(packet_answer(ctl, index, p, false)) ||
	    owner_number(index, &o, 1u << PG_IN) || owner_restricts_out(slot, index, &o))
		remember_heard(skb, p, slot->flow_ticks[PG_FLOW_UDP_STREAM]);
	return 0;
}

/* Limits count here what came past inbound. Segments come to a listener to end their handshake. */
static __always_inline __u8 freshness(struct __sk_buff *skb, const struct packet *p, __u32 index,
				      const struct pg_slot *slot)
{
	bool known = p->proto == IPPROTO_TCP
			     ? !begins_connection(p)
			     : pg_is_answer(skb, index, slot->flow_ticks[PG_FLOW_UDP_STREAM]);

	return known ? PG_FRESH_PASSED : PG_FRESH_YES;
}

/*
 * What came past inbound, or what that let pass for the sake of a scope, put to the host's rules. Return:
 * a union decided's word. @met: inbound has asked the limits about it.
 */
SUBPROGRAM __u64 ask_host_here(struct __sk_buff *skb, const struct packet *p, __u32 index, bool met)
{
	struct pg_control *ctl = control();
	union decided u = { .word = 0 };
	__u32 word, fresh = PG_FRESH_NO;

	if (!ctl)
		return 0;
	index &= 1;
	word = packet_answer(ctl, index, p, false);
	if (PG_ANSWER_KIND(word) == PG_ANSWER_ASK)
		fresh = met ? PG_FRESH_PASSED : freshness(skb, p, index, &ctl->slots[index]);
	u.d = decide_packet(ctl, index, word, ASK_HOW(index, fresh));
	return u.word;
}

/* The same, put to the scopes of its socket, whose own limits nobody has asked. */
SUBPROGRAM __u64 ask_scopes_here(struct __sk_buff *skb, const struct packet *p, __u32 index,
				 const struct owner *o, bool met)
{
	struct pg_control *ctl = control();
	__u32 fresh;

	if (!ctl)
		return 0;
	index &= 1;
	fresh = freshness(skb, p, index, &ctl->slots[index]);
	if (met && fresh == PG_FRESH_YES)
		fresh = PG_FRESH_MET;
	return pg_ask_packet(o->near, o->far, ASK_HOW(index, fresh) | (o->here ? 0 : ASK_STRANGE),
			     0);
}

/* Another IP protocol than TCP or UDP; a union decided's word. */
SUBPROGRAM __u64 ask_protocol_here(const struct packet *p, __u32 index)
{
	const struct pg_control *ctl = control();
	union decided u = { .word = 0 };

	if (ctl)
		u.d = judge_protocol(&ctl->slots[index & 1], p);
	return u.word;
}

/* Inbound has refused it, and audit let it pass: that has been told. */
SUBPROGRAM int was_told(const struct packet *p, __u32 index)
{
	struct pg_control *ctl = control();

	index &= 1;
	if (!ctl || ctl->slots[index].mode != PG_MODE_AUDIT)
		return false;
	return decide_packet(ctl, index, packet_answer(ctl, index, p, false),
			     ASK_HOW(index, PG_FRESH_NO))
		       .verdict == PG_DENY;
}

/* Some scope's rules let it in, perhaps, so that inbound may have let it pass for another socket. */
static __always_inline bool is_for_scopes(const struct pg_control *ctl, __u32 index,
					  const struct packet *p)
{
	__u32 proto = p->proto == IPPROTO_TCP ? PG_TCP : PG_UDP;

	return ctl->slots[index].scopes && p->has_ports &&
	       port_answer(ctl, index, PG_PORT_SCOPES, proto, p->dport);
}

/* Inbound obeys the host's mode: what it only audits, a scope that enforces refuses at its sockets. */
static __always_inline bool is_stricter(const struct pg_slot *slot, const struct owner *o)
{
	return o->mode == PG_MODE_ENFORCE && mode_of(slot) == PG_MODE_AUDIT;
}

/* An unconnected UDP socket whose port the kernel chose: it hears whom it has asked, whatever the rules say. */
static __always_inline bool only_asks(struct __sk_buff *skb, const struct packet *p)
{
	return p->class == PACKET_WHOLE && p->has_ports && p->proto != IPPROTO_TCP &&
	       !program_chose_port(socket_of(skb));
}

/* @asks: only_asks(), and this is no answer. @ret_judged: inbound has answered already. */
static __always_inline struct pg_decision judge(struct pg_control *ctl, __u32 index,
						struct __sk_buff *skb, const struct packet *p,
						const struct owner *o, bool asks, bool *ret_judged)
{
	const struct pg_slot *slot = &ctl->slots[index];
	bool udp = p->proto != IPPROTO_TCP, scoped = owner_number(index, o, 1u << PG_IN) != 0;
	bool met = o->here && !is_off(slot) && is_covered(skb->ifindex) &&
		   !was_in_fragments(skb, p->family);
	bool covered = met && !scoped && !is_stricter(slot, o) && !is_for_scopes(ctl, index, p);
	struct pg_decision d = decision(PG_DENY, PG_REASON_NO_RULE);
	__u32 ticks = 0;

	*ret_judged = met;
	if (p->class != PACKET_WHOLE)
		return decision(PG_DENY, PG_REASON_MALFORMED);
	if (!p->has_ports) {
		union decided u = { .word = ask_protocol_here(p, index) };

		return u.d;
	}
	*ret_judged = covered;
	if (!asks) {
		ticks = slot->flow_ticks[PG_FLOW_UDP_STREAM];
		if (!covered) {
			union decided u = {
				.word = is_of_host(o) ? ask_host_here(skb, p, index, met)
						      : ask_scopes_here(skb, p, index, o, met)
			};

			d = u.d;
		}
		if (udp && (covered || d.verdict == PG_ALLOW) &&
		    (!covered || owner_restricts_out(slot, index, o)))
			(void)pg_remember_heard(skb, index, o->near, o->far);
		if (covered)
			return d;
	}
	*ret_judged = met && !scoped && d.verdict == PG_ALLOW;
	d.reason = refusal_reason(slot, d.reason);
	if (slot->panic)
		return d;
	if (d.verdict == PG_DENY && udp && !asks && pg_is_answer(skb, index, ticks))
		return decision(PG_ALLOW, PG_REASON_REPLY);
	*ret_judged |= covered && was_told(p, index);
	return d;
}

static __always_inline bool concerns_owner(const struct pg_control *ctl, __u32 index,
					   struct __sk_buff *skb, struct owner *o)
{
	struct sock *sk = socket_of(skb);

	if (skb->ifindex == LOOPBACK_DEVICE && !guards_loopback(&ctl->slots[index]))
		return false;
	return is_judged(ctl, index, sk, of_host(ctl, sk), o);
}

/*
 * Whether inbound has answered whatever comes to this socket, and there is nothing to remember of it: then the
 * packet need not be taken apart (judge() says the same of it). Without scopes all that is judged is of the host.
 */
static __always_inline bool is_settled(const struct pg_control *ctl, __u32 index,
				       struct __sk_buff *skb)
{
	const struct pg_slot *slot = &ctl->slots[index];
	__u32 family = skb->protocol == bpf_htons(ETH_IPV4) ? 4 : 6;

	return !slot->scopes && !restricts_out(slot) && program_chose_port(socket_of(skb)) &&
	       is_covered(skb->ifindex) && !was_in_fragments(skb, family);
}

/* Takes the packet apart, on a stack of its own. Return: whether there is one. */
GLOBAL int pg_parse_here(struct __sk_buff *skb)
{
	struct bytes b = bytes_of_skb(skb, false);

	b.tags = false;
	return parse(&b) != 0;
}

/*
 * A plain datagram to a socket that only asks, which answers: it is counted, and that is all. Its fields stay in
 * registers (lib/plain.h). Return: whether that was all.
 */
GLOBAL int pg_pass_answer(struct __sk_buff *skb, __u32 index)
{
	const struct pg_decision reply = decision(PG_ALLOW, PG_REASON_REPLY);
	const struct pg_control *ctl = control();
	struct bytes b = bytes_of_skb(skb, false);
	struct packet p;

	b.tags = false;
	if (!ctl || ctl->slots[index & 1].panic || program_chose_port(socket_of(skb)) ||
	    !is_plain(&b, 0))
		return false;
	read_plain(&b, 0, &p);
	if (p.proto != IPPROTO_UDP || !was_asked(skb, &p, 0))
		return false;
	count_decision(bpf_get_smp_processor_id(), PG_HOOK_DELIVER, PG_ALLOW, &reply, p.segments);
	return true;
}

/* Return: whether the packet passes. */
static __always_inline bool deliver(struct __sk_buff *skb, struct bpf_sock *sk)
{
	struct pg_control *ctl = control();
	struct owner owner;
	union decided u;
	struct packet *p;
	__u32 index;
	bool judged = false, asks;

	sk = bpf_sk_fullsock(sk);
	if (!ctl || !sk || sk->type == SOCKET_RAW)
		return true;
	index = slot_in_force(ctl);
	if (!concerns_owner(ctl, index, skb, &owner) || is_settled(ctl, index, skb) ||
	    pg_pass_answer(skb, index))
		return true;
	p = pg_parse_here(skb) ? packet_in_hand() : 0;
	if (!p || FORGOTTEN(p->proto) == IPPROTO_ICMP || p->proto == IPPROTO_ICMPV6)
		return true;
	asks = only_asks(skb, p);
	if (asks && !ctl->slots[index].panic && pg_is_answer(skb, index, 0))
		u.d = decision(PG_ALLOW, PG_REASON_REPLY); /* whatever the device it came by */
	else
		u.d = judge(ctl, index, skb, p, &owner, asks, &judged);
	if (judged)
		return true;
	if (is_captured(ctl, &u.d))
		(void)pg_copy_skb(skb, captured_as(u.d, owner.mode),
				  CAPTURED_BY(PG_HOOK_DELIVER, PG_LINK_IP, PG_CAPTURED_CGROUP));
	return pg_report_packet(u.word, owner.mode, PG_HOOK_DELIVER);
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
