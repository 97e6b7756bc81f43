/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Bytes to fields; holds no opinion beyond what it could not read. Lengths are those that the IP
 * header states, never the frame's: what lies behind the datagram is padding, and a sender's to choose.
 *
 * The fields lie in a map's value of this CPU, not on the stack: the verifier forgets what it knows of
 * a value that it stores there, so that the ways through the parser meet again instead of each being
 * followed to the end of the program. Softirqs are off, so nobody else uses it meanwhile.
 */
#ifndef PG_BPF_PACKET_H
#define PG_BPF_PACKET_H

#include "lib/frame.h"
#include "lib/headers.h"

#define ETH_IPV4 0x0800
#define ETH_IPV6 0x86dd
#define ETH_VLAN 0x8100
#define ETH_QINQ 0x88a8
#define IPPROTO_ICMP 1
#define IPPROTO_IGMP 2
#define IPPROTO_TCP 6
#define IPPROTO_UDP 17
#define IPPROTO_ICMPV6 58
#define IPPROTO_UDPLITE 136

#define MAX_VLAN_TAGS 2
#define READ_VLAN_TAGS 8 /* only to name the sender of what has too many */
#define MAX_EXTENSIONS 8

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

#define TCP_STATE_CLOSE 7 /* UDP and raw sockets that are not connected, too */
#define TCP_STATE_LISTEN 10

enum packet_class {
	PACKET_NOT_IP,
	PACKET_WHOLE,
	PACKET_FIRST_FRAGMENT,
	PACKET_LATER_FRAGMENT,
	PACKET_HIDDEN, /* a fragment that hides its headers, or would lie over them */
	PACKET_MALFORMED,
};

struct packet {
	__u8 source[16] __attribute__((aligned(8))), target[16];
	__u32 ifindex;
	__u32 fragment_id;
	__u16 sport, dport; /* TCP, UDP and UDP-Lite */
	__u16 vlan; /* the first id that is not 0 */
	__u16 segments; /* that it stands for, where the device segments or has joined them; else 1 */
	__u8 family; /* 4, 6; 0 as long as no IP header was read */
	__u8 proto; /* IPPROTO_*, behind extension headers */
	__u8 tcp_flags;
	__u8 icmp_type;
	__u8 has_ports;
	__u8 group_frame; /* the frame goes to many */
	__u8 fragmented; /* a first fragment */
	__u8 class; /* enum packet_class */
	__u8 tags; /* of VLANs */
	__u32 offset; /* of the header that is read next */
	__u32 end; /* of the datagram */
	__u32 ethertype; /* host order */
	__u32 outer_tci, outer_proto; /* a tag that was taken off (answer.h) */
	__be32 seq, ack; /* of a segment that may end a handshake (inbound.bpf.c) … */
	bool cookie; /* … whether it brings a cookie */
	struct pg_question question; /* … put here, where it takes no room on the stack */
	struct pg_captured copy; /* of the packet, where somebody captures: capture.h */
};

struct pg_packet_map {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct packet);
};

extern struct pg_packet_map pg_packet SEC(".maps");

static __always_inline struct packet *packet_in_hand(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&pg_packet, &zero);
}

/* Reads what was stored in a map's value from there again, as a value of which nothing is known. */
#define FORGOTTEN(field) (*(volatile __typeof__(field) *)&(field))

/*
 * The same value, which may be anything for all that the verifier knows; so the ways that came to it go on as one.
 * @any: a word that it knows nothing about.
 */
static __always_inline __u64 made_unknown(__u64 value, __u64 any)
{
	__asm__ __volatile__("%0 ^= %1\n%0 ^= %1" : "+r"(value) : "r"(any));
	return value;
}

/* Ethernet and VLAN headers. Return: 0, p->offset behind them; or -1. */
static __always_inline int parse_link(const struct bytes *b, struct packet *p)
{
	struct {
		__u8 target[6], source[6];
		__be16 type;
	} ethernet __attribute__((aligned(8)));
	struct {
		__be16 tci, type;
	} tag __attribute__((aligned(8)));
	int i;

	p->vlan = frame_vlan(b);
	p->tags = frame_tags(b);
	p->ethertype = frame_ethertype(b);
	p->offset = 0;
	p->group_frame = 0;
	if (!b->ethernet)
		return 0;
	if (load(b, 0, &ethernet, sizeof(ethernet)))
		return -1;
	p->group_frame = ethernet.target[0] & 1;
	p->ethertype = bpf_ntohs(ethernet.type);
	p->offset = sizeof(ethernet);
	UNROLLED for (i = 0; i <= READ_VLAN_TAGS; i++)
	{
		__u32 type = FORGOTTEN(p->ethertype);

		if (type != ETH_VLAN && type != ETH_QINQ)
			return 0;
		if (load(b, FORGOTTEN(p->offset), &tag, sizeof(tag)))
			return -1;
		p->tags += 1;
		if (!p->vlan)
			p->vlan = bpf_ntohs(tag.tci) & 0xfff;
		p->ethertype = bpf_ntohs(tag.type);
		p->offset += sizeof(tag);
	}
	return -1;
}

/*
 * The header above IP. One that is not whole is malformed, or, in a first fragment, hidden
 * (RFC 8200, 4.5; RFC 3128).
 */
static __always_inline enum packet_class parse_transport(const struct bytes *b, struct packet *p)
{
	enum packet_class cut = p->fragmented ? PACKET_HIDDEN : PACKET_MALFORMED;
	enum packet_class whole = p->fragmented ? PACKET_FIRST_FRAGMENT : PACKET_WHOLE;
	__u32 offset = FORGOTTEN(p->offset), end = FORGOTTEN(p->end);
	struct {
		__be16 source, target;
	} ports __attribute__((aligned(8)));
	__u8 tcp[2] __attribute__((aligned(8))), proto = FORGOTTEN(p->proto);

	if (proto == IPPROTO_TCP) {
		if (offset + 20 > end || load(b, offset + 12, tcp, sizeof(tcp)) ||
		    tcp[0] >> 4 < 5 || offset + (tcp[0] >> 4) * 4 > end)
			return cut;
		p->tcp_flags = tcp[1];
	} else if (proto == IPPROTO_UDP || proto == IPPROTO_UDPLITE) {
		if (offset + 8 > end)
			return cut;
	} else if (proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6) {
		return offset + 4 > end || load(b, offset, &p->icmp_type, 1) ? cut : whole;
	} else {
		return whole;
	}
	if (load(b, offset, &ports, sizeof(ports)))
		return cut;
	p->sport = bpf_ntohs(ports.source);
	p->dport = bpf_ntohs(ports.target);
	p->has_ports = 1;
	return whole;
}

/* What a fragment's place says. A later one at 8 bytes could only lie over a transport header. */
static __always_inline enum packet_class later_fragment(__u32 fragment_offset)
{
	return fragment_offset == 1 ? PACKET_HIDDEN : PACKET_LATER_FRAGMENT;
}

static __always_inline void map_ipv4(__u8 to[16], __be32 from)
{
	__u64 *words = (__u64 *)to;

	words[0] = 0;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	words[1] = (__u64)from << 32 | 0xffff0000;
#else
	words[1] = 0x0000ffff00000000 | from;
#endif
}

static __always_inline enum packet_class parse_ipv4(const struct bytes *b, struct packet *p)
{
	struct {
		__u8 version_length, tos;
		__be16 length, id, fragment;
		__u8 ttl, proto;
		__be16 checksum;
		__be32 source, target;
	} ip __attribute__((aligned(8)));
	__u32 offset = FORGOTTEN(p->offset), header, end, fragment;

	if (load(b, offset, &ip, sizeof(ip)) || ip.version_length >> 4 != 4)
		return PACKET_MALFORMED;
	p->family = 4;
	p->proto = ip.proto;
	map_ipv4(p->source, ip.source);
	map_ipv4(p->target, ip.target);
	header = (ip.version_length & 15) * 4;
	end = offset + bpf_ntohs(ip.length);
	if (!ip.length && frame_is_joined(b)) /* BIG TCP (Linux 6.3) */
		end = frame_length(b);
	if (header < 20 || offset + header > end || is_short(b, end))
		return PACKET_MALFORMED;
	fragment = bpf_ntohs(ip.fragment);
	p->fragment_id = ip.id;
	if (fragment & 0x1fff)
		return later_fragment(fragment & 0x1fff);
	p->fragmented = fragment >> 13 & 1;
	p->offset = offset + header;
	p->end = end;
	return PACKET_WHOLE;
}

static __always_inline bool is_extension(__u8 header)
{
	switch (header) {
	case 0: /* hop-by-hop */
	case 43: /* routing */
	case 44: /* fragment */
	case 51: /* authentication */
	case 60: /* destination options */
	case 135: /* mobility */
	case 139: /* HIP */
	case 140: /* Shim6 */
		return true;
	}
	return false;
}

/* One extension header. Return: PACKET_WHOLE to go on. */
static __always_inline enum packet_class parse_extension(const struct bytes *b, struct packet *p)
{
	struct {
		__u8 next, length;
		__be16 fragment;
		__be32 id;
	} header __attribute__((aligned(8)));
	__u32 offset = FORGOTTEN(p->offset), at;
	__u8 proto = FORGOTTEN(p->proto);

	if (offset + 8 > FORGOTTEN(p->end) || load(b, offset, &header, sizeof(header)))
		return p->fragmented ? PACKET_HIDDEN : PACKET_MALFORMED;
	if (proto == 44) {
		at = bpf_ntohs(header.fragment);
		p->fragment_id = header.id;
		if (at >> 3) /* proto stays 44: what the packet is, only the first fragment tells */
			return later_fragment(at >> 3);
		p->fragmented |= at & 1;
		p->offset = offset + 8;
	} else {
		p->offset =
			offset + (proto == 51 ? (header.length + 2) * 4 : (header.length + 1) * 8);
	}
	p->proto = header.next;
	return PACKET_WHOLE;
}

static __always_inline enum packet_class parse_ipv6(const struct bytes *b, struct packet *p)
{
	struct {
		__be32 version;
		__be16 length;
		__u8 next, hops;
		__u64 source[2], target[2];
	} ip;
	__u32 offset = FORGOTTEN(p->offset), end;
	enum packet_class class;
	int i;

	if (load(b, offset, &ip, sizeof(ip)) || (bpf_ntohl(ip.version) >> 28) != 6)
		return PACKET_MALFORMED;
	p->family = 6;
	copy(p->source, ip.source, 16);
	copy(p->target, ip.target, 16);
	p->proto = ip.next;
	offset += sizeof(ip);
	end = offset + bpf_ntohs(ip.length);
	if (!ip.length && frame_is_joined(b))
		end = frame_length(b);
	if (is_short(b, end))
		return PACKET_MALFORMED;
	p->offset = offset;
	p->end = end;
	UNROLLED for (i = 0; i < MAX_EXTENSIONS; i++)
	{
		if (!is_extension(FORGOTTEN(p->proto)))
			return PACKET_WHOLE;
		class = parse_extension(b, p);
		if (class != PACKET_WHOLE)
			return class;
	}
	return is_extension(FORGOTTEN(p->proto)) ? PACKET_MALFORMED : PACKET_WHOLE;
}

static __always_inline enum packet_class parse_headers(const struct bytes *b, struct packet *p)
{
	enum packet_class class;
	__u32 type;

	if (parse_link(b, p))
		return PACKET_MALFORMED;
	type = FORGOTTEN(p->ethertype);
	if (type == ETH_IPV4)
		class = parse_ipv4(b, p);
	else if (type == ETH_IPV6)
		class = parse_ipv6(b, p);
	else
		return PACKET_NOT_IP;
	p->class = p->tags > MAX_VLAN_TAGS ? PACKET_MALFORMED : class;
	class = FORGOTTEN(p->class);
	return class != PACKET_WHOLE ? class : parse_transport(b, p);
}

/* Where the IP header of a frame with so many tags is. @tags: a constant. */
static __always_inline __u32 link_bytes(const struct bytes *b, const __u32 tags)
{
	return b->ethernet ? ETHERNET_BYTES + 4 * tags : 0;
}

/* Whether it is an Ethernet frame of a VLAN; what is behind the tag must be looked at all the same. */
static __always_inline bool is_tagged(const struct bytes *b)
{
	const __be16 *type = b->data + 12;

	return b->ethernet && b->data + ETHERNET_BYTES <= b->data_end &&
	       (*type == bpf_htons(ETH_VLAN) || *type == bpf_htons(ETH_QINQ));
}

static __always_inline bool carries_ipv4(const struct bytes *b, const __u32 tags)
{
	if (!b->ethernet)
		return frame_ethertype(b) == ETH_IPV4;
	return *(const __be16 *)(b->data + 12 + 4 * tags) == bpf_htons(ETH_IPV4);
}

/*
 * What most packets are, read in place: a whole datagram of UDP or TCP in IPv4, without options or fragments. Of any
 * other nothing is known yet. @tags: a constant, 0, or 1 of a frame that is_tagged().
 */
static __always_inline bool is_plain(const struct bytes *b, const __u32 tags)
{
	const __u32 link = link_bytes(b, tags), transport = link + IPV4_BYTES;
	const struct ipv4_header *ip = b->data + link;
	const struct tcp_header *tcp = b->data + transport;
	__u32 end;

	if (b->data + transport + UDP_BYTES > b->data_end)
		return false;
	end = link + bpf_ntohs(ip->length);
	if (!carries_ipv4(b, tags) || ip->version_length != 0x45 ||
	    ip->fragment & bpf_htons(0x3fff) || end < transport + UDP_BYTES ||
	    end > frame_length(b))
		return false;
	if (ip->proto != IPPROTO_TCP)
		return ip->proto == IPPROTO_UDP;
	return (void *)(tcp + 1) <= b->data_end && tcp->offset >> 4 >= 5 &&
	       transport + (tcp->offset >> 4) * 4 <= end;
}

/* The fields of a packet that is_plain(). */
static __always_inline void read_plain(const struct bytes *b, const __u32 tags, struct packet *p)
{
	const __u32 link = link_bytes(b, tags), transport = link + IPV4_BYTES;
	const struct ipv4_header *ip = b->data + link;
	const struct tcp_header *tcp = b->data + transport;
	const __u8 *frame = b->data;

	p->ifindex = frame_ifindex(b);
	p->segments = frame_segments(b);
	map_ipv4(p->source, ip->source);
	map_ipv4(p->target, ip->target);
	p->sport = bpf_ntohs(tcp->source);
	p->dport = bpf_ntohs(tcp->target);
	p->tcp_flags = 0;
	if (ip->proto == IPPROTO_TCP && (void *)(tcp + 1) <= b->data_end) /* again, for the verifier */
		p->tcp_flags = tcp->flags;
	p->vlan = frame_vlan(b);
	if (tags && !p->vlan)
		p->vlan = bpf_ntohs(*(const __be16 *)(frame + ETHERNET_BYTES)) & 0xfff;
	p->tags = frame_tags(b) + tags;
	p->group_frame = b->ethernet ? frame[0] & 1 : 0;
	p->proto = ip->proto;
	p->family = 4;
	p->has_ports = 1;
	p->offset = transport;
	p->end = link + bpf_ntohs(ip->length);
	p->class = PACKET_WHOLE;
}

/* The same bytes, of whose length the verifier knows nothing any more: all ways that lead here go on as one. */
static __always_inline struct bytes bytes_again(const struct bytes *b)
{
	struct __sk_buff *skb = b->ctx;
	struct xdp_md *xdp = b->ctx;
	struct bytes again = *b;

	again.data = (void *)(long)(b->xdp ? FORGOTTEN(xdp->data) : FORGOTTEN(skb->data));
	again.data_end = (void *)(long)(b->xdp ? FORGOTTEN(xdp->data_end) : FORGOTTEN(skb->data_end));
	return again;
}

/**
 * parse() - Read a packet's headers into this CPU's struct packet.
 * Return: it, or NULL, which never happens; what came of it is in ->class.
 */
static __always_inline struct packet *parse(const struct bytes *b)
{
	struct packet *p = packet_in_hand();
	struct bytes again;

	if (!p)
		return 0;
	if (is_plain(b, 0)) {
		read_plain(b, 0, p);
		return p;
	}
	p->ifindex = frame_ifindex(b);
	p->segments = frame_segments(b);
	__builtin_memset(p->source, 0, 32);
	p->family = 0;
	p->proto = 0;
	p->tcp_flags = 0;
	p->icmp_type = 0;
	p->has_ports = 0;
	p->fragmented = 0;
	p->sport = 0;
	p->dport = 0;
	again = bytes_again(b);
	p->class = parse_headers(&again, p);
	return p;
}

#endif
