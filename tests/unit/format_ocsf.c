// SPDX-License-Identifier: GPL-2.0-only
/*
 * Open Cybersecurity Schema Framework, to the letter; tests/e2e/formats.sh holds it against the schema.
 */
#include <criterion/criterion.h>
#include <netinet/in.h>

#include "unit/lib/event_sample.h"
#include "unit/lib/format_help.h"
#include "unit/lib/stream_world.h"

Test(format_ocsf, a_bind)
{
	struct event e = sample_bind(9);

	expect_json(
		format_ocsf, &e,
		"{'time':1764000000000,'category_uid':4,'category_name':'Network Activity',"
		"'class_uid':4001,'class_name':'Network Activity','activity_id':7,"
		"'activity_name':'Listen','type_uid':400107,'type_name':'Network Activity: Listen',"
		"'severity_id':3,'severity':'Medium',"
		"'metadata':{'version':'1.4.0','product':{'name':'portguard',"
		"'vendor_name':'portguard','version':'1.2.3'},"
		"'uid':'0f5e2c3a-1111-4222-8333-444455556666-default-9','sequence':9,"
		"'event_code':'bind:no-rule','profiles':['security_control','host']},"
		"'message':'deny bind 7070/tcp at 0.0.0.0 by /usr/bin/server[42] uid 1000: "
		"no-rule',"
		"'device':{'hostname':'box','uid':'abcdef','type_id':0,'type':'Unknown'},"
		"'status_id':2,'status':'Failure','status_code':'no-rule',"
		"'action_id':2,'action':'Denied','disposition_id':2,'disposition':'Blocked',"
		"'count':1,'start_time':1764000000000,'end_time':1764000000000,"
		"'connection_info':{'direction_id':0,'direction':'Unknown','protocol_name':'tcp',"
		"'protocol_num':6,'protocol_ver_id':4,'protocol_ver':'Internet Protocol version 4 "
		"(IPv4)'},"
		"'dst_endpoint':{'ip':'0.0.0.0','port':7070},"
		"'actor':{'process':{'pid':42,'name':'server','cmd_line':'server -d',"
		"'file':{'name':'server','path':'/usr/bin/server','type_id':1,'type':'Regular "
		"File'},"
		"'user':{'uid':'1000'},'parent_process':{'pid':1}}},"
		"'policy':{'name':'host'},"
		"'unmapped':{'schema':1,'kind':'verdict','instance':'default','severity':6,"
		"'verdict':'deny','would_deny':false,'mode':'enforce','hook':'bind',"
		"'cgroup':'/system.slice/x.service'}}\n");
}

Test(format_ocsf, an_audit_is_no_denial)
{
	struct event e = sample_inbound(9);

	e.verdict = PG_AUDIT;
	expect_json_part(format_ocsf, &e, "'status_id':1,'status':'Success'");
	expect_json_part(
		format_ocsf, &e,
		"'action_id':1,'action':'Allowed','disposition_id':16,'disposition':'No Action'");
	expect_json_part(format_ocsf, &e, "'verdict':'audit','would_deny':true");
	e.verdict = PG_ALLOW;
	expect_json_part(
		format_ocsf, &e,
		"'action_id':1,'action':'Allowed','disposition_id':1,'disposition':'Allowed'");
}

/* type_uid is class and activity. */
static void expect_activity(uint8_t hook, uint8_t verdict, const char *part)
{
	struct event e = sample_inbound(9);

	e.hook = hook;
	e.verdict = verdict;
	expect_json_part(format_ocsf, &e, part);
}

Test(format_ocsf, what_was_tried_is_the_activity)
{
	expect_activity(PG_HOOK_LISTEN, PG_DENY,
			"'activity_id':7,'activity_name':'Listen','type_uid':400107");
	expect_activity(PG_HOOK_SOCKET, PG_DENY,
			"'activity_id':99,'activity_name':'Raw Socket','type_uid':400199,"
			"'type_name':'Network Activity: Other'");
	expect_activity(PG_HOOK_CONNECT, PG_DENY,
			"'activity_id':5,'activity_name':'Refuse','type_uid':400105");
	expect_activity(PG_HOOK_CONNECT, PG_AUDIT,
			"'activity_id':1,'activity_name':'Open','type_uid':400101");
	expect_activity(PG_HOOK_SEND, PG_ALLOW,
			"'activity_id':6,'activity_name':'Traffic','type_uid':400106");
	expect_activity(PG_HOOK_INBOUND, PG_DENY,
			"'activity_id':5,'activity_name':'Refuse','type_uid':400105");
	expect_activity(PG_HOOK_DELIVER, PG_AUDIT,
			"'activity_id':6,'activity_name':'Traffic','type_uid':400106");
}

Test(format_ocsf, who_asks_is_the_source)
{
	struct event e = sample_inbound(9);

	expect_json_part(format_ocsf, &e,
			 "'src_endpoint':{'ip':'192.0.2.7','port':40000},"
			 "'dst_endpoint':{'ip':'192.0.2.1','port':23,'interface_name':'eth0'}");
	expect_json_part(format_ocsf, &e, "'direction_id':1,'direction':'Inbound'");
	e.hook = PG_HOOK_CONNECT;
	e.interface = NULL;
	expect_json_part(format_ocsf, &e,
			 "'src_endpoint':{'ip':'192.0.2.1','port':23},"
			 "'dst_endpoint':{'ip':'192.0.2.7','port':40000}");
	expect_json_part(format_ocsf, &e, "'direction_id':2,'direction':'Outbound'");
}

Test(format_ocsf, an_endpoint_without_an_address_is_this_machine_or_left_out)
{
	struct event e = sample_inbound(9);

	e.local.known = e.remote.known = false;
	e.interface = NULL;
	expect_json_part(format_ocsf, &e, "},'dst_endpoint':{'hostname':'box'},");
	expect_no_part(format_ocsf, &e, "src_endpoint");
}

Test(format_ocsf, a_container_is_its_process_s)
{
	struct event e = sample_bind(9);

	e.container_id = "0123";
	e.container_name = "web";
	expect_json_part(format_ocsf, &e, "'profiles':['security_control','host','container']");
	expect_json_part(format_ocsf, &e,
			 "'parent_process':{'pid':1},'container':{'uid':'0123','name':'web'}}}");
	e.process_known = false;
	expect_json_part(format_ocsf, &e, "'profiles':['security_control','host']");
	expect_json_part(format_ocsf, &e, "'container':{'id':'0123','name':'web'}}}\n");
}

Test(format_ocsf, a_change)
{
	struct event e = sample_change();

	expect_json_part(
		format_ocsf, &e,
		"'category_uid':5,'category_name':'Discovery','class_uid':5019,"
		"'class_name':'Device Config State Change','activity_id':1,'activity_name':'Log',"
		"'type_uid':501901,'type_name':'Device Config State Change: Log'");
	expect_json_part(format_ocsf, &e, "'event_code':'change:mode'");
	expect_json_part(format_ocsf, &e, "'state_id':99,'state':'mode'");
	expect_json_part(format_ocsf, &e,
			 "'actor':{'process':{'pid':6,'name':'portguard','user':{'uid':'5'}}}");
	expect_json_part(
		format_ocsf, &e,
		"'action':'mode','actor':{'tty':'pts/1'},'before':'enforce','after':'audit',"
		"'text':'mode audit'}}");
}

Test(format_ocsf, health)
{
	struct event e = sample_health("stop");

	expect_json_part(
		format_ocsf, &e,
		"'category_uid':6,'category_name':'Application Activity','class_uid':6002,"
		"'class_name':'Application Lifecycle','activity_id':4,'activity_name':'Stop',"
		"'type_uid':600204,'type_name':'Application Lifecycle: Stop'");
	expect_json_part(format_ocsf, &e,
			 "'status_id':1,'status':'Success','app':{'name':'portguard'");
	expect_json_part(format_ocsf, &e, "'action':'stop','text':'up','counters':{'a':1}}}");
	e = sample_health("tamper");
	expect_json_part(format_ocsf, &e,
			 "'activity_id':99,'activity_name':'tamper','type_uid':600299");
	expect_json_part(format_ocsf, &e, "'status_id':2,'status':'Failure'");
}

Test(format_ocsf, severities)
{
	static const char *const want[EVENT_SEVERITIES] = {
		"'severity_id':1,'severity':'Informational'",
		"'severity_id':1,'severity':'Informational'",
		"'severity_id':2,'severity':'Low'",
		"'severity_id':2,'severity':'Low'",
		"'severity_id':3,'severity':'Medium'",
		"'severity_id':3,'severity':'Medium'",
		"'severity_id':3,'severity':'Medium'",
		"'severity_id':4,'severity':'High'",
		"'severity_id':4,'severity':'High'",
		"'severity_id':5,'severity':'Critical'",
		"'severity_id':5,'severity':'Critical'",
	};
	struct event e = sample_bind(9);

	for (e.severity = 0; e.severity < EVENT_SEVERITIES; e.severity++)
		expect_json_part(format_ocsf, &e, want[e.severity]);
}
