// SPDX-License-Identifier: GPL-2.0-only
/*
 * The format for people: short, of every kind and hook, and never more than it says.
 */
#include <criterion/criterion.h>
#include <netinet/in.h>

#include "unit/lib/event_sample.h"
#include "unit/lib/format_help.h"
#include "unit/lib/stream_world.h"

#define TIME "2025-11-24 16:00:00.000 "

Test(format_text, a_bind)
{
	struct event e = sample_bind(9);

	expect_line(format_text, &e,
		    TIME
		    "deny bind 7070/tcp at 0.0.0.0 by /usr/bin/server[42] uid 1000: no-rule\n");
	e.hook = PG_HOOK_LISTEN;
	e.verdict = PG_AUDIT;
	expect_part(format_text, &e, "audit listen 7070/tcp at 0.0.0.0 by ");
}

Test(format_text, a_packet)
{
	struct event e = sample_inbound(9);

	e.count = 12;
	e.rule = "deny in 23/tcp comment \"no\"";
	e.reason = PG_REASON_RULE;
	expect_line(format_text, &e,
		    TIME "deny inbound 23/tcp from 192.0.2.7 at 192.0.2.1 on eth0: "
			 "rule 'deny in 23/tcp comment \\\"no\\\"', 12 times\n");
}

Test(format_text, the_owner_of_the_port_did_not_send_the_packet)
{
	struct event e = sample_inbound(9);

	e.hook = PG_HOOK_DELIVER;
	e.process_known = true;
	e.pid = 7;
	e.comm = "telnetd";
	expect_line(format_text, &e,
		    TIME
		    "deny deliver 23/tcp from 192.0.2.7 at 192.0.2.1 on eth0 for telnetd[7] uid 0: "
		    "no-rule\n");
}

Test(format_text, what_goes_out)
{
	struct event e = sample_bind(9);

	e.hook = PG_HOOK_CONNECT;
	e.remote = sample_inbound(9).remote;
	e.remote.port = 443;
	world_address(e.local.ip, "192.0.2.1");
	expect_line(
		format_text, &e,
		TIME
		"deny connect 443/tcp to 192.0.2.7 from 192.0.2.1 by /usr/bin/server[42] uid 1000: "
		"no-rule\n");
	e.hook = PG_HOOK_SEND;
	e.proto = IPPROTO_UDP;
	e.local.known = false;
	expect_part(format_text, &e, "deny send 443/udp to 192.0.2.7 by ");
}

Test(format_text, a_raw_socket)
{
	struct event e = sample_bind(9);

	e.hook = PG_HOOK_SOCKET;
	e.proto = IPPROTO_SCTP;
	e.local.known = false;
	e.reason = PG_REASON_RAW;
	expect_line(format_text, &e,
		    TIME "deny socket sctp by /usr/bin/server[42] uid 1000: raw\n");
}

Test(format_text, a_scan)
{
	struct event e = sample_inbound(9);

	e.reason = PG_REASON_SCAN;
	e.local.known = false;
	e.ports = 200;
	e.count = 412;
	expect_line(format_text, &e,
		    TIME "deny inbound tcp from 192.0.2.7 on eth0: scan of 200 ports, 412 times\n");
}

Test(format_text, where_it_lives_and_whose_rules_decided)
{
	struct event e = sample_bind(9);

	e.unit = "nginx.service";
	e.scope = "web";
	expect_part(format_text, &e, "[42] uid 1000 in nginx.service: no-rule, scope web\n");
	e.container_id = "0123456789abcdef0123456789abcdef";
	expect_part(format_text, &e,
		    "[42] uid 1000 in container 0123456789ab: no-rule, scope web\n");
	e.container_name = "a b";
	expect_part(format_text, &e, "[42] uid 1000 in container \"a b\": no-rule, scope web\n");
}

Test(format_text, changes_and_health)
{
	struct event e = sample_change();

	expect_line(format_text, &e,
		    TIME "change mode by portguard[6] uid 5 on pts/1: mode audit\n");
	e.text = NULL;
	e.actor.ssh = "192.0.2.9";
	expect_line(
		format_text, &e,
		TIME
		"change mode by portguard[6] uid 5 on pts/1 from 192.0.2.9: enforce -> audit\n");
	e = sample_health("start");
	expect_line(format_text, &e, TIME "health start: up\n");
}

Test(format_text, color_only_where_asked)
{
	struct event e = sample_bind(9);

	expect_no_part(format_text, &e, "\033");
	expect_part(format_text_color, &e, " \033[31mdeny\033[0m bind");
	e.verdict = PG_AUDIT;
	expect_part(format_text_color, &e, " \033[33maudit\033[0m bind");
	e.verdict = PG_ALLOW;
	expect_part(format_text_color, &e, " \033[32mallow\033[0m bind");
	e = sample_change();
	expect_part(format_text_color, &e, " \033[36mchange\033[0m mode");
	e = sample_health("stop");
	expect_part(format_text_color, &e, " \033[36mhealth\033[0m stop");
	e = sample_health("tamper");
	expect_part(format_text_color, &e, " \033[31mhealth\033[0m tamper");
}

Test(format_text, what_is_not_plain_is_quoted)
{
	struct event e = sample_bind(9);

	e.exe = "a' uid 0: no-rule";
	expect_part(format_text, &e, " by \"a' uid 0: no-rule\"[42] uid 1000: no-rule\n");
	e.exe = "";
	expect_part(format_text, &e, " by \"\"[42] uid 1000");
	e.exe = "\x1b[31m\n\xc2\x9b\xe2\x80\xa8\xe2\x80\xae\xff\\";
	expect_part(format_text, &e,
		    " by \"\\x1b[31m\\x0a\\x9b\\u2028\\u202e\xef\xbf\xbd\\\\\"[42]");
	e = sample_change();
	e.action = "a: b";
	e.text = "x\ny";
	expect_part(format_text, &e, "change \"a: b\" by portguard[6] uid 5 on pts/1: x\\x0ay\n");
}
