// SPDX-License-Identifier: GPL-2.0-only
/*
 * What formats spell alike, and their table.
 */
#include "events/format.h"

#include <criterion/criterion.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "unit/lib/event_sample.h"
#include "unit/lib/stream_world.h"

Test(format, every_name_of_the_table_is_found)
{
	const struct format *f;

	for (size_t i = 0; (f = format_at(i)); i++)
		cr_expect_eq(format_find(f->name), f);
	cr_expect_eq(format_find("json")->write, format_json);
	cr_expect_eq(format_find("syslog")->write, format_syslog);
	cr_expect_null(format_find("nosuch"));
}

/* The C library's calendar is the judge. */
static void expect_time(uint64_t second)
{
	char want[64], got[FORMAT_TIME_SIZE];
	time_t t = (time_t)second;
	struct tm tm;

	cr_assert_not_null(gmtime_r(&t, &tm));
	cr_assert_gt(strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%S.123456Z", &tm), 0);
	format_time(second * 1000000 + 123456, got);
	cr_assert_str_eq(got, want);
}

Test(format, times)
{
	char text[FORMAT_TIME_SIZE];

	for (uint64_t day = 0; day < 2932897; day += 29) /* to the end of 9999 */
		expect_time(day * 86400 + day % 86400);
	for (uint64_t day = 0; day < 366 * 140; day++) /* with 2000 and 2100 */
		expect_time(day * 86400 + 86399);
	format_time(0, text);
	cr_expect_str_eq(text, "1970-01-01T00:00:00.000000Z");
	format_time(UINT64_MAX, text);
	cr_expect_str_eq(text, "9999-12-31T23:59:59.999999Z");
}

static void expect_ip(const char *ip)
{
	char text[FORMAT_IP_SIZE];
	uint8_t bytes[16];

	world_address(bytes, ip);
	format_ip(bytes, text);
	cr_expect_str_eq(text, ip);
}

Test(format, addresses)
{
	expect_ip("0.0.0.0");
	expect_ip("255.255.255.255");
	expect_ip("192.0.2.10");
	expect_ip("::");
	expect_ip("2001:db8::1");
}

Test(format, numbers_and_ids)
{
	struct event_source source = sample_source();
	char number[FORMAT_NUMBER_SIZE], id[FORMAT_ID_SIZE];

	format_number(0, number);
	cr_expect_str_eq(number, "0");
	format_number(10, number);
	cr_expect_str_eq(number, "10");
	format_number(UINT64_MAX, number);
	cr_expect_str_eq(number, "18446744073709551615");
	format_id(&source, 90, id);
	cr_expect_str_eq(id, "0f5e2c3a-1111-4222-8333-444455556666-default-90");
	memset(source.boot_id, 'b', sizeof(source.boot_id) - 1);
	memset(source.instance, 'i', sizeof(source.instance) - 1);
	format_id(&source, UINT64_MAX, id);
	cr_expect_eq(strlen(id), 36 + 1 + 32 + 1 + 20);
}

Test(format, signatures)
{
	struct event e = sample_bind(9);
	char text[FORMAT_SIGNATURE_SIZE], action[200] = "";

	format_signature(&e, text);
	cr_expect_str_eq(text, "bind:no-rule");
	e = (struct event){ .kind = EVENT_HEALTH };
	format_signature(&e, text);
	cr_expect_str_eq(text, "health:?");
	memset(action, 'x', sizeof(action) - 1);
	e.kind = EVENT_CHANGE;
	e.action = action;
	format_signature(&e, text);
	cr_expect_eq(strlen(text), sizeof(text) - 1);
}

Test(format, protocols_by_the_names_of_the_iana)
{
	char number[4];

	cr_expect_str_eq(format_transport(IPPROTO_TCP, number), "tcp");
	cr_expect_str_eq(format_transport(IPPROTO_ICMPV6, number), "ipv6-icmp");
	cr_expect_str_eq(format_transport(200, number), "200");
}
