// SPDX-License-Identifier: GPL-2.0-only
/*
 * The native format, to the letter.
 */
#include <criterion/criterion.h>

#include "unit/lib/event_sample.h"
#include "unit/lib/format_help.h"
#include "unit/lib/stream_world.h"

#define COMMON(kind, severity)                                                        \
	"{'schema':1,'kind':'" kind                                                   \
	"','id':'0f5e2c3a-1111-4222-8333-444455556666-default-9','seq':9,"            \
	"'time':'2025-11-24T16:00:00.000001Z','start':'2025-11-24T16:00:00.000001Z'," \
	"'end':'2025-11-24T16:00:00.000001Z','host':{'name':'box','id':'abcdef'},"    \
	"'instance':'default','severity':" severity ","

Test(format_json, a_bind)
{
	struct event e = sample_bind(9);

	expect_json(
		format_json, &e,
		COMMON("verdict",
		       "6") "'verdict':'deny','mode':'enforce','hook':'bind','reason':'no-rule','"
			    "proto':'tcp',"
			    "'family':'ipv4','local':{'ip':'0.0.0.0','port':7070},'remote':null,'"
			    "interface':null,"
			    "'pid':42,'ppid':1,'uid':1000,'comm':'server','exe':'/usr/bin/server',"
			    "'cmdline':'server -d','cgroup':'/system.slice/x.service','unit':null,"
			    "'container':null,'scope':'host','rule':null,'count':1,'ports':null}"
			    "\n");
}

Test(format_json, a_scan)
{
	struct event e = sample_inbound(9);

	e.reason = PG_REASON_SCAN;
	e.local.port_known = e.remote.port_known = false;
	e.count = 412;
	e.ports = 200;
	e.family = 6;
	world_address(e.local.ip, "2001:db8::1");
	world_address(e.remote.ip, "2001:db8::2");
	expect_json(
		format_json, &e,
		COMMON("verdict",
		       "3") "'verdict':'deny','mode':'enforce','hook':'inbound','reason':'scan','"
			    "proto':'tcp',"
			    "'family':'ipv6','local':{'ip':'2001:db8::1','port':null},"
			    "'remote':{'ip':'2001:db8::2','port':null},'interface':'eth0',"
			    "'pid':null,'ppid':null,'uid':null,'comm':null,'exe':null,'cmdline':"
			    "null,"
			    "'cgroup':null,'unit':null,'container':null,'scope':'host','rule':null,"
			    "'count':412,'ports':200}\n");
}

Test(format_json, health_and_change)
{
	struct event e = sample_health("start");

	expect_json(format_json, &e,
		    COMMON("health", "1") "'action':'start','text':'up','counters':{'a':1}}\n");
	e = sample_change();
	e.before = e.actor.tty = NULL;
	expect_json(format_json, &e,
		    COMMON("change", "5") "'action':'mode','actor':{'uid':5,'pid':6,'comm':'"
					  "portguard','tty':null,'ssh':null},"
					  "'before':null,'after':'audit','text':'mode audit'}\n");
}
