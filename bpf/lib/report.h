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

/* What a slot is for: the bytes of struct pg_seen from level to remote. */
struct seen_key {
	__u8 level, hook, verdict, reason;
	__u16 rule, scope;
	__u16 local_port;
	__u8 proto, family;
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

	return s->level == k->level && s->local_port == k->local_port &&
	       remote[0] == k->remote[0] && remote[1] == k->remote[1] && s->hook == k->hook &&
	       s->verdict == k->verdict && s->reason == k->reason && s->rule == k->rule &&
	       s->scope == k->scope && s->proto == k->proto && s->family == k->family;
}

static __always_inline __u32 seen_hash(const struct pg_control *ctl, const struct seen_key *k)
{
	__u64 h = ctl->seed;

	h = (h ^ k->remote[0]) * 0x9e3779b97f4a7c15ULL;
	h = (h ^ h >> 29 ^ k->remote[1]) * 0xbf58476d1ce4e5b9ULL;
	h = (h ^ h >> 32 ^ k->local_port ^ (__u64)k->proto << 16 ^ (__u64)k->reason << 24 ^
	     (__u64)k->hook << 32 ^ (__u64)k->verdict << 40) *
	    0x94d049bb133111ebULL;
	return h >> 40;
}

static __always_inline void seen_hit(const struct pg_control *ctl, struct pg_seen *s,
				     const struct packet *p)
{
	s->epoch = ctl->epoch;
	s->last_jiffies = bpf_jiffies64();
	s->count += p->segments;
}

/* Free, or all that it counted has been reported and nothing came since. */
static __always_inline bool seen_may_go(const struct pg_control *ctl, const struct pg_seen *s)
{
	return !s->level || (__s32)(s->epoch - ctl->drained) <= 0;
}

static __always_inline void forget_ports(struct pg_seen *source)
{
	int i;

	for (i = 0; i < PG_SEEN_PORT_BITS / 64; i++)
		source->port_bits[i] = 0;
	source->port_ones = 0;
}

static __always_inline void seen_take(struct pg_seen *s, const struct seen_key *k,
				      const struct packet *p, __u8 mode)
{
	__u64 *remote = (__u64 *)s->remote;

	s->seq += 1;
	__asm__ __volatile__("" ::: "memory");
	s->level = k->level;
	s->hook = k->hook;
	s->verdict = k->verdict;
	s->reason = k->reason;
	s->rule = k->rule;
	s->scope = k->scope;
	s->local_port = k->local_port;
	s->proto = k->proto;
	s->family = k->family;
	remote[0] = k->remote[0];
	remote[1] = k->remote[1];
	s->scanning = 0;
	s->ports = 0;
	s->mode = mode;
	s->first_ns = bpf_ktime_get_ns();
	__builtin_memcpy(s->local, p->target, 16);
	s->ifindex = p->ifindex;
	s->remote_port = p->sport;
	s->ports_known = p->has_ports;
	s->port_rounds = 0;
	if (k->level == PG_SEEN_SOURCE)
		forget_ports(s);
	__asm__ __volatile__("" ::: "memory");
	s->seq += 1;
}

/* Who is the first of an epoch to come to a port whose sources are summed: it may be the only one. */
static __always_inline void seen_first(struct pg_seen *s, const struct packet *p)
{
	s->seq += 1;
	__asm__ __volatile__("" ::: "memory");
	s->first_ns = bpf_ktime_get_ns();
	__builtin_memcpy(s->first, p->source, 16);
	__asm__ __volatile__("" ::: "memory");
	s->seq += 1;
}

/* One more key, if the epoch's budget of them allows it. */
static __always_inline bool seen_budget(const struct pg_control *ctl, __u32 cpu)
{
	struct pg_seen *header = seen_at(cpu, 0);

	if (!header)
		return false;
	if (header->epoch != ctl->epoch) {
		header->epoch = ctl->epoch;
		header->scanning = 0;
	}
	if (header->scanning >= NEW_KINDS)
		return false;
	header->scanning += 1;
	return true;
}

static __always_inline void seen_port_tried(struct pg_seen *source, __u16 port)
{
	__u64 *word = &source->port_bits[port / 64 % (PG_SEEN_PORT_BITS / 64)];
	__u64 bit = 1ULL << port % 64;

	if (*word & bit)
		return;
	*word |= bit;
	source->port_ones += 1;
	if (source->port_ones >= PG_SEEN_PORT_BITS) {
		forget_ports(source);
		source->port_rounds += 1;
	}
}

/*
 * The source of a new kind. Return: true if the packet has been counted there, because this source
 * tries one port after the other.
 */
static __always_inline bool seen_scan(const struct pg_control *ctl, __u32 cpu,
				      const struct seen_key *kind, const struct packet *p,
				      __u8 mode)
{
	struct seen_key key = *kind;
	struct pg_seen *s;

	key.level = PG_SEEN_SOURCE;
	key.reason = PG_REASON_SCAN;
	key.rule = 0;
	key.scope = 0;
	key.local_port = 0;
	key.proto = 0;
	s = seen_at(cpu, 1 + PG_SEEN_KINDS + seen_hash(ctl, &key) % PG_SEEN_SOURCES);
	if (!s || !p->has_ports)
		return false;
	if (!seen_is(s, &key)) {
		if (!seen_may_go(ctl, s))
			return false;
		seen_take(s, &key, p, mode);
		s->epoch = ctl->epoch;
	}
	if (s->scanning && ctl->epoch - s->epoch > PG_SCAN_QUIET)
		s->scanning = 0;
	if (s->epoch != ctl->epoch) {
		s->epoch = ctl->epoch;
		s->ports = 0;
		forget_ports(s);
	}
	if (!s->scanning) {
		s->ports += 1;
		seen_port_tried(s, p->dport);
		if (s->ports <= PG_SCAN_PORTS)
			return false;
		s->scanning = 1;
	}
	seen_port_tried(s, p->dport);
	seen_hit(ctl, s, p);
	return true;
}

static __always_inline void seen_ring(__u32 cpu, __u32 place)
{
	struct pg_record_seen *record = bpf_ringbuf_reserve(&pg_events, sizeof(*record), 0);

	if (!record)
		return; /* the agent finds the slot when it drains */
	__builtin_memset(record, 0, sizeof(*record));
	record->type = PG_RECORD_SEEN;
	record->index = cpu * PG_SEEN_REGION + place;
	bpf_ringbuf_submit(record, 0);
}

/* Sources spread further than the table holds: by port, then by protocol alone. */
static __always_inline void seen_spread(const struct pg_control *ctl, __u32 cpu,
					const struct seen_key *kind, const struct packet *p,
					__u8 mode)
{
	struct seen_key key = *kind;
	struct pg_seen *s;
	__u32 rest;

	key.level = PG_SEEN_PORT;
	key.remote[0] = 0;
	key.remote[1] = 0;
	s = seen_at(cpu,
		    1 + PG_SEEN_KINDS + PG_SEEN_SOURCES + seen_hash(ctl, &key) % PG_SEEN_PORTS);
	if (s && !seen_is(s, &key)) {
		if (seen_may_go(ctl, s))
			seen_take(s, &key, p, mode);
		else
			s = 0;
	}
	if (s) {
		if (s->epoch != ctl->epoch)
			seen_first(s, p);
		seen_hit(ctl, s, p);
		return;
	}
	key.level = PG_SEEN_REST;
	key.rule = 0;
	key.scope = 0;
	key.local_port = 0;
	if (key.proto != IPPROTO_TCP && key.proto != IPPROTO_UDP)
		key.proto = 0;
	/* What leaves is refused in panic, which audits nothing. */
	rest = (key.reason & 15) | (key.hook == PG_HOOK_DELIVER) << 4 |
	       (key.verdict == PG_AUDIT || key.hook == PG_HOOK_SEND) << 5 | (key.family == 6) << 6 |
	       (key.proto == IPPROTO_TCP   ? 0
		: key.proto == IPPROTO_UDP ? 1
					   : 2)
		       << 7;
	s = seen_at(cpu, 1 + PG_SEEN_HASHED + rest % PG_SEEN_FIXED);
	if (!s)
		return;
	if (!s->level)
		seen_take(s, &key, p, mode);
	seen_hit(ctl, s, p);
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

static __always_inline void see(const struct pg_control *ctl, __u32 cpu, const struct packet *p,
				__u32 hook, __u32 verdict, const struct pg_decision *d, __u8 mode)
{
	struct seen_key key = kind_of(p, hook, verdict, d);
	struct pg_seen *s;
	__u32 place;

	place = 1 + seen_hash(ctl, &key) % PG_SEEN_KINDS;
	s = seen_at(cpu, place);
	if (!s)
		return;
	if (seen_is(s, &key)) {
		seen_hit(ctl, s, p);
		return;
	}
	if (hook != PG_HOOK_SEND && seen_scan(ctl, cpu, &key, p, mode))
		return;
	if (!seen_may_go(ctl, s) || !seen_budget(ctl, cpu)) {
		seen_spread(ctl, cpu, &key, p, mode);
		return;
	}
	seen_take(s, &key, p, mode);
	seen_hit(ctl, s, p);
	seen_ring(cpu, place);
}

/* Allowed by a rule that says `log`: told if there is room, and no part of any sum. */
static __always_inline void see_allowed(const struct pg_control *ctl, __u32 cpu,
					const struct packet *p, __u32 hook,
					const struct pg_decision *d, __u8 mode)
{
	struct seen_key key = kind_of(p, hook, PG_ALLOW, d);
	__u32 place = PG_SEEN_REFUSED + seen_hash(ctl, &key) % PG_SEEN_ALLOWED;
	struct pg_seen *s = seen_at(cpu, place);
	bool known = s && seen_is(s, &key);

	if (!s || (!known && !seen_may_go(ctl, s)))
		return;
	if (!known)
		seen_take(s, &key, p, mode);
	seen_hit(ctl, s, p);
	if (!known)
		seen_ring(cpu, place);
}

/* Count a packet's verdict and sum up its refusal. Return: whether the packet passes. */
static __always_inline bool report_packet(const struct pg_control *ctl, __u8 mode,
					  const struct packet *p, __u32 hook,
					  const struct pg_decision *d)
{
	__u32 cpu = bpf_get_smp_processor_id(), verdict = d->verdict;

	if (verdict == PG_DENY && mode == PG_MODE_AUDIT)
		verdict = PG_AUDIT;
	count_packet(cpu, PG_COUNT_VERDICT(hook, verdict, d->reason & 31), p->segments);
	if (d->rule)
		count_packet(cpu, PG_COUNT_RULE(d->rule), p->segments);
	if (verdict != PG_ALLOW)
		see(ctl, cpu, p, hook, verdict, d, mode);
	else if (d->flags & PG_ANSWER_LOG)
		see_allowed(ctl, cpu, p, hook, d, mode);
	return verdict != PG_DENY;
}

/* The same for the packet in hand, where it is rarely done. @decided: a union decided's word. */
extern int pg_report_packet(__u64 decided, __u32 mode, __u32 hook);

#endif
