/* SPDX-License-Identifier: GPL-2.0-only */
/* Any text as a line of an event log, and as the names in one: the page made of it has no markup but ours. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "report/log.h"
#include "report/report.h"
#include "util/cleanup.h"

static void check_page(const struct event_source *source, const struct event *e)
{
	const struct services services = { 0 };
	const struct report_guard guard = { 0 };
	struct report_sums sums;
	struct json page = JSON_INIT, json = JSON_INIT;
	const struct report r = { .sums = &sums, .guard = &guard, .services = &services, .here = source };
	size_t open = 0, close = 0;

	report_begin(&sums, e->end_us > 1000 ? e->end_us - 1000 : 0,
		     e->end_us + 1000 > 1000 ? e->end_us + 1000 : e->end_us);
	assert(!report_take(&sums, source, e));
	report_finish(&sums);
	report_page(&page, &r);
	report_json(&json, &r);
	assert(!json_error(&page) && !json_error(&json) && !strchr(json.text, 0x1b));
	for (const char *c = page.text; *c; c++) {
		assert((unsigned char)*c >= ' ' || *c == '\n');
		open += *c == '<';
		close += *c == '>';
	}
	/* one more `>` than tags: in the style */
	assert(open + 1 == close && !strstr(page.text, "<script") && !strstr(page.text, "<img"));
	json_free(&page);
	json_free(&json);
	report_free(&sums);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct log_line line;
	_cleanup_free_ char *text = malloc(size + 1), *name = malloc(size + 1);
	struct event_source source = { .host_name = "box" };
	struct event e = { .kind = EVENT_VERDICT, .verdict = PG_DENY, .hook = PG_HOOK_BIND, .count = 1, .seq = 1,
			   .end_us = 1764000000000000, .start_us = 1764000000000000, .process_known = true, .pid = 1 };

	if (!text || !name)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	memcpy(name, text, size + 1);
	if (!log_read(text, size, &line))
		check_page(&line.source, &line.event);
	e.comm = e.exe = e.cmdline = e.unit = e.container_name = name;
	check_page(&source, &e);
	e = (struct event){ .kind = EVENT_CHANGE, .action = name, .text = name, .before = name, .actor.comm = name,
			    .end_us = e.end_us, .start_us = e.end_us };
	check_page(&source, &e);
	return 0;
}
