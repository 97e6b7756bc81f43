// SPDX-License-Identifier: GPL-2.0-only
/* RFC 5424 around what is not syslog itself, and RFC 6587's octet counting. */
#include "events/syslog.h"

#include <criterion/criterion.h>
#include <string.h>

#include "unit/lib/event_sample.h"

static void write_plain(struct json *out, const struct event_source *source, const struct event *e)
{
	(void)source;
	(void)e;
	json_append(out, "{}\n", 3);
}

static void write_syslog(struct json *out, const struct event_source *source, const struct event *e)
{
	(void)source;
	(void)e;
	json_append(out, "<13>1 x\n", 8);
}

static const struct format plain = { "plain", write_plain }, whole = { "whole", write_syslog };

Test(syslog, header_before_what_has_none)
{
	struct json out = JSON_INIT;
	struct event_source source = sample_source();
	struct event e = sample_bind(1);

	json_append(&out, "#", 1);
	syslog_message(&out, &plain, &source, &e);
	cr_expect_str_eq(out.text, "#<132>1 2025-11-24T16:00:00.000001Z box portguard - bind:no-rule - {}");
	json_free(&out);
}

Test(syslog, no_second_header)
{
	struct json out = JSON_INIT;
	struct event_source source = sample_source();
	struct event e = sample_bind(1);

	syslog_message(&out, &whole, &source, &e);
	cr_expect_str_eq(out.text, "<13>1 x");
	json_free(&out);
}

Test(syslog, host_name_is_one_word)
{
	struct json out = JSON_INIT;
	struct event_source source = sample_source();
	struct event e = sample_bind(1);

	strcpy(source.host_name, "a b\n\xc3\xa4");
	syslog_message(&out, &plain, &source, &e);
	cr_expect_not_null(strstr(out.text, "Z a?b??? portguard "), "%s", out.text);
	json_free(&out);
}

Test(syslog, octets_are_counted)
{
	struct json out = JSON_INIT;
	struct event_source source = sample_source();
	struct event e = sample_bind(1);

	syslog_counted(&out, &whole, &source, &e);
	syslog_counted(&out, &whole, &source, &e);
	cr_expect_str_eq(out.text, "7 <13>1 x7 <13>1 x");
	json_free(&out);
}
