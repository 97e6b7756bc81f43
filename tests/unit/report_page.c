// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page: whatever names and texts are in the events, its markup is the same, and none of their bytes can steer
 * a terminal or turn the text. Whether it is HTML is asked of a real parser in tests/e2e/report.sh.
 */
#include "report/report.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/html.h"
#include "unit/lib/event_sample.h"

#define NOW 1764000000000000ULL
#define HOUR 3600000000ULL

static const struct services no_services;

/* Every string that an event can have is @name. */
static void fill(struct report_sums *s, const char *name)
{
	struct event_source source = sample_source();
	struct event call = sample_bind(1), packet = sample_inbound(2), change = { .kind = EVENT_CHANGE, .seq = 3 };

	(void)snprintf(source.host_name, sizeof(source.host_name), "%s", name);
	(void)snprintf(source.instance, sizeof(source.instance), "%s", name);
	call.comm = call.exe = call.cmdline = call.cgroup = call.unit = call.container_id = call.container_name = name;
	call.scope = call.rule = call.interface = packet.scope = packet.rule = packet.interface = name;
	change.action = change.text = change.before = change.after = name;
	change.actor.comm = change.actor.tty = change.actor.ssh = name;
	call.end_us = call.start_us = packet.end_us = packet.start_us = change.end_us = NOW - HOUR;
	cr_assert_eq(report_take(s, &source, &call), 0);
	cr_assert_eq(report_take(s, &source, &packet), 0);
	cr_assert_eq(report_take(s, &source, &change), 0);
	report_finish(s);
}

static char *copy(const char *name)
{
	return strdup(name);
}

static void fill_guard(struct report_guard *g, const char *name)
{
	g->up = g->listeners_known = true;
	g->listeners = calloc(1, sizeof(*g->listeners));
	g->listener_count = 1;
	g->listeners[0] = (struct report_listener){
		.local = copy(name), .proto = copy("tcp"), .scope = copy(name), .service = copy(name),
		.process = copy(name), .program = copy(name), .unit = copy(name), .container = copy(name),
		.bind = { copy("allow"), copy("rule"), copy(name) },
		.in = { copy("deny"), copy("no-rule"), NULL },
	};
	(void)snprintf(g->degraded, sizeof(g->degraded), "%s", name);
}

static char *page_of(const char *name)
{
	struct report_sums sums;
	struct report_guard guard = { 0 };
	const struct event_source here = sample_source();
	struct json out = JSON_INIT;
	const struct report r = { .sums = &sums,
				  .guard = &guard,
				  .services = &no_services,
				  .here = &here,
				  .made_us = NOW };

	report_begin(&sums, NOW - 24 * HOUR, NOW);
	if (name) {
		fill(&sums, name);
		fill_guard(&guard, name);
	}
	report_page(&out, &r);
	cr_assert_eq(json_error(&out), 0);
	report_free(&sums);
	report_guard_free(&guard);
	return out.text;
}

/* Only the markup: tags with their attributes, but no text. */
static char *markup_of(const char *page)
{
	char *markup = calloc(1, strlen(page) + 1), *to = markup;
	bool inside = false;

	for (; *page; page++) {
		inside |= *page == '<';
		if (inside)
			*to++ = *page;
		inside &= *page != '>';
	}
	return markup;
}

Test(report_page, no_name_changes_the_markup)
{
	static const char *const names[] = {
		"</code></td></table><script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' onmouseover='x",
		"-->]]><!--", "&lt;b&gt;&#60;b&#62;", "</style></title><base href=//x>", "</svg><rect>",
		"\x1b[31m\r\n\x07",
		"\xff\xfe\xc0\xaf", "a\xe2\x80\xae" "b", "{{constructor}}", "javascript:alert(1)",
	};
	char *plain_page = page_of("plain"), *plain = markup_of(plain_page);

	cr_expect_not_null(strstr(plain_page, "plain"));
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		char *page = page_of(names[i]), *markup = markup_of(page);

		cr_expect_str_eq(markup, plain, "%s", names[i]);
		for (const char *c = page; *c; c++)
			cr_assert((unsigned char)*c >= ' ' || *c == '\n', "a control character: %s", names[i]);
		cr_expect_null(strstr(page, "\xe2\x80\xae"), "a mark that turns text");
		free(page);
		free(markup);
	}
	free(plain_page);
	free(plain);
}

Test(report_page, an_empty_report_is_a_page_too)
{
	char *page = page_of(NULL);

	cr_expect_not_null(strstr(page, "The history is empty"));
	cr_expect_not_null(strstr(page, "Nothing was refused."));
	cr_expect_not_null(strstr(page, "</html>"));
	free(page);
}

Test(report_page, it_refers_to_nothing_outside_and_has_no_script)
{
	static const char *const never[] = { "<script", "<link", "<img", "<iframe", "http:",
					     "https:", "src=", "url(", "@import" };
	char *page = page_of("plain");

	for (size_t i = 0; i < sizeof(never) / sizeof(*never); i++)
		cr_expect_null(strstr(page, never[i]), "%s", never[i]);
	cr_expect_not_null(strstr(page, "default-src 'none'; style-src 'unsafe-inline'"));
	free(page);
}

static void expect_text(const char *text, size_t most, const char *wanted)
{
	struct json out = JSON_INIT;

	html(&out, "");
	html_text_cut(&out, text, most);
	cr_expect_str_eq(out.text, wanted);
	json_free(&out);
}

Test(report_page, text_is_escaped_and_cut_between_characters)
{
	expect_text("a<b>&\"'", 0, "a&lt;b&gt;&amp;&quot;&#39;");
	expect_text("\x1b[31m", 0, "\\x1b[31m");
	expect_text("a\xe2\x80\xae" "b", 0, "a\\u202eb");
	expect_text("\xc3\x28", 0, "\xef\xbf\xbd(");
	expect_text("gr\xc3\xbc\xc3\x9f", 3, "gr\xc3\xbc…");
	expect_text("<<<", 2, "&lt;&lt;…");
	expect_text("\xef\xbf\xbf", 0, "\\uffff");
	expect_text(NULL, 0, "");
}

static void expect_number(uint64_t number, const char *wanted)
{
	struct json out = JSON_INIT;

	html_number(&out, number);
	cr_expect_str_eq(out.text, wanted);
	json_free(&out);
}

Test(report_page, numbers_are_grouped)
{
	expect_number(0, "0");
	expect_number(999, "999");
	expect_number(1000, "1,000");
	expect_number(1234567, "1,234,567");
	expect_number(UINT64_MAX, "18,446,744,073,709,551,615");
}

Test(report_page, times_are_utc)
{
	char text[HTML_TIME_TEXT];

	cr_expect_str_eq(html_time_text(NOW, HTML_SECOND, text), "24 Nov 2025 16:00:00");
	cr_expect_str_eq(html_time_text(NOW, HTML_MINUTE, text), "24 Nov 16:00");
	cr_expect_str_eq(html_time_text(0, HTML_DAY, text), "1 Jan 1970");
}
