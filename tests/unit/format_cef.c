// SPDX-License-Identifier: GPL-2.0-only
/*
 * Common Event Format, to the letter.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "unit/lib/event_sample.h"
#include "unit/lib/format_help.h"

#define COMMON(kind)                                                              \
	"rt=1764000000000 start=1764000000000 end=1764000000000 cat=" kind        \
	" externalId=0f5e2c3a-1111-4222-8333-444455556666-default-9 dvchost=box " \
	"deviceExternalId=abcdef"

Test(format_cef, a_bind)
{
	struct event e = sample_bind(9);

	expect_line(
		format_cef, &e,
		"<132>1 2025-11-24T16:00:00.000001Z box portguard - bind:no-rule - "
		"CEF:0|portguard|portguard|1.2.3|bind:no-rule|bind denied|6|" COMMON(
			"verdict") " dst=0.0.0.0 dpt=7070 proto=tcp act=deny cnt=1 reason=no-rule"
				   " flexString1Label=mode flexString1=enforce cs1Label=scope "
				   "cs1=host"
				   " dpid=42 duid=1000 cn2Label=ppid cn2=1 dproc=server"
				   " cs5Label=cgroup cs5=/system.slice/x.service "
				   "filePath=/usr/bin/server"
				   " cs6Label=cmdline cs6=server -d\n");
}

Test(format_cef, a_packet)
{
	struct event e = sample_inbound(9);

	e.verdict = PG_AUDIT;
	e.severity = event_severity(&e);
	e.mode = PG_MODE_AUDIT;
	e.rule = "deny in 23/tcp";
	e.ports = 20;
	expect_line(
		format_cef, &e,
		"<133>1 2025-11-24T16:00:00.000001Z box portguard - inbound:no-rule - "
		"CEF:0|portguard|portguard|1.2.3|inbound:no-rule|inbound would be denied|2|" COMMON(
			"verdict") " src=192.0.2.7 spt=40000 dst=192.0.2.1 dpt=23 proto=tcp "
				   "act=audit cnt=1 reason=no-rule"
				   " deviceInboundInterface=eth0 cn1Label=ports cn1=20 "
				   "flexString1Label=mode flexString1=audit"
				   " cs1Label=scope cs1=host cs2Label=rule cs2=deny in 23/tcp\n");
}

Test(format_cef, the_process_is_the_destination_s_unless_it_connects)
{
	struct event e = sample_bind(9);

	e.remote = sample_inbound(9).remote;
	e.hook = PG_HOOK_DELIVER;
	expect_part(format_cef, &e, " src=192.0.2.7 spt=40000 dst=0.0.0.0 dpt=7070 ");
	expect_part(format_cef, &e, " dpid=42 duid=1000 ");
	expect_part(format_cef, &e, " dproc=server");
	e.hook = PG_HOOK_SEND;
	expect_part(format_cef, &e, " src=0.0.0.0 spt=7070 dst=192.0.2.7 dpt=40000 ");
	expect_part(format_cef, &e, " spid=42 suid=1000 ");
	expect_part(format_cef, &e, " sproc=server");
	expect_no_part(format_cef, &e, "dproc=");
}

Test(format_cef, a_change)
{
	struct event e = sample_change();

	expect_line(format_cef, &e,
		    "<132>1 2025-11-24T16:00:00.000001Z box portguard - change:mode - "
		    "CEF:0|portguard|portguard|1.2.3|change:mode|change|5|" COMMON(
			    "change") " act=mode spid=6 suid=5 sproc=portguard cs1Label=actor_tty "
				      "cs1=pts/1"
				      " cs3Label=before cs3=enforce cs4Label=after cs4=audit "
				      "msg=mode audit\n");
}

Test(format_cef, health)
{
	struct event e = sample_health("tamper");

	expect_line(format_cef, &e,
		    "<130>1 2025-11-24T16:00:00.000001Z box portguard - health:tamper - "
		    "CEF:0|portguard|portguard|1.2.3|health:tamper|health|9|" COMMON(
			    "health") " act=tamper cs1Label=counters cs1={\"a\":1} msg=up\n");
}

Test(format_cef, values_have_escapes_of_their_own)
{
	struct event e = sample_bind(9);

	e.comm = "a=b\\c|d\ne\rf\tg\x1b\x7f\xc2\x9b\xff";
	expect_part(format_cef, &e,
		    " dproc=a\\=b\\\\c|d\\ne\\rf\\\\x09g\\\\x1b\\\\x7f\\\\x9b\xef\xbf\xbd ");
}

Test(format_cef, the_header_has_others)
{
	struct event e = sample_change();

	e.action = "a|b\\c=d\ne";
	expect_part(format_cef, &e, "|1.2.3|change:a\\|b\\\\c=d\\\\x0ae|change|5|");
	expect_part(format_cef, &e, " act=a|b\\\\c\\=d\\ne ");
}

Test(format_cef, the_mark_stands_before_what_is_not_ascii)
{
	struct event e = sample_bind(9);

	expect_no_part(format_cef, &e, "\xef\xbb\xbf");
	e.comm = "gr\xc3\xbc\xc3\x9f";
	expect_part(format_cef, &e,
		    " - \xef\xbb\xbf"
		    "CEF:0|portguard|");
}
