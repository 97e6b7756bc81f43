// SPDX-License-Identifier: GPL-2.0-only
/*
 * RFC 5424, to the letter.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "unit/lib/event_sample.h"
#include "unit/lib/format_help.h"

#define COMMON(kind, severity)                                                        \
	"[portguard@32473 schema=\"1\" kind=\"" kind                                  \
	"\" id=\"0f5e2c3a-1111-4222-8333-444455556666-default-9\" seq=\"9\""          \
	" time=\"2025-11-24T16:00:00.000001Z\" start=\"2025-11-24T16:00:00.000001Z\"" \
	" end=\"2025-11-24T16:00:00.000001Z\" host_name=\"box\" host_id=\"abcdef\""   \
	" instance=\"default\" severity=\"" severity "\""

Test(format_syslog, a_bind)
{
	struct event e = sample_bind(9);

	expect_line(format_syslog, &e,
		    "<132>1 2025-11-24T16:00:00.000001Z box portguard - bind:no-rule " COMMON(
			    "verdict", "6") " verdict=\"deny\" mode=\"enforce\" hook=\"bind\" "
					    "reason=\"no-rule\" proto=\"tcp\""
					    " family=\"ipv4\" local_ip=\"0.0.0.0\" "
					    "local_port=\"7070\" count=\"1\" scope=\"host\""
					    " pid=\"42\" ppid=\"1\" uid=\"1000\" comm=\"server\""
					    " cgroup=\"/system.slice/x.service\" "
					    "exe=\"/usr/bin/server\" cmdline=\"server -d\"]"
					    " deny bind 7070/tcp at 0.0.0.0 by /usr/bin/server[42] "
					    "uid 1000: no-rule\n");
}

Test(format_syslog, changes_and_health)
{
	struct event e = sample_change();

	expect_part(
		format_syslog, &e,
		" change:mode " COMMON(
			"change", "5") " action=\"mode\" actor_uid=\"5\" actor_pid=\"6\" "
				       "actor_comm=\"portguard\""
				       " actor_tty=\"pts/1\" before=\"enforce\" after=\"audit\" "
				       "text=\"mode audit\"]"
				       " change mode by portguard[6] uid 5 on pts/1: mode audit\n");
	e = sample_health("beat");
	expect_part(
		format_syslog, &e,
		" health:beat " COMMON("health", "0") " action=\"beat\" counters=\"{\\\"a\\\":1}\" "
						      "text=\"up\"] health beat: up\n");
}

/* local0 is 16; the severities are those of section 6.2.1. */
Test(format_syslog, severities)
{
	static const int want[EVENT_SEVERITIES] = { 6, 6, 5, 5, 4, 4, 4, 3, 3, 2, 1 };
	struct event e = sample_bind(9);
	char part[16];

	for (e.severity = 0; e.severity < EVENT_SEVERITIES; e.severity++) {
		(void)snprintf(part, sizeof(part), "<%d>1 ", 16 * 8 + want[e.severity]);
		cr_expect(!strncmp(format_line(format_syslog, &e), part, strlen(part)));
	}
}

Test(format_syslog, values_end_at_their_quote_only)
{
	struct event e = sample_bind(9);

	e.comm = "a\"b]c\\d\ne\x1b\xc2\x9b\xff";
	expect_part(format_syslog, &e,
		    " comm=\"a\\\"b\\]c\\\\d\\\\x0ae\\\\x1b\\\\x9b\xef\xbf\xbd\"");
}

/* Section 6.4: BOM and UTF-8, or US-ASCII. Parameters need none (section 6.3.3). */
Test(format_syslog, the_mark_stands_before_what_is_not_ascii)
{
	struct event e = sample_bind(9);

	e.cmdline = "gr\xc3\xbc\xc3\x9f";
	expect_no_part(format_syslog, &e, "\xef\xbb\xbf");
	e.exe = "gr\xc3\xbc\xc3\x9f";
	expect_part(format_syslog, &e,
		    "] \xef\xbb\xbf"
		    "deny bind 7070/tcp at 0.0.0.0 by \"gr\xc3\xbc\xc3\x9f\"[42]");
}

static void expect_of(struct event_source *source, const char *part)
{
	_cleanup_json_ struct json out = JSON_INIT;
	struct event e = sample_change();

	e.action = "x y\x01z="
		   "0123456789012345678901234567890123456789";
	format_syslog(&out, source, &e);
	cr_expect_not_null(strstr(out.text, part), "no %s in %s", part, out.text);
}

Test(format_syslog, header_and_number_are_the_machine_s)
{
	struct event_source source = sample_source();

	source.number = 4294967295;
	expect_of(&source,
		  "Z box portguard - change:x?y?z=0123456789012345678 [portguard@4294967295 ");
	(void)snprintf(source.host_name, sizeof(source.host_name), "a b\n\xc3\xbc.example");
	expect_of(&source, "Z a?b???.example portguard - ");
	source.host_name[0] = '\0';
	expect_of(&source, "Z - portguard - ");
}
