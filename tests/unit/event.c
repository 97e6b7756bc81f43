// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events as values: severities and words of the contract, and the way into bytes and back.
 */
#include "events/event.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "events/encode.h"
#include "unit/lib/event_sample.h"

static int severity_of(enum event_kind kind, int verdict, int hook, const char *action)
{
	struct event e = {
		.kind = kind, .verdict = (uint8_t)verdict, .hook = (uint8_t)hook, .action = action
	};

	return event_severity(&e);
}

Test(event, severities_are_those_of_the_contract)
{
	cr_expect_eq(severity_of(EVENT_VERDICT, PG_DENY, PG_HOOK_INBOUND, NULL), 3);
	cr_expect_eq(severity_of(EVENT_VERDICT, PG_DENY, PG_HOOK_DELIVER, NULL), 3);
	cr_expect_eq(severity_of(EVENT_VERDICT, PG_DENY, PG_HOOK_BIND, NULL), 6);
	cr_expect_eq(severity_of(EVENT_VERDICT, PG_DENY, PG_HOOK_SEND, NULL), 6);
	cr_expect_eq(severity_of(EVENT_VERDICT, PG_AUDIT, PG_HOOK_BIND, NULL), 2);
	cr_expect_eq(severity_of(EVENT_VERDICT, PG_ALLOW, PG_HOOK_BIND, NULL), 1);
	cr_expect_eq(severity_of(EVENT_CHANGE, 0, 0, "mode"), 5);
	cr_expect_eq(severity_of(EVENT_HEALTH, 0, 0, "tamper"), 9);
	cr_expect_eq(severity_of(EVENT_HEALTH, 0, 0, "degraded"), 9);
	cr_expect_eq(severity_of(EVENT_HEALTH, 0, 0, "lost"), 7);
	cr_expect_eq(severity_of(EVENT_HEALTH, 0, 0, "start"), 1);
	cr_expect_eq(severity_of(EVENT_HEALTH, 0, 0, "stop"), 1);
	cr_expect_eq(severity_of(EVENT_HEALTH, 0, 0, "recovered"), 1);
	cr_expect_eq(severity_of(EVENT_HEALTH, 0, 0, "beat"), 0);
}

Test(event, protocols_have_names_or_numbers)
{
	char number[4];

	cr_expect_str_eq(event_proto_name(IPPROTO_TCP, number), "tcp");
	cr_expect_str_eq(event_proto_name(IPPROTO_UDPLITE, number), "udp");
	cr_expect_str_eq(event_proto_name(IPPROTO_GRE, number), "gre");
	cr_expect_str_eq(event_proto_name(0, number), "ip");
	cr_expect_str_eq(event_proto_name(200, number), "200");
}

Test(event, words_and_numbers_belong_together)
{
	cr_expect_eq(event_hook_by_name("deliver"), PG_HOOK_DELIVER);
	cr_expect_eq(event_hook_by_name("nosuch"), -1);
	cr_expect_eq(event_verdict_by_name("audit"), PG_AUDIT);
	cr_expect_eq(event_verdict_by_name("none"), -1);
	cr_expect_str_eq(event_reason_name(PG_REASON_NO_RULE), "no-rule");
	cr_expect_str_eq(event_reason_name(250), "?");
}

Test(event, source_has_no_empty_field)
{
	struct event_source s;

	event_source_fill(&s, "default");
	cr_expect(s.boot_id[0] && s.host_name[0] && s.host_id[0]);
	cr_expect_str_eq(s.instance, "default");
	cr_expect_str_eq(s.version, PG_VERSION);
}

/* Encode and decode; the frame keeps pointing into @j. */
static struct event there_and_back(const struct event *e, struct json *j)
{
	struct frame frame;
	size_t used;

	cr_assert_eq(frame_put_event(j, e), 0);
	cr_assert_eq(frame_get(j->text, j->length, &frame, &used), 1);
	cr_assert_eq(used, j->length);
	cr_assert_eq(frame.type, FRAME_EVENT);
	return frame.event;
}

Test(event, verdict_survives_encoding)
{
	struct event e = sample_bind(7), back;
	struct json j = JSON_INIT;

	e.comm = "q\"\n\xff\x01";
	e.ports = 20;
	e.rule = "";
	back = there_and_back(&e, &j);
	cr_expect_eq(back.seq, 7);
	cr_expect_eq(back.end_us, e.end_us);
	cr_expect_eq(back.severity, 6);
	cr_expect_eq(back.local.port, 7070);
	cr_expect(back.local.known && !back.remote.known && back.process_known);
	cr_expect_str_eq(back.comm, e.comm);
	cr_expect_str_eq(back.rule, "");
	cr_expect_null(back.unit);
	cr_expect_eq(back.ports, 20);
	json_free(&j);
}

Test(event, change_survives_encoding)
{
	struct event back, e = {
		.kind = EVENT_CHANGE,
		.action = "mode",
		.text = "mode audit",
		.before = "enforce",
		.after = "audit",
		.actor = { .known = true, .uid = 5, .pid = 6, .comm = "portguard", .tty = "pts/1" },
	};
	struct json j = JSON_INIT;

	back = there_and_back(&e, &j);
	cr_expect(back.actor.known && back.actor.uid == 5 && back.actor.pid == 6);
	cr_expect_str_eq(back.actor.tty, "pts/1");
	cr_expect_str_eq(back.after, "audit");
	cr_expect_null(back.actor.ssh);
	json_free(&j);
}

Test(event, frame_that_is_cut_waits_and_one_that_is_damaged_is_refused)
{
	struct event e = sample_bind(1);
	struct json j = JSON_INIT;
	struct frame frame;
	size_t used;

	cr_assert_eq(frame_put_event(&j, &e), 0);
	for (size_t n = 0; n < j.length; n++)
		cr_assert_eq(frame_get(j.text, n, &frame, &used), 0, "%zu bytes", n);
	for (size_t i = 4; i < j.length; i++) {
		j.text[i] ^= 0x40;
		cr_assert_neq(frame_get(j.text, j.length, &frame, &used), 1, "byte %zu", i);
		j.text[i] ^= 0x40;
	}
	json_free(&j);
}

Test(event, event_that_is_too_large_is_left_out_whole)
{
	struct event e = sample_bind(1);
	struct json j = JSON_INIT;
	char *huge = malloc(FRAME_MAX + 1);

	memset(huge, 'x', FRAME_MAX);
	huge[FRAME_MAX] = '\0';
	e.cmdline = huge;
	json_append(&j, "before", 6);
	cr_expect_eq(frame_put_event(&j, &e), -EMSGSIZE);
	cr_expect_eq(j.length, 6);
	free(huge);
	json_free(&j);
}
