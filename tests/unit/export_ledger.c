// SPDX-License-Identifier: GPL-2.0-only
/*
 * The position never moves over an event that has not arrived, and outlives the exporter.
 */
#include "export/ledger.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "export/parcels.h"
#include "unit/lib/event_sample.h"
#include "util/file.h"

static struct ledger l;
static char dir[64], path[80];

static void setup(void)
{
	cr_assert_eq(ledger_init(&l), 0);
	sample_dir(dir);
	(void)snprintf(path, sizeof(path), "%s/position", dir);
}

static void teardown(void)
{
	ledger_free(&l);
	sample_dir_remove(dir);
}

TestSuite(export_ledger, .init = setup, .fini = teardown);

static uint64_t take(uint64_t seq)
{
	struct event_source source = sample_source();
	struct event e = sample_bind(seq);

	e.count = 10;
	return ledger_take(&l, &source, &e);
}

#define ID(seq) "0f5e2c3a-1111-4222-8333-444455556666-default-" seq

Test(export_ledger, position_waits_for_what_has_not_arrived)
{
	uint64_t a = take(1), b = take(2), c = take(3);

	cr_expect_str_eq(l.position.id, "");
	ledger_done(&l, c);
	ledger_done(&l, b);
	cr_expect_str_eq(l.position.id, "");
	cr_expect_eq(l.position.sent, 0);
	ledger_done(&l, a);
	cr_expect_str_eq(l.position.id, ID("3"));
	cr_expect_eq(l.position.sent, 3);
	cr_expect_eq(l.position.refusals, 30);
}

Test(export_ledger, goes_on_behind_what_was_handed_on_or_else_behind_what_arrived)
{
	uint64_t a = take(1);

	(void)take(2);
	cr_expect_str_eq(ledger_last_id(&l), ID("2"), "the agent was lost, not the carrier");
	ledger_done(&l, a);
	ledger_drop(&l);
	cr_expect_str_eq(ledger_last_id(&l), ID("1"));
	ledger_done(&l, a + 1);
	cr_expect_str_eq(l.position.id, ID("1"),
			 "a word of a connection that is gone says nothing");
	a = take(2);
	ledger_done(&l, a);
	cr_expect_eq(l.position.sent, 2, "what was sent again counts once");
}

Test(export_ledger, has_room_for_so_many)
{
	for (int i = 0; i < LEDGER_SIZE; i++) {
		cr_assert(ledger_has_room(&l));
		(void)take(i + 1);
	}
	cr_expect(!ledger_has_room(&l));
	ledger_done(&l, 0);
	cr_expect(ledger_has_room(&l));
}

Test(export_ledger, what_the_agent_lacks_is_counted_as_lost)
{
	struct event_source source = sample_source();
	struct event lost = { .kind = EVENT_HEALTH,
			      .seq = 7,
			      .action = "lost",
			      .counters_json = "{\"events\":6,\"refusals\":null}" };
	struct event other = { .kind = EVENT_HEALTH, .seq = 8, .action = "lost" };

	ledger_done(&l, ledger_take(&l, &source, &lost));
	cr_expect_eq(l.position.lost, 6);
	cr_expect_eq(l.position.sent, 0);
	ledger_done(&l, ledger_take(&l, &source, &other));
	cr_expect_eq(l.position.lost, 6, "an event of the agent's own is none that it lacks");
	cr_expect_eq(l.position.sent, 1);
	ledger_leave_out(&l, take(9));
	cr_expect_eq(l.position.lost, 7);
	cr_expect_eq(l.position.sent, 1);
	cr_expect_eq(l.position.refusals, 0);
	cr_expect_str_eq(l.position.id, ID("9"));
}

Test(export_ledger, position_is_read_as_it_was_written)
{
	struct position none, back;

	cr_assert_eq(position_read(path, &none), 0);
	cr_expect_str_eq(none.id, "");
	ledger_done(&l, take(5));
	l.position.lost = 3;
	cr_assert_eq(position_write(path, &l.position), 0);
	cr_assert_eq(position_read(path, &back), 0);
	cr_expect_str_eq(back.id, ID("5"));
	cr_expect_eq(back.sent, 1);
	cr_expect_eq(back.refusals, 10);
	cr_expect_eq(back.lost, 3);
}

Test(export_ledger, a_file_that_is_no_position_is_refused)
{
	static const char *const files[] = {
		"",
		"id a-b-1\n",
		"id a-b-1\nsent x\nrefusals 1\nlost 1\n",
		"id a-b-1\nsent 1\nrefusals 1\nlost 1",
		"id a-b-1\nsent 1\nrefusals 1\nlost 1\nmore\n",
		"id aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"\nsent 1\nrefusals 1\nlost 1\n",
	};
	struct position p;

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		cr_assert_eq(file_write(path, files[i], strlen(files[i]), 0600), 0);
		cr_expect_eq(position_read(path, &p), -EBADMSG, "%zu", i);
		cr_expect_str_eq(p.id, "");
	}
}

/* Three messages of 100 bytes; TLS makes 130 of each, behind 1000 of its own. */
static void pack_three(struct parcels *p)
{
	cr_assert_eq(parcels_init(p), 0);
	for (uint64_t i = 1; i <= 3; i++)
		parcels_pack(p, take(i), 100);
}

Test(export_ledger, a_message_has_arrived_when_tcp_says_so_and_a_moment_has_passed)
{
	struct parcels p;

	pack_three(&p);
	cr_expect_eq(parcels_timeout(&p, 0), -1, "nothing is written yet");
	parcels_written(&p, 100, 1130);
	parcels_written(&p, 250, 1260);
	parcels_acked(&p, 1129, 10);
	parcels_settle(&p, &l, 10 + SETTLE_MS, false);
	cr_expect_eq(l.position.sent, 0, "a byte of it is missing");
	cr_expect_geq(parcels_timeout(&p, 0), 1);
	parcels_acked(&p, 1130, 20);
	parcels_settle(&p, &l, 19 + SETTLE_MS, false);
	cr_expect_eq(l.position.sent, 0, "the receiver may not have read it");
	parcels_settle(&p, &l, 20 + SETTLE_MS, false);
	cr_expect_eq(l.position.sent, 1);
	parcels_acked(&p, 1260, 30);
	parcels_written(&p, 300, 1390);
	parcels_settle(&p, &l, 30, true);
	cr_expect_eq(l.position.sent, 2, "in order: what is acknowledged has been read");
	parcels_acked(&p, 1390, 40);
	cr_expect_eq(parcels_timeout(&p, 40), SETTLE_MS);
	parcels_settle(&p, &l, 40, true);
	cr_expect_eq(l.position.sent, 3);
	parcels_free(&p);
}

Test(export_ledger, parcels_of_a_lost_connection_say_nothing)
{
	struct parcels p;

	pack_three(&p);
	parcels_written(&p, 300, 1390);
	parcels_acked(&p, 1390, 0);
	parcels_reset(&p);
	ledger_drop(&l);
	parcels_settle(&p, &l, 2 * SETTLE_MS, true);
	cr_expect_eq(l.position.sent, 0);
	parcels_pack(&p, take(1), 50);
	parcels_written(&p, 50, 80);
	parcels_acked(&p, 80, 0);
	parcels_settle(&p, &l, SETTLE_MS, false);
	cr_expect_str_eq(l.position.id, ID("1"));
	parcels_free(&p);
}
