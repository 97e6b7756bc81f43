// SPDX-License-Identifier: GPL-2.0-only
/*
 * A report's sums: each refusal is in one total, one bucket and one row of each table that it belongs to, with its
 * count; what lies outside the window is in none.
 */
#include "report/sums.h"

#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "report/shown.h"
#include "unit/lib/event_sample.h"
#include "unit/lib/stream_world.h"

#define SECOND 1000000ULL
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)
#define NOW (1764000000ULL * SECOND) /* 2025-11-24 16:00:00 */

static struct report_sums s;

static void setup(void)
{
	report_begin(&s, NOW - DAY, NOW);
}

static void teardown(void)
{
	report_free(&s);
}

TestSuite(report_sums, .init = setup, .fini = teardown);

static void take(struct event e, uint64_t time_us)
{
	struct event_source source = sample_source();

	e.start_us = e.end_us = time_us;
	cr_assert_eq(report_take(&s, &source, &e), 0);
}

static struct event packet(const char *from, uint16_t port, uint64_t count)
{
	struct event e = sample_inbound(s.last_seq + 1);

	world_address(e.remote.ip, from);
	e.local.port = port;
	e.count = count;
	return e;
}

static struct event call(const char *exe, uint16_t port, uint64_t count)
{
	struct event e = sample_bind(s.last_seq + 1);

	e.exe = exe;
	e.local.port = port;
	e.count = count;
	return e;
}

static struct event health(const char *action)
{
	struct event e = { .kind = EVENT_HEALTH, .seq = s.last_seq + 1, .action = action, .text = "so it was" };

	e.severity = event_severity(&e);
	return e;
}

static uint64_t in_buckets(enum report_side side)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s.bucket_count; i++)
		sum += report_weight(&s.buckets[i].sides[side]);
	return sum;
}

static uint64_t in_table(const struct report_table *t)
{
	const struct report_shown top = report_shown(t);

	return report_weight(&top.all);
}

Test(report_sums, nothing_is_nothing)
{
	report_finish(&s);
	cr_expect_eq(report_total(&s).deny, 0);
	cr_expect_eq(in_table(&s.ports), 0);
	cr_expect_not(report_is_complete(&s));
	cr_expect_eq(report_missing(&s), 0);
	cr_expect_eq(s.note_count, 0);
}

Test(report_sums, a_line_counts_as_often_as_it_says)
{
	struct event audit = packet("192.0.2.9", 23, 5);

	take(packet("192.0.2.7", 23, 40), NOW - HOUR);
	audit.verdict = PG_AUDIT;
	take(audit, NOW - HOUR);
	take(call("/bin/a", 80, 3), NOW - HOUR);
	report_finish(&s);
	cr_expect_eq(s.lines, 3);
	cr_expect_eq(report_total(&s).deny, 43);
	cr_expect_eq(report_total(&s).audit, 5);
	cr_expect_eq(s.sides[REPORT_PACKETS].deny, 40);
	cr_expect_eq(s.sides[REPORT_CALLS].deny, 3);
	cr_expect_eq(s.reasons[PG_HOOK_INBOUND][PG_REASON_NO_RULE].audit, 5);
}

Test(report_sums, every_table_and_the_buckets_add_up_to_the_totals)
{
	struct event spread = packet("192.0.2.7", 1, 900), scan = packet("192.0.2.8", 1, 70);

	for (uint16_t i = 0; i < 2000; i++) {
		char from[32], exe[32];

		(void)snprintf(from, sizeof(from), "10.%u.%u.1", i % 7, i % 131);
		(void)snprintf(exe, sizeof(exe), "/bin/%u", i % 90);
		take(packet(from, i % 300, i % 5 + 1), NOW - i * (DAY / 2000));
		take(call(exe, i, 2), NOW - i * (DAY / 2000));
	}
	spread.remote.known = false;
	take(spread, NOW);
	scan.local.port_known = false;
	scan.ports = 50;
	take(scan, NOW);
	report_finish(&s);
	cr_expect_eq(report_weight(&s.sides[REPORT_PACKETS]), 2000 * 3 + 970);
	cr_expect_eq(report_weight(&s.sides[REPORT_CALLS]), 4000);
	cr_expect_eq(in_buckets(REPORT_PACKETS), 6970);
	cr_expect_eq(in_buckets(REPORT_CALLS), 4000);
	cr_expect_eq(in_table(&s.ports), 10970);
	cr_expect_eq(in_table(&s.sources), 6970);
	cr_expect_eq(in_table(&s.programs), 4000);
	cr_expect_eq(s.programs.count, 90);
	cr_expect_eq(report_shown(&s.programs).more, 90 - REPORT_TOP);
}

Test(report_sums, allowed_verdicts_are_no_refusals)
{
	struct event e = packet("192.0.2.7", 80, 12);

	e.verdict = PG_ALLOW;
	take(e, NOW - HOUR);
	cr_expect_eq(s.lines, 0);
	cr_expect_eq(in_table(&s.ports), 0);
}

Test(report_sums, only_the_window_counts_and_both_its_ends)
{
	take(packet("192.0.2.7", 1, 1), NOW - DAY - 1);
	take(packet("192.0.2.7", 2, 10), NOW - DAY);
	take(packet("192.0.2.7", 3, 100), NOW);
	take(packet("192.0.2.7", 4, 1000), NOW + 1);
	cr_expect_eq(report_total(&s).deny, 110);
	cr_expect_eq(s.buckets[0].sides[REPORT_PACKETS].deny, 10);
	cr_expect_eq(s.buckets[s.bucket_count - 1].sides[REPORT_PACKETS].deny, 100);
}

Test(report_sums, buckets_begin_with_whole_steps_of_utc)
{
	static const struct {
		uint64_t since, step;
	} cases[] = {
		{ SECOND, SECOND },	  { 3600 * SECOND, 60 * SECOND }, { DAY, 30 * 60 * SECOND },
		{ 7 * DAY, 3 * HOUR },	  { 30 * DAY, DAY / 2 },	  { 90 * DAY, 2 * DAY },
		{ 365 * DAY, 7 * DAY },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct report_sums sums;

		report_begin(&sums, NOW - cases[i].since + 1234567, NOW);
		cr_expect_eq(sums.step_us, cases[i].step, "case %zu: %zu", i, (size_t)sums.step_us);
		cr_expect_eq(sums.buckets_us % sums.step_us, 0);
		cr_expect_leq(sums.buckets_us, sums.from_us);
		cr_expect_gt(sums.buckets_us + sums.step_us, sums.from_us);
		cr_expect_leq(sums.bucket_count, REPORT_BUCKETS_MAX);
		cr_expect_eq(report_bucket_of(&sums, NOW), sums.bucket_count - 1);
		report_free(&sums);
	}
}

Test(report_sums, the_most_refused_comes_first)
{
	take(packet("192.0.2.7", 23, 2), NOW - HOUR);
	take(packet("192.0.2.8", 22, 9), NOW - HOUR);
	take(packet("192.0.2.7", 23, 2), NOW);
	report_finish(&s);
	cr_expect_eq(s.ports.rows[0].port, 22);
	cr_expect_eq(s.ports.rows[1].port, 23);
	cr_expect_eq(s.ports.rows[1].count.deny, 4);
	cr_expect_eq(s.ports.rows[1].first_us, NOW - HOUR);
	cr_expect_eq(s.ports.rows[1].last_us, NOW);
	cr_expect_eq(s.ports.rows[1].sources, 1);
}

Test(report_sums, tcp_is_not_udp_and_going_out_is_not_coming_in)
{
	struct event udp = packet("192.0.2.7", 53, 1), out = call("/bin/a", 0, 1);

	udp.proto = IPPROTO_UDP;
	out.hook = PG_HOOK_CONNECT;
	out.remote = (struct event_endpoint){ .known = true, .port_known = true, .port = 53 };
	take(packet("192.0.2.7", 53, 1), NOW);
	take(udp, NOW);
	take(out, NOW);
	cr_expect_eq(s.ports.count, 3);
}

Test(report_sums, different_sources_and_ports_are_counted)
{
	take(packet("192.0.2.7", 1, 1), NOW);
	take(packet("192.0.2.7", 2, 1), NOW);
	take(packet("192.0.2.7", 2, 1), NOW);
	take(packet("2001:db8::1", 2, 1), NOW);
	report_finish(&s);
	cr_expect_eq(s.sources.rows[0].ports, 2);
	cr_expect_eq(s.ports.rows[0].sources, 2);
}

Test(report_sums, a_scan_has_a_row_of_its_own_and_tells_how_many_ports)
{
	struct event scan = packet("192.0.2.7", 0, 420);

	scan.local.port_known = false;
	scan.reason = PG_REASON_SCAN;
	scan.ports = 400;
	take(packet("192.0.2.7", 22, 1), NOW - HOUR);
	take(scan, NOW);
	report_finish(&s);
	cr_expect_eq(s.ports.rows[0].kind, REPORT_ROW_SCANS);
	cr_expect_eq(s.sources.rows[0].scanned, 400);
	cr_expect_eq(s.sources.rows[0].ports, 1);
}

Test(report_sums, one_program_under_another_user_is_another_row)
{
	struct event other = call("/bin/a", 80, 1);

	other.uid++;
	take(call("/bin/a", 80, 1), NOW);
	take(other, NOW);
	take(call("/bin/b", 80, 1), NOW);
	cr_expect_eq(s.programs.count, 3);
	cr_expect_eq(s.ports.rows[0].programs, 3);
}

Test(report_sums, a_program_keeps_its_row_when_it_renames_itself)
{
	struct event renamed = call("/bin/a", 80, 1);

	renamed.comm = "other";
	take(call("/bin/a", 80, 1), NOW - HOUR);
	take(renamed, NOW);
	cr_expect_eq(s.programs.count, 1);
	cr_expect_str_eq(s.programs.rows[0].comm, "other");
}

Test(report_sums, a_table_that_is_full_sums_up_the_rest)
{
	for (uint32_t i = 0; i < REPORT_KEYS_MAX + 10; i++) {
		struct event e = packet("10.0.0.0", 23, 1);

		e.remote.ip[13] = (uint8_t)(i >> 16);
		e.remote.ip[14] = (uint8_t)(i >> 8);
		e.remote.ip[15] = (uint8_t)i;
		take(e, NOW);
	}
	report_finish(&s);
	cr_expect_eq(s.sources.count, REPORT_KEYS_MAX + 1);
	cr_expect_eq(s.sources.rows[s.sources.count - 1].kind, REPORT_ROW_REST);
	cr_expect_eq(s.sources.rows[s.sources.count - 1].count.deny, 10);
	cr_expect_eq(in_table(&s.sources), REPORT_KEYS_MAX + 10);
}

Test(report_sums, it_is_complete_if_the_events_begin_before_it_or_with_the_first)
{
	struct event first = packet("192.0.2.7", 1, 1);

	first.seq = 900;
	take(first, NOW - HOUR);
	cr_expect_not(report_is_complete(&s));
	take(packet("192.0.2.7", 1, 1), NOW - DAY);
	cr_expect(report_is_complete(&s));
	teardown();
	setup();
	first.seq = 1;
	take(first, NOW - HOUR);
	cr_expect(report_is_complete(&s));
}

Test(report_sums, lines_that_are_missing_are_counted)
{
	struct event e = packet("192.0.2.7", 1, 1);

	take(e, NOW);
	e.seq = 10;
	take(e, NOW);
	cr_expect_eq(report_missing(&s), 8);
}

Test(report_sums, of_many_notes_the_important_ones_stay)
{
	take(health("tamper"), NOW - DAY + 1);
	for (int i = 0; i < 100; i++)
		take(health("start"), NOW - HOUR + (uint64_t)i);
	take(health("beat"), NOW);
	report_finish(&s);
	cr_expect_eq(s.note_count, REPORT_NOTES_MAX);
	cr_expect_eq(s.notes_left_out, 51);
	cr_expect_str_eq(s.notes[s.note_count - 1].action, "tamper");
	cr_expect_str_eq(s.notes[0].action, "start");
	cr_expect_eq(s.tampers, 1);
}

Test(report_sums, who_changed_something_is_told)
{
	struct event e = { .kind = EVENT_CHANGE,
			   .severity = 5,
			   .action = "allow",
			   .text = "allow 80/tcp",
			   .actor = { .known = true, .uid = 0, .pid = 7, .comm = "sh", .tty = "pts/1",
				     .ssh = "192.0.2.40" } };

	take(e, NOW);
	report_finish(&s);
	cr_expect_str_eq(s.notes[0].actor, "sh[7] uid 0 on pts/1 from 192.0.2.40");
	cr_expect_eq(s.changes, 1);
}
