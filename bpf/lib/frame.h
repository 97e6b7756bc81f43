/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A frame: where its bytes are, and what the context says of it, at XDP and at tc alike. What the context says is
 * read where it is wanted, so that it takes no room meanwhile.
 */
#ifndef PG_BPF_FRAME_H
#define PG_BPF_FRAME_H

#include <bpf/bpf_endian.h>

#include "lib/maps.h"

#define MAX_OFFSET 1500 /* of a header; more is malformed, and the verifier needs a bound */

#define TC_NEXT (-1) /* TC_ACT_UNSPEC, TCX_NEXT: other people's filters still run */
#define TC_DROP 2 /* TC_ACT_SHOT */

/* xdp, ethernet, tags: constants of the entry function. */
struct bytes {
	void *ctx, *data, *data_end;
	bool xdp, ethernet;
	bool tags; /* those that lie in metadata count */
};

static __always_inline struct bytes bytes_of_xdp(struct xdp_md *ctx)
{
	return (struct bytes){
		.ctx = ctx,
		.data = (void *)(long)ctx->data,
		.data_end = (void *)(long)ctx->data_end,
		.xdp = true,
		.ethernet = true,
	};
}

static __always_inline struct bytes bytes_of_skb(struct __sk_buff *skb, bool ethernet)
{
	return (struct bytes){
		.ctx = skb,
		.data = (void *)(long)skb->data,
		.data_end = (void *)(long)skb->data_end,
		.ethernet = ethernet,
		.tags = true,
	};
}

/* Its length; XDP: of its linear part. */
static __always_inline __u32 frame_length(const struct bytes *b)
{
	return b->xdp ? b->data_end - b->data : ((struct __sk_buff *)b->ctx)->len;
}

/* Where there is no Ethernet header; host order. */
static __always_inline __u32 frame_ethertype(const struct bytes *b)
{
	return b->xdp ? 0 : bpf_ntohs(((struct __sk_buff *)b->ctx)->protocol);
}

static __always_inline __u32 frame_ifindex(const struct bytes *b)
{
	return b->xdp ? ((struct xdp_md *)b->ctx)->ingress_ifindex
		      : ((struct __sk_buff *)b->ctx)->ifindex;
}

/* How many tags lie in metadata. */
static __always_inline __u32 frame_tags(const struct bytes *b)
{
	return b->xdp || !b->tags ? 0 : ((struct __sk_buff *)b->ctx)->vlan_present;
}

/* The id of that tag. */
static __always_inline __u32 frame_vlan(const struct bytes *b)
{
	const struct __sk_buff *skb = b->ctx;

	return !b->xdp && b->tags && skb->vlan_present ? skb->vlan_tci & 0xfff : 0;
}

/* How many packets it stands for. */
static __always_inline __u32 frame_segments(const struct bytes *b)
{
	__u32 segments = b->xdp ? 1 : ((struct __sk_buff *)b->ctx)->gso_segs;

	return segments ? segments : 1;
}

static __always_inline bool frame_is_joined(const struct bytes *b)
{
	return !b->xdp && ((struct __sk_buff *)b->ctx)->gso_size;
}

/*
 * memcpy from a packet goes byte by byte, since nothing is known of its alignment, and reading words
 * from bytes just stored stalls the processor; words from words do not. @to is aligned to 8.
 */
static __always_inline void copy(void *to, const void *from, const __u32 size)
{
	__u32 i = 0;

	UNROLLED for (; i + 8 <= size; i += 8) * (__u64 *)(to + i) = *(const __u64 *)(from + i);
	if (i + 4 <= size) {
		*(__u32 *)(to + i) = *(const __u32 *)(from + i);
		i += 4;
	}
	if (i + 2 <= size) {
		*(__u16 *)(to + i) = *(const __u16 *)(from + i);
		i += 2;
	}
	if (i < size)
		*(__u8 *)(to + i) = *(const __u8 *)(from + i);
}

static __always_inline int load(const struct bytes *b, __u32 offset, void *to, const __u32 size)
{
	void *from;

	if (offset > MAX_OFFSET)
		return -1;
	/* Again, on the very register that is added: older verifiers forget the check of its copy. */
	__asm__ __volatile__("%0 &= 2047" : "+r"(offset));
	from = b->data + offset;
	if (from + size <= b->data_end) {
		copy(to, from, size);
		return 0;
	}
	if (!b->xdp)
		return bpf_skb_load_bytes(b->ctx, offset, to, size);
	return pg_xdp_load ? bpf_xdp_load_bytes(b->ctx, offset, to, size) : -1;
}

/* Whether the frame is shorter than its headers say. */
static __always_inline bool is_short(const struct bytes *b, __u32 end)
{
	if (end <= frame_length(b))
		return false;
	return !b->xdp || !pg_xdp_load || end > bpf_xdp_get_buff_len(b->ctx);
}

#endif
