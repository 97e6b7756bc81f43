/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Limits: token buckets, exact and never open. A bucket is one time, that at which it will be full again
 * (the generic cell rate algorithm, ITU-T I.371): a token moves it on by 1/rate, and there is none
 * where it would lie more than `burst` tokens ahead. A bucket that is full equals one never used.
 *
 * `per source` keeps a bucket for each /32 or /64 in sets of a few, found by a hash that nobody outside
 * knows. A source takes a place over only when its bucket is full again; where there is none it shares a
 * bucket with its /16 or /32. A new bucket begins with what its source owes there. So whatever a
 * flood pushes about, no source gets more than its rate, and those that have a bucket keep it.
 */
#ifndef PG_BPF_LIMIT_H
#define PG_BPF_LIMIT_H

#include <bpf/bpf_endian.h>

#include "lib/maps.h"

#define TOKEN_SCALE 1000000000000ULL /* ns in the 1,000 seconds that rates are of */
#define LONGEST_NS (1ULL << 62)

/* What may be done so many times a second on each CPU: cheap, and exact enough to keep it small. */
static __always_inline bool is_allowance_left(const struct pg_control *ctl, __u32 which, __u64 most)
{
	struct pg_allowance *a = bpf_map_lookup_elem(&pg_allowances, &which);
	__u64 now = bpf_jiffies64();

	if (!a)
		return false;
	if (now - a->second > ctl->hz) {
		a->second = now;
		a->spent = 0;
	}
	if (a->spent >= most)
		return false;
	a->spent += 1;
	return true;
}

struct rate {
	__u64 token_ns; /* until one more token is there */
	__u64 depth_ns; /* until all are */
	bool look; /* whether there is one, and it stays */
};

/* @per_second_x1000: not 0. */
static __always_inline struct rate rate_of(__u32 per_second_x1000, __u32 burst)
{
	struct rate r = { .token_ns = TOKEN_SCALE / per_second_x1000 };
	__u64 most = LONGEST_NS / r.token_ns;

	r.depth_ns = (burst < most ? burst : most) * r.token_ns;
	return r;
}

/* Under the bucket's lock. @owed: it is not full before then. */
static __always_inline bool take_from(__u64 *full_ns, __u64 owed, __u64 now, const struct rate *r)
{
	__u64 full = owed > now ? owed : now, left = full - now + r->token_ns;

	if (left > r->depth_ns)
		return false;
	if (!r->look)
		*full_ns = full + r->token_ns;
	return true;
}

/*
 * One token, under a bucket's lock. @own: of one rule alone; more than its depth is then what a former rule
 * of that id left. Of a shared one it is what a slower rule took, and holds.
 */
static __always_inline bool take_locked(struct pg_bucket *bucket, __u64 *full_ns, __u64 now,
					const struct rate *r, bool own)
{
	__u64 most = now + r->depth_ns;
	bool taken;

	bpf_spin_lock(&bucket->lock);
	if (own && *full_ns > most)
		*full_ns = most;
	taken = take_from(full_ns, *full_ns, now, r);
	bpf_spin_unlock(&bucket->lock);
	return taken;
}

/* Of bucket @index of pg_buckets. */
static __always_inline bool take_token(__u32 index, __u64 now, const struct rate *r, bool own)
{
	struct pg_bucket *bucket = bpf_map_lookup_elem(&pg_buckets, &index);

	return bucket && take_locked(bucket, &bucket->full_ns, now, r, own);
}

/* Of a limit's own bucket. */
static __always_inline bool take_limit(__u32 id, __u64 now, const struct rate *r)
{
	__u32 index = id % SHARED_BUCKETS;
	struct pg_bucket *bucket = bpf_map_lookup_elem(&pg_buckets, &index);
	__u64 *full_ns = in_parts(&pg_limits, id, PG_RULES_PART);

	return bucket && full_ns && take_locked(bucket, full_ns, now, r, true);
}

enum limit { LIMIT_NO_ALLOW, LIMIT_HOLDS, LIMIT_TAKEN, LIMIT_OVER };

/*
 * What a rule's limit says of an attempt that counts. @where: the rule's id, and << 32 the slot's index. @facts: the
 * port here, and << 16 the remote one, << 32 the family, << 40 enum pg_fresh. @remote0, @remote1: the remote
 * address as it lies in memory. Return: enum limit.
 */
extern __u32 pg_limit(__u64 where, __u64 facts, __u64 remote0, __u64 remote1);
/* Of UDP that comes in the first datagram of a pair counts: whether it has been let in, and that it is. */
extern __u32 pg_was_admitted(__u64 where, __u64 facts, __u64 remote0, __u64 remote1);
extern int pg_admit(__u64 where, __u64 facts, __u64 remote0, __u64 remote1);

/* Return: enum limit, but LIMIT_TAKEN. */
static __always_inline __u32 limit(__u32 index, __u32 id, const struct pg_question *q)
{
	bool pair = q->direction == PG_IN && q->proto == PG_UDP && q->fresh != PG_FRESH_LOOK;
	__u64 where = (__u64)index << 32 | id;
	__u64 facts = (__u64)q->fresh << 40 | (__u64)q->family << 32 |
		      (__u32)q->remote_port << 16 | q->port;
	const __u64 *remote = (const __u64 *)q->remote;
	__u32 held;

	if (q->fresh == PG_FRESH_PASSED)
		return LIMIT_HOLDS;
	if (q->fresh == PG_FRESH_NO || q->fresh == PG_FRESH_LEAVING)
		return LIMIT_NO_ALLOW;
	if (pair && pg_was_admitted(where, facts, remote[0], remote[1]))
		return LIMIT_HOLDS;
	held = pg_limit(where, facts, remote[0], remote[1]);
	if (held != LIMIT_TAKEN)
		return held;
	if (pair)
		(void)pg_admit(where, facts, remote[0], remote[1]);
	return LIMIT_HOLDS;
}

#endif
