// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * `reject`: a refused packet becomes its own answer and leaves by the device that it came by - a RST for
 * TCP (RFC 9293, 3.10.7.1), ICMP port unreachable for UDP, with as much of the packet as RFC 1812
 * (4.3.2.3) and RFC 4443 (2.4 c) want. The frame keeps its VLAN tags. Where there is no room or the kernel
 * refuses, the packet is dropped in silence.
 *
 * Functions of the context alone, which the verifier follows once a program (Linux 5.6).
 */
#include <bpf/bpf_core_read.h>

#include "lib/answer.h"
#include "lib/headers.h"

#define TAG_BYTES 4
#define LINK_MAX (ETHERNET_BYTES + MAX_VLAN_TAGS * TAG_BYTES)
#define SHORTEST_FRAME 60
#define LONGEST_V4 576 /* of ICMP with its IP header */
#define LONGEST_V6 1280
#define UDP_CHECKSUM_AT 6
#define HOPS 64

#define ROOM_BEHIND_LINK 1 /* BPF_ADJ_ROOM_MAC */
#define RECOMPUTE_CSUM 1 /* BPF_F_RECOMPUTE_CSUM */
#define CHECKSUM_PARTIAL 3

/* What is written behind the link header, for either family; aligned for copy(). */
struct answer_v4 {
	struct ipv4_header ip;
	union {
		struct tcp_header tcp;
		struct icmp_header icmp;
	};
} __attribute__((aligned(8)));

struct answer_v6 {
	struct ipv6_header ip;
	union {
		struct tcp_header tcp;
		struct icmp_header icmp;
	};
} __attribute__((aligned(8)));

union headers {
	struct answer_v4 v4;
	struct answer_v6 v6;
};

/* A packet under way to its answer. xdp, ethernet: constants. */
struct job {
	void *ctx;
	struct packet *p;
	bool xdp, ethernet;
	bool partial; /* the device will still write a checksum, at the old transport header's place */
	__u32 link; /* bytes */
};

static __always_inline __u32 sum_of(const void *words, const __u32 size, __u32 sum)
{
	return bpf_csum_diff(0, 0, (__be32 *)words, size, sum);
}

static __always_inline __be16 folded(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

/* Reading and writing the packet by offset, which both kinds of context can. */
static __always_inline long fetch(const struct job *j, __u32 offset, void *to, const __u32 size)
{
	struct xdp_md *xdp = j->ctx;
	void *from;

	if (!j->xdp)
		return bpf_skb_load_bytes(j->ctx, offset, to, size);
	if (offset > MAX_OFFSET)
		return -1;
	__asm__ __volatile__("%0 &= 2047" : "+r"(offset));
	from = (void *)(long)xdp->data + offset;
	if (from + size > (void *)(long)xdp->data_end)
		return -1;
	copy(to, from, size);
	return 0;
}

static __always_inline long store(const struct job *j, __u32 offset, const void *from,
				  const __u32 size)
{
	struct xdp_md *xdp = j->ctx;
	void *to;

	if (!j->xdp)
		return bpf_skb_store_bytes(j->ctx, offset, from, size, RECOMPUTE_CSUM);
	if (offset > MAX_OFFSET)
		return -1;
	__asm__ __volatile__("%0 &= 2047" : "+r"(offset));
	to = (void *)(long)xdp->data + offset;
	if (to + size > (void *)(long)xdp->data_end)
		return -1;
	copy(to, from, size);
	return 0;
}

/* The frame's length from now on. XDP: a frame that was not too short for Ethernet stays so. */
static __always_inline long cut(const struct job *j, __u32 length)
{
	struct xdp_md *xdp = j->ctx;
	__u32 now;

	if (!j->xdp)
		return bpf_skb_change_tail(j->ctx, length, 0);
	now = pg_xdp_load ? bpf_xdp_get_buff_len(xdp) : xdp->data_end - xdp->data;
	if (length < SHORTEST_FRAME)
		length = now < SHORTEST_FRAME ? now : SHORTEST_FRAME;
	return now == length ? 0 : bpf_xdp_adjust_tail(xdp, (int)length - (int)now);
}

/* Room for so many bytes behind the link header. */
static __always_inline long make_room(const struct job *j, const __u32 size)
{
	__u8 link[LINK_MAX] __attribute__((aligned(8)));

	if (!j->xdp)
		return bpf_skb_adjust_room(j->ctx, size, ROOM_BEHIND_LINK, 0);
	/* Too much for fewer tags; what is written next lies over it. */
	if (fetch(j, 0, link, sizeof(link)) || bpf_xdp_adjust_head(j->ctx, -(int)size))
		return -1;
	return store(j, 0, link, sizeof(link));
}

/*
 * Leaves room for IP's header, of so many bytes, and TCP's. At tc IP options and extension headers are taken
 * out: a checksum that the device completes has its place behind them, and moves along. XDP writes over them.
 */
static __always_inline long keep_tcp(const struct job *j, const __u32 bytes)
{
	__u32 at = j->p->offset, between = at - j->link - bytes;

	if (j->xdp)
		return cut(j, j->link + bytes + TCP_BYTES);
	if (cut(j, at + TCP_BYTES))
		return -1;
	return between ? bpf_skb_adjust_room(j->ctx, -(__s32)between, ROOM_BEHIND_LINK, 0) : 0;
}

static __always_inline long turn_frame(const struct job *j)
{
	struct {
		__u8 target[6], source[6];
	} from __attribute__((aligned(8))), to __attribute__((aligned(8)));

	if (!j->ethernet)
		return 0;
	if (fetch(j, 0, &from, sizeof(from)))
		return -1;
	__builtin_memcpy(to.target, from.source, 6);
	__builtin_memcpy(to.source, from.target, 6);
	return store(j, 0, &to, sizeof(to));
}

/* Also makes the sum of the pseudo header (RFC 9293, 3.1; RFC 8200, 8.1). @length: behind the IP header. */
static __always_inline __u32 put_ipv4(const struct packet *p, struct ipv4_header *ip, __u8 proto,
				      __u32 length)
{
	__be32 pseudo[3];

	ip->version_length = 0x45;
	ip->length = bpf_htons(IPV4_BYTES + length);
	ip->fragment = bpf_htons(0x4000);
	ip->ttl = HOPS;
	ip->proto = proto;
	ip->source = *(const __be32 *)(p->target + 12);
	ip->target = *(const __be32 *)(p->source + 12);
	ip->checksum = ~folded(sum_of(ip, sizeof(*ip), 0));
	pseudo[0] = ip->source;
	pseudo[1] = ip->target;
	pseudo[2] = bpf_htonl((__u32)proto << 16 | length);
	return sum_of(pseudo, sizeof(pseudo), 0);
}

static __always_inline __u32 put_ipv6(const struct packet *p, struct ipv6_header *ip, __u8 next,
				      __u32 length)
{
	__be32 pseudo[2];

	ip->version = bpf_htonl(0x60000000);
	ip->length = bpf_htons(length);
	ip->next = next;
	ip->hops = HOPS;
	copy(ip->source, p->target, 16);
	copy(ip->target, p->source, 16);
	pseudo[0] = bpf_htonl(length);
	pseudo[1] = bpf_htonl(next);
	return sum_of(ip->source, 32, sum_of(pseudo, sizeof(pseudo), 0));
}

/* The RST that a segment deserves, but for its checksum. @in is the segment's header. */
static __always_inline void put_rst(const struct packet *p, const struct tcp_header *in,
				    struct tcp_header *out)
{
	__u32 length = p->end - p->offset - (in->offset >> 4) * 4;

	length += (in->flags & TCP_SYN ? 1 : 0) + (in->flags & TCP_FIN ? 1 : 0);
	out->source = in->target;
	out->target = in->source;
	out->offset = TCP_BYTES / 4 << 4;
	out->flags = TCP_RST;
	if (in->flags & TCP_ACK) {
		out->seq = in->ack;
		return;
	}
	out->flags |= TCP_ACK;
	out->ack = bpf_htonl(bpf_ntohl(in->seq) + length);
}

/* A checksum that the device completes is left to it, as the sum of the pseudo header. */
static __always_inline void sum_rst(const struct job *j, struct tcp_header *tcp, __u32 pseudo)
{
	tcp->checksum = j->partial ? folded(pseudo) : ~folded(sum_of(tcp, sizeof(*tcp), pseudo));
}

static __always_inline long answer_tcp(const struct job *j, union headers *h)
{
	struct packet *p = j->p;
	struct tcp_header in __attribute__((aligned(8)));

	if (fetch(j, p->offset, &in, sizeof(in)) ||
	    keep_tcp(j, p->family == 4 ? IPV4_BYTES : IPV6_BYTES) || turn_frame(j))
		return -1;
	if (p->family == 4) {
		put_rst(p, &in, &h->v4.tcp);
		sum_rst(j, &h->v4.tcp, put_ipv4(p, &h->v4.ip, IPPROTO_TCP, TCP_BYTES));
		return store(j, j->link, &h->v4, IPV4_BYTES + TCP_BYTES);
	}
	put_rst(p, &in, &h->v6.tcp);
	sum_rst(j, &h->v6.tcp, put_ipv6(p, &h->v6.ip, IPPROTO_TCP, TCP_BYTES));
	return store(j, j->link, &h->v6, IPV6_BYTES + TCP_BYTES);
}

/* The next bytes of the packet, if so many are left. The cursor lies in p, where the verifier forgets it. */
static __always_inline long add_part(const struct job *j, void *data, void *end, const __u32 size,
				     __u32 *sum)
{
	__u32 at = FORGOTTEN(j->p->offset), left = FORGOTTEN(j->p->end);
	void *from;

	if (left < size)
		return 0;
	if (at > MAX_OFFSET)
		return -1;
	__asm__ __volatile__("%0 &= 2047" : "+r"(at));
	from = data + at;
	if (from + size > end)
		return -1;
	if (size >= 4)
		*sum = sum_of(from, size, *sum);
	else
		*sum += size == 2 ? *(__u16 *)from : bpf_htons(*(__u8 *)from << 8);
	j->p->offset = at + size;
	j->p->end = left - size;
	return 0;
}

/* Add bytes of the packet to a checksum; destroys p->offset and p->end. Below 2,048 bytes. */
static __always_inline long add_bytes(const struct job *j, __u32 offset, __u32 length, __u32 *sum)
{
	void *data, *end;
	long r = 0;
	int i;

	if (j->xdp) {
		data = (void *)(long)((struct xdp_md *)j->ctx)->data;
		end = (void *)(long)((struct xdp_md *)j->ctx)->data_end;
	} else {
		if (bpf_skb_pull_data(j->ctx, offset + length))
			return -1;
		data = (void *)(long)((struct __sk_buff *)j->ctx)->data;
		end = (void *)(long)((struct __sk_buff *)j->ctx)->data_end;
	}
	j->p->offset = offset;
	j->p->end = length;
	r |= add_part(j, data, end, 512, sum);
	UNROLLED for (i = 512; i >= 4; i /= 2) r |= add_part(j, data, end, i, sum);
	*sum = folded(*sum); /* so that two more words do not overflow it */
	r |= add_part(j, data, end, 2, sum);
	r |= add_part(j, data, end, 1, sum);
	return r;
}

/*
 * The sum over the quoted packet. Where the device will complete the quoted UDP checksum, it counts as
 * completed: all from the UDP header on then adds up to nothing but what the field began with.
 */
static __always_inline long add_quote(const struct job *j, __u32 offset, __u32 length,
				      __u32 transport, __u32 *sum)
{
	__u16 field[4] __attribute__((aligned(8))) = {};

	if (!j->partial)
		return add_bytes(j, offset, length, sum);
	if (fetch(j, transport + UDP_CHECKSUM_AT, field, 2) ||
	    add_bytes(j, offset, transport - offset, sum))
		return -1;
	*sum += (__u16)~field[0];
	return 0;
}

static __always_inline long answer_udp(const struct job *j, union headers *h)
{
	struct packet *p = j->p;
	const __u32 room4 = IPV4_BYTES + ICMP_BYTES, room6 = IPV6_BYTES + ICMP_BYTES;
	bool is_v4 = p->family == 4;
	__u32 room = is_v4 ? room4 : room6, most = (is_v4 ? LONGEST_V4 : LONGEST_V6) - room;
	__u32 quote = p->end - j->link, transport = p->offset + room, sum = 0;

	quote = quote < most ? quote : most;
	if (cut(j, j->link + quote) || (is_v4 ? make_room(j, room4) : make_room(j, room6)) ||
	    turn_frame(j))
		return -1;
	if (is_v4) {
		h->v4.icmp = (struct icmp_header){ .type = 3, .code = 3 };
		(void)put_ipv4(p, &h->v4.ip, IPPROTO_ICMP, ICMP_BYTES + quote);
		sum = sum_of(&h->v4.icmp, ICMP_BYTES, 0);
	} else {
		h->v6.icmp = (struct icmp_header){ .type = 1, .code = 4 };
		sum = put_ipv6(p, &h->v6.ip, IPPROTO_ICMPV6, ICMP_BYTES + quote);
		sum = sum_of(&h->v6.icmp, ICMP_BYTES, sum);
	}
	if (add_quote(j, j->link + room, quote, transport, &sum))
		return -1;
	if (is_v4) {
		h->v4.icmp.checksum = ~folded(sum);
		return store(j, j->link, &h->v4, room4);
	}
	h->v6.icmp.checksum = ~folded(sum);
	return store(j, j->link, &h->v6, room6);
}

/* Return: 0: the packet has become its answer; else drop it, whatever it is by now. */
static __always_inline long answer(struct job *j)
{
	union headers h = {};

	j->p = packet_in_hand();
	if (!j->p)
		return -1;
	if (j->ethernet)
		j->link += ETHERNET_BYTES + j->p->tags * TAG_BYTES;
	return j->p->proto == IPPROTO_TCP ? answer_tcp(j, &h) : answer_udp(j, &h);
}

GLOBAL int pg_answer_xdp(struct xdp_md *ctx)
{
	struct job j = { .ctx = ctx, .xdp = true, .ethernet = true };

	return answer(&j);
}

static __always_inline long answer_skb(struct __sk_buff *skb, bool ethernet)
{
	struct job j = { .ctx = skb, .ethernet = ethernet };
	struct sk_buff *plain = 0;

	bpf_probe_read_kernel(&plain, sizeof(plain), &skb);
	j.partial = BPF_CORE_READ_BITFIELD_PROBED(plain, ip_summed) == CHECKSUM_PARTIAL;
	if (ethernet && skb->vlan_present) /* that tag is not in the frame */
		j.link -= TAG_BYTES;
	return answer(&j);
}

/*
 * Of two tags one lies in the frame, and the kernel makes no room before it: the outer one is taken off, and
 * the inner one comes to lie in metadata, where a single one is.
 */
SUBPROGRAM long pop_outer(struct __sk_buff *skb)
{
	struct packet *p = packet_in_hand();

	if (!p)
		return -1;
	p->outer_proto = 0;
	if (!skb->vlan_present || p->tags != MAX_VLAN_TAGS)
		return 0;
	p->outer_proto = skb->vlan_proto;
	p->outer_tci = skb->vlan_tci;
	p->tags -= 1;
	p->offset -= TAG_BYTES;
	p->end -= TAG_BYTES;
	return bpf_skb_vlan_pop(skb);
}

SUBPROGRAM long push_outer(struct __sk_buff *skb)
{
	struct packet *p = packet_in_hand();

	return p && p->outer_proto ? bpf_skb_vlan_push(skb, p->outer_proto, p->outer_tci) : 0;
}

SUBPROGRAM long answer_frame(struct __sk_buff *skb)
{
	return answer_skb(skb, true);
}

/* Each on a stack of its own. */
GLOBAL int pg_answer_tc(struct __sk_buff *skb)
{
	return pop_outer(skb) || answer_frame(skb) ? -1 : push_outer(skb);
}

GLOBAL int pg_answer_l3(struct __sk_buff *skb)
{
	return answer_skb(skb, false);
}
