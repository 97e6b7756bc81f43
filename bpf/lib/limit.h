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

enum limit { LIMIT_NO_ALLOW, LIMIT_HOLDS, LIMIT_OVER };

struct rate {
	__u64 token_ns; /* until one more token is there */
	__u64 depth_ns; /* until all are */
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
	*full_ns = full + r->token_ns;
	return true;
}

/*
 * One token of bucket @index. @own: of one rule alone; more than its depth is then what a former rule of
 * that id left. Of a shared one it is what a slower rule took, and holds.
 */
static __always_inline bool take_token(__u32 index, __u64 now, const struct rate *r, bool own)
{
	struct pg_bucket *bucket = bpf_map_lookup_elem(&pg_buckets, &index);
	__u64 most = now + r->depth_ns;
	bool taken;

	if (!bucket)
		return false;
	bpf_spin_lock(&bucket->lock);
	if (own && bucket->full_ns > most)
		bucket->full_ns = most;
	taken = take_from(&bucket->full_ns, bucket->full_ns, now, r);
	bpf_spin_unlock(&bucket->lock);
	return taken;
}

/* Who is counted: /32 or /64. The family keeps apart what reads alike. */
struct source {
	__u64 address;
	__u32 rule, family;
};

static __always_inline struct source source_of(__u32 rule, const struct pg_question *q)
{
	const __u64 *words = (const __u64 *)q->remote;

	return (struct source){
		.address = q->family == 6 ? words[0] : words[1],
		.rule = rule,
		.family = q->family,
	};
}

static __always_inline __u64 hash_of(const struct pg_control *ctl, __u64 value, __u32 rule)
{
	__u64 h = (ctl->seed ^ value) * 0x9e3779b97f4a7c15ULL;

	h = (h ^ h >> 29 ^ rule) * 0xbf58476d1ce4e5b9ULL;
	return h >> 32;
}

/* The bucket that a source's /16 or /32 shares. */
static __always_inline __u32 shared_bucket(const struct pg_control *ctl, __u32 rule,
					   const struct pg_question *q)
{
	__u64 prefix = q->family == 6 ? *(const __u32 *)q->remote
				      : 1ULL << 32 | *(const __u16 *)(q->remote + 12);

	return PG_MAX_RULES + 1 + hash_of(ctl, prefix, rule) % SHARED_BUCKETS;
}

static __always_inline bool is_of(const struct pg_source *way, const struct source *s)
{
	return way->address == s->address && way->rule == s->rule && way->family == s->family;
}

/* Under the set's lock: the source's own bucket, else one that nobody needs, else none. */
static __always_inline struct pg_source *find_way(struct pg_source_set *set, const struct source *s,
						  __u64 now)
{
	struct pg_source *free = 0;
	int i;

	UNROLLED for (i = 0; i < SOURCE_WAYS; i++)
	{
		struct pg_source *way = &set->ways[i];

		if (is_of(way, s))
			return way;
		if (way->full_ns <= now)
			free = way;
	}
	return free;
}

/* Return: enum limit, or LIMIT_NO_ALLOW if there is no room for the source. @owed: to the shared bucket. */
static __always_inline __u32 take_in_set(struct pg_source_set *set, const struct source *s,
					 __u64 now, __u64 owed, const struct rate *r)
{
	struct pg_source *way = find_way(set, s, now);

	if (!way)
		return LIMIT_NO_ALLOW;
	if (is_of(way, s)) {
		if (way->full_ns > now)
			owed = way->full_ns;
		if (owed > now + r->depth_ns) /* what a former rule of that id left */
			owed = now + r->depth_ns;
	}
	if (!take_from(&way->full_ns, owed, now, r))
		return LIMIT_OVER;
	way->address = s->address;
	way->rule = s->rule;
	way->family = s->family;
	return LIMIT_HOLDS;
}

static __always_inline bool take_for_source(const struct pg_control *ctl, __u32 rule, __u64 now,
					    const struct pg_question *q, const struct rate *r)
{
	struct source s = source_of(rule, q);
	__u32 index = hash_of(ctl, s.address, s.rule) % SOURCE_SETS, got;
	struct pg_source_set *set = bpf_map_lookup_elem(&pg_sources, &index);
	struct pg_bucket *shared;
	__u64 owed;

	index = shared_bucket(ctl, rule, q);
	shared = bpf_map_lookup_elem(&pg_buckets, &index);
	if (!set || !shared)
		return false;
	owed = shared->full_ns;
	bpf_spin_lock(&set->lock);
	got = take_in_set(set, &s, now, owed, r);
	bpf_spin_unlock(&set->lock);
	return got == LIMIT_NO_ALLOW ? take_token(index, now, r, false) : got == LIMIT_HOLDS;
}

static __always_inline struct pg_admitted_key admitted_key(__u32 rule, const struct pg_question *q)
{
	struct pg_admitted_key key = { .rule = rule,
				       .remote_port = q->remote_port,
				       .local_port = q->port };

	__builtin_memcpy(key.remote, q->remote, 16);
	return key;
}

/* A UDP pair that has taken its token, and has not been silent since for too long. */
static __always_inline bool was_admitted(const struct pg_admitted_key *key, __u32 ticks)
{
	__u32 *seen = bpf_map_lookup_elem(&pg_admitted, key), now = bpf_jiffies64();

	if (!seen || now - *seen > ticks)
		return false;
	if (now - *seen > ticks / 8)
		*seen = now;
	return true;
}

static __always_inline bool take(const struct pg_control *ctl, __u32 id, const struct pg_rule *rule,
				 const struct pg_question *q)
{
	struct rate r = rate_of(rule->per_second_x1000, rule->burst);
	__u64 now = bpf_ktime_get_boot_ns();

	return rule->per_source ? take_for_source(ctl, id, now, q, &r)
				: take_token(id, now, &r, true);
}

/* What limit @id says of an attempt: enum limit. @index: of the slot. */
static __always_inline __u32 limit(__u32 index, __u32 id, const struct pg_rule *rule,
				   const struct pg_question *q)
{
	struct pg_admitted_key key = admitted_key(id, q);
	bool pair = q->direction == PG_IN && q->proto == PG_UDP;
	struct pg_control *ctl = control();
	__u32 now = bpf_jiffies64();

	if (q->fresh == PG_FRESH_PASSED)
		return LIMIT_HOLDS;
	if (!ctl || q->fresh != PG_FRESH_YES)
		return LIMIT_NO_ALLOW;
	if (pair && was_admitted(&key, ctl->slots[index & 1].flow_ticks[PG_FLOW_UDP_STREAM]))
		return LIMIT_HOLDS;
	if (!take(ctl, id, rule, q))
		return LIMIT_OVER;
	if (pair)
		(void)bpf_map_update_elem(&pg_admitted, &key, &now, BPF_ANY);
	return LIMIT_HOLDS;
}

#endif
