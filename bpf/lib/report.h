/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Reporting: an exact counter always, and of refusals as much as the agent can say in a few lines.
 *
 * Refused packets are summed up per CPU by kind in pg_seen (abi.h). A known kind costs one compare;
 * a new one is made within a budget for each epoch and rings the agent; beyond the budget, or where
 * two kinds fall on one slot, the packet is counted by port alone, and at the very last by protocol.
 * XDP, tc and cgroup_skb run with softirqs off, so a CPU's region has one writer.
 */
#ifndef PG_BPF_REPORT_H
#define PG_BPF_REPORT_H

#include "lib/packet.h"
#include "lib/slot.h"

#define NEW_KINDS 128 /* an epoch and CPU */

/* For hooks of calls, where another task may come between: one instruction. */
static __always_inline void count_call(__u32 id)
{
	__u32 key = (1 + bpf_get_smp_processor_id()) * PG_COUNT_REGION + id;
	__u64 *n = bpf_map_lookup_elem(&pg_counts, &key);

	if (n)
		__sync_fetch_and_add(n, 1);
}

static __always_inline void count_packet(__u32 cpu, __u32 id, __u32 segments)
{
	__u32 key = (1 + cpu) * PG_COUNT_REGION + id;
	__u64 *n = bpf_map_lookup_elem(&pg_counts, &key);

	if (n)
		*n += segments;
}

/* What a slot is for: the fields of struct pg_seen from level to remote, in its order; those before it as words. */
struct seen_key {
	union {
		struct {
			__u8 level, hook, verdict, reason;
			__u16 rule, scope;
			__u16 local_port;
			__u8 proto, family;
		};
		__u32 words[3];
	};
	__u64 remote[2];
};

static __always_inline struct pg_seen *seen_at(__u32 cpu, __u32 place)
{
	__u32 index = cpu * PG_SEEN_REGION + place;

	return bpf_map_lookup_elem(&pg_seen, &index);
}

static __always_inline bool seen_is(const struct pg_seen *s, const struct seen_key *k)
{
	const __u64 *remote = (const __u64 *)s->remote;
	const __u32 *words = (const __u32 *)&s->level;

	/* Without a branch for each: which of them differs is for the sender to choose. */
	return !((words[0] ^ k->words[0]) | (words[1] ^ k->words[1]) | (words[2] ^ k->words[2]) |
		 (remote[0] ^ k->remote[0]) | (remote[1] ^ k->remote[1]));
}

static __always_inline __u32 seen_hash(const struct pg_control *ctl, const struct seen_key *k)
{
	__u64 h = ctl->seed;

	h = (h ^ k->remote[0]) * 0x9e3779b97f4a7c15ULL;
	h = (h ^ h >> 29 ^ k->remote[1]) * 0xbf58476d1ce4e5b9ULL;
	h = (h ^ h >> 32 ^ ((__u64)k->words[0] << 32 | k->words[2])) * 0x94d049bb133111ebULL;
	return h >> 40;
}

static __always_inline void seen_hit(const struct pg_control *ctl, struct pg_seen *s,
				     const struct packet *p)
{
	s->epoch = ctl->epoch;
	s->last_jiffies = bpf_jiffies64();
	s->count += p->segments;
}

static __always_inline struct seen_key kind_of(const struct packet *p, __u32 hook, __u32 verdict,
					       const struct pg_decision *d)
{
	const __u64 *source = (const __u64 *)p->source;

	return (struct seen_key){
		.level = PG_SEEN_KIND,
		.hook = hook,
		.verdict = verdict,
		.reason = d->reason,
		.rule = d->rule,
		.scope = d->scope,
		.local_port = p->dport,
		.proto = p->proto,
		.family = p->family == 6 ? 6 : 4,
		.remote = { source[0], source[1] },
	};
}

static __always_inline struct seen_key source_of(const struct seen_key *kind)
{
	return (struct seen_key){
		.level = PG_SEEN_SOURCE,
		.hook = kind->hook,
		.verdict = kind->verdict,
		.reason = PG_REASON_SCAN,
		.family = kind->family,
		.remote = { kind->remote[0], kind->remote[1] },
	};
}

static __always_inline struct pg_seen *seen_source(const struct pg_control *ctl, __u32 cpu,
						   const struct seen_key *source)
{
	return seen_at(cpu, 1 + PG_SEEN_KINDS + seen_hash(ctl, source) % PG_SEEN_SOURCES);
}

static __always_inline struct seen_key port_of(const struct seen_key *kind)
{
	struct seen_key key = *kind;

	key.level = PG_SEEN_PORT;
	key.remote[0] = 0;
	key.remote[1] = 0;
	return key;
}

static __always_inline struct pg_seen *seen_port(const struct pg_control *ctl, __u32 cpu,
						 const struct seen_key *port)
{
	return seen_at(cpu,
		       1 + PG_SEEN_KINDS + PG_SEEN_SOURCES + seen_hash(ctl, port) % PG_SEEN_PORTS);
}

static __always_inline struct seen_key rest_of(const struct seen_key *kind)
{
	bool known = kind->proto == IPPROTO_TCP || kind->proto == IPPROTO_UDP;

	return (struct seen_key){
		.level = PG_SEEN_REST,
		.hook = kind->hook,
		.verdict = kind->verdict,
		.reason = kind->reason,
		.proto = known ? kind->proto : 0,
		.family = kind->family,
	};
}

static __always_inline struct pg_seen *seen_rest(__u32 cpu, const struct seen_key *rest)
{
	/* What leaves is refused in panic, which audits nothing. */
	__u32 place = (rest->reason & 15) | (rest->hook == PG_HOOK_DELIVER) << 4 |
		      (rest->verdict == PG_AUDIT || rest->hook == PG_HOOK_SEND) << 5 |
		      (rest->family == 6) << 6 |
		      (rest->proto == IPPROTO_TCP   ? 0
		       : rest->proto == IPPROTO_UDP ? 1
						    : 2)
			      << 7;

	return seen_at(cpu, 1 + PG_SEEN_HASHED + place % PG_SEEN_FIXED);
}

/* Free, or all that it counted has been reported and nothing came since. */
static __always_inline bool seen_may_go(const struct pg_control *ctl, const struct pg_seen *s)
{
	return !s->level || (__s32)(s->epoch - ctl->drained) <= 0;
}

/* Whether the epoch's budget of new kinds is used up. */
static __always_inline bool is_spent(const struct pg_control *ctl, const struct pg_seen *header)
{
	return header->epoch == ctl->epoch && header->scanning >= NEW_KINDS;
}

/*
 * Of a flood most packets are of no known kind, and no slot is to be had for them nor for their sources: a sum
 * counts them. Return: whether it did; else some slot would change hands, and that is pg_see_new()'s.
 */
static __always_inline bool see_sum(const struct pg_control *ctl, __u32 cpu,
				    const struct seen_key *kind, const struct packet *p)
{
	struct seen_key key = source_of(kind);
	struct pg_seen *s = seen_at(cpu, 0);

	if (!s || !is_spent(ctl, s))
		return false;
	s = seen_source(ctl, cpu, &key);
	if (!s || seen_is(s, &key) || seen_may_go(ctl, s))
		return false;
	key = port_of(kind);
	s = seen_port(ctl, cpu, &key);
	if (!s)
		return false;
	if (seen_is(s, &key)) {
		if (s->epoch != ctl->epoch)
			return false;
		seen_hit(ctl, s, p);
		return true;
	}
	if (seen_may_go(ctl, s))
		return false;
	key = rest_of(kind);
	s = seen_rest(cpu, &key);
	if (!s || !s->level)
		return false;
	seen_hit(ctl, s, p);
	return true;
}

/* @sums: a constant, whether it has ports. Return: whether what is there has counted it; else pg_see_new() is to. */
static __always_inline bool see_known(const struct pg_control *ctl, __u32 cpu,
				      const struct packet *p, __u32 hook, __u32 verdict,
				      const struct pg_decision *d, const bool sums)
{
	struct seen_key key = kind_of(p, hook, verdict, d);
	struct pg_seen *s = seen_at(cpu, 1 + seen_hash(ctl, &key) % PG_SEEN_KINDS);

	if (!s)
		return false;
	if (seen_is(s, &key)) {
		seen_hit(ctl, s, p);
		return true;
	}
	return sums && see_sum(ctl, cpu, &key, p);
}

/* The packet in hand is of no known kind. @decided: a union decided's word. @how: SEEN_HOW(). */
#define SEEN_HOW(hook, verdict, mode) ((__u32)(hook) | (__u32)(verdict) << 8 | (__u32)(mode) << 16)
extern int pg_see_new(__u64 decided, __u32 how);

static __always_inline __u32 verdict_in(__u8 mode, const struct pg_decision *d)
{
	return d->verdict == PG_DENY && mode == PG_MODE_AUDIT ? PG_AUDIT : d->verdict;
}

static __always_inline void count_decision(__u32 cpu, __u32 hook, __u32 verdict,
					   const struct pg_decision *d, __u32 segments)
{
	count_packet(cpu, PG_COUNT_VERDICT(hook, verdict, d->reason & 31), segments);
	if (d->rule)
		count_packet(cpu, PG_COUNT_RULE(d->rule), segments);
}

/* Count the verdict of the packet in hand and sum up its refusal. @decided: likewise. Return: whether it passes. */
extern int pg_report_packet(__u64 decided, __u32 mode, __u32 hook);

#endif
