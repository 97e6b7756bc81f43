// SPDX-License-Identifier: GPL-2.0-only
/* RFC 5424 around what is not syslog itself, and octet counting. */
#include "events/syslog.h"

#include <criterion/criterion.h>
#include <string.h>

#include "unit/lib/event_sample.h"

static void check(bool counted, const char *line, const char *wanted)
{
	struct json out = JSON_INIT;
	struct event_source source = sample_source();
	struct event e = sample_bind(1);

	json_append(&out, "#", 1);
	(counted ? syslog_counted : syslog_message)(&out, &source, &e, line, strlen(line));
	cr_expect_str_eq(out.text, wanted);
	json_free(&out);
}

Test(syslog, header_before_what_has_none)
{
	check(false, "{}\n", "#<132>1 2025-11-24T16:00:00.000001Z box portguard - bind:no-rule - {}");
}

Test(syslog, no_second_header)
{
	check(false, "<13>1 x\n", "#<13>1 x");
}

Test(syslog, octets_are_counted)
{
	check(true, "<13>1 x\n", "#7 <13>1 x");
	check(true, "{}\n", "#68 <132>1 2025-11-24T16:00:00.000001Z box portguard - bind:no-rule - {}");
}

Test(syslog, host_name_is_one_word)
{
	struct json out = JSON_INIT;
	struct event_source source = sample_source();
	struct event e = sample_bind(1);

	(void)strcpy(source.host_name, "a b\n\xc3\xa4");
	syslog_message(&out, &source, &e, "x\n", 2);
	cr_expect_str_eq(out.text, "<132>1 2025-11-24T16:00:00.000001Z a?b??? portguard - bind:no-rule - x");
	json_free(&out);
}
