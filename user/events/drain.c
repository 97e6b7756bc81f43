// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's table of refused packets, read while the kernel writes it. A slot's count only ever
 * grows; what is above pg_reported is new and belongs to the key that is there now, since the kernel
 * gives a slot away only after an epoch in which nothing came (abi.h, control.drained).
 *
 * A drain has two passes: which sources are scanning, on whatever CPU, and then what is new, which
 * for these sources becomes one line each.
 */
#include <netinet/in.h>
#include <string.h>

#include "events/stream_state.h"

#define SEQLOCK_TRIES 8
#define AT_ONCE 4 /* kinds of a source, between two ticks */

/* A copy of a slot whose key and count belong together; false while the kernel writes the key. */
static bool copy_slot(const struct pg_seen *slot, struct pg_seen *ret)
{
	for (int i = 0; i < SEQLOCK_TRIES; i++) {
		uint32_t seq = __atomic_load_n(&slot->seq, __ATOMIC_ACQUIRE);

		if (seq & 1)
			continue;
		memcpy(ret, slot, sizeof(*ret));
		ret->count = __atomic_load_n(&slot->count, __ATOMIC_ACQUIRE);
		if (__atomic_load_n(&slot->seq, __ATOMIC_ACQUIRE) == seq)
			return true;
	}
	return false;
}

static bool makes_sense(const struct pg_seen *slot)
{
	return slot->level > PG_SEEN_FREE && slot->level <= PG_SEEN_REST &&
	       slot->hook < PG_HOOK_COUNT && slot->verdict < PG_VERDICT_COUNT &&
	       slot->reason < PG_REASON_COUNT;
}

/* In whose slots refusals are counted, and in whose what a rule allowed. */
static bool is_in_place(const struct pg_seen *slot, uint32_t index)
{
	return (slot->verdict == PG_ALLOW) == PG_SEEN_IS_ALLOWED(index);
}

static struct scan_key source_of(const struct pg_seen *slot)
{
	struct scan_key key = { .hook = slot->hook,
				.verdict = slot->verdict,
				.family = slot->family };

	memcpy(key.remote, slot->remote, sizeof(key.remote));
	return key;
}

static bool is_scanning(const struct stream *s, const struct pg_seen *slot, bool is_new)
{
	uint32_t epoch = s->config.memory.control->epoch;

	return is_new || (slot->scanning && epoch - slot->epoch <= PG_SCAN_QUIET);
}

/* First pass, one slot: remember a scan; true if it has something new. */
static bool look_at(struct stream *s, uint32_t index)
{
	const struct pg_seen *slot = &s->config.memory.seen[index];
	bool is_new = __atomic_load_n(&slot->count, __ATOMIC_RELAXED) != s->journal.reported[index];
	struct pg_seen copy;

	if (__atomic_load_n(&slot->level, __ATOMIC_RELAXED) != PG_SEEN_SOURCE ||
	    !(is_new || slot->scanning))
		return is_new;
	if (copy_slot(slot, &copy) && copy.level == PG_SEEN_SOURCE &&
	    is_scanning(s, &copy, is_new)) {
		struct scan_key key = source_of(&copy);

		/* no room: known by its packets */
		(void)scans_note(s->scans, &key, &copy);
	}
	return is_new;
}

uint64_t drain_utc_us(const struct stream *s, uint64_t monotonic_ns)
{
	uint64_t ago_us =
		monotonic_ns < s->monotonic_ns ? (s->monotonic_ns - monotonic_ns) / 1000 : 0;

	return ago_us < s->now_us ? s->now_us - ago_us : 0;
}

static struct event_endpoint endpoint(const uint8_t ip[16], bool port_known, uint16_t port)
{
	struct event_endpoint end = { .known = true, .ip_known = true, .port_known = port_known };

	memcpy(end.ip, ip, sizeof(end.ip));
	end.port = port_known ? port : 0;
	return end;
}

/* When, where and how: of the packet that made the key, @alone if it is the only one, and of now. */
static struct kind_detail detail_of(const struct stream *s, const struct pg_seen *slot, bool alone)
{
	uint64_t first_us = drain_utc_us(s, slot->first_ns);
	bool leaves = slot->hook == PG_HOOK_SEND; /* its ports stand the other way round */
	uint16_t local_port = leaves ? slot->remote_port : slot->local_port;
	uint16_t remote_port = leaves ? slot->local_port : slot->remote_port;
	struct kind_detail d = {
		.start_us = first_us > s->drained_us ? first_us : s->drained_us,
		.end_us = s->now_us,
		.local = endpoint(slot->local, slot->ports_known, local_port),
		.remote = endpoint(slot->remote, slot->ports_known, remote_port),
		.ifindex = slot->ifindex,
		.mode = slot->mode,
		.proto = slot->proto,
	};

	if (alone && first_us >= s->drained_us)
		d.end_us = first_us;
	return d;
}

static struct kind_key key_of(const struct pg_seen *slot)
{
	struct kind_key key = {
		.level = KIND_WHOLE,
		.hook = slot->hook,
		.verdict = slot->verdict,
		.reason = slot->reason,
		.proto = slot->proto,
		.family = slot->family,
		.has_port = slot->ports_known != 0,
		.packet = 1,
		.port = slot->local_port,
		.rule = slot->rule,
		.scope = slot->scope,
	};

	if (slot->level == PG_SEEN_KIND)
		memcpy(key.remote, slot->remote, sizeof(key.remote));
	else if (slot->level == PG_SEEN_PORT)
		key.level = KIND_PORT;
	else
		key = (struct kind_key){ .level = KIND_REST,
					 .hook = slot->hook,
					 .verdict = slot->verdict,
					 .reason = slot->reason,
					 .proto = slot->proto,
					 .family = slot->family,
					 .packet = 1 };
	return key;
}

/* A port that was tried may be one of many: of those that a packet asked for and did not get. */
static bool is_attempt(const struct pg_seen *slot)
{
	return slot->level == PG_SEEN_KIND && slot->ports_known && slot->verdict != PG_ALLOW &&
	       slot->hook != PG_HOOK_SEND;
}

/* @scan: NULL where the kernel knows of none, or there was no room to remember it. */
static void add_scan(struct stream *s, const struct pg_seen *slot, struct scan *scan,
		     uint32_t new_ports, uint64_t refusals)
{
	struct kind_key key = { .level = KIND_WHOLE,
				.hook = slot->hook,
				.verdict = slot->verdict,
				.reason = PG_REASON_SCAN,
				.family = slot->family,
				.packet = 1 };
	struct kind_detail detail = detail_of(s, slot, false);

	memcpy(key.remote, slot->remote, sizeof(key.remote));
	detail.local.port_known = detail.remote.port_known = false;
	if (scan && slot->level == PG_SEEN_KIND)
		scan_has_proto(scan, slot->proto);
	detail.proto = scan ? scan->proto : slot->proto;
	detail.ports = new_ports;
	if (scan) {
		detail.ports = scan->new_ports;
		scan->new_ports = 0;
	}
	(void)kinds_add(s->kinds, &key, &detail, refusals);
}

/*
 * Where the table had no room for a kind, and one packet alone came to that port: if its source is known
 * otherwise it is told as that one's.
 */
static void restore_source(struct stream *s, struct pg_seen *slot, uint64_t refusals)
{
	struct pg_seen lone = *slot;
	struct scan_key source;

	if (slot->level != PG_SEEN_PORT || refusals != 1 || slot->first_ns < s->drained_ns)
		return;
	lone.level = PG_SEEN_KIND;
	memcpy(lone.remote, slot->first, sizeof(lone.remote));
	source = source_of(&lone);
	if (sources_find(s->sources, &source, s->config.memory.control->epoch))
		*slot = lone;
}

/* Too slow a scan for the kernel; @ret_ports: 1 if this port is a new one of it. */
static bool is_slow_scan(struct stream *s, const struct pg_seen *slot, const struct scan_key *key,
			 uint32_t *ret_ports)
{
	struct source *source = NULL;

	if (is_attempt(slot))
		source = sources_note(s->sources, key, s->config.memory.control->epoch);
	*ret_ports = source && source_tried(source, slot->local_port);
	return source && source->scans;
}

/* Second pass, one slot. One that the kernel writes just now is taken by the next drain. */
static void take(struct stream *s, uint32_t index)
{
	struct pg_seen slot;
	struct scan *scan = NULL;
	struct scan_key source;
	struct kind_key key;
	struct kind_detail detail;
	uint64_t refusals;
	uint32_t ports;
	bool is_slow;

	if (!copy_slot(&s->config.memory.seen[index], &slot))
		return;
	refusals = journal_take_slot(&s->journal, index, slot.count);
	if (!refusals || !makes_sense(&slot) || !is_in_place(&slot, index)) {
		journal_lose(&s->journal, PG_SEEN_IS_ALLOWED(index) ? 0 : refusals);
		return;
	}
	restore_source(s, &slot, refusals);
	source = source_of(&slot);
	if (slot.level <= PG_SEEN_SOURCE)
		scan = scans_find(s->scans, &source);
	is_slow = is_slow_scan(s, &slot, &source, &ports);
	if (scan || slot.level == PG_SEEN_SOURCE || is_slow) {
		add_scan(s, &slot, scan, ports, refusals);
		return;
	}
	key = key_of(&slot);
	detail = detail_of(s, &slot, refusals == 1 && !kinds_find(s->kinds, &key));
	(void)kinds_add(s->kinds, &key, &detail, refusals);
}

/* The kinds of a source, told already, still say by which protocol it scans. */
static void learn_protocols(struct stream *s)
{
	for (uint32_t i = 0; i < s->slots; i++) {
		const struct pg_seen *slot = &s->config.memory.seen[i];
		struct pg_seen copy;
		struct scan_key key;
		struct scan *scan;

		if (__atomic_load_n(&slot->level, __ATOMIC_RELAXED) != PG_SEEN_KIND ||
		    !copy_slot(slot, &copy))
			continue;
		key = source_of(&copy);
		scan = scans_find(s->scans, &key);
		if (scan && copy.level == PG_SEEN_KIND)
			scan_has_proto(scan, copy.proto);
	}
}

void drain_all(struct stream *s)
{
	uint64_t ignored;
	uint32_t count = 0;

	scans_begin(s->scans);
	for (uint32_t i = 0; i < s->slots; i++)
		if (i % PG_SEEN_REGION && look_at(s, i))
			s->changed[count++] = i;
	if (scans_end(s->scans))
		learn_protocols(s);
	for (uint32_t i = 0; i < count; i++)
		take(s, s->changed[i]);
	s->drained_us = s->now_us;
	s->config.clocks(s->config.data, &s->drained_ns, &ignored);
}

void drain_next_epoch(struct stream *s)
{
	struct pg_control *control = s->config.memory.control;
	uint32_t epoch = control->epoch;

	/* A packet that is being counted right now may still write this epoch: so only those before. */
	__atomic_store_n(&control->drained, epoch - 1, __ATOMIC_RELEASE);
	__atomic_store_n(&control->epoch, epoch + 1, __ATOMIC_RELEASE);
}

/*
 * A source whose kinds come one after the other may be one that scans: after a few they wait for the tick,
 * which knows.
 */
static bool may_announce(struct stream *s, const struct pg_seen *slot, const struct scan_key *key)
{
	struct source *source = sources_note(s->sources, key, s->config.memory.control->epoch);

	if (source && is_attempt(slot))
		(void)source_tried(source, slot->local_port);
	return !source || (!source->scans && source->at_once++ < AT_ONCE);
}

struct kind *drain_announced(struct stream *s, uint32_t index)
{
	struct kind_detail detail;
	struct scan_key source;
	struct kind_key key;
	struct pg_seen slot;

	if (index >= s->slots || !(index % PG_SEEN_REGION) ||
	    !copy_slot(&s->config.memory.seen[index], &slot))
		return NULL;
	if (slot.level != PG_SEEN_KIND || !makes_sense(&slot) || !is_in_place(&slot, index) ||
	    slot.count <= s->journal.reported[index])
		return NULL;
	source = source_of(&slot);
	key = key_of(&slot);
	if (scans_find(s->scans, &source) || kinds_find(s->kinds, &key) ||
	    !may_announce(s, &slot, &source))
		return NULL;
	detail = detail_of(s, &slot, slot.count - s->journal.reported[index] == 1);
	return kinds_add(s->kinds, &key, &detail,
			 journal_take_slot(&s->journal, index, slot.count));
}
