// SPDX-License-Identifier: GPL-2.0-only
/* See every_event.h. */
#include "unit/lib/every_event.h"

#include <netinet/in.h>
#include <string.h>

#include "util/cleanup.h"

#define TIME_US 1764000000123456ULL
#define SOME_MASKS 24

static const char *const hostile[] = {
	"",
	" lead and trail ",
	"q\"uo\"te'",
	"line\nline2\r\nline3",
	"esc\x1b[31m\x07\x1b]0;title\x07",
	"bad\xff\xfe\xc3",
	"c1\xc2\x9b"
	"31m\xc2\x85",
	"back\\slash\\",
	"\\",
	"\\n\\r\\=\\|\\]",
	"\xe2\x80\xaertl",
	"separators\xe2\x80\xa8\xe2\x80\xa9",
	"del\x7f",
	"\t\b\f\v",
	"a act=allow cs1=x",
	"a\\=b",
	"a|b|9|rt=1",
	"x^act=allow^src=1.2.3.4",
	"x\"] <165>1 - - - - - -",
	"x\"][portguard@32473 verdict=\"allow\"",
	"x\n<165>1 2026-11-23T20:05:09Z h a - - - forged",
	"{\"verdict\":\"allow\"}",
	"\",\"verdict\":\"allow\",\"x\":\"",
	"\xef\xbb\xbfmark",
	"gr\xc3\xbc\xc3\x9f \xf0\x9f\x99\x82",
	"\xed\xa0\x80\xf4\x90\x80\x80\xc0\xaf",
	"/path/with/end/",
};

static const char *const actions[] = { "start", "stop", "tamper", "lost", "degraded", "beat" };

const char *every_hostile(size_t i)
{
	return i < ARRAY_SIZE(hostile) ? hostile[i] : NULL;
}

static struct event_endpoint endpoint(uint8_t family, uint8_t last, uint16_t port)
{
	struct event_endpoint end = {
		.known = true, .ip_known = true, .port_known = true, .port = port
	};
	static const uint8_t start4[] = { [10] = 0xff, 0xff, 192, 0, 2, 0 },
			     start6[] = { 0x20, 0x01, 0x0d, 0xb8 };

	memcpy(end.ip, family == 6 ? start6 : start4,
	       family == 6 ? sizeof(start6) : sizeof(start4));
	end.ip[15] = last;
	return end;
}

struct event every_verdict(uint8_t hook, uint8_t verdict, const char *text)
{
	static const uint8_t protos[] = { IPPROTO_TCP,  IPPROTO_UDP, IPPROTO_ICMPV6,
					  IPPROTO_SCTP, 0,           200 };
	uint8_t family = (hook + verdict) % 2 ? 4 : 6;
	struct event e = {
		.kind = EVENT_VERDICT,
		.seq = 100 + hook,
		.start_us = TIME_US,
		.end_us = TIME_US + 1000001,
		.verdict = verdict,
		.mode = verdict == PG_AUDIT ? PG_MODE_AUDIT : PG_MODE_ENFORCE,
		.hook = hook,
		.reason = (uint8_t)((hook * 3 + verdict) % PG_REASON_COUNT),
		.proto = protos[(hook * 2u + verdict) % sizeof(protos)],
		.family = family,
		.local = endpoint(family, 1, 443),
		.remote = endpoint(family, 7, 40000),
		.interface = text ? text : "eth0",
		.process_known = true,
		.pid = 42,
		.ppid = 1,
		.uid = 1000,
		.comm = text ? text : "server",
		.exe = text ? text : "/usr/bin/server",
		.cmdline = text ? text : "server -d",
		.cgroup = text ? text : "/system.slice/x.service",
		.unit = text ? text : "x.service",
		.container_id = text ? text : "0123456789abcdef",
		.container_name = text ? text : "web",
		.scope = text ? text : "host",
		.rule = text ? text : "deny 443",
		.count = 12,
		.ports = 20,
	};

	e.severity = event_severity(&e);
	return e;
}

void every_set_null(struct event *e, unsigned mask)
{
	const char **strings[NULLS] = {
		[NO_INTERFACE] = &e->interface,
		[NO_COMM] = &e->comm,
		[NO_EXE] = &e->exe,
		[NO_CMDLINE] = &e->cmdline,
		[NO_CGROUP] = &e->cgroup,
		[NO_UNIT] = &e->unit,
		[NO_CONTAINER_ID] = &e->container_id,
		[NO_CONTAINER_NAME] = &e->container_name,
		[NO_RULE] = &e->rule,
	};

	for (size_t i = 0; i < NULLS; i++)
		if (strings[i] && mask & 1u << i)
			*strings[i] = NULL;
	e->local.known = !(mask & 1u << NO_LOCAL);
	e->remote.known = !(mask & 1u << NO_REMOTE);
	e->process_known = !(mask & 1u << NO_PROCESS);
	e->ports = mask & 1u << NO_PORTS ? 0 : 20;
}

static void visit_mask(uint8_t hook, uint8_t verdict, unsigned mask, every_visit_fn visit,
		       void *data)
{
	struct event e = every_verdict(hook, verdict, NULL);

	every_set_null(&e, mask);
	visit(data, &e);
}

void every_null(bool masks, every_visit_fn visit, void *data)
{
	unsigned all = (1u << NULLS) - 1, some = 1;

	for (uint8_t hook = 0; hook < PG_HOOK_COUNT; hook++)
		for (uint8_t verdict = PG_ALLOW; verdict < PG_VERDICT_COUNT; verdict++) {
			visit_mask(hook, verdict, 0, visit, data);
			visit_mask(hook, verdict, all, visit, data);
			for (unsigned i = 0; i < NULLS; i++)
				visit_mask(hook, verdict, 1u << i, visit, data);
			for (unsigned i = 0; i < SOME_MASKS; i++, some = some * 69069 + 1)
				visit_mask(hook, verdict, some >> 16 & all, visit, data);
		}
	/* Hooks and verdicts take turns: 7 and 3 divide no power of two, so each meets every bit. */
	for (unsigned mask = 0; masks && mask <= all; mask++)
		visit_mask((uint8_t)(mask % PG_HOOK_COUNT), (uint8_t)(PG_ALLOW + mask % 3), mask,
			   visit, data);
}

static void visit_others(const char *action, const char *text, every_visit_fn visit, void *data)
{
	struct event e = {
		.kind = EVENT_CHANGE,
		.seq = 7,
		.start_us = TIME_US,
		.end_us = TIME_US,
		.action = action,
		.text = text,
		.before = text,
		.after = text,
		.actor = { .comm = text, .tty = text, .ssh = text, .uid = 5, .pid = 6 },
	};

	e.severity = event_severity(&e);
	visit(data, &e);
	e.actor.known = true;
	visit(data, &e);
	e.before = e.after = e.actor.comm = e.actor.tty = e.actor.ssh = NULL;
	visit(data, &e);
	e.kind = EVENT_HEALTH;
	e.severity = event_severity(&e);
	visit(data, &e);
	e.counters_json = "{\"inbound\":{\"allow\":1,\"deny\":2}}";
	visit(data, &e);
}

void every_name(const char *text, every_visit_fn visit, void *data)
{
	for (uint8_t hook = 0; hook < PG_HOOK_COUNT; hook++)
		for (uint8_t verdict = PG_ALLOW; verdict < PG_VERDICT_COUNT; verdict++) {
			struct event e = every_verdict(hook, verdict, text);

			visit(data, &e);
		}
	for (size_t i = 0; i < ARRAY_SIZE(actions); i++)
		visit_others(actions[i], text, visit, data);
	visit_others(text, text, visit, data);
}
