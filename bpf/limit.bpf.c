// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a rule's limit says of an attempt. Numbers alone go in and out, so that the verifier follows
 * this once for each program, and not once for every place in a chain.
 */
#include "lib/limit.h"

/* Who is counted: /32 or /64. The family keeps apart what reads alike. */
struct source {
	__u64 address;
	__u32 rule, family;
};

/* An attempt, as far as limits ask. */
struct limited {
	__u64 remote0, remote1; /* the address as it lies in memory */
	__u16 port, remote_port;
	__u8 family, fresh;
};

static __always_inline struct source source_of(__u32 rule, const struct limited *l)
{
	bool v6 = l->family == 6;

	return (struct source){
		.address = v6 ? l->remote0 : l->remote1,
		.rule = rule,
		.family = l->family,
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
					   const struct limited *l)
{
	__u64 prefix = l->family == 6 ? bpf_be64_to_cpu(l->remote0) >> 32
				      : 1ULL << 32 | (bpf_be64_to_cpu(l->remote1) >> 16 & 0xffff);

	return hash_of(ctl, prefix, rule) % SHARED_BUCKETS;
}

static __always_inline bool is_of(const struct pg_source *way, const struct source *s)
{
	return way->address == s->address && way->rule == s->rule && way->family == s->family;
}

/*
 * Under the set's lock: the source's own bucket, else one that nobody needs, else none. Which one lies in the
 * set for a moment, where the verifier forgets it: so it follows what becomes of it once, and not for each.
 */
static __always_inline struct pg_source *find_way(struct pg_source_set *set, const struct source *s,
						  __u64 now)
{
	__u64 at, found = SOURCE_WAYS;
	int i;

	UNROLLED for (i = 0; i < SOURCE_WAYS; i++)
	{
		struct pg_source *way = &set->ways[i];

		if (way->full_ns <= now)
			found = i;
		if (is_of(way, s)) {
			found = i;
			break;
		}
	}
	set->found = found;
	at = *(volatile __u32 *)&set->found;
	if (at >= SOURCE_WAYS)
		return 0;
	/* Again, on the very register that is multiplied and added. */
	__asm__ __volatile__("%0 &= %1" : "+r"(at) : "i"(SOURCE_WAYS - 1));
	return &set->ways[at];
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
	if (r->look)
		return LIMIT_HOLDS;
	way->address = s->address;
	way->rule = s->rule;
	way->family = s->family;
	return LIMIT_HOLDS;
}

static __always_inline bool take_for_source(const struct pg_control *ctl, __u32 rule, __u64 now,
					    const struct limited *l, const struct rate *r)
{
	struct source s = source_of(rule, l);
	__u32 index = hash_of(ctl, s.address, s.rule) % SOURCE_SETS, got;
	struct pg_source_set *set = bpf_map_lookup_elem(&pg_sources, &index);
	struct pg_bucket *shared;
	__u64 owed;

	index = shared_bucket(ctl, rule, l);
	shared = bpf_map_lookup_elem(&pg_buckets, &index);
	if (!set || !shared)
		return false;
	owed = shared->full_ns;
	bpf_spin_lock(&set->lock);
	got = take_in_set(set, &s, now, owed, r);
	bpf_spin_unlock(&set->lock);
	return got == LIMIT_NO_ALLOW ? take_token(index, now, r, false) : got == LIMIT_HOLDS;
}

static __always_inline struct limited limited_of(__u64 facts, __u64 remote0, __u64 remote1)
{
	return (struct limited){
		.remote0 = remote0,
		.remote1 = remote1,
		.port = facts,
		.remote_port = facts >> 16,
		.family = facts >> 32,
		.fresh = facts >> 40,
	};
}

static __always_inline struct pg_admitted_key admitted_key(__u32 rule, const struct limited *l)
{
	struct pg_admitted_key key = { .rule = rule,
				       .remote_port = l->remote_port,
				       .local_port = l->port };

	__builtin_memcpy(key.remote, &l->remote0, 8);
	__builtin_memcpy(key.remote + 8, &l->remote1, 8);
	return key;
}

/* A UDP pair that has taken its token, and has not been silent since for too long. See lib/limit.h. */
GLOBAL __u32 pg_was_admitted(__u64 where, __u64 facts, __u64 remote0, __u64 remote1)
{
	struct limited l = limited_of(facts, remote0, remote1);
	struct pg_admitted_key key = admitted_key(where, &l);
	__u32 *seen = bpf_map_lookup_elem(&pg_admitted, &key), now = bpf_jiffies64(), ticks;
	struct pg_control *ctl = control();

	if (!ctl || !seen)
		return 0;
	ticks = ctl->slots[where >> 32 & 1].flow_ticks[PG_FLOW_UDP_STREAM];
	if (now - *seen > ticks)
		return 0;
	if (now - *seen > ticks / 8)
		*seen = now;
	return 1;
}

GLOBAL int pg_admit(__u64 where, __u64 facts, __u64 remote0, __u64 remote1)
{
	struct limited l = limited_of(facts, remote0, remote1);
	struct pg_admitted_key key = admitted_key(where, &l);
	__u32 now = bpf_jiffies64();

	return bpf_map_update_elem(&pg_admitted, &key, &now, BPF_ANY);
}

static __always_inline bool take(const struct pg_control *ctl, __u32 id, const struct pg_rule *rule,
				 const struct limited *l)
{
	struct rate r = rate_of(rule->per_second_x1000, rule->burst);
	__u64 now = bpf_ktime_get_boot_ns();

	r.look = l->fresh == PG_FRESH_LOOK;
	return rule->per_source ? take_for_source(ctl, id, now, l, &r) : take_limit(id, now, &r);
}

/* See lib/limit.h. */
GLOBAL __u32 pg_limit(__u64 where, __u64 facts, __u64 remote0, __u64 remote1)
{
	struct limited l = limited_of(facts, remote0, remote1);
	__u32 id = where;
	struct pg_rule *rule = in_parts(&pg_rules, id, PG_RULES_PART);
	struct pg_control *ctl = control();

	if (!ctl || !rule || !rule->per_second_x1000)
		return LIMIT_NO_ALLOW;
	if (l.fresh == PG_FRESH_MET && rule->host)
		return LIMIT_HOLDS;
	return take(ctl, id, rule, &l) ? LIMIT_TAKEN : LIMIT_OVER;
}
