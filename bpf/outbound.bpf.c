// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * outbound: tc egress of guarded interfaces, after NAT. It refuses nothing, but in panic what leaves
 * by a port that is not failsafe, and that is counted as `send`; it remembers who is owed an answer: flows,
 * and stamps of local ports in use. A conversation whose answer the rules let in anyway needs neither.
 */
#include "lib/capture.h"
#include "lib/flow.h"
#include "lib/lookup.h"
#include "lib/question.h"
#include "lib/report.h"
#include "lib/socket.h"

static __always_inline bool goes_to_many(const struct packet *p)
{
	if (p->group_frame) /* a subnet's broadcast too */
		return true;
	if (p->family == 6)
		return p->target[0] == 0xff;
	return p->target[12] >> 4 == 14 ||
	       (p->target[12] & p->target[13] & p->target[14] & p->target[15]) == 0xff;
}

static __always_inline void note_udp(struct pg_control *ctl, const struct pg_slot *slot,
				     const struct packet *p, struct pg_flow_key *key)
{
	if (goes_to_many(p)) {
		__builtin_memset(key->remote, 0, 32); /* and local: any of this host's addresses */
		key->ifindex = p->ifindex;
		stamp_used(ctl, PG_USED_MULTICAST, p->sport);
		flow_begin(slot, key, PG_FLOW_MULTICAST);
		return;
	}
	stamp_used(ctl, PG_USED_UDP, p->sport);
	flow_begin(slot, key, PG_FLOW_UDP);
}

/*
 * Of a socket that inbound cannot find: none, or one of another network namespace (a macvlan hands its
 * frames down with their socket, a veth does not).
 */
static __always_inline bool is_forwarded(const struct pg_control *ctl, struct __sk_buff *skb)
{
	return !skb->sk || !of_host(ctl, socket_of(skb));
}

/*
 * A SYN cookie of a listener here: without a socket, as what is forwarded, but from nowhere. Its answer is known
 * by the cookie (bpf/inbound.bpf.c); a flow would let anybody fill their table who may knock.
 */
SUBPROGRAM int is_cookie(struct __sk_buff *skb, const struct packet *p)
{
	struct bpf_sock *sk;
	int listens;

	if ((p->tcp_flags & (TCP_SYN | TCP_ACK)) != (TCP_SYN | TCP_ACK) || skb->sk ||
	    skb->ingress_ifindex)
		return false;
	sk = look_up_tcp(skb, p, true);
	if (!sk)
		return false;
	listens = sk->state == TCP_STATE_LISTEN;
	bpf_sk_release(sk);
	return listens;
}

/* Segments of sockets here need no flow after the first: inbound finds the socket. */
static __always_inline void note_tcp(struct pg_control *ctl, const struct pg_slot *slot,
				     const struct packet *p, const struct pg_flow_key *key,
				     struct __sk_buff *skb)
{
	__u8 flags = p->tcp_flags;

	if (!(flags & TCP_RST)) /* which wants no answer; it may be one of `reject` */
		stamp_used(ctl, PG_USED_TCP, p->sport);
	if ((flags & (TCP_SYN | TCP_ACK)) == TCP_SYN) {
		flow_begin(slot, key, PG_FLOW_TCP_SYN);
	} else if (flags & (TCP_FIN | TCP_RST)) {
		struct pg_flow *flow = bpf_map_lookup_elem(&pg_flows, key);

		if (flow && flow->state != PG_FLOW_TCP_CLOSING) {
			flow->state = PG_FLOW_TCP_CLOSING;
			flow->seen = bpf_jiffies64();
		} else if (!flow && !(flags & TCP_RST) && is_forwarded(ctl, skb)) {
			flow_begin(slot, key, PG_FLOW_TCP_CLOSING);
		}
	} else if (is_forwarded(ctl, skb) && !is_cookie(skb, p)) {
		flow_begin(slot, key, PG_FLOW_TCP);
	}
}

/* Told as all packets are, seen from the other end: by the remote address, and the port that is asked for there. */
SUBPROGRAM int refuse_leaving(struct __sk_buff *skb, struct packet *p, __u32 link)
{
	const union decided u = { .d = decision(PG_DENY, PG_REASON_PANIC) };
	__u64 *source = (__u64 *)p->source, *target = (__u64 *)p->target;
	const struct pg_control *ctl = control();
	int i;

	for (i = 0; i < 2; i++) {
		__u64 near = source[i];

		source[i] = target[i];
		target[i] = near;
	}
	if (!ctl)
		return 0;
	if (is_captured(ctl, &u.d))
		(void)pg_copy_skb(skb, captured_as(u.d, PG_MODE_ENFORCE),
				  CAPTURED_BY(PG_HOOK_SEND, link, PG_CAPTURED_TC));
	return pg_report_packet(u.word, PG_MODE_ENFORCE, PG_HOOK_SEND);
}

static __always_inline struct pg_flow_key flow_of(const struct packet *p)
{
	struct pg_flow_key key = {
		.remote_port = p->dport,
		.local_port = p->sport,
		.proto = p->proto == IPPROTO_TCP ? PG_TCP : PG_UDP,
	};

	__builtin_memcpy(key.remote, p->target, 16);
	__builtin_memcpy(key.local, p->source, 16);
	return key;
}

/* The packet in hand is owed an answer. */
GLOBAL int pg_note_flow(struct __sk_buff *skb, __u32 index)
{
	const struct packet *p = packet_in_hand();
	struct pg_control *ctl = control();
	struct pg_flow_key key;

	if (!ctl || !p)
		return 0;
	index &= 1;
	key = flow_of(p);
	if (key.proto == PG_UDP)
		note_udp(ctl, &ctl->slots[index], p, &key);
	else
		note_tcp(ctl, &ctl->slots[index], p, &key, skb);
	return 0;
}

/* Some scope's rules speak of the port that it leaves by. */
static __always_inline bool is_of_scopes(const struct pg_control *ctl, __u32 index,
					 const struct packet *p)
{
	return slot_at(ctl, index)->scopes &&
	       has_answer(ctl, index, PG_PORT_SCOPES, PG_UDP, p->sport);
}

/* And let its answer in, as inbound asks them (ask_scopes()), to a socket of this host. */
GLOBAL int pg_scopes_let_in(struct __sk_buff *skb, __u32 index)
{
	const struct packet *p = packet_in_hand();
	struct pg_control *ctl = control();
	__u32 answer;

	if (!ctl || !p || !is_of_scopes(ctl, index & 1, p) || is_forwarded(ctl, skb))
		return false;
	answer = port_answer(ctl, index & 1, PG_PORT_SCOPES, PG_UDP, p->sport);
	if (PG_ANSWER_KIND(answer) == PG_ANSWER_ASK)
		answer = pg_resolve_packet(answer, ASK_ANSWER);
	return PG_ANSWER_KIND(answer) == PG_ANSWER_ALLOW;
}

/*
 * Of most packets the port's answer is all that is asked, and of a datagram its flow is to be noted: then the
 * fields of a plain one stay in registers (lib/plain.h). Return: whether that was all.
 */
static __always_inline bool note_plain(struct pg_control *ctl, __u32 index, const struct bytes *b)
{
	const struct pg_slot *slot = slot_at(ctl, index);
	const struct pg_question none = {};
	struct pg_flow_key key;
	struct packet p;
	__u32 word;

	if (!is_plain(b, 0))
		return false;
	read_plain(b, 0, &p);
	word = packet_answer(ctl, index, &p, true);
	if (slot->panic || !is_final(word))
		return false;
	if (decide(slot, word, &none, PG_IN).verdict == PG_ALLOW) /* let in anyway */
		return true;
	if (p.proto != IPPROTO_UDP || goes_to_many(&p) || is_of_scopes(ctl, index, &p))
		return false;
	key = flow_of(&p);
	stamp_used(ctl, PG_USED_UDP, p.sport);
	flow_begin(slot, &key, PG_FLOW_UDP);
	return true;
}

/* Return: whether the packet may leave. */
static __always_inline bool outbound(const struct bytes *b, struct __sk_buff *skb)
{
	struct pg_control *ctl = control();
	__u32 index, fresh, word;
	struct packet *p;

	if (!ctl)
		return true;
	index = slot_in_force(ctl);
	if (note_plain(ctl, index, b))
		return true;
	p = parse(b);
	if (!p || !FORGOTTEN(p->has_ports))
		return true;
	fresh = ctl->slots[index].panic ? PG_FRESH_PASSED : PG_FRESH_LEAVING;
	word = packet_answer(ctl, index, p, true);
	if (decide_packet(ctl, index, word, ASK_HOW(index, fresh) | ASK_ANSWER).verdict ==
	    PG_ALLOW) /* let in anyway */
		return true;
	if (ctl->slots[index].panic)
		return refuse_leaving(skb, p, b->ethernet ? PG_LINK_ETHERNET : PG_LINK_IP);
	if (p->proto == IPPROTO_TCP || !pg_scopes_let_in(skb, index))
		(void)pg_note_flow(skb, index);
	return true;
}

static __always_inline int outbound_tc(struct __sk_buff *skb, bool ethernet)
{
	struct bytes b = bytes_of_skb(skb, ethernet);

	return outbound(&b, skb) ? TC_NEXT : TC_DROP;
}

SEC("tc")
int pg_out_tc(struct __sk_buff *skb)
{
	return outbound_tc(skb, true);
}

SEC("tc")
int pg_out_l3(struct __sk_buff *skb)
{
	return outbound_tc(skb, false);
}
