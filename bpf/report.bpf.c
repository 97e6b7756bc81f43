// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What is reported of the packet in hand, as a function of numbers: the verifier follows it once a program
 * (Linux 5.6). See lib/report.h.
 */
#include "lib/owner.h"
#include "lib/report.h"

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
	if (is_spent(ctl, header))
		return false;
	if (header->epoch != ctl->epoch) {
		header->epoch = ctl->epoch;
		header->scanning = 0;
	}
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
	struct seen_key key = source_of(kind);
	struct pg_seen *s = seen_source(ctl, cpu, &key);

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
	struct seen_key key = port_of(kind);
	struct pg_seen *s = seen_port(ctl, cpu, &key);

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
	key = rest_of(kind);
	s = seen_rest(cpu, &key);
	if (!s)
		return;
	if (!s->level)
		seen_take(s, &key, p, mode);
	seen_hit(ctl, s, p);
}

GLOBAL int pg_see_new(__u64 decided, __u32 how)
{
	union decided u = { .word = decided };
	__u32 cpu = bpf_get_smp_processor_id(), place, hook = how & 0xff, verdict = how >> 8 & 0xff,
	      mode = how >> 16;
	struct packet *p = packet_in_hand();
	struct pg_control *ctl = control();
	struct seen_key key;
	struct pg_seen *s;

	if (!ctl || !p)
		return 0;
	key = kind_of(p, hook, verdict, &u.d);
	place = 1 + seen_hash(ctl, &key) % PG_SEEN_KINDS;
	s = seen_at(cpu, place);
	if (!s || (hook != PG_HOOK_SEND && seen_scan(ctl, cpu, &key, p, mode)))
		return 0;
	if (!seen_may_go(ctl, s) || !seen_budget(ctl, cpu)) {
		seen_spread(ctl, cpu, &key, p, mode);
		return 0;
	}
	seen_take(s, &key, p, mode);
	seen_hit(ctl, s, p);
	seen_ring(cpu, place);
	return 0;
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

GLOBAL int pg_report_packet(__u64 decided, __u32 mode, __u32 hook)
{
	union decided u = { .word = decided };
	__u32 cpu = bpf_get_smp_processor_id(), verdict = verdict_in(mode, &u.d);
	struct packet *p = packet_in_hand();
	struct pg_control *ctl = control();

	if (!ctl || !p)
		return 1;
	count_decision(cpu, hook, verdict, &u.d, p->segments);
	if (verdict == PG_ALLOW) {
		if (u.d.flags & PG_ANSWER_LOG)
			see_allowed(ctl, cpu, p, hook, &u.d, mode);
	} else if (!see_known(ctl, cpu, p, hook, verdict, &u.d, false)) {
		(void)pg_see_new(decided, SEEN_HOW(hook, verdict, mode));
	}
	return verdict != PG_DENY;
}
