// SPDX-License-Identifier: GPL-2.0-only
/*
 * The law of formats holds: for each hook and verdict, for every combination of what may be null, and for
 * names that an attacker would choose at every place where there is one.
 */
#include "unit/lib/format_law.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/lib/event_sample.h"
#include "unit/lib/every_event.h"

static void expect_law(void *data, const struct event *e)
{
	struct event_source source = sample_source();
	char broken[FORMAT_LAW_SIZE];

	cr_assert_str_empty(format_law(data ? data : &source, e, broken), "%s", broken);
}

Test(format_law, holds_whatever_is_null)
{
	every_null(true, expect_law, NULL);
}

Test(format_law, holds_for_every_part_of_an_endpoint)
{
	for (uint8_t hook = 0; hook < PG_HOOK_COUNT; hook++)
		for (unsigned mask = 0; mask < 64; mask++) {
			struct event e = every_verdict(hook, PG_DENY, NULL);

			e.local.known = mask & 1;
			e.local.ip_known = mask & 2;
			e.local.port_known = mask & 4;
			e.remote.known = mask & 8;
			e.remote.ip_known = mask & 16;
			e.remote.port_known = mask & 32;
			expect_law(NULL, &e);
		}
}

Test(format_law, holds_for_every_reason_and_protocol)
{
	for (int proto = 0; proto < 256; proto++) {
		struct event e = every_verdict(PG_HOOK_INBOUND, PG_DENY, NULL);

		e.proto = (uint8_t)proto;
		e.reason = (uint8_t)(proto % PG_REASON_COUNT);
		expect_law(NULL, &e);
	}
}

Test(format_law, holds_for_hostile_names)
{
	for (size_t i = 0; every_hostile(i); i++)
		every_name(every_hostile(i), expect_law, NULL);
}

Test(format_law, holds_for_every_character)
{
	char text[8];

	for (int c = 1; c < 256; c++) {
		struct event e;

		(void)snprintf(text, sizeof(text), "a%cb%c", c, c);
		e = every_verdict((uint8_t)(c % PG_HOOK_COUNT), PG_DENY, text);
		e.action = e.text = e.before = e.actor.comm = text;
		for (int kind = 0; kind < EVENT_KIND_COUNT; kind++) {
			e.kind = (enum event_kind)kind;
			expect_law(NULL, &e);
		}
	}
}

Test(format_law, holds_for_long_names)
{
	char *text = calloc(1, 65536);

	for (int c = 0; c < 3; c++) {
		struct event e;

		memset(text, "x\x1b\xff"[c], 65535);
		e = every_verdict(PG_HOOK_CONNECT, PG_DENY, text);
		expect_law(NULL, &e);
	}
	free(text);
}

Test(format_law, holds_for_hostile_machines)
{
	struct event e = every_verdict(PG_HOOK_BIND, PG_DENY, NULL);
	struct event_source source = sample_source();
	const char *text;

	for (size_t i = 0; (text = every_hostile(i)); i++) {
		(void)snprintf(source.host_name, sizeof(source.host_name), "%s", text);
		(void)snprintf(source.host_id, sizeof(source.host_id), "%s", text);
		(void)snprintf(source.version, sizeof(source.version), "%s", text);
		expect_law(&source, &e);
	}
}

Test(format_law, holds_for_null_texts_and_the_largest_numbers)
{
	struct event e = { .kind = EVENT_CHANGE };

	expect_law(NULL, &e);
	e.kind = EVENT_HEALTH;
	expect_law(NULL, &e);
	e.seq = e.start_us = e.end_us = UINT64_MAX;
	e.severity = EVENT_SEVERITIES - 1;
	expect_law(NULL, &e);
	e = every_verdict(PG_HOOK_INBOUND, PG_DENY, NULL);
	e.count = UINT64_MAX;
	e.ports = e.pid = e.ppid = e.uid = UINT32_MAX;
	expect_law(NULL, &e);
}
