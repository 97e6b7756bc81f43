// SPDX-License-Identifier: GPL-2.0-only
/* What format_json() writes, log_read() reads back; and nothing else. */
#include "report/log.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "events/format.h"
#include "unit/lib/event_sample.h"

static int read_back(const struct event *e, struct log_line *line)
{
	struct event_source source = sample_source();
	struct json out = JSON_INIT;
	int r;

	format_json(&out, &source, e);
	r = log_read(out.text, out.length - 1, line);
	json_free(&out);
	return r;
}

Test(report_log, a_call_comes_back)
{
	static struct log_line line;
	struct event e = sample_bind(7);
	const struct event *got = &line.event;

	e.end_us += 5;
	e.unit = "x.service";
	e.container_id = "0123";
	e.rule = "deny bind 7070/tcp";
	cr_assert_eq(read_back(&e, &line), 0);
	cr_expect_eq(got->seq, 7);
	cr_expect_eq(got->start_us, e.start_us);
	cr_expect_eq(got->end_us, e.end_us);
	cr_expect(got->verdict == e.verdict && got->hook == e.hook && got->reason == e.reason && got->proto == e.proto);
	cr_expect(got->local.port_known && got->local.port == 7070 && got->local.ip_known);
	cr_expect_arr_eq(got->local.ip, e.local.ip, 16);
	cr_expect_not(got->remote.known);
	cr_expect(got->process_known && got->uid == 1000 && got->pid == 42);
	cr_expect_str_eq(got->exe, e.exe);
	cr_expect_str_eq(got->cmdline, e.cmdline);
	cr_expect_str_eq(got->unit, e.unit);
	cr_expect_str_eq(got->container_id, e.container_id);
	cr_expect_null(got->container_name);
	cr_expect_str_eq(got->rule, e.rule);
	cr_expect_eq(got->count, 1);
	cr_expect_str_eq(line.source.host_name, sample_source().host_name);
	cr_expect_str_eq(line.source.instance, sample_source().instance);
}

Test(report_log, a_scan_comes_back)
{
	static struct log_line line;
	struct event e = sample_inbound(8);

	e.reason = PG_REASON_SCAN;
	e.local.port_known = false;
	e.ports = 400;
	e.count = 412;
	cr_assert_eq(read_back(&e, &line), 0);
	cr_expect_not(line.event.local.port_known);
	cr_expect_not(line.event.process_known);
	cr_expect_eq(line.event.ports, 400);
	cr_expect_eq(line.event.count, 412);
	cr_expect_arr_eq(line.event.remote.ip, e.remote.ip, 16);
}

Test(report_log, changes_and_health_come_back)
{
	static struct log_line line;
	struct event e = { .kind = EVENT_CHANGE, .seq = 9, .start_us = 1000000, .end_us = 1000000, .severity = 5,
			   .action = "allow", .text = "allow 80/tcp", .before = "a", .after = "b",
			   .actor = { .known = true, .uid = 3, .pid = 4, .comm = "sh", .tty = "pts/0" } };

	cr_assert_eq(read_back(&e, &line), 0);
	cr_expect(line.event.kind == EVENT_CHANGE && line.event.severity == 5);
	cr_expect(line.event.actor.known && line.event.actor.uid == 3 && line.event.actor.pid == 4);
	cr_expect_str_eq(line.event.actor.comm, "sh");
	cr_expect_null(line.event.actor.ssh);
	cr_expect_str_eq(line.event.after, "b");
	e.kind = EVENT_HEALTH;
	e.action = "beat";
	e.counters_json = "{\"bind\":{\"allow\":1}}";
	cr_assert_eq(read_back(&e, &line), 0);
	cr_expect(line.event.kind == EVENT_HEALTH && !line.event.process_known);
}

Test(report_log, hostile_names_are_harmless_and_cut)
{
	static struct log_line line;
	struct event e = sample_bind(7);
	char *name = malloc(100000);

	memset(name, 'x', 99999);
	name[99999] = '\0';
	e.cmdline = name;
	e.comm = "a\"b\\c\n\x1b\xff";
	cr_assert_eq(read_back(&e, &line), 0);
	cr_expect_lt(strlen(line.event.cmdline), 1000);
	cr_expect_str_eq(line.event.scope, "host");
	for (const char *c = line.event.comm; *c; c++)
		cr_expect(*c >= ' ' && *c <= '~');
	free(name);
}

Test(report_log, what_is_no_event_is_refused)
{
	static const char *const lines[] = {
		"", "{}", "[]", "null", "plain text", "{\"schema\":1}", "{\"schema\":1,\"kind\":\"verdict\"",
		"{\"schema\":2,\"kind\":\"health\",\"id\":\"x\",\"seq\":1,\"end\":\"2026-11-23T21:32:11.656639Z\"}",
		"{\"schema\":1,\"kind\":\"other\",\"id\":\"x\",\"seq\":1,\"end\":\"2026-11-23T21:32:11.656639Z\"}",
		"{\"schema\":1,\"kind\":\"health\",\"id\":\"x\",\"seq\":-1,\"end\":\"2026-11-23T21:32:11.656639Z\"}",
		"{\"schema\":1,\"kind\":\"health\",\"id\":\"x\",\"seq\":1,\"end\":\"yesterday\"}",
		"{\"schema\":1,\"kind\":\"verdict\",\"id\":\"x\",\"seq\":1,\"end\":\"2026-11-23T21:32:11.656639Z\"}",
		"{\"@timestamp\":\"2026-11-23T21:32:11.656639Z\",\"event\":{\"kind\":\"event\"}}",
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		static struct log_line line;
		char text[256];

		strcpy(text, lines[i]);
		cr_expect_eq(log_read(text, strlen(text), &line), -EINVAL, "%s", lines[i]);
	}
}
