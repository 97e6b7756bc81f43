// SPDX-License-Identifier: GPL-2.0-only
/*
 * The native format and the one for people, to the letter.
 */
#include "events/format.h"

#include <criterion/criterion.h>
#include <netinet/in.h>
#include <string.h>

#include "unit/lib/event_sample.h"
#include "unit/lib/stream_world.h"
#include "util/utf8.h"

static struct json out;

static void teardown(void)
{
	json_free(&out);
}

TestSuite(format, .fini = teardown);

static const char *in(void (*write)(struct json *, const struct event_source *,
				    const struct event *),
		      const struct event *e)
{
	struct event_source source = sample_source();

	json_reset(&out);
	write(&out, &source, e);
	cr_assert_eq(json_error(&out), 0);
	return out.text;
}

#define COMMON(kind, severity)                                                                   \
	"{\"schema\":1,\"kind\":\"" kind                                                         \
	"\",\"id\":\"0f5e2c3a-1111-4222-8333-444455556666-default-9\",\"seq\":9,"                \
	"\"time\":\"2025-11-24T16:00:00.000001Z\",\"start\":\"2025-11-24T16:00:00.000001Z\","    \
	"\"end\":\"2025-11-24T16:00:00.000001Z\",\"host\":{\"name\":\"box\",\"id\":\"abcdef\"}," \
	"\"instance\":\"default\",\"severity\":" severity ","

Test(format, json_of_a_bind)
{
	struct event e = sample_bind(9);

	cr_expect_str_eq(
		in(format_json, &e),
		COMMON("verdict",
		       "6") "\"verdict\":\"deny\",\"mode\":\"enforce\",\"hook\":\"bind\","
			    "\"reason\":\"no-rule\",\"proto\":\"tcp\","
			    "\"family\":\"ipv4\",\"local\":{\"ip\":\"0.0.0.0\",\"port\":7070},"
			    "\"remote\":null,\"interface\":null,"
			    "\"pid\":42,\"ppid\":1,\"uid\":1000,\"comm\":\"server\",\"exe\":\"/usr/"
			    "bin/server\","
			    "\"cmdline\":\"server "
			    "-d\",\"cgroup\":\"/system.slice/"
			    "x.service\",\"unit\":null,\"container\":null,"
			    "\"scope\":\"host\",\"rule\":null,\"count\":1,\"ports\":null}\n");
}

Test(format, json_of_a_scan)
{
	struct event e = sample_inbound(9);

	e.reason = PG_REASON_SCAN;
	e.local.port_known = e.remote.port_known = false;
	e.count = 412;
	e.ports = 200;
	e.family = 6;
	world_address(e.local.ip, "2001:db8::1");
	world_address(e.remote.ip, "2001:db8::2");
	cr_expect_str_eq(
		in(format_json, &e),
		COMMON("verdict",
		       "3") "\"verdict\":\"deny\",\"mode\":\"enforce\",\"hook\":\"inbound\","
			    "\"reason\":\"scan\",\"proto\":\"tcp\","
			    "\"family\":\"ipv6\",\"local\":{\"ip\":\"2001:db8::1\",\"port\":null},"
			    "\"remote\":{\"ip\":\"2001:db8::2\",\"port\":null},\"interface\":"
			    "\"eth0\","
			    "\"pid\":null,\"ppid\":null,\"uid\":null,\"comm\":null,\"exe\":null,"
			    "\"cmdline\":null,\"cgroup\":null,"
			    "\"unit\":null,\"container\":null,\"scope\":\"host\",\"rule\":null,"
			    "\"count\":412,\"ports\":200}\n");
}

Test(format, json_of_health_and_change)
{
	struct event e = { .kind = EVENT_HEALTH,
			   .seq = 9,
			   .start_us = sample_bind(9).start_us,
			   .end_us = sample_bind(9).end_us,
			   .severity = 1,
			   .action = "start",
			   .text = "up",
			   .counters_json = "{\"a\":1}" };

	cr_expect_str_eq(
		in(format_json, &e),
		COMMON("health",
		       "1") "\"action\":\"start\",\"text\":\"up\",\"counters\":{\"a\":1}}\n");
	e.kind = EVENT_CHANGE;
	e.severity = 5;
	e.after = "audit";
	cr_expect_str_eq(
		in(format_json, &e),
		COMMON("change", "5") "\"action\":\"start\",\"actor\":{\"uid\":null,\"pid\":null,"
				      "\"comm\":null,\"tty\":null,\"ssh\":null},"
				      "\"before\":null,\"after\":\"audit\",\"text\":\"up\"}\n");
}

Test(format, text_is_short)
{
	struct event e = sample_bind(9);

	cr_expect_str_eq(in(format_text, &e), "2025-11-24 16:00:00.000 deny bind 7070/tcp at "
					      "0.0.0.0 by /usr/bin/server[42] uid 1000: no-rule\n");
	e = sample_inbound(9);
	e.count = 12;
	e.rule = "deny in 23/tcp comment \"no\"";
	e.reason = PG_REASON_RULE;
	cr_expect_str_eq(
		in(format_text, &e),
		"2025-11-24 16:00:00.000 deny inbound 23/tcp from 192.0.2.7 at 192.0.2.1 on eth0: "
		"rule 'deny in 23/tcp comment \\\"no\\\"', 12 times\n");
}

Test(format, color_only_where_asked)
{
	struct event e = sample_bind(9);

	cr_expect_null(strchr(in(format_text, &e), '\033'));
	cr_expect_not_null(strstr(in(format_text_color, &e), "\033[31mdeny\033[0m"));
}

static const char *const hostile[] = {
	"q\"uo\"te",
	"nl\nline2",
	"esc\x1b[31m\x07",
	"bad\xff\xfe\xc3",
	"c1\xc2\x9b"
	"31m",
	"back\\slash\\",
	"\xe2\x80\xaertl",
	"cr\rx",
	"sep\xe2\x80\xa8x",
	"del\x7f",
	"a' uid 0: no-rule",
	" lead trail ",
	"",
};

Test(format, hostile_names_forge_no_line_and_no_terminal_sequence)
{
	for (size_t i = 0; i < sizeof(hostile) / sizeof(*hostile); i++) {
		struct event e = sample_bind(9);
		size_t used, lines = 0;
		const char *text;

		e.comm = e.exe = e.cmdline = e.cgroup = e.rule = e.interface = hostile[i];
		for (int f = 0; f < 2; f++) {
			text = in(f ? format_text : format_json, &e);
			lines = 0;
			for (size_t at = 0; at < out.length; at += used) {
				uint32_t c = utf8_next(text + at, out.length - at, &used);

				lines += c == '\n';
				cr_expect(c == '\n' || !utf8_is_control(c));
				cr_expect(!f || c != 0x202e);
			}
			cr_expect_eq(lines, 1);
		}
	}
}

Test(format, names_with_blanks_are_quoted)
{
	struct event e = sample_bind(9);

	e.exe = "a' uid 0: no-rule";
	cr_expect_not_null(
		strstr(in(format_text, &e), " by \"a' uid 0: no-rule\"[42] uid 1000: no-rule\n"));
}

Test(format, formats_are_found_by_name_and_later_ones_say_so)
{
	cr_expect_eq(format_find("json")->write, format_json);
	cr_expect_not_null(format_find("ecs"));
	cr_expect_null(format_find("ecs")->write);
	cr_expect_null(format_find("nosuch"));
}

Test(format, any_time_has_a_spelling)
{
	char text[FORMAT_TIME_SIZE];

	format_time(0, text);
	cr_expect_str_eq(text, "1970-01-01T00:00:00.000000Z");
	format_time(UINT64_MAX, text);
	cr_expect_eq(text[strlen(text) - 1], 'Z');
}
