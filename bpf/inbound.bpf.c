// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * inbound: every packet that enters by a guarded interface, at XDP or at tc ingress. One body, an
 * entry for each kind of context. What it lets through the stack may still refuse; what it drops
 * nobody sees. The law is in "Inbound packets" of portguard-policy(5).
 */
#include "lib/answer.h"
#include "lib/capture.h"
#include "lib/conversation.h"
#include "lib/headers.h"
#include "lib/limit.h"
#include "lib/lookup.h"
#include "lib/plain.h"
#include "lib/report.h"

#define FRAGMENT_SECONDS 30
#define EARLY_FRAGMENTS 256 /* a second and CPU */

/* A later fragment follows its first one; those that overtake it have an allowance. */
static __always_inline struct pg_decision judge_fragment(const struct pg_control *ctl,
							 const struct packet *p)
{
	struct pg_fragment_key key = { .id = p->fragment_id,
				       .proto = p->family == 4 ? p->proto : 0 };
	__u64 now = bpf_jiffies64(), *first;

	__builtin_memcpy(key.source, p->source, 16);
	__builtin_memcpy(key.target, p->target, 16);
	first = bpf_map_lookup_elem(&pg_fragments, &key);
	if (first && now - *first <= FRAGMENT_SECONDS * (__u64)ctl->hz)
		return decision(PG_ALLOW, PG_REASON_FRAGMENT);
	return decision(is_allowance_left(ctl, ALLOWANCE_FRAGMENTS, EARLY_FRAGMENTS) ? PG_ALLOW :
										       PG_DENY,
			PG_REASON_FRAGMENT);
}

static __always_inline void remember_fragment(const struct packet *p)
{
	struct pg_fragment_key key = { .id = p->fragment_id,
				       .proto = p->family == 4 ? p->proto : 0 };
	__u64 now = bpf_jiffies64();

	__builtin_memcpy(key.source, p->source, 16);
	__builtin_memcpy(key.target, p->target, 16);
	(void)bpf_map_update_elem(&pg_fragments, &key, &now, BPF_ANY); /* full: the oldest goes */
}

static __always_inline bool take_echo(const struct pg_bucket_config *config)
{
	struct rate r;

	if (!config->per_second_x1000)
		return false;
	r = rate_of(config->per_second_x1000, config->burst);
	return take_token(ECHO_BUCKET, bpf_ktime_get_boot_ns(), &r, true);
}

static __always_inline struct pg_decision judge_echo(const struct pg_slot *slot)
{
	if (slot->echo == PG_ALLOW)
		return decision(PG_ALLOW, PG_REASON_ICMP);
	if (slot->echo == PG_DENY)
		return decision(PG_DENY, PG_REASON_ICMP);
	return take_echo(&slot->echo_rate) ? decision(PG_ALLOW, PG_REASON_ICMP)
					   : decision(PG_DENY, PG_REASON_RATE);
}

/* RFC 4890, 4.4 and its like for IPv4: errors, path MTU and neighbours always; questions never but echo. */
static __always_inline struct pg_decision judge_icmp(const struct pg_slot *slot,
						     const struct packet *p)
{
	bool v6 = p->proto == IPPROTO_ICMPV6;
	__u8 type = p->icmp_type;

	if (type == (v6 ? 128 : 8))
		return judge_echo(slot);
	if (type == (v6 ? 137 : 5))
		return decision(slot->redirect, PG_REASON_ICMP);
	if (v6 && (type < 128 || type <= 136 || (type >= 141 && type <= 143) ||
		   (type >= 148 && type <= 153)))
		return decision(PG_ALLOW, PG_REASON_ICMP);
	if (!v6 && (type == 0 || type == 3 || type == 4 || (type >= 9 && type <= 12) || type == 14))
		return decision(PG_ALLOW, PG_REASON_ICMP);
	return decision(PG_DENY, PG_REASON_ICMP);
}

/* Whether it is a cookie of that listener's (RFC 4987, 3.6). */
SUBPROGRAM bool checks_cookie(struct bpf_sock *listener, const struct packet *p)
{
	struct tcp_header tcp = { .source = bpf_htons(p->sport), .target = bpf_htons(p->dport),
				  .seq = p->seq, .ack = p->ack, .offset = TCP_BYTES / 4 << 4,
				  .flags = p->tcp_flags };
	union {
		struct ipv4_header v4;
		struct ipv6_header v6;
	} ip = {};

	if (p->family == 4) {
		ip.v4.version_length = 0x45;
		ip.v4.source = *(const __be32 *)(p->source + 12);
		ip.v4.target = *(const __be32 *)(p->target + 12);
	} else {
		ip.v6.version = bpf_htonl(0x60000000);
		copy(ip.v6.source, p->source, 16);
		copy(ip.v6.target, p->target, 16);
	}
	return !bpf_tcp_check_syncookie(listener, &ip, sizeof(ip), (void *)&tcp, sizeof(tcp));
}

/* Whether the segment brings back a SYN cookie that the kernel has sent: p->cookie, where the verifier forgets it. */
static __always_inline int find_cookie(const struct bytes *b, struct packet *p)
{
	__be32 numbers[2] __attribute__((aligned(8)));
	struct bpf_sock *sk;

	p->cookie = 0;
	if (p->proto != IPPROTO_TCP || begins_connection(p) || !(p->tcp_flags & TCP_ACK) ||
	    load(b, FORGOTTEN(p->offset) + 4, numbers, sizeof(numbers)))
		return 0;
	p->seq = numbers[0];
	p->ack = numbers[1];
	sk = look_up_tcp(b->ctx, p, false);
	if (!sk)
		return 0;
	if (sk->state == TCP_STATE_LISTEN)
		p->cookie = checks_cookie(sk, p);
	bpf_sk_release(sk);
	return 0;
}

SUBPROGRAM int find_cookie_xdp(struct xdp_md *ctx, struct packet *p)
{
	struct bytes b = bytes_of_xdp(ctx);

	return find_cookie(&b, p);
}

SUBPROGRAM int find_cookie_skb(struct __sk_buff *skb, struct packet *p)
{
	struct bytes b = bytes_of_skb(skb, true);

	return find_cookie(&b, p);
}

/* Where the host would send the packet on: BPF_FIB_LKUP_RET_…; on a stack of its own. */
SUBPROGRAM long look_up_route(void *ctx, const struct packet *p)
{
	struct bpf_fib_lookup fib = { .family = p->family == 4 ? 2 : 10, .ifindex = p->ifindex };

	if (p->family == 4) {
		__builtin_memcpy(fib.source, p->source + 12, 4);
		__builtin_memcpy(fib.target, p->target + 12, 4);
	} else {
		__builtin_memcpy(fib.source, p->source, 16);
		__builtin_memcpy(fib.target, p->target, 16);
	}
	return bpf_fib_lookup(ctx, &fib, sizeof(fib), 0);
}

/* Whether the packet only passes through this host (asked where the policy lets such packets pass). */
static __always_inline bool is_forwarded(void *ctx, const struct packet *p)
{
	long r = look_up_route(ctx, p);

	return r == BPF_FIB_LKUP_RET_SUCCESS || r == BPF_FIB_LKUP_RET_NO_NEIGH;
}

/* Whether it is for this host, or nobody: where a device forwards nothing, what is for others goes nowhere. */
static __always_inline bool is_local(void *ctx, const struct packet *p)
{
	long r = look_up_route(ctx, p);

	return r == BPF_FIB_LKUP_RET_NOT_FWDED || r == BPF_FIB_LKUP_RET_FWD_DISABLED;
}

/*
 * No rule of the host's speaks of it; the scopes' rules may let it in, if it is for a socket here. Whose
 * that is, and whether it is over that scope's rate, is asked there: here it counts as passed.
 */
SUBPROGRAM __u64 ask_scopes(void *ctx, const struct packet *p, __u32 index)
{
	__u32 proto = p->proto == IPPROTO_TCP ? PG_TCP : PG_UDP;
	union decided u = { .d = decision(PG_DENY, PG_REASON_NO_RULE) };
	struct pg_control *ctl = control();
	__u32 answer;

	if (!ctl)
		return u.word;
	answer = port_answer(ctl, index & 1, PG_PORT_SCOPES, proto, p->dport);
	if (PG_ANSWER_KIND(answer) == PG_ANSWER_ASK)
		answer = pg_resolve_packet(answer, 0);
	if (PG_ANSWER_KIND(answer) != PG_ANSWER_ALLOW || !is_local(ctx, p))
		return u.word;
	u.d = decision(PG_ALLOW, PG_ANSWER_NUMBER(answer) ? PG_REASON_RULE : PG_REASON_DEFAULT);
	return u.word; /* the rule is counted where the scope is asked */
}

/*
 * A limit is about what begins: not about the segments of a connection, nor about replies. In panic rules
 * are all that lets an open connection go on.
 */
static __always_inline __u32 freshness(struct pg_control *ctl, __u32 index, const struct packet *p)
{
	if (p->proto == IPPROTO_TCP && begins_connection(p))
		return PG_FRESH_YES;
	if (p->proto == IPPROTO_TCP)
		return ctl->slots[index].panic ? PG_FRESH_PASSED : PG_FRESH_NO;
	return is_reply(ctl, &ctl->slots[index], p) ? PG_FRESH_PASSED : PG_FRESH_YES;
}

/*
 * While the kernel sends SYN cookies it has no socket for the segment that ends a handshake. The SYN has
 * taken its limit's token; whoever brings the cookie again has another connection, and needs another one.
 * Return: enum pg_fresh; PG_FRESH_NO: the packet in hand brings none.
 */
GLOBAL __u32 pg_note_cookie(void)
{
	struct packet *p = packet_in_hand();
	struct pg_admitted_key key = {};
	__u32 now = bpf_jiffies64();

	if (!p || !p->cookie)
		return PG_FRESH_NO;
	key.rule = p->ack;
	key.remote_port = p->sport;
	key.local_port = p->dport;
	__builtin_memcpy(key.remote, p->source, 16);
	return bpf_map_update_elem(&pg_admitted, &key, &now, BPF_NOEXIST) ? PG_FRESH_YES :
									    PG_FRESH_PASSED;
}

static __always_inline struct pg_decision decide_cookie(const struct pg_control *ctl, __u32 index,
							__u32 word, __u32 fresh)
{
	struct pg_decision d = decide_packet(ctl, index, word, ASK_HOW(index, fresh));

	if (d.verdict == PG_ALLOW) /* its rule has counted the SYN */
		d = decision(PG_ALLOW, PG_REASON_REPLY);
	return d;
}

static __always_inline struct pg_decision judge_ports(struct pg_control *ctl, __u32 index,
						      const struct bytes *b, struct packet *p)
{
	__u32 word = packet_answer(ctl, index, p, false), fresh = PG_FRESH_NO;
	struct pg_decision d;
	union decided u;

	if (PG_ANSWER_KIND(word) == PG_ANSWER_ASK)
		fresh = freshness(ctl, index, p);
	u.d = decide_packet(ctl, index, word, ASK_HOW(index, fresh));
	if (u.d.verdict == PG_ALLOW || ctl->slots[index].panic)
		return u.d;
	u.word = made_unknown(u.word, ctl->seed);
	d = u.d;
	if (may_converse(ctl, p) && converses(b, index))
		return decision(PG_ALLOW, PG_REASON_REPLY);
	/* A rule depends on more than the port: perhaps it is a limit, and nothing else lets it in. */
	if (PG_ANSWER_KIND(word) == PG_ANSWER_ASK) {
		(void)(b->xdp ? find_cookie_xdp(b->ctx, p) : find_cookie_skb(b->ctx, p));
		fresh = pg_note_cookie();
		if (fresh)
			return decide_cookie(ctl, index, word, fresh);
	}
	if (ctl->slots[index].scopes && d.reason == PG_REASON_NO_RULE) {
		u.word = ask_scopes(b->ctx, p, index);
		if (u.d.verdict == PG_ALLOW)
			return u.d;
	}
	return d;
}

static __always_inline struct pg_decision judge_whole(struct pg_control *ctl, __u32 index,
						      const struct bytes *b, struct packet *p)
{
	const struct pg_slot *slot = &ctl->slots[index];
	struct pg_decision d;

	if (p->has_ports)
		d = judge_ports(ctl, index, b, p);
	else if (p->proto == (p->family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6))
		return judge_icmp(slot, p);
	else if (p->proto == IPPROTO_IGMP && p->family == 4 && p->target[12] >> 4 == 14)
		return decision(PG_ALLOW, PG_REASON_ICMP);
	else
		d = judge_protocol(slot, p);
	if (d.verdict == PG_DENY && slot->forward == PG_ALLOW && !slot->panic &&
	    is_forwarded(b->ctx, p))
		return decision(PG_ALLOW, PG_REASON_DEFAULT);
	return d;
}

static __always_inline struct pg_decision judge(struct pg_control *ctl, __u32 index,
						const struct bytes *b, struct packet *p)
{
	__u8 class = p->class;
	struct pg_decision d;

	switch (class) {
	case PACKET_MALFORMED:
		return decision(PG_DENY, PG_REASON_MALFORMED);
	case PACKET_HIDDEN:
		return decision(PG_DENY, PG_REASON_FRAGMENT);
	case PACKET_LATER_FRAGMENT:
		return judge_fragment(ctl, p);
	default:
		break;
	}
	d = judge_whole(ctl, index, b, p);
	if (class == PACKET_FIRST_FRAGMENT && d.verdict == PG_ALLOW)
		remember_fragment(p);
	return d;
}

static __always_inline void capture_inbound(const struct bytes *b, const struct pg_decision *d, __u8 mode)
{
	__u8 link = b->ethernet ? PG_LINK_ETHERNET : PG_LINK_IP;

	if (b->xdp)
		(void)pg_copy_xdp(b->ctx, captured_as(*d, mode),
				  CAPTURED_BY(PG_HOOK_INBOUND, link, PG_CAPTURED_XDP));
	else
		(void)pg_copy_skb(b->ctx, captured_as(*d, mode),
				  CAPTURED_BY(PG_HOOK_INBOUND, link, PG_CAPTURED_TC));
}

static __always_inline enum fate inbound(const struct bytes *b)
{
	struct pg_control *ctl = control();
	union decided u;
	struct packet *p;
	enum plain plain;
	enum fate fate;
	__u32 index;
	bool passes;
	__u8 mode;

	if (!ctl)
		return FATE_PASS;
	index = slot_in_force(ctl);
	if (is_off(slot_at(ctl, index)))
		return FATE_PASS;
	plain = settle_plain(ctl, index, b, 0, &fate);
	if (plain == PLAIN_SETTLED ||
	    (plain == PLAIN_NOT && is_tagged(b) &&
	     settle_plain(ctl, index, b, 1, &fate) == PLAIN_SETTLED))
		return fate;
	p = plain == PLAIN_UNSETTLED ? hold_plain(b, 0) : parse(b);
	if (!p || FORGOTTEN(p->class) == PACKET_NOT_IP)
		return FATE_PASS;
	if (plain == PLAIN_NOT && FORGOTTEN(p->class) == PACKET_WHOLE && p->has_ports &&
	    settle(ctl, index, b, p, HELD, &fate))
		return fate;
	u.d = judge(ctl, index, b, p);
	u.word = made_unknown(u.word, ctl->seed);
	mode = mode_of(slot_at(ctl, index));
	passes = pg_report_packet(u.word, mode, PG_HOOK_INBOUND);
	if (is_captured(ctl, &u.d))
		capture_inbound(b, &u.d, mode);
	if (passes)
		return FATE_PASS;
	if (!wants_answer(slot_at(ctl, index), &u.d) || !may_be_answered(p) ||
	    !is_allowance_left(ctl, ALLOWANCE_ANSWERS, ANSWERS))
		return FATE_DROP;
	return FATE_ANSWER;
}

SEC("xdp")
int pg_in_xdp(struct xdp_md *ctx)
{
	struct bytes b = bytes_of_xdp(ctx);
	enum fate fate = inbound(&b);

	if (fate == FATE_ANSWER)
		return pg_answer_xdp(ctx) ? XDP_DROP : XDP_TX;
	return fate == FATE_PASS ? XDP_PASS : XDP_DROP;
}

/* Answers leave by the device that the packet came by, past outbound like all that leaves. */
static __always_inline int fate_of_skb(struct __sk_buff *skb, bool ethernet)
{
	struct bytes b = bytes_of_skb(skb, ethernet);
	enum fate fate = inbound(&b);

	if (fate == FATE_ANSWER)
		return (ethernet ? pg_answer_tc(skb) : pg_answer_l3(skb)) ? TC_DROP : bpf_redirect(skb->ifindex, 0);
	return fate == FATE_PASS ? TC_NEXT : TC_DROP;
}

SEC("tc")
int pg_in_tc(struct __sk_buff *skb)
{
	return fate_of_skb(skb, true);
}

/* Devices without Ethernet headers (tunnels): the packet begins with IP. */
SEC("tc")
int pg_in_l3(struct __sk_buff *skb)
{
	return fate_of_skb(skb, false);
}
