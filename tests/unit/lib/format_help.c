// SPDX-License-Identifier: GPL-2.0-only
/* See format_help.h. */
#include "unit/lib/format_help.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "unit/lib/event_sample.h"

const char *format_line(format_fn write, const struct event *e)
{
	static struct json out; /* one process a test: it goes with it */
	struct event_source source = sample_source();

	json_reset(&out);
	write(&out, &source, e);
	cr_assert_eq(json_error(&out), 0);
	return out.text;
}

void expect_line(format_fn write, const struct event *e, const char *want)
{
	cr_expect_str_eq(format_line(write, e), want);
}

static char *with_quotes(const char *text)
{
	char *quoted = strdup(text);

	for (char *c = quoted; *c; c++)
		if (*c == '\'')
			*c = '"';
	return quoted;
}

void expect_json(format_fn write, const struct event *e, const char *want)
{
	char *text = with_quotes(want);

	expect_line(write, e, text);
	free(text);
}

void expect_json_part(format_fn write, const struct event *e, const char *part)
{
	char *text = with_quotes(part);

	expect_part(write, e, text);
	free(text);
}

void expect_part(format_fn write, const struct event *e, const char *part)
{
	const char *line = format_line(write, e);

	cr_expect_not_null(strstr(line, part), "no %s in %s", part, line);
}

void expect_no_part(format_fn write, const struct event *e, const char *part)
{
	const char *line = format_line(write, e);

	cr_expect_null(strstr(line, part), "%s in %s", part, line);
}

struct event sample_change(void)
{
	struct event e = {
		.kind = EVENT_CHANGE,
		.seq = 9,
		.action = "mode",
		.before = "enforce",
		.after = "audit",
		.text = "mode audit",
		.actor = { .known = true, .uid = 5, .pid = 6, .comm = "portguard", .tty = "pts/1" },
	};

	e.start_us = e.end_us = sample_bind(9).end_us;
	e.severity = event_severity(&e);
	return e;
}

struct event sample_health(const char *action)
{
	struct event e = {
		.kind = EVENT_HEALTH,
		.seq = 9,
		.action = action,
		.text = "up",
		.counters_json = "{\"a\":1}",
	};

	e.start_us = e.end_us = sample_bind(9).end_us;
	e.severity = event_severity(&e);
	return e;
}
