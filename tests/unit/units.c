// SPDX-License-Identifier: GPL-2.0-only
/* Durations, rates and IP protocols. */
#include "policy/units.h"
#include "unit/policy_help.h"

static uint32_t duration(const char *text)
{
	uint32_t seconds = 0;

	return duration_parse(text, strlen(text), 30 * 86400, &seconds, NULL) ? 0 : seconds;
}

Test(units, durations_have_a_number_and_a_unit)
{
	cr_assert_eq(duration("30s"), 30);
	cr_assert_eq(duration("2m"), 120);
	cr_assert_eq(duration("3h"), 10800);
	cr_assert_eq(duration("5d"), 432000);
}

Test(units, other_durations_are_refused)
{
	static const char *const wrong[] = { "", "s", "5", "5w", "-5s", "+5s", "05s", "5 s", "0s", "31d", "1.5h",
					     "99999999999999999999s", "4294967297s", "5S" };

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		cr_assert_eq(duration(wrong[i]), 0, "'%s' was taken", wrong[i]);
}

Test(units, durations_print_in_the_largest_unit_that_is_exact)
{
	static const char *const texts[] = { "1s", "59s", "90s", "1m", "90m", "1h", "36h", "1d", "25d" };
	char text[DURATION_TEXT];

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		cr_assert_str_eq(duration_print(duration(texts[i]), text), texts[i]);
	cr_assert_str_eq(duration_print(duration("120m"), text), "2h");
}

static const char *rate(const char *text, char *buffer)
{
	struct pg_bucket_config config;

	return rate_parse(text, strlen(text), &config, NULL) ? "refused" : rate_print(&config, buffer);
}

Test(units, rates_print_as_they_parse)
{
	static const char *const good[] = { "10/s", "100/m", "1/m", "20/s burst 5", "1000000/s", "7/m burst 1" };
	char text[RATE_TEXT];

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		cr_assert_str_eq(rate(good[i], text), good[i]);
	cr_assert_str_eq(rate("60/m", text), "1/s burst 60");
}

Test(units, no_two_rates_a_minute_become_one)
{
	char said[RATE_TEXT], text[RATE_TEXT];

	for (unsigned i = 1; i <= 1000000; i += i < 2000 ? 1 : 997) {
		(void)snprintf(said, sizeof(said), "%u/m", i);
		if (i % 60)
			cr_assert_str_eq(rate(said, text), said);
	}
}

Test(units, other_rates_are_refused)
{
	static const char *const wrong[] = { "", "10", "/s", "10/", "10/h", "0/s", "-1/s", "010/s", "1000001/s",
					     "10/sec", "10/s burst", "10/s burst 0", "10/s burst x", "10/s  burst 1",
					     "10/s per source", "10 /s" };
	char text[RATE_TEXT];

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		cr_assert_str_eq(rate(wrong[i], text), "refused", "'%s' was taken", wrong[i]);
}

static int protocol(const char *text)
{
	uint8_t number;

	return protocol_parse(text, strlen(text), &number, NULL) ? -1 : number;
}

Test(units, protocols_have_names_and_numbers)
{
	cr_assert_eq(protocol("vrrp"), 112);
	cr_assert_eq(protocol("GRE"), 47);
	cr_assert_eq(protocol("ipv6"), 41);
	cr_assert_eq(protocol("253"), 253);
	cr_assert_eq(protocol("47"), 47);
	cr_assert_str_eq(protocol_name(112), "vrrp");
	cr_assert_null(protocol_name(253));
}

Test(units, protocols_with_keys_of_their_own_are_refused)
{
	static const char *const wrong[] = { "tcp", "udp", "icmp", "icmpv6", "ipv6-icmp", "6", "17", "58", "1", "136",
					     "udplite", "256", "-1", "047", "", "frob", "44" };

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		cr_assert_eq(protocol(wrong[i]), -1, "'%s' was taken", wrong[i]);
}
