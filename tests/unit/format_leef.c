// SPDX-License-Identifier: GPL-2.0-only
/*
 * Log Event Extended Format 2.0, to the letter.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "unit/lib/event_sample.h"
#include "unit/lib/format_help.h"

#define COMMON(kind, severity)                                                            \
	"^schema=1^kind=" kind "^id=0f5e2c3a-1111-4222-8333-444455556666-default-9^seq=9" \
	"^time=2025-11-24T16:00:00.000001Z^start=2025-11-24T16:00:00.000001Z"             \
	"^end=2025-11-24T16:00:00.000001Z^host_name=box^host_id=abcdef^instance=default"  \
	"^severity=" severity

Test(format_leef, a_bind)
{
	struct event e = sample_bind(9);

	expect_line(format_leef, &e,
		    "<132>1 2025-11-24T16:00:00.000001Z box portguard - bind:no-rule - "
		    "LEEF:2.0|portguard|portguard|1.2.3|bind:no-rule|^|"
		    "devTime=1764000000000^sev=6^dst=0.0.0.0^dstPort=7070" COMMON(
			    "verdict", "6") "^verdict=deny^mode=enforce^hook=bind^reason=no-rule^"
					    "proto=tcp^family=ipv4"
					    "^local_ip=0.0.0.0^local_port=7070^count=1^scope=host^"
					    "pid=42^ppid=1^uid=1000^comm=server"
					    "^cgroup=/system.slice/x.service^exe=/usr/bin/"
					    "server^cmdline=server -d\n");
}

Test(format_leef, who_asks_is_the_source)
{
	struct event e = sample_inbound(9);

	expect_part(format_leef, &e, "^src=192.0.2.7^srcPort=40000^dst=192.0.2.1^dstPort=23^");
	e.hook = PG_HOOK_CONNECT;
	expect_part(format_leef, &e, "^src=192.0.2.1^srcPort=23^dst=192.0.2.7^dstPort=40000^");
	expect_part(format_leef, &e,
		    "^local_ip=192.0.2.1^local_port=23^remote_ip=192.0.2.7^remote_port=40000^");
}

Test(format_leef, changes_and_health)
{
	struct event e = sample_change();

	expect_part(format_leef, &e,
		    "|change:mode|^|devTime=1764000000000^sev=5" COMMON(
			    "change", "5") "^action=mode^actor_uid=5^actor_pid=6^actor_comm="
					   "portguard^actor_tty=pts/1"
					   "^before=enforce^after=audit^text=mode audit\n");
	e = sample_health("beat");
	expect_part(format_leef, &e,
		    "|health:beat|^|devTime=1764000000000^sev=1" COMMON(
			    "health", "0") "^action=beat^counters={\"a\":1}^text=up\n");
}

Test(format_leef, severities_begin_with_1)
{
	static const char *const want[EVENT_SEVERITIES] = { "1", "1", "2", "3", "4", "5",
							    "6", "7", "8", "9", "10" };
	struct event e = sample_bind(9);
	char part[16];

	for (e.severity = 0; e.severity < EVENT_SEVERITIES; e.severity++) {
		(void)snprintf(part, sizeof(part), "^sev=%s^", want[e.severity]);
		expect_part(format_leef, &e, part);
	}
}

Test(format_leef, no_value_holds_the_delimiter)
{
	struct event e = sample_change();

	e.text = "x^act=y|z\\\n\t\x1b";
	e.action = "a|b^c";
	expect_part(format_leef, &e, "^text=x\\x5eact=y|z\\\\x0a\\x09\\x1b\n");
	expect_part(format_leef, &e, "|change:a\\x7cb^c|^|");
}
