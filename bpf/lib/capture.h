/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Copies of refused packets for `portguard capture`, so many a second and CPU. Where nobody captures this
 * is one look at a byte; a capture that died is over when its time is: then the byte is cleared here.
 */
#ifndef PG_BPF_CAPTURE_H
#define PG_BPF_CAPTURE_H

#include "lib/owner.h"
#include "lib/packet.h"

/* How a packet was seen, as a number: constants of the program. */
#define CAPTURED_BY(hook, link, via) ((__u32)(hook) | (__u32)(link) << 8 | (__u32)(via) << 16)

/*
 * The packet in hand, to whoever captures. @decided: a union decided's word. Return: of no use; nobody may
 * listen any more, or too slowly.
 */
extern int pg_copy_skb(struct __sk_buff *skb, __u64 decided, __u32 by);
extern int pg_copy_xdp(struct xdp_md *ctx, __u64 decided, __u32 by);

static __always_inline bool is_captured(const struct pg_control *ctl, const struct pg_decision *d)
{
	return d->verdict == PG_DENY && ctl->capturing;
}

/* The decision as it is told: in audit mode it would have been one to drop. */
static __always_inline __u64 captured_as(struct pg_decision d, __u8 mode)
{
	union decided u = { .d = d };

	if (mode == PG_MODE_AUDIT)
		u.d.verdict = PG_AUDIT;
	return u.word;
}

#endif
