// SPDX-License-Identifier: GPL-2.0-only
/* top's rows: each refusal in one row of ports and in one of who made it; rates, order, filter, and a bounded size. */
#include "top/model.h"

#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "top/propose.h"
#include "unit/lib/event_sample.h"
#include "unit/lib/stream_world.h"

#define NOW 1000

static struct top t;

static void setup(void)
{
	cr_assert_eq(top_init(&t), 0);
}

static void teardown(void)
{
	top_free(&t);
}

TestSuite(top_model, .init = setup, .fini = teardown);

static struct event packet(const char *from, uint16_t port, uint64_t count)
{
	struct event e = sample_inbound(1);

	world_address(e.remote.ip, from);
	e.local.port = port;
	e.count = count;
	return e;
}

static struct event call(const char *exe, uint16_t port)
{
	struct event e = sample_bind(1);

	e.exe = exe;
	e.local.port = port;
	return e;
}

static void take(struct event e, uint64_t second)
{
	cr_assert_eq(top_take(&t, &e, second), 0);
}

/* The names of the rows, in order, with blanks between. */
static const char *names(enum top_view view, enum top_sort sort, bool reverse, const char *filter)
{
	static char all[4096];
	const struct top_order order = { .view = view, .sort = sort, .reverse = reverse, .filter = filter, .now = NOW };
	const struct top_row *const *rows;
	size_t count = top_list(&t, &order, &rows);
	char name[TOP_TEXT];

	all[0] = '\0';
	for (size_t i = 0; i < count; i++)
		(void)snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", i ? " " : "",
			       top_row_name(rows[i], name));
	return all;
}

static const struct top_row *first(enum top_view view)
{
	const struct top_order order = { .view = view, .sort = TOP_BY_TOTAL, .now = NOW };
	const struct top_row *const *rows;

	cr_assert_gt(top_list(&t, &order, &rows), 0);
	return rows[0];
}

Test(top_model, packets_have_sources_and_calls_have_programs)
{
	take(packet("192.0.2.7", 22, 3), NOW);
	take(call("/bin/a", 80), NOW);
	cr_expect_str_eq(names(TOP_PORTS, TOP_BY_TOTAL, false, NULL), "22/tcp 80/tcp");
	cr_expect_str_eq(names(TOP_SOURCES, TOP_BY_TOTAL, false, NULL), "192.0.2.7");
	cr_expect_str_eq(names(TOP_PROGRAMS, TOP_BY_TOTAL, false, NULL), "/bin/a");
	cr_expect_eq(first(TOP_PORTS)->refusals, 3);
}

Test(top_model, what_is_allowed_is_no_row)
{
	struct event e = packet("192.0.2.7", 22, 3);

	e.verdict = PG_ALLOW;
	take(e, NOW);
	cr_expect_str_eq(names(TOP_PORTS, TOP_BY_TOTAL, false, NULL), "");
}

Test(top_model, audit_counts_and_is_told_apart)
{
	struct event e = packet("192.0.2.7", 22, 3);

	take(e, NOW);
	e.verdict = PG_AUDIT;
	take(e, NOW);
	cr_expect_eq(first(TOP_PORTS)->refusals, 6);
	cr_expect_eq(first(TOP_PORTS)->audits, 3);
}

Test(top_model, scans_and_what_has_no_name_have_rows_of_their_own)
{
	struct event scan = packet("192.0.2.7", 0, 9), spread = packet("192.0.2.7", 53, 2), raw = call("/bin/a", 0);

	scan.local.port_known = false;
	scan.ports = 9;
	spread.remote.known = false;
	raw.local.port_known = false;
	take(scan, NOW);
	take(spread, NOW);
	take(raw, NOW);
	cr_expect_str_eq(names(TOP_PORTS, TOP_BY_TOTAL, false, NULL), "many (scans) 53/tcp no port");
	cr_expect_str_eq(names(TOP_SOURCES, TOP_BY_TOTAL, false, NULL), "192.0.2.7 many sources");
}

Test(top_model, a_rate_is_the_mean_of_the_last_whole_seconds)
{
	struct top_series s = { 0 };

	top_series_add(&s, 100, 50);
	top_series_add(&s, 104, 10);
	top_series_add(&s, 105, 1000);
	cr_expect_eq(top_series_rate(&s, 105), (50 + 10) / 5.0, "the second that is not over does not count");
	cr_expect_eq(top_series_rate(&s, 106), (10 + 1000) / 5.0);
	cr_expect_eq(top_series_rate(&s, 200), 0);
	cr_expect_eq(top_series_at(&s, 100), 50);
	top_series_add(&s, 100 + TOP_SECONDS, 1);
	cr_expect_eq(top_series_at(&s, 100), 0, "too old");
	cr_expect_eq(top_series_at(&s, 105), 1000);
	top_series_add(&s, 5000, 1);
	cr_expect_eq(top_series_at(&s, 5000 - TOP_SECONDS + 1), 0);
	top_series_add(&s, 100, 7);
	cr_expect_eq(top_series_at(&s, 5000), 1, "what is too old is not mixed with what is new");
}

Test(top_model, orders)
{
	take(packet("192.0.2.7", 30, 100), NOW - 600);
	take(packet("192.0.2.7", 20, 50), NOW - 2);
	take(packet("192.0.2.7", 10, 1), NOW - 1);
	cr_expect_str_eq(names(TOP_PORTS, TOP_BY_RATE, false, NULL), "20/tcp 10/tcp 30/tcp");
	cr_expect_str_eq(names(TOP_PORTS, TOP_BY_TOTAL, false, NULL), "30/tcp 20/tcp 10/tcp");
	cr_expect_str_eq(names(TOP_PORTS, TOP_BY_LAST, false, NULL), "10/tcp 20/tcp 30/tcp");
	cr_expect_str_eq(names(TOP_PORTS, TOP_BY_NAME, false, NULL), "10/tcp 20/tcp 30/tcp");
	cr_expect_str_eq(names(TOP_PORTS, TOP_BY_NAME, true, NULL), "30/tcp 20/tcp 10/tcp");
}

Test(top_model, a_filter_looks_at_names_whatever_their_case)
{
	take(packet("192.0.2.7", 22, 1), NOW);
	take(packet("2001:db8::1", 53, 1), NOW);
	take(call("/usr/sbin/Nginx", 80), NOW);
	cr_expect_str_eq(names(TOP_PORTS, TOP_BY_NAME, false, "nginx"), "80/tcp");
	cr_expect_str_eq(names(TOP_PORTS, TOP_BY_NAME, false, "2001:db8"), "53/tcp");
	cr_expect_str_eq(names(TOP_PORTS, TOP_BY_NAME, false, "inbound"), "22/tcp 53/tcp");
	cr_expect_str_eq(names(TOP_PORTS, TOP_BY_NAME, false, "nothing"), "");
}

Test(top_model, too_many_rows_cost_those_that_are_quiet)
{
	take(packet("192.0.2.7", 22, 77), NOW + 100000);
	for (uint32_t i = 0; i < 5 * TOP_ROWS_MAX; i++) {
		struct event e = packet("10.0.0.0", 23, 1);

		e.remote.ip[13] = (uint8_t)(i >> 16);
		e.remote.ip[14] = (uint8_t)(i >> 8);
		e.remote.ip[15] = (uint8_t)i;
		take(e, NOW + i);
	}
	cr_expect_leq(t.tables[TOP_SOURCES].count, TOP_ROWS_MAX);
	cr_expect_str_eq(names(TOP_SOURCES, TOP_BY_TOTAL, false, "192.0.2.7"), "192.0.2.7");
	cr_expect_eq(first(TOP_SOURCES)->refusals, 77);
	take(packet("192.0.2.7", 22, 1), NOW + 100001);
	cr_expect_eq(first(TOP_SOURCES)->refusals, 78, "it is still the same row");
}

Test(top_model, what_was_frozen_stays_as_it_was)
{
	struct top frozen;
	const struct top_order order = { .view = TOP_PORTS, .now = NOW };
	const struct top_row *const *rows;

	cr_assert_eq(top_init(&frozen), 0);
	take(packet("192.0.2.7", 22, 1), NOW);
	top_freeze(&frozen, &t);
	take(packet("192.0.2.7", 22, 1), NOW);
	take(packet("192.0.2.7", 23, 1), NOW);
	cr_assert_eq(top_list(&frozen, &order, &rows), 1);
	cr_expect_eq(rows[0]->refusals, 1);
	top_free(&frozen);
}

/* --- proposals ------------------------------------------------------------------------------- */

static void expect_proposal(enum top_view view, const char *wanted)
{
	char text[PROPOSAL_TEXT];
	const char *why_not = top_propose(first(view), text);

	if (*wanted)
		cr_expect_null(why_not, "%s", why_not);
	else
		cr_expect_not_null(why_not);
	cr_expect_str_eq(text, wanted);
}

Test(top_model, proposals_are_as_narrow_as_the_row)
{
	take(packet("192.0.2.7", 22, 1), NOW);
	expect_proposal(TOP_PORTS, "22/tcp");
	expect_proposal(TOP_SOURCES, "in 22/tcp from 192.0.2.7");
	teardown();
	setup();
	take(call("/usr/sbin/nginx", 80), NOW);
	expect_proposal(TOP_PROGRAMS, "bind 80/tcp by exe /usr/sbin/nginx");
}

Test(top_model, going_out_is_proposed_as_out)
{
	struct event e = call("/usr/bin/curl", 0);

	e.hook = PG_HOOK_CONNECT;
	e.proto = IPPROTO_UDP;
	e.remote = (struct event_endpoint){ .known = true, .ip_known = true, .port_known = true, .port = 53 };
	world_address(e.remote.ip, "192.0.2.53");
	take(e, NOW);
	expect_proposal(TOP_PORTS, "out 53/udp");
	expect_proposal(TOP_PROGRAMS, "out 53/udp by exe /usr/bin/curl");
}

Test(top_model, a_name_that_somebody_chose_writes_no_rule)
{
	take(call("/tmp/x from any --force", 80), NOW);
	expect_proposal(TOP_PROGRAMS, "bind 80/tcp by user 1000");
}

Test(top_model, what_no_allow_helps_is_not_proposed)
{
	struct event e = packet("192.0.2.7", 22, 1);

	e.reason = PG_REASON_RULE;
	take(e, NOW);
	expect_proposal(TOP_PORTS, "");
	e.reason = PG_REASON_PROTOCOL;
	e.proto = 47;
	e.local.port_known = false;
	take(e, NOW);
	expect_proposal(TOP_SOURCES, "");
}
