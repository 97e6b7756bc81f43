// SPDX-License-Identifier: GPL-2.0-only
/* Never more lines than allowed, and yet all that was refused is in them. */
#include "unit/lib/stream_case.h"

TestSuite(stream_limits, .init = setup, .fini = teardown);

Test(stream_limits, in_a_flood_fewer_lines_are_made_at_once)
{
	size_t before;

	for (uint16_t port = 1; port <= 1000; port++)
		refuse_bind(port, 1);
	cr_expect_eq(w->line_count, LINES * 3 / 4);
	ticks(1);
	before = w->line_count;
	w->now_ns += WORLD_SECOND;
	for (uint16_t port = 2001; port <= 2200; port++)
		refuse_bind(port, 1);
	cr_expect_eq(w->line_count - before, LINES / 4);
	ticks(2);
}

Test(stream_limits, more_kinds_than_lines_wait_for_the_next_second)
{
	for (uint16_t port = 1; port <= 300; port++)
		refuse_bind(port, 1);
	cr_expect_eq(w->line_count, 150, "some lines are kept for the tick");
	ticks(1);
	cr_expect_eq(w->line_count, 300);
	for (size_t i = 0; i < 300; i++)
		cr_expect_eq(line(i)->count, 1);
}

Test(stream_limits, never_more_lines_than_allowed_in_any_second)
{
	for (int tenth = 0; tenth < 50; tenth++) {
		for (int i = 0; i < 100; i++)
			refuse_bind((uint16_t)(1 + (tenth * 100 + i) % 5000), 1);
		w->now_ns += WORLD_SECOND / 10;
		if (tenth % 10 == 9)
			stream_tick(w->stream);
	}
	ticks(30);
	cr_expect(!stream_pending(w->stream));
	cr_expect_gt(w->line_count, LINES * 3, "%zu", w->line_count);
	for (size_t i = LINES; i < w->line_count; i++)
		cr_expect_geq(w->lines[i].made_ns - w->lines[i - LINES].made_ns,
			      WORLD_SECOND * 9 / 10);
}

/* Refusals of a tenth of a second, each of a kind of its own; returns the lines that they made at once. */
static size_t lines_of_a_tenth(uint16_t first_port)
{
	size_t before = w->line_count;

	for (uint16_t i = 0; i < 300; i++)
		refuse_bind(first_port + i, 1);
	w->now_ns += WORLD_SECOND / 10;
	return w->line_count - before;
}

Test(stream_limits, another_number_of_lines_holds_at_once_and_forgets_none_that_was_made)
{
	size_t first = lines_of_a_tenth(1);

	cr_expect_eq(first, LINES * 3 / 4, "the rest is for the tick");
	cr_assert_eq(stream_set_lines_max(w->stream, 2 * LINES), 0);
	cr_expect_eq(lines_of_a_tenth(1000), 2 * LINES * 3 / 4 - first);
	cr_assert_eq(stream_set_lines_max(w->stream, LINES / 2), 0);
	cr_expect_eq(lines_of_a_tenth(2000), 0);
	ticks(30);
	cr_assert_eq(stream_set_lines_max(w->stream, 4), 0);
	cr_expect_eq(lines_of_a_tenth(3000), 3);
	ticks(200);
	cr_expect(!stream_pending(w->stream));
}

Test(stream_limits, flood_of_socket_kinds_is_folded_and_names_a_process)
{
	for (uint32_t i = 0; i < 20000; i++)
		refuse_bind((uint16_t)(1 + i), i + 1);
	ticks(3);
	cr_expect(!stream_pending(w->stream));
	cr_expect_leq(w->line_count, 4 * LINES);
	for (size_t i = 0; i < w->line_count; i++)
		cr_expect(line(i)->process_known && line(i)->comm && line(i)->local.port_known);
}

Test(stream_limits, one_line_a_second_is_enough_for_all)
{
	stream_free(w->stream);
	w->stream = NULL;
	struct stream_config config = world_config(w, 1);

	cr_assert_eq(stream_open(&config, &w->stream), 0);
	for (uint16_t port = 1; port <= 1000; port++)
		refuse_bind(port, 1);
	ticks(10);
	cr_expect(!stream_pending(w->stream));
	cr_expect_leq(w->line_count, 11);
}
