// SPDX-License-Identifier: GPL-2.0-only
/* What an output gets, by its lists. */
#include "events/filter.h"

#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "unit/lib/event_sample.h"

static const struct event beat = { .kind = EVENT_HEALTH, .action = "beat" };
static const struct event change = { .kind = EVENT_CHANGE, .action = "allow" };

Test(filter, nothing_said_is_all)
{
	const struct event_filter f = { .kinds = 0 };
	struct event e = sample_bind(1);

	cr_expect(filter_passes(&f, &e) && filter_passes(&f, &beat) && filter_passes(&f, &change));
}

Test(filter, kinds_are_of_all_events)
{
	const struct event_filter f = { .kinds = 1u << EVENT_VERDICT };
	struct event e = sample_bind(1);

	cr_expect(filter_passes(&f, &e));
	cr_expect(!filter_passes(&f, &beat) && !filter_passes(&f, &change));
}

Test(filter, other_lists_spare_change_and_health)
{
	struct filter_ports port = { 1, 1, FILTER_TCP };
	char *scope = (char *)"web";
	const struct event_filter f = { .hooks = 1u << PG_HOOK_SEND, .verdicts = 1u << PG_AUDIT,
					.ports = &port, .port_count = 1, .scopes = &scope, .scope_count = 1 };
	struct event e = sample_bind(1);

	cr_expect(!filter_passes(&f, &e));
	cr_expect(filter_passes(&f, &beat) && filter_passes(&f, &change));
}

Test(filter, hooks_and_verdicts)
{
	struct event_filter f = { .hooks = 1u << PG_HOOK_INBOUND | 1u << PG_HOOK_DELIVER };
	struct event in = sample_inbound(1), bind = sample_bind(2);

	cr_expect(filter_passes(&f, &in) && !filter_passes(&f, &bind));
	f.verdicts = 1u << PG_AUDIT;
	cr_expect(!filter_passes(&f, &in));
	in.verdict = PG_AUDIT;
	cr_expect(filter_passes(&f, &in), "it fits both");
}

Test(filter, port_is_the_one_that_was_asked_for)
{
	struct filter_ports port = { 20, 23, FILTER_TCP };
	const struct event_filter f = { .ports = &port, .port_count = 1 };
	struct event e = sample_inbound(1);

	cr_expect(filter_passes(&f, &e));
	e.local.port = 24;
	cr_expect(!filter_passes(&f, &e));
	e.local.port = 20;
	e.proto = IPPROTO_UDP;
	cr_expect(!filter_passes(&f, &e));
	port.protos = FILTER_TCP | FILTER_UDP;
	cr_expect(filter_passes(&f, &e));
	e.proto = IPPROTO_UDPLITE;
	cr_expect(filter_passes(&f, &e), "UDP-Lite is udp");
	e.proto = IPPROTO_SCTP;
	cr_expect(!filter_passes(&f, &e));
	e.proto = IPPROTO_TCP;
	e.hook = PG_HOOK_CONNECT;
	cr_expect(!filter_passes(&f, &e), "of what goes out: the remote one");
	e.remote.port = 22;
	cr_expect(filter_passes(&f, &e));
}

Test(filter, port_that_is_not_known_fits_none)
{
	struct filter_ports port = { 0, 65535, FILTER_TCP | FILTER_UDP };
	const struct event_filter f = { .ports = &port, .port_count = 1 };
	struct event e = sample_inbound(1);

	e.local.port_known = false;
	cr_expect(!filter_passes(&f, &e), "a scan");
	e.local = (struct event_endpoint){ .known = false };
	cr_expect(!filter_passes(&f, &e));
}

Test(filter, scopes)
{
	char *scopes[] = { (char *)"host", (char *)"web" };
	const struct event_filter f = { .scopes = scopes, .scope_count = 2 };
	struct event e = sample_bind(1);

	cr_expect(filter_passes(&f, &e));
	e.scope = "web";
	cr_expect(filter_passes(&f, &e));
	e.scope = "webs";
	cr_expect(!filter_passes(&f, &e));
	e.scope = NULL;
	cr_expect(!filter_passes(&f, &e));
}

Test(filter, copy_is_its_own)
{
	struct filter_ports port = { 20, 23, FILTER_TCP };
	char *scope = (char *)"web";
	const struct event_filter f = { .hooks = 3, .ports = &port, .port_count = 1, .scopes = &scope,
					.scope_count = 1 };
	struct event_filter copy;

	cr_assert_eq(filter_copy(&f, &copy), 0);
	cr_expect(copy.hooks == 3 && copy.ports != f.ports && copy.ports[0].last == 23);
	cr_expect(copy.scopes[0] != scope && !strcmp(copy.scopes[0], "web"));
	filter_free(&copy);
	cr_expect_eq(copy.scope_count, 0);
}

Test(filter, rate_is_of_the_events_own_second)
{
	struct filter_rate r = { .second = 0 };
	struct event e = sample_bind(1);

	cr_expect(filter_rate_passes(&r, 2, &e) && filter_rate_passes(&r, 2, &e));
	cr_expect(!filter_rate_passes(&r, 2, &e));
	cr_expect(filter_rate_passes(&r, 2, &beat), "change and health are spared");
	e.end_us += 1000000;
	cr_expect(filter_rate_passes(&r, 2, &e));
	e.end_us -= 1000000;
	cr_expect(filter_rate_passes(&r, 2, &e), "a little late: of the second that is counted");
	cr_expect(!filter_rate_passes(&r, 2, &e));
	e.end_us -= 3600000000;
	cr_expect(filter_rate_passes(&r, 2, &e), "the clock was set back");
	cr_expect(filter_rate_passes(&r, 0, &e) && filter_rate_passes(&r, 0, &e), "none said");
}
