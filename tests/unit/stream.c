// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the stream promises: the first of a kind at once, sums each second, and every refusal in exactly
 * one line. stream_scans.c: who scans; stream_limits.c: never too many lines.
 */
#include "unit/lib/stream_case.h"

TestSuite(stream, .init = setup, .fini = teardown);

Test(stream, first_refusal_of_a_kind_is_told_at_once)
{
	refuse_bind(7070, 42);
	cr_assert_eq(w->line_count, 1);
	cr_expect_eq(line(0)->seq, 1);
	cr_expect_eq(line(0)->count, 1);
	cr_expect_eq(line(0)->severity, 6);
	cr_expect_eq(line(0)->local.port, 7070);
	cr_expect(!line(0)->remote.known);
	cr_expect_eq(line(0)->pid, 42);
	cr_expect_str_eq(line(0)->comm, "server");
	cr_expect_str_eq(line(0)->scope, "host");
	cr_expect_eq(line(0)->start_us, (WORLD_UTC_NS + w->now_ns) / 1000);
	cr_expect_eq(line(0)->end_us, line(0)->start_us);
}

Test(stream, equal_refusals_are_one_line_at_the_tick_that_names_the_last_process)
{
	for (uint32_t pid = 1; pid <= 500; pid++)
		refuse_bind(7070, pid);
	cr_assert_eq(w->line_count, 1);
	ticks(1);
	cr_assert_eq(w->line_count, 2);
	cr_expect_eq(line(1)->count, 499);
	cr_expect_eq(line(1)->pid, 500);
	cr_expect_eq(line(1)->local.port, 7070);
	cr_expect_eq(w->journal.emitted, 2);
	cr_expect_eq(w->journal.suppressed, 498);
}

Test(stream, another_port_is_another_kind)
{
	refuse_bind(7070, 1);
	refuse_bind(7071, 1);
	cr_expect_eq(w->line_count, 2);
}

Test(stream, a_kind_is_forgotten_after_a_quiet_second)
{
	refuse_bind(7070, 1);
	ticks(1);
	refuse_bind(7070, 1);
	cr_expect_eq(w->line_count, 1, "one a second");
	ticks(2);
	cr_expect_eq(w->line_count, 2);
	ticks(1);
	refuse_bind(7070, 1);
	cr_expect_eq(w->line_count, 3, "at once again");
}

Test(stream, process_without_a_name_has_one)
{
	struct pg_record_refusal r = world_bind(w, 7070, 1);

	memset(r.comm, 0, sizeof(r.comm));
	world_refuse(w, &r);
	cr_expect_str_eq(line(0)->comm, "?");
}

Test(stream, name_of_sixteen_bytes_without_an_end_is_cut_there)
{
	struct pg_record_refusal r = world_bind(w, 7070, 1);

	memset(r.comm, 'x', sizeof(r.comm));
	world_refuse(w, &r);
	cr_expect_str_eq(line(0)->comm, "xxxxxxxxxxxxxxxx");
}

Test(stream, connect_names_the_remote_end)
{
	struct pg_record_refusal r = world_bind(w, 0, 1);

	r.hook = PG_HOOK_CONNECT;
	world_address(r.local, "0.0.0.0");
	world_address(r.remote, "192.0.2.9");
	r.remote_port = 25;
	world_refuse(w, &r);
	cr_expect(line(0)->remote.known && line(0)->remote.port == 25);
	cr_expect(!line(0)->local.known, "not chosen yet");
	r.remote_port = 26;
	world_refuse(w, &r);
	cr_expect_eq(w->line_count, 2, "another port is another kind");
}

Test(stream, raw_socket_has_no_endpoints)
{
	struct pg_record_refusal r = world_bind(w, 0, 1);

	r.hook = PG_HOOK_SOCKET;
	r.reason = PG_REASON_RAW;
	r.proto = IPPROTO_RAW;
	world_refuse(w, &r);
	cr_expect(!line(0)->local.known && !line(0)->remote.known);
}

Test(stream, record_that_makes_no_sense_is_counted_as_lost)
{
	struct pg_record_refusal r = world_bind(w, 1, 1);

	r.hook = 200;
	world_refuse(w, &r);
	cr_expect_eq(w->line_count, 0);
	cr_expect_eq(w->journal.lost, 1);
	stream_record(w->stream, &r, 3);
	stream_record(w->stream, &r, 0);
	r.type = 99;
	stream_record(w->stream, &r, sizeof(r));
	cr_expect_eq(w->journal.lost, 1, "and what is no record is nothing");
}

Test(stream, record_of_a_former_layout_is_counted_as_lost)
{
	struct pg_record_refusal r = world_bind(w, 1, 1);

	stream_record(w->stream, &r, sizeof(r) - 8);
	w->handed_in++;
	cr_expect_eq(w->line_count, 0);
	cr_expect_eq(w->journal.lost, 1);
	r.verdict = PG_ALLOW;
	stream_record(w->stream, &r, sizeof(r) - 8);
	cr_expect_eq(w->journal.lost, 1, "and an allowed one is no refusal");
}

Test(stream, announced_packet_is_told_at_once)
{
	(void)world_slot(w, 5, PG_SEEN_KIND, "10.77.0.2", 7091);
	world_hit(w, 5, 1);
	world_announce(w, 5);
	cr_assert_eq(w->line_count, 1);
	cr_expect_eq(line(0)->severity, 3);
	cr_expect_eq(line(0)->count, 1);
	cr_expect_str_eq(line(0)->interface, "eth0");
	cr_expect_eq(line(0)->remote.port, 40000);
	cr_expect_eq(line(0)->local.port, 7091);
	cr_expect(!line(0)->process_known && !line(0)->comm && !line(0)->rule);
	cr_expect_eq(w->control->epoch, 100, "epochs are for ticks");
	ticks(1);
	cr_expect_eq(w->line_count, 1);
}

Test(stream, packets_without_a_word_from_the_ring_come_at_the_tick)
{
	(void)world_slot(w, 5, PG_SEEN_KIND, "10.77.0.2", 7091);
	world_hit(w, 5, 12);
	ticks(1);
	cr_assert_eq(w->line_count, 1);
	cr_expect_eq(line(0)->count, 12);
	cr_expect(!line(0)->remote.port_known, "twelve packets have no one port");
	cr_expect_eq(w->control->drained, 99);
	cr_expect_eq(w->control->epoch, 101);
}

/* A slot of kinds that a rule allowed. */
#define ALLOWED_SLOT (PG_SEEN_REFUSED + 3)

static void allow_bind(uint16_t port, uint32_t pid)
{
	struct pg_record_refusal r = world_bind(w, port, pid);

	r.verdict = PG_ALLOW;
	r.reason = PG_REASON_RULE;
	r.rule = 7;
	world_refuse(w, &r);
}

Test(stream, allowed_call_that_is_logged_is_a_line_and_no_refusal)
{
	allow_bind(7071, 42);
	allow_bind(7071, 42);
	ticks(1);
	cr_assert_eq(w->line_count, 2);
	cr_expect_eq(line(0)->verdict, PG_ALLOW);
	cr_expect_eq(line(0)->severity, 1);
	cr_expect_eq(line(0)->count, 1);
	cr_expect_eq(line(0)->seq, 1);
	cr_expect_eq(event_refusals(line(0)), 0);
	cr_expect_eq(line(0)->pid, 42);
	cr_expect_eq(w->journal.seq, 2);
	cr_expect_eq(w->journal.emitted + w->journal.suppressed + w->journal.lost, 0);
}

Test(stream, allowed_packets_that_are_logged_are_summed_and_are_no_refusals)
{
	(void)world_slot(w, ALLOWED_SLOT, PG_SEEN_KIND, "10.77.0.2", 443);
	world_hit(w, ALLOWED_SLOT, 1);
	world_announce(w, ALLOWED_SLOT);
	cr_assert_eq(w->line_count, 1);
	cr_expect_eq(line(0)->severity, 1);
	world_hit(w, ALLOWED_SLOT, 9);
	ticks(1);
	cr_assert_eq(w->line_count, 2);
	cr_expect_eq(line(1)->count, 9);
	cr_expect_eq(line(1)->verdict, PG_ALLOW);
	cr_expect_eq(w->journal.emitted + w->journal.suppressed + w->journal.lost, 0);
	world_restart(w, LINES);
	cr_expect_eq(w->journal.lost, 0, "nor are they missed by the next agent");
}

Test(stream, refusals_come_before_what_is_logged)
{
	for (uint16_t port = 1; port <= 2 * LINES; port++)
		allow_bind(port, 42);
	cr_expect_leq(w->line_count, LINES / 2);
	refuse_bind(7072, 43);
	cr_expect_eq(line(w->line_count - 1)->verdict, PG_DENY, "at once");
	for (uint32_t i = 1; i <= 40; i++) {
		(void)world_slot(w, i, PG_SEEN_KIND, "10.77.0.2", (uint16_t)i);
		world_hit(w, i, 1);
	}
	ticks(1);
	cr_expect_eq(world_told(w, 0), 41, "all refusals, whatever else waits");
}

Test(stream, key_that_lies_in_a_slot_of_the_other_sort_makes_no_sense)
{
	struct pg_seen *s = world_slot(w, ALLOWED_SLOT, PG_SEEN_KIND, "10.77.0.2", 443);

	world_hit(w, ALLOWED_SLOT, 2);
	s->verdict = PG_DENY;
	s = world_slot(w, 5, PG_SEEN_KIND, "10.77.0.2", 443);
	world_hit(w, 5, 3);
	s->verdict = PG_ALLOW;
	ticks(1);
	cr_expect_eq(w->line_count, 0);
	cr_expect_eq(w->journal.lost, 3);
}

Test(stream, same_kind_on_two_cpus_is_one_line)
{
	(void)world_slot(w, 5, PG_SEEN_KIND, "10.77.0.2", 7091);
	(void)world_slot(w, PG_SEEN_REGION + 9, PG_SEEN_KIND, "10.77.0.2", 7091);
	world_hit(w, 5, 3);
	world_hit(w, PG_SEEN_REGION + 9, 4);
	ticks(1);
	cr_assert_eq(w->line_count, 1);
	cr_expect_eq(line(0)->count, 7);
}

Test(stream, slot_that_changes_its_key_keeps_its_count)
{
	(void)world_slot(w, 5, PG_SEEN_KIND, "10.77.0.2", 7091);
	world_hit(w, 5, 3);
	ticks(2);
	(void)world_slot(w, 5, PG_SEEN_KIND, "10.77.0.3", 7092);
	world_hit(w, 5, 2);
	ticks(1);
	cr_assert_eq(w->line_count, 2);
	cr_expect_eq(line(1)->count, 2);
	cr_expect_eq(line(1)->local.port, 7092);
}

Test(stream, slot_under_the_kernels_pen_waits_for_the_next_drain)
{
	struct pg_seen *s = world_slot(w, 5, PG_SEEN_KIND, "10.77.0.2", 7091);

	world_hit(w, 5, 3);
	s->seq++;
	world_announce(w, 5);
	ticks(1);
	cr_expect_eq(w->line_count, 0);
	s->seq++;
	ticks(1);
	cr_expect_eq(world_told(w, 0), 3);
}

Test(stream, announcement_of_nonsense_is_ignored)
{
	world_announce(w, 0);
	world_announce(w, WORLD_SLOTS);
	world_announce(w, UINT32_MAX);
	world_announce(w, 7);
	cr_expect_eq(w->line_count, 0);
}

Test(stream, rule_is_named_and_a_rule_that_is_gone_has_a_word)
{
	struct pg_seen *s = world_slot(w, 5, PG_SEEN_KIND, "10.77.0.2", 7095);

	s->reason = PG_REASON_RULE;
	s->rule = 7;
	world_hit(w, 5, 1);
	s = world_slot(w, 6, PG_SEEN_KIND, "10.77.0.2", 7096);
	s->reason = PG_REASON_RULE;
	s->rule = 8;
	world_hit(w, 6, 1);
	ticks(1);
	cr_expect_str_eq(line(0)->rule, "deny in 7095/tcp");
	cr_expect_str_eq(line(1)->rule, "(rule 8, removed)");
}

Test(stream, spread_sources_are_told_by_port_then_by_protocol)
{
	(void)world_slot(w, 800, PG_SEEN_PORT, NULL, 53);
	(void)world_slot(w, 1100, PG_SEEN_REST, NULL, 0);
	world_hit(w, 800, 10);
	world_hit(w, 1100, 20);
	ticks(1);
	cr_assert_eq(w->line_count, 2);
	cr_expect(!line(0)->remote.known && line(0)->local.port == 53 && line(0)->count == 10);
	cr_expect(!line(1)->remote.known && !line(1)->local.known && line(1)->count == 20);
}

Test(stream, lone_spread_packet_waits_for_company_but_not_for_ever)
{
	(void)world_slot(w, 800, PG_SEEN_PORT, NULL, 53);
	world_hit(w, 800, 1);
	ticks(2);
	cr_expect_eq(w->line_count, 0);
	ticks(3);
	cr_expect_eq(world_told(w, 0), 1);
}

/* In panic: a segment of the web server to a client's port; it is the remote one that is asked for. */
static void keep_from_leaving(uint32_t index, enum pg_seen_level level, const char *remote, uint64_t packets)
{
	struct pg_seen *s = world_slot(w, index, level, remote, 40000);

	s->hook = PG_HOOK_SEND;
	s->reason = PG_REASON_PANIC;
	s->remote_port = 80;
	world_hit(w, index, packets);
}

Test(stream, what_panic_keeps_from_leaving_names_both_ends_but_no_process)
{
	keep_from_leaving(5, PG_SEEN_KIND, "10.77.0.2", 1);
	world_announce(w, 5);
	cr_assert_eq(w->line_count, 1);
	cr_expect(line(0)->hook == PG_HOOK_SEND && line(0)->reason == PG_REASON_PANIC && line(0)->severity == 6);
	cr_expect(line(0)->remote.port_known && line(0)->remote.port == 40000);
	cr_expect(line(0)->local.port_known && line(0)->local.port == 80);
	cr_expect(!line(0)->process_known && line(0)->count == 1);
	keep_from_leaving(5, PG_SEEN_KIND, "10.77.0.2", 9);
	ticks(1);
	cr_expect_eq(line(1)->count, 9);
	cr_expect(line(1)->remote.port == 40000 && !line(1)->local.port_known);
}

Test(stream, spread_too_far_it_is_told_by_the_remote_port_and_at_last_by_none)
{
	keep_from_leaving(800, PG_SEEN_PORT, NULL, 20);
	ticks(1);
	cr_assert_eq(w->line_count, 1);
	cr_expect(line(0)->remote.known && !line(0)->remote.ip_known && line(0)->remote.port == 40000);
	cr_expect(!line(0)->local.port_known && !line(0)->interface);
	keep_from_leaving(1030, PG_SEEN_REST, NULL, 20);
	ticks(1);
	cr_assert_eq(w->line_count, 2);
	cr_expect(!line(1)->remote.known && !line(1)->local.known);
}

Test(stream, lone_packet_without_a_place_is_told_as_its_source_s_if_that_is_known)
{
	struct pg_seen *s;

	for (int known = 0; known < 2; known++) {
		s = world_slot(w, 800, PG_SEEN_PORT, NULL, 53 + known);
		world_address(s->first, "10.77.0.2");
		world_hit(w, 800, 1);
		ticks(5);
		cr_assert_eq(w->line_count, known ? 3 : 1);
		cr_expect_eq(line(w->line_count - 1)->remote.ip_known, known);
		(void)world_slot(w, 5, PG_SEEN_KIND, "10.77.0.2", 22);
		world_hit(w, 5, 1);
		ticks(1);
	}
	cr_expect_eq(line(2)->local.port, 54);
}

Test(stream, flush_tells_what_waits_and_leaves_the_epoch)
{
	refuse_bind(7070, 1);
	refuse_bind(7070, 1);
	(void)world_slot(w, 5, PG_SEEN_KIND, "10.77.0.2", 22);
	world_hit(w, 5, 2);
	stream_flush(w->stream);
	cr_expect_eq(world_told(w, 0), 4);
	cr_expect_eq(w->control->epoch, 100);
}

Test(stream, finish_leaves_nothing)
{
	for (uint32_t i = 0; i < 3000; i++)
		refuse_bind((uint16_t)(1 + i), i + 1);
	(void)world_slot(w, 800, PG_SEEN_PORT, NULL, 53);
	world_hit(w, 800, 1);
	stream_finish(w->stream);
	cr_expect(!stream_pending(w->stream));
	cr_expect_eq(world_told(w, 0), 3001);
}

Test(stream, health_and_change_take_a_seq_but_are_no_verdicts)
{
	struct event change = {
		.action = "mode", .text = "mode audit", .before = "enforce", .after = "audit"
	};

	stream_health(w->stream, "start", "the agent started", "{}");
	stream_change(w->stream, &change);
	refuse_bind(1, 1);
	cr_expect_eq(line(0)->severity, 1);
	cr_expect_eq(line(1)->severity, 5);
	cr_expect_eq(line(1)->kind, EVENT_CHANGE);
	cr_expect_eq(line(2)->seq, 3);
	cr_expect_eq(w->journal.emitted, 1);
	cr_expect_eq(w->journal.seq, 3);
}

Test(stream, change_has_the_time_at_which_it_was_made)
{
	struct event change = { .action = "allow", .text = "added: allow 80", .end_us = 1234567 };

	stream_change(w->stream, &change);
	cr_expect_eq(line(0)->start_us, 1234567);
	cr_expect_eq(line(0)->end_us, 1234567);
	change.end_us = 0;
	stream_change(w->stream, &change);
	cr_expect_eq(line(1)->end_us, (WORLD_UTC_NS + w->now_ns) / 1000, "or now");
	cr_expect_eq(line(1)->start_us, line(1)->end_us);
}

Test(stream, beat_comes_every_five_minutes_before_verdicts_with_the_counters)
{
	ticks(299);
	cr_expect_eq(w->line_count, 0);
	(void)world_slot(w, 5, PG_SEEN_KIND, "10.77.0.2", 7091);
	world_hit(w, 5, 12);
	ticks(1);
	cr_assert_eq(w->line_count, 2);
	cr_expect_eq(line(0)->kind, EVENT_HEALTH);
	cr_expect_str_eq(line(0)->action, "beat");
	cr_expect_str_eq(line(0)->counters_json, "{\"bind\":{}}");
	cr_expect_eq(line(0)->severity, 0);
	cr_expect_eq(line(1)->kind, EVENT_VERDICT);
	ticks(299);
	cr_expect_eq(w->line_count, 2);
	ticks(1);
	cr_expect_eq(w->line_count, 3);
	w->now_ns += 1000 * WORLD_SECOND;
	ticks(1);
	cr_expect_eq(w->line_count, 4, "one for a long pause, too");
}

static const struct process port_owner = {
	.pid = 77, .ppid = 1, .uid = 33, .comm = "nginx", .cgroup = "/n", .unit = "nginx.service"
};

Test(stream, packet_names_who_owns_the_port)
{
	w->owner = &port_owner;
	(void)world_slot(w, 5, PG_SEEN_KIND, "10.77.0.2", 7091);
	world_hit(w, 5, 1);
	world_announce(w, 5);
	cr_assert_eq(w->line_count, 1);
	cr_expect(line(0)->process_known && line(0)->pid == 77 && line(0)->uid == 33);
	cr_expect_str_eq(line(0)->comm, "nginx");
	cr_expect_str_eq(line(0)->unit, "nginx.service");
	cr_expect_eq(w->asked.port, 7091);
	cr_expect_eq(w->asked.proto, IPPROTO_TCP);
	cr_expect_eq(w->asked.ifindex, 3);
	cr_expect(!w->asked.scoped);
	world_hit(w, 5, 1000);
	ticks(1);
	cr_expect_eq(w->asks, 2, "once a line, not once a packet");
}

Test(stream, owner_of_whom_only_the_cgroup_is_known)
{
	static const struct process unknown = { .cgroup = "/n", .unit = "nginx.service" };

	w->owner = &unknown;
	(void)world_slot(w, 5, PG_SEEN_KIND, "10.77.0.2", 7091);
	world_hit(w, 5, 1);
	ticks(1);
	cr_expect(!line(0)->process_known && !line(0)->comm);
	cr_expect_str_eq(line(0)->unit, "nginx.service");
}

Test(stream, scans_ports_of_all_and_processes_ask_for_no_owner)
{
	w->owner = &port_owner;
	refuse_bind(7070, 42);
	cr_expect_eq(line(0)->pid, 42);
	world_slot(w, 600, PG_SEEN_SOURCE, "10.77.0.2", 0)->scanning = 1;
	world_hit(w, 600, 40);
	(void)world_slot(w, 1100, PG_SEEN_REST, NULL, 0);
	world_hit(w, 1100, 40);
	ticks(1);
	cr_expect_eq(w->line_count, 3);
	cr_expect_eq(w->asks, 0);
}

Test(stream, start_never_comes_after_the_end)
{
	refuse_bind(1, 1);
	ticks(1);
	w->now_ns -= 10 * WORLD_SECOND;
	refuse_bind(1, 1);
	(void)world_slot(w, 5, PG_SEEN_KIND, "10.77.0.2", 22);
	world_hit(w, 5, 3);
	w->now_ns += WORLD_SECOND;
	stream_finish(w->stream);
	for (size_t i = 0; i < w->line_count; i++)
		cr_expect_leq(line(i)->start_us, line(i)->end_us);
}

/* One step of a random life of kernel and agent. */
static void random_step(unsigned *seed)
{
	unsigned what = (unsigned)rand_r(seed) % 100,
		 slot = 1 + (unsigned)rand_r(seed) % (WORLD_SLOTS - 1);
	char remote[32];

	(void)snprintf(remote, sizeof(remote), "10.0.0.%u", (unsigned)rand_r(seed) % 20);
	w->now_ns += (unsigned)rand_r(seed) % 5000000;
	if (what < 50) {
		(what % 5 ? refuse_bind : allow_bind)((uint16_t)(rand_r(seed) % 400),
						      (uint32_t)rand_r(seed) % 50);
	} else if (what < 95 && slot % PG_SEEN_REGION) {
		enum pg_seen_level level = 1 + (unsigned)rand_r(seed) % 4;

		/* A key changes only where all was reported and an epoch passed: as the kernel does. */
		if (!w->seen[slot].level ||
		    (int32_t)(w->seen[slot].epoch - w->control->drained) <= 0)
			(void)world_slot(w, slot, level, remote, (uint16_t)(rand_r(seed) % 100));
		w->seen[slot].scanning = w->seen[slot].level == PG_SEEN_SOURCE;
		world_hit(w, slot, 1 + (unsigned)rand_r(seed) % 3);
		if (what < 90)
			world_announce(w, slot);
	} else if (what < 97) {
		stream_flush(w->stream);
	} else {
		world_tick(w);
	}
}

Test(stream, random_lives_add_up_over_restarts)
{
	for (unsigned life = 0; life < 20; life++) {
		unsigned seed = life;

		for (int i = 0; i < 3000; i++)
			random_step(&seed);
		if (life % 3)
			stream_finish(w->stream);
		world_restart(w, life % 2 ? 5 : LINES);
		cr_assert(w->line_count < WORLD_LINES / 2);
	}
	stream_finish(w->stream);
	cr_expect_eq(world_told(w, 0), w->journal.emitted + w->journal.suppressed);
	cr_expect_gt(w->journal.lost, 0, "agents that did not finish lost something");
}

Test(stream, next_agent_knows_what_died_with_the_former_one)
{
	refuse_bind(1, 1);
	refuse_bind(1, 1);
	refuse_bind(1, 1);
	world_restart(w, LINES);
	cr_expect_eq(stream_figures(w->stream).lost_before, 2);
	world_restart(w, LINES);
	cr_expect_eq(stream_figures(w->stream).lost_before, 0, "and once only");
	cr_expect_eq(w->journal.lost, 2);
}

Test(stream, seq_has_no_gap)
{
	for (uint32_t i = 0; i < 1000; i++)
		refuse_bind((uint16_t)(i % 90), i + 1);
	ticks(3);
	for (size_t i = 0; i < w->line_count; i++)
		cr_expect_eq(line(i)->seq, i + 1);
}
