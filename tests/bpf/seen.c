// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of what was refused (pg_seen): however sources and ports are spread, every refusal is
 * in exactly one of its slots, so that what events say adds up to what the counters say.
 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/lib/by_hand.h"
#include "bpf/lib/conversation.h"
#include "bpf/lib/expect.h"
#include "kernel/map.h"
#include "unit/policy_help.h"
#include "util/cleanup.h"

#define NEW_KINDS 128 /* that the kernel makes an epoch and CPU */
#define FLOOD 20000
#define LEVELS (PG_SEEN_REST + 1)

struct table {
	struct pg_seen *slots;
	size_t count, bytes;
};

static struct table open_table(const struct guarded *g)
{
	struct table t = { .slots = NULL };
	long size = map_pinned(&g->paths, "pg_seen", false, (void **)&t.slots);

	cr_assert_gt(size, 0);
	t.bytes = (size_t)size;
	t.count = t.bytes / sizeof(*t.slots);
	return t;
}

static void close_table(struct table *t)
{
	map_release(t->slots, t->bytes);
}
#define _cleanup_table_ _cleanup_(close_table)

/* Refusals in all slots; what lies in the slots of allowed kinds; refusals in slots of one level. */
static uint64_t sum(const struct table *t)
{
	uint64_t total = 0;

	for (size_t i = 0; i < t->count; i++)
		total += PG_SEEN_IS_ALLOWED(i) ? 0 : t->slots[i].count;
	return total;
}

static uint64_t sum_allowed(const struct table *t)
{
	uint64_t total = 0;

	for (size_t i = 0; i < t->count; i++) {
		total += PG_SEEN_IS_ALLOWED(i) ? t->slots[i].count : 0;
		cr_assert(!t->slots[i].level || i % PG_SEEN_REGION == 0 ||
			  (t->slots[i].verdict == PG_ALLOW) == PG_SEEN_IS_ALLOWED(i));
	}
	return total;
}

static size_t slots_of(const struct table *t, enum pg_seen_level level, uint64_t *ret_count)
{
	size_t n = 0;

	*ret_count = 0;
	for (size_t i = 0; i < t->count; i++) {
		if (i % PG_SEEN_REGION == 0 || t->slots[i].level != level)
			continue;
		n++;
		*ret_count += t->slots[i].count;
	}
	return n;
}

static const struct pg_seen *only_slot(const struct table *t, enum pg_seen_level level)
{
	const struct pg_seen *found = NULL;

	for (size_t i = 0; i < t->count; i++)
		if (t->slots[i].level == level && t->slots[i].count) {
			cr_assert_null(found, "more than one slot of level %d", level);
			found = &t->slots[i];
		}
	cr_assert_not_null(found, "no slot of level %d", level);
	return found;
}

static uint64_t refused(const struct guarded *g)
{
	return state_verdicts(&g->state, PG_HOOK_INBOUND, PG_DENY) +
	       state_verdicts(&g->state, PG_HOOK_INBOUND, PG_AUDIT);
}

static void expect_sum(const struct guarded *g, const struct table *t)
{
	uint64_t want = refused(g), got = sum(t);

	cr_assert_eq(got, want, "%lu in the table, %lu refused", got, want);
}

static void comes(const struct guarded *g, struct traffic packet)
{
	struct frame f;
	struct result got;

	packet.family = packet.family ? packet.family : 4;
	f = frame_of(&packet);
	cr_assert_eq(run_frame(g, IN_XDP, &f, &got), 0);
}

/* One of many: any source of a few thousand or of all, any port, whole, cut short or in pieces. */
static void random_packet(const struct guarded *g, uint32_t *random, uint32_t sources)
{
	static const uint8_t protos[] = {
		IPPROTO_TCP,     IPPROTO_TCP, IPPROTO_UDP,  IPPROTO_UDP,
		IPPROTO_UDPLITE, IPPROTO_GRE, IPPROTO_ICMP, IPPROTO_ICMPV6
	};
	char from[INET6_ADDRSTRLEN];
	uint32_t source = htonl(0x0a000000 + pick(random, sources));
	struct traffic t = {
		.proto = protos[pick(random, ARRAY_SIZE(protos))],
		.from = inet_ntop(AF_INET, &source, from, sizeof(from)),
		.dport = (uint16_t)pick(random, 65536),
		.type = (uint8_t)pick(random, 256),
		.more = !pick(random, 9),
		.missing = pick(random, 9) ? 0 : 6,
	};
	char v6[INET6_ADDRSTRLEN + 16];

	if (pick(random, 2)) {
		(void)snprintf(v6, sizeof(v6), "2001:db8::%x", ntohl(source) & 0xffff);
		t.from = v6;
	}
	t.family = traffic_family(&t);
	comes(g, t);
}

/* What the agent does when it has read the table: what was not hit since may be used for other
 * kinds. */
static void agent_has_read(const struct guarded *g)
{
	struct pg_control *c = g->state.control;

	c->drained = c->epoch;
	c->epoch++;
}

Test(seen, what_passes_is_not_in_the_table)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("rules: [allow 80]");
	_cleanup_table_ struct table t = open_table(g);

	for (int i = 0; i < 10; i++)
		expect(g, tcp(.dport = 80), PG_ALLOW, PG_REASON_RULE);
	cr_assert_eq(sum(&t), 0);
}

Test(seen, what_a_rule_logs_is_told_in_slots_of_its_own)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("");
	_cleanup_table_ struct table t = open_table(g);
	const struct pg_seen *s;

	put_in(g, 80, ALLOW(5) | PG_ANSWER_LOG);
	for (int i = 0; i < 7; i++)
		comes(g, tcp(.dport = 80, .sport = 1000 + i));
	s = only_slot(&t, PG_SEEN_KIND);
	cr_assert(s->verdict == PG_ALLOW && s->reason == PG_REASON_RULE && s->rule == 5 &&
		  s->local_port == 80 && s->count == 7);
	cr_assert_eq(sum_allowed(&t), 7);
	cr_assert_eq(sum(&t), 0);
}

Test(seen, a_flood_of_what_is_logged_takes_nothing_from_refusals)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("");
	_cleanup_table_ struct table t = open_table(g);
	uint64_t count;

	for (uint16_t port = 1; port <= 1000; port++)
		put_answer(g, PG_IN, PG_TCP, port, ALLOW(5) | PG_ANSWER_LOG);
	for (uint16_t port = 1; port <= 1000; port++)
		comes(g, tcp(.dport = port));
	for (uint16_t port = 2000; port < 2010; port++)
		comes(g, tcp(.dport = port));
	cr_assert_leq(sum_allowed(&t), 1000);
	cr_assert_geq(sum_allowed(&t), PG_SEEN_ALLOWED / 2);
	expect_sum(g, &t);
	(void)slots_of(&t, PG_SEEN_SOURCE, &count);
	cr_assert_eq(count, 0, "allowed packets are no scan");
}

Test(seen, refusals_of_one_kind_are_one_slot_that_says_all_of_it)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("rules: [deny in 81/tcp]");
	_cleanup_table_ struct table t = open_table(g);
	uint8_t address[16];
	const struct pg_seen *s;

	for (int i = 0; i < 100; i++)
		comes(g, tcp(.dport = 81, .sport = 1000 + i));
	s = only_slot(&t, PG_SEEN_KIND);
	cr_assert_eq(s->count, 100);
	cr_assert(s->hook == PG_HOOK_INBOUND && s->verdict == PG_DENY &&
		  s->reason == PG_REASON_RULE);
	cr_assert(s->rule == g->policy.rules[0].id && s->local_port == 81 &&
		  s->proto == IPPROTO_TCP);
	cr_assert(s->family == 4 && s->remote_port == 1000 && s->ports_known && s->ifindex == 1);
	address_of(PEER4, address);
	cr_assert_arr_eq(s->remote, address, 16);
	address_of(HERE4, address);
	cr_assert_arr_eq(s->local, address, 16);
	cr_assert(!(s->seq & 1), "the key is still being written");
	expect_sum(g, &t);
}

Test(seen, at_tc_each_segment_of_a_packet_that_stands_for_many_is_counted)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("rules: [deny in 81/udp]");
	_cleanup_table_ struct table t = open_table(g);
	struct frame f = frame_of(&udp(.family = 4, .dport = 81, .payload = 1200));
	struct __sk_buff joined = { .ifindex = g->device, .gso_segs = 3, .gso_size = 400 };
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = f.bytes, .data_size_in = f.length,
		    .repeat = 1, .ctx_in = &joined, .ctx_size_in = sizeof(joined));

	if (bpf_prog_test_run_opts(g->programs[IN_TC], &run) && errno == EINVAL)
		cr_skip("this kernel's test runs know no segments");
	cr_assert_eq(run.retval, 2 /* TC_ACT_SHOT */);
	cr_assert_eq(only_slot(&t, PG_SEEN_KIND)->count, 3);
	cr_assert_eq(refused(g), 3);
	cr_assert_eq(state_count(&g->state, PG_COUNT_RULE(g->policy.rules[0].id)), 3);
	expect_sum(g, &t);
}

Test(seen, other_ports_sources_protocols_and_reasons_are_other_kinds)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("rules: [deny in 81]");
	_cleanup_table_ struct table t = open_table(g);
	uint64_t count;

	comes(g, tcp(.dport = 81));
	comes(g, udp(.dport = 81));
	comes(g, tcp(.dport = 82));
	comes(g, tcp(.dport = 81, .from = "192.0.2.11"));
	comes(g, tcp(.dport = 81, .family = 6));
	comes(g, ip(.proto = IPPROTO_GRE));
	comes(g, tcp(.dport = 81, .missing = 6));
	cr_assert_eq(slots_of(&t, PG_SEEN_KIND, &count), 7);
	cr_assert_eq(count, 7);
}

Test(seen, one_source_that_tries_more_than_16_ports_is_a_scan)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("");
	_cleanup_table_ struct table t = open_table(g);
	const struct pg_seen *s;
	unsigned ports = 0;
	uint64_t count;

	for (uint16_t port = 100; port < 200; port++)
		comes(g, tcp(.dport = port));
	cr_assert_eq(slots_of(&t, PG_SEEN_KIND, &count), PG_SCAN_PORTS);
	cr_assert_eq(count, PG_SCAN_PORTS);
	s = only_slot(&t, PG_SEEN_SOURCE);
	cr_assert_eq(s->count, 100 - PG_SCAN_PORTS);
	cr_assert(s->scanning && s->reason == PG_REASON_SCAN && s->local_port == 0);
	for (size_t i = 0; i < ARRAY_SIZE(s->port_bits); i++)
		ports += (unsigned)__builtin_popcountll(s->port_bits[i]);
	cr_assert_eq(ports, 100);
	expect_sum(g, &t);
}

Test(seen, sixteen_ports_are_no_scan)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("");
	_cleanup_table_ struct table t = open_table(g);
	uint64_t count;

	for (int round = 0; round < 5; round++)
		for (uint16_t port = 100; port < 100 + PG_SCAN_PORTS; port++)
			comes(g, tcp(.dport = port));
	cr_assert_eq(slots_of(&t, PG_SEEN_KIND, &count), PG_SCAN_PORTS);
	cr_assert_eq(count, 5 * PG_SCAN_PORTS);
	expect_sum(g, &t);
}

Test(seen, a_few_ports_in_each_epoch_are_no_scan)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("");
	_cleanup_table_ struct table t = open_table(g);
	uint64_t count;

	for (uint16_t port = 100; port < 150; port++) {
		comes(g, tcp(.dport = port));
		if (port % 10 == 9)
			agent_has_read(g);
	}
	(void)slots_of(&t, PG_SEEN_SOURCE, &count);
	cr_assert_eq(count, 0);
	expect_sum(g, &t);
}

Test(seen, a_scan_is_found_although_the_epoch_makes_no_more_kinds)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("");
	_cleanup_table_ struct table t = open_table(g);
	size_t found = 0, kinds;
	uint64_t count;
	char from[32];

	for (int i = 0; i < NEW_KINDS + 10; i++) {
		(void)snprintf(from, sizeof(from), "10.3.0.%d", i);
		comes(g, tcp(.dport = 81, .from = from));
	}
	kinds = slots_of(&t, PG_SEEN_KIND, &count);
	for (int source = 0; source < 12; source++) { /* the slots of some are somebody else's */
		(void)snprintf(from, sizeof(from), "192.0.2.%d", 100 + source);
		for (uint16_t port = 100; port < 150; port++)
			comes(g, tcp(.dport = port, .from = from));
	}
	for (size_t i = 0; i < t.count; i++)
		found += t.slots[i].level == PG_SEEN_SOURCE && t.slots[i].scanning &&
			 t.slots[i].count == 50 - PG_SCAN_PORTS;
	cr_assert_gt(found, 0);
	cr_assert_eq(slots_of(&t, PG_SEEN_KIND, &count), kinds);
	expect_sum(g, &t);
}

Test(seen, a_scan_is_over_after_a_minute_of_quiet)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("");
	_cleanup_table_ struct table t = open_table(g);
	uint64_t during, after;

	for (uint16_t port = 100; port < 150; port++)
		comes(g, tcp(.dport = port));
	g->state.control->epoch += PG_SCAN_QUIET; /* not read: the slot is not free for others */
	comes(g, tcp(.dport = 300));
	(void)slots_of(&t, PG_SEEN_SOURCE, &during);
	cr_assert_eq(during, 50 - PG_SCAN_PORTS + 1);
	g->state.control->epoch += PG_SCAN_QUIET + 1;
	comes(g, tcp(.dport = 301));
	(void)slots_of(&t, PG_SEEN_SOURCE, &after);
	cr_assert_eq(after, during);
	expect_sum(g, &t);
}

Test(seen, sources_that_are_spread_are_summed_by_port)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("");
	_cleanup_table_ struct table t = open_table(g);
	const struct pg_seen *port;
	uint64_t kinds;
	char from[32];

	for (int i = 0; i < 4000; i++) {
		(void)snprintf(from, sizeof(from), "10.1.%d.%d", i / 250, i % 250);
		comes(g, tcp(.dport = 81, .from = from));
	}
	cr_assert_leq(slots_of(&t, PG_SEEN_KIND, &kinds), NEW_KINDS);
	port = only_slot(&t, PG_SEEN_PORT);
	cr_assert(port->local_port == 81 && port->proto == IPPROTO_TCP &&
		  port->reason == PG_REASON_NO_RULE);
	cr_assert_eq(port->count, 4000 - kinds);
	expect_sum(g, &t);
	cr_assert(port->first[12] == 10 && port->first[13] == 1);
	g->state.control->epoch++;
	for (int i = 0; i < 2 * NEW_KINDS; i++) {
		(void)snprintf(from, sizeof(from), "10.2.%d.%d", i / 250, i % 250);
		comes(g, tcp(.dport = 81, .from = from));
	}
	cr_assert(port->first[13] == 2, "the first of each epoch is known");
	expect_sum(g, &t);
}

Test(seen, sources_and_ports_that_are_spread_are_summed_by_protocol_at_the_very_last)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("");
	_cleanup_table_ struct table t = open_table(g);
	uint32_t random = 7;
	uint64_t rest;

	for (int i = 0; i < FLOOD; i++)
		random_packet(g, &random, 1 << 24);
	cr_assert_gt(slots_of(&t, PG_SEEN_REST, &rest), 0);
	cr_assert_gt(rest, 0);
	expect_sum(g, &t);
}

Test(seen, every_refusal_is_in_one_slot_while_the_agent_reads_and_slots_change_hands)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("rules: [deny in 80-90, allow 1000-2000]");
	_cleanup_table_ struct table t = open_table(g);
	uint32_t random = 20061123;

	for (int round = 0; round < 40; round++) {
		for (int i = 0; i < 500; i++)
			random_packet(g, &random, round % 2 ? 50 : 100000);
		expect_sum(g, &t);
		if (round % 3)
			agent_has_read(g);
		if (round % 10 == 9)
			change_policy(g,
				      round % 20 == 9 ? "mode: audit" : "rules: [deny in 80-90]");
	}
	cr_assert_gt(refused(g), FLOOD / 4);
}

Test(seen, in_audit_what_would_be_refused_is_summed_alike)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("mode: audit");
	_cleanup_table_ struct table t = open_table(g);
	const struct pg_seen *s;

	for (int i = 0; i < 10; i++)
		comes(g, udp(.dport = 81));
	s = only_slot(&t, PG_SEEN_KIND);
	cr_assert(s->verdict == PG_AUDIT && s->mode == PG_MODE_AUDIT && s->count == 10);
}

Test(seen, an_epoch_makes_a_bounded_number_of_kinds_and_the_next_one_more)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("");
	_cleanup_table_ struct table t = open_table(g);
	uint64_t count;
	char from[32];
	size_t first;

	for (int i = 0; i < 1000; i++) {
		(void)snprintf(from, sizeof(from), "10.2.%d.%d", i / 250, i % 250);
		comes(g, tcp(.dport = 81, .from = from));
		if (i == 499) {
			first = slots_of(&t, PG_SEEN_KIND, &count);
			cr_assert_leq(first, NEW_KINDS);
			g->state.control->epoch++;
		}
	}
	cr_assert_gt(slots_of(&t, PG_SEEN_KIND, &count), first);
	cr_assert_leq(slots_of(&t, PG_SEEN_KIND, &count), 2 * NEW_KINDS);
	expect_sum(g, &t);
}

static void panic(const struct guarded *g)
{
	struct pg_slot *slot = &g->state.control->slots[g->state.control->slot & 1];

	memset(slot->defaults, PG_DENY, sizeof(slot->defaults));
	slot->panic = 1;
}

static void is_kept_from_leaving(const struct guarded *g, struct traffic packet)
{
	struct frame f = frame_of(&packet);
	struct result got;

	cr_assert_eq(run_frame(g, OUT_TC, &f, &got), 0);
	cr_assert_not(got.passed);
}

static uint64_t kept(const struct guarded *g)
{
	return state_verdicts(&g->state, PG_HOOK_SEND, PG_DENY);
}

Test(seen, what_panic_keeps_from_leaving_is_told_from_its_other_end)
{
	BOTH(family) {
		_cleanup_guarded_ struct guarded *g = guarded_by("");
		_cleanup_table_ struct table t = open_table(g);
		uint8_t address[16];
		const struct pg_seen *s;

		panic(g);
		for (int i = 0; i < 7; i++)
			is_kept_from_leaving(g, out(family, IPPROTO_TCP, .sport = 80, .dport = CLIENT, .flags = ACK));
		s = only_slot(&t, PG_SEEN_KIND);
		cr_assert(s->hook == PG_HOOK_SEND && s->verdict == PG_DENY && s->reason == PG_REASON_PANIC);
		cr_assert(s->count == 7 && s->local_port == CLIENT && s->remote_port == 80 && s->family == family);
		address_of(peer(family), address);
		cr_assert_arr_eq(s->remote, address, 16);
		address_of(here(family), address);
		cr_assert_arr_eq(s->local, address, 16);
		cr_assert_eq(kept(g), 7);
		cr_assert_eq(refused(g), 0);
	}
}

Test(seen, all_that_panic_keeps_from_leaving_is_in_the_table_and_no_scan)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("");
	_cleanup_table_ struct table t = open_table(g);
	uint32_t random = 5;
	uint64_t count;

	panic(g);
	for (int i = 0; i < FLOOD; i++) {
		char to[INET6_ADDRSTRLEN];
		uint32_t target = htonl(0x0a000000 + pick(&random, i % 2 ? 10 : 1 << 24));

		(void)inet_ntop(AF_INET, &target, to, sizeof(to));
		is_kept_from_leaving(g, ip(.family = 4, .proto = i % 3 ? IPPROTO_TCP : IPPROTO_UDP, .from = HERE4,
					   .to = to, .sport = 80, .dport = (uint16_t)pick(&random, 65536)));
		if (i % 1000 == 0)
			agent_has_read(g);
	}
	cr_assert_eq(kept(g), FLOOD);
	cr_assert_eq(sum(&t), FLOOD);
	(void)slots_of(&t, PG_SEEN_SOURCE, &count);
	cr_assert_eq(count, 0);
	cr_assert_gt(slots_of(&t, PG_SEEN_REST, &count), 0);
	for (size_t i = 0; i < t.count; i++)
		cr_assert(!t.slots[i].count || (t.slots[i].hook == PG_HOOK_SEND &&
						t.slots[i].reason == PG_REASON_PANIC));
}

static int count_record(void *data, void *record, size_t size)
{
	const struct pg_record_seen *r = record;

	cr_assert_eq(size, sizeof(*r));
	cr_assert_eq(r->type, PG_RECORD_SEEN);
	++*(size_t *)data;
	return 0;
}

Test(seen, the_agent_is_rung_once_for_each_new_kind)
{
	_cleanup_guarded_ struct guarded *g = guarded_by("");
	_cleanup_table_ struct table t = open_table(g);
	_cleanup_close_ int fd = guarded_map(g, "pg_events");
	size_t records = 0;
	struct ring_buffer *ring = ring_buffer__new(fd, count_record, &records, NULL);
	uint32_t random = 99;
	uint64_t count;

	cr_assert_not_null(ring);
	for (int i = 0; i < 3000; i++)
		random_packet(g, &random, 1000);
	cr_assert_geq(ring_buffer__consume(ring), 0);
	cr_assert_eq(records, slots_of(&t, PG_SEEN_KIND, &count));
	ring_buffer__free(ring);
}
