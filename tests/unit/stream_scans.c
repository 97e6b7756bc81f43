// SPDX-License-Identifier: GPL-2.0-only
/* A source that tries many ports is one line, told ever more seldom, at once or slowly as it tries. */
#include "unit/lib/stream_case.h"

TestSuite(stream_scans, .init = setup, .fini = teardown);

/* A source slot that scans: @ports ports from @first on. */
static void scan(uint32_t index, const char *remote, unsigned first, unsigned ports)
{
	struct pg_seen *s = world_slot(w, index, PG_SEEN_SOURCE, remote, 0);

	s->scanning = 1;
	for (unsigned p = first; p < first + ports; p++)
		s->port_bits[p % 1024 / 64] |= 1ULL << p % 64;
	world_hit(w, index, ports);
}

Test(stream_scans, scan_on_two_cpus_is_one_line_with_its_ports)
{
	(void)world_slot(w, 5, PG_SEEN_KIND, "10.77.0.2", 22);
	world_hit(w, 5, 6);
	scan(600, "10.77.0.2", 100, 50);
	scan(PG_SEEN_REGION + 600, "10.77.0.2", 140, 50);
	ticks(1);
	cr_assert_eq(w->line_count, 1);
	cr_expect_eq(line(0)->reason, PG_REASON_SCAN);
	cr_expect_eq(line(0)->count, 106);
	cr_expect_eq(line(0)->ports, 90);
	cr_expect_eq(line(0)->proto, IPPROTO_TCP);
	cr_expect(line(0)->local.known && line(0)->local.ip_known && !line(0)->local.port_known);
	cr_expect(line(0)->remote.ip_known && !line(0)->rule);
}

Test(stream_scans, scan_that_goes_on_is_told_ever_more_seldom_and_ends_with_a_line)
{
	scan(600, "10.77.0.2", 100, 50);
	for (int second = 0; second < 120; second++) {
		world_hit(w, 600, 10);
		ticks(1);
	}
	cr_expect_eq(w->line_count, 3, "after 0 8 68 seconds: %zu", w->line_count);
	ticks(1);
	cr_expect_eq(w->line_count, 4);
	cr_expect_eq(world_told(w, 0), 1250);
	ticks(3);
	cr_expect_eq(w->line_count, 4);
}

static const char *source_of_scan(uint32_t i)
{
	static char text[32];

	(void)snprintf(text, sizeof(text), "10.100.%u.%u", i / 200, i % 200 + 1);
	return text;
}

Test(stream_scans, scans_by_more_sources_than_lines_share_one_and_are_named_in_turn)
{
	size_t named = 0, shared = 0;

	for (uint32_t i = 0; i < 500; i++)
		scan(PG_SEEN_REGION * (i / 250) + 600 + i % 250, source_of_scan(i), 100, 20 + i);
	ticks(1);
	for (size_t i = 0; i < w->line_count; i++) {
		cr_expect_eq(line(i)->reason, PG_REASON_SCAN);
		cr_expect_eq(line(i)->remote.ip_known, line(i)->ports > 0);
		(*(line(i)->remote.ip_known ? &named : &shared))++;
	}
	cr_expect_eq(named, LINES / 4, "those with the most packets: %zu", named);
	cr_expect_eq(shared, 1);
	cr_expect_eq(line(1)->count, 519);
}

Test(stream_scans, scans_that_wait_for_their_time_do_not_make_others_share_lines)
{
	for (uint32_t i = 0; i < 190; i++)
		scan(600 + i, source_of_scan(i), 100, 50);
	for (int second = 0; second < 2; second++) {
		ticks(1);
		for (uint32_t i = 0; i < 190; i++)
			world_hit(w, 600 + i, 1);
	}
	for (uint32_t i = 0; i < 230; i++) {
		(void)world_slot(w, 5 + i, PG_SEEN_KIND, source_of_scan(1000 + i), 7091);
		world_hit(w, 5 + i, 1);
	}
	ticks(4);
	for (size_t i = 0; i < w->line_count; i++)
		cr_expect(line(i)->remote.ip_known);
}

Test(stream_scans, who_asks_is_told_of_a_scan_at_once)
{
	scan(600, "10.77.0.2", 100, 50);
	for (int second = 0; second < 5; second++) {
		world_hit(w, 600, 10);
		ticks(1);
	}
	world_hit(w, 600, 7);
	stream_flush(w->stream);
	cr_expect_eq(world_told(w, 0), 107);
}

/* One new port after the other, @count of them, so many in each second. */
static void try_slowly(const char *remote, uint32_t count, uint32_t in_a_second)
{
	for (uint32_t i = 0; i < count; i++) {
		(void)world_slot(w, 5 + i, PG_SEEN_KIND, remote, 7000 + i);
		world_hit(w, 5 + i, 1);
		world_announce(w, 5 + i);
		if (i % in_a_second == in_a_second - 1)
			ticks(1);
	}
}

Test(stream_scans, who_tries_many_ports_slowly_scans_too)
{
	try_slowly("10.77.0.2", 100, 5);
	ticks(3);
	cr_assert_eq(w->line_count, 19, "16, and after 17 25 100 ports: %zu", w->line_count);
	for (size_t i = 0; i < 16; i++)
		cr_expect_eq(line(i)->reason, PG_REASON_NO_RULE);
	for (size_t i = 16; i < w->line_count; i++) {
		cr_expect_eq(line(i)->reason, PG_REASON_SCAN);
		cr_expect_eq(line(i)->proto, IPPROTO_TCP);
		cr_expect(line(i)->remote.ip_known && !line(i)->local.port_known);
	}
}

Test(stream_scans, who_tries_few_ports_again_and_again_does_not_scan)
{
	for (int again = 0; again < 10; again++) {
		try_slowly("10.77.0.2", 16, 4);
		ticks(3);
	}
	for (size_t i = 0; i < w->line_count; i++)
		cr_expect_eq(line(i)->reason, PG_REASON_NO_RULE);
}

Test(stream_scans, who_rests_for_a_minute_begins_anew)
{
	try_slowly("10.77.0.2", 10, 1);
	ticks(PG_SCAN_QUIET + 1);
	try_slowly("10.77.0.2", 16, 1);
	for (size_t i = 0; i < w->line_count; i++)
		cr_expect_eq(line(i)->reason, PG_REASON_NO_RULE);
}

Test(stream_scans, kinds_of_one_source_wait_for_the_tick_after_a_few)
{
	for (uint32_t i = 0; i < 10; i++) {
		(void)world_slot(w, 5 + i, PG_SEEN_KIND, i < 8 ? "10.77.0.2" : "10.77.0.3", 7091 + i);
		world_hit(w, 5 + i, 1);
		world_announce(w, 5 + i);
	}
	cr_expect_eq(w->line_count, 6, "four of the one, two of the other: %zu", w->line_count);
	scan(600, "10.77.0.2", 100, 50);
	ticks(1);
	cr_assert_eq(w->line_count, 7);
	cr_expect_eq(line(6)->reason, PG_REASON_SCAN);
	cr_expect_eq(line(6)->count, 54);
}

Test(stream_scans, scanning_source_stays_one_line)
{
	scan(600, "10.77.0.2", 100, 50);
	ticks(1);
	world_hit(w, 600, 3);
	(void)world_slot(w, 5, PG_SEEN_KIND, "10.77.0.2", 22);
	world_hit(w, 5, 2);
	world_announce(w, 5);
	cr_expect_eq(w->line_count, 1);
	ticks(2);
	cr_assert_eq(w->line_count, 2);
	cr_expect_eq(line(1)->count, 5);
	cr_expect_eq(line(1)->ports, PG_SCAN_PORTS + 1);
}

Test(stream_scans, source_that_was_quiet_for_a_minute_is_no_scan)
{
	scan(600, "10.77.0.2", 100, 50);
	ticks(PG_SCAN_QUIET + 2);
	(void)world_slot(w, 5, PG_SEEN_KIND, "10.77.0.2", 22);
	world_hit(w, 5, 1);
	world_announce(w, 5);
	cr_assert_eq(w->line_count, 2);
	cr_expect_eq(line(1)->reason, PG_REASON_NO_RULE);
}
