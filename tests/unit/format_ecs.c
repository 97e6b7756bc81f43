// SPDX-License-Identifier: GPL-2.0-only
/*
 * Elastic Common Schema, to the letter; tests/e2e/formats.sh holds it against the schema's fields.
 */
#include <criterion/criterion.h>
#include <netinet/in.h>

#include "unit/lib/event_sample.h"
#include "unit/lib/format_help.h"
#include "unit/lib/stream_world.h"

#define SAMPLE_TIME "2025-11-24T16:00:00.000001Z"

Test(format_ecs, a_bind)
{
	struct event e = sample_bind(9);

	expect_json(
		format_ecs, &e,
		"{'@timestamp':'" SAMPLE_TIME "','ecs':{'version':'9.0.0'},"
		"'message':'deny bind 7070/tcp at 0.0.0.0 by /usr/bin/server[42] uid 1000: "
		"no-rule',"
		"'event':{'kind':'event','category':['network'],'type':['denied'],'outcome':'"
		"failure',"
		"'action':'bind','reason':'no-rule','module':'portguard','provider':'portguard',"
		"'severity':6,'id':'0f5e2c3a-1111-4222-8333-444455556666-default-9','sequence':9,"
		"'start':'" SAMPLE_TIME "','end':'" SAMPLE_TIME "'},"
		"'observer':{'vendor':'portguard','product':'portguard','type':'firewall',"
		"'version':'1.2.3','hostname':'box'},"
		"'host':{'name':'box','hostname':'box','id':'abcdef'},"
		"'destination':{'ip':'0.0.0.0','port':7070},"
		"'network':{'transport':'tcp','iana_number':'6','type':'ipv4'},"
		"'process':{'pid':42,'parent':{'pid':1},'user':{'id':'1000'},'name':'server',"
		"'executable':'/usr/bin/server','command_line':'server -d'},"
		"'rule':{'ruleset':'host'},"
		"'portguard':{'schema':1,'kind':'verdict','instance':'default','verdict':'deny',"
		"'would_deny':false,'mode':'enforce','count':1,'cgroup':'/system.slice/"
		"x.service'}}\n");
}

Test(format_ecs, an_audit_is_no_denial)
{
	struct event e = sample_inbound(9);

	e.verdict = PG_AUDIT;
	expect_json_part(format_ecs, &e, "'type':['allowed'],'outcome':'success'");
	expect_json_part(format_ecs, &e, "'verdict':'audit','would_deny':true");
	e.verdict = PG_ALLOW;
	expect_json_part(format_ecs, &e, "'type':['allowed'],'outcome':'success'");
	expect_json_part(format_ecs, &e, "'verdict':'allow','would_deny':false");
}

Test(format_ecs, who_asks_is_the_source)
{
	struct event e = sample_inbound(9);

	expect_json_part(format_ecs, &e,
			 "'source':{'ip':'192.0.2.7','port':40000},'destination':{'ip':'192.0.2.1',"
			 "'port':23}");
	expect_json_part(format_ecs, &e, "'direction':'ingress'");
	expect_json_part(format_ecs, &e, "'ingress':{'interface':{'name':'eth0'}}");
	e.hook = PG_HOOK_CONNECT;
	expect_json_part(format_ecs, &e,
			 "'source':{'ip':'192.0.2.1','port':23},'destination':{'ip':'192.0.2.7','"
			 "port':40000}");
	expect_json_part(format_ecs, &e, "'direction':'egress'");
	expect_json_part(format_ecs, &e, "'egress':{'interface':{'name':'eth0'}}");
}

Test(format_ecs, protocols_have_the_keywords_of_the_iana)
{
	struct event e = sample_inbound(9);

	e.proto = IPPROTO_ICMPV6;
	e.family = 6;
	expect_json_part(format_ecs, &e,
			 "'network':{'transport':'ipv6-icmp','iana_number':'58','type':'ipv6'");
	e.proto = 0;
	expect_json_part(format_ecs, &e, "'network':{'type':'ipv6'");
}

Test(format_ecs, a_change)
{
	struct event e = sample_change();

	expect_json_part(format_ecs, &e,
			 "'kind':'event','category':['configuration'],'type':['change'],'outcome':'"
			 "success','action':'mode'");
	expect_json_part(format_ecs, &e,
			 "'process':{'pid':6,'user':{'id':'5'},'name':'portguard'}");
	expect_json_part(
		format_ecs, &e,
		"'actor':{'tty':'pts/1'},'before':'enforce','after':'audit','text':'mode audit'}");
}

Test(format_ecs, health)
{
	struct event e = sample_health("beat");

	expect_json_part(format_ecs, &e,
			 "'kind':'metric','category':['host'],'type':['info'],'action':'beat'");
	expect_json_part(format_ecs, &e, "'text':'up','counters':{'a':1}}");
	e = sample_health("tamper");
	expect_json_part(format_ecs, &e,
			 "'kind':'alert','category':['host'],'type':['change'],'action':'tamper'");
	e = sample_health("start");
	expect_json_part(format_ecs, &e,
			 "'kind':'event','category':['host'],'type':['start'],'action':'start'");
	e = sample_health("lost");
	expect_json_part(format_ecs, &e,
			 "'kind':'event','category':['host'],'type':['info'],'action':'lost'");
}
