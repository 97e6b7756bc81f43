// SPDX-License-Identifier: GPL-2.0-only
/* The metrics as text: what Prometheus reads, whatever names others chose. */
#include "metrics/table.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "metrics/text.h"
#include "util/cleanup.h"

static struct scope scopes[] = {
	{ .name = "a\"b\\c{}=,", .mode_said = true, .mode = PG_MODE_AUDIT },
	{ .name = "quiet" },
};
static const struct policy policy = { .mode = PG_MODE_ENFORCE, .rule_count = 11, .set_count = 12,
				      .scopes = scopes, .scope_count = 2, .panic = true };
static struct hook_row hooks[] = {
	{ .hook = "bind", .via = "cgroup", .target = "/sys/fs/cgroup", .attached = true },
	{ .hook = "inbound", .via = "tc", .target = "eth0", .device = 2 },
	{ .hook = "inbound", .via = "tc", .target = "e\"\\\xff", .device = 3, .attached = true },
	{ .hook = "inbound", .via = "tc", .target = "e\"\\\xfe", .device = 4, .attached = true },
	{ .hook = "flows", .via = "tc", .target = "\xc3\xa4\x1b[31m", .device = 5, .attached = true },
};
static struct output_figures outputs[] = {
	{ .name = "one\ntwo", .sent = 21, .filtered = 22, .queued = 23, .lost = 24, .error = "no space" },
	{ .name = "two", .sent = 31 },
};
static struct map_memory maps[] = { { "pg_ports", 41 } };

static const struct figures sample = {
	.policy = &policy,
	.generation = 9,
	.degraded = "why",
	.try_left_s = 60,
	.agent = 77,
	.hooks = { hooks, ARRAY_SIZE(hooks) },
	.verdicts = { [PG_HOOK_INBOUND] = { [PG_DENY] = UINT64_MAX, [PG_ALLOW] = 1, [PG_AUDIT] = 2 } },
	.events = { 3, 4, 5 },
	.outputs = { outputs, ARRAY_SIZE(outputs) },
	.flows = 6,
	.flows_max = 7,
	.ring_used = 8,
	.ring_size = 4096,
};
static const struct memory memory = { 51, maps, 1, 41 };

static void expect_line(const struct json *page, const char *line)
{
	char whole[512];

	(void)snprintf(whole, sizeof(whole), "\n%s\n", line);
	cr_expect(strstr(page->text, whole), "no line %s in:\n%s", line, page->text);
}

Test(metrics, each_figure_is_told)
{
	static const char *const lines[] = {
		"portguard_build_info{version=\"" PG_VERSION "\"} 1",
		"portguard_agent_up 1",
		"portguard_verdicts_total{hook=\"inbound\",verdict=\"allow\",scope=\"host\"} 1",
		"portguard_verdicts_total{hook=\"inbound\",verdict=\"deny\",scope=\"host\"} 18446744073709551615",
		"portguard_verdicts_total{hook=\"inbound\",verdict=\"audit\",scope=\"host\"} 2",
		"portguard_verdicts_total{hook=\"bind\",verdict=\"deny\",scope=\"host\"} 0",
		"portguard_events_emitted_total 3",
		"portguard_events_suppressed_total 4",
		"portguard_events_lost_total 5",
		"portguard_output_sent_total{output=\"two\"} 31",
		"portguard_output_sent_total{output=\"one\\ntwo\"} 21",
		"portguard_output_filtered_total{output=\"one\\ntwo\"} 22",
		"portguard_output_queued{output=\"one\\ntwo\"} 23",
		"portguard_output_lost_total{output=\"one\\ntwo\"} 24",
		"portguard_output_failing{output=\"one\\ntwo\"} 1",
		"portguard_output_failing{output=\"two\"} 0",
		"portguard_hook_attached{hook=\"bind\",target=\"/sys/fs/cgroup\",via=\"cgroup\"} 1",
		"portguard_hook_attached{hook=\"inbound\",target=\"eth0\",via=\"tc\"} 0",
		"portguard_mode{scope=\"host\",mode=\"enforce\"} 1",
		"portguard_mode{scope=\"host\",mode=\"audit\"} 0",
		"portguard_mode{scope=\"a\\\"b\\\\c{}=,\",mode=\"enforce\"} 0",
		"portguard_mode{scope=\"a\\\"b\\\\c{}=,\",mode=\"audit\"} 1",
		"portguard_generation 9",
		"portguard_degraded 1",
		"portguard_panic 1",
		"portguard_try_remaining_seconds 60",
		"portguard_rules 11",
		"portguard_sets 12",
		"portguard_scopes 2",
		"portguard_flows 6",
		"portguard_flows_max 7",
		"portguard_ring_bytes 8",
		"portguard_ring_size_bytes 4096",
		"portguard_agent_resident_bytes 51",
		"portguard_map_bytes{map=\"pg_ports\"} 41",
	};
	_cleanup_json_ struct json page = JSON_INIT;

	cr_assert_eq(metrics_print(&page, &sample, &memory), 0);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		expect_line(&page, lines[i]);
	cr_assert_null(strstr(page.text, "quiet"), "a scope without a mode of its own");
}

#define HOOK(hook, target) "portguard_hook_attached{hook=\"" hook "\",target=\"" target "\",via=\"tc\"} 1"

Test(metrics, devices_that_look_alike_are_told_apart)
{
	_cleanup_json_ struct json page = JSON_INIT;

	cr_assert_eq(metrics_print(&page, &sample, &memory), 0);
	expect_line(&page, HOOK("inbound", "e\\\"\\\\\xef\xbf\xbd#3"));
	expect_line(&page, HOOK("inbound", "e\\\"\\\\\xef\xbf\xbd#4"));
	expect_line(&page, HOOK("flows", "\xc3\xa4\xef\xbf\xbd[31m#5"));
}

Test(metrics, each_begins_with_its_help_and_type_and_no_series_comes_twice)
{
	_cleanup_json_ struct json page = JSON_INIT;
	char *series[256], name[64] = "", *save = NULL;
	size_t count = 0;

	cr_assert_eq(metrics_print(&page, &sample, &memory), 0);
	for (char *line = strtok_r(page.text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (sscanf(line, "# HELP %63s", name) == 1) {
			char type[64], word[16];

			line = strtok_r(NULL, "\n", &save);
			cr_assert_eq(sscanf(line, "# TYPE %63s %15s", type, word), 2, "%s", line);
			cr_assert_str_eq(type, name);
			cr_assert_eq(strlen(name) > 6 && !strcmp(name + strlen(name) - 6, "_total"),
				     !strcmp(word, "counter"), "%s is a %s", name, word);
			continue;
		}
		cr_assert_eq(strncmp(line, name, strlen(name)), 0, "%s below %s", line, name);
		cr_assert(strchr("{ ", line[strlen(name)]), "%s below %s", line, name);
		*strrchr(line, ' ') = '\0';
		for (size_t i = 0; i < count; i++)
			cr_assert_str_neq(series[i], line);
		cr_assert_lt(count, ARRAY_SIZE(series));
		series[count++] = line;
	}
	cr_assert_gt(count, 50);
}

Test(metrics, where_nothing_runs_there_is_only_that_to_tell)
{
	_cleanup_json_ struct json page = JSON_INIT;

	cr_assert_eq(metrics_print(&page, NULL, NULL), 0);
	expect_line(&page, "portguard_up 0");
	expect_line(&page, "portguard_build_info{version=\"" PG_VERSION "\"} 1");
	cr_assert_null(strstr(page.text, "portguard_agent"));
}

static void expect_value(const char *value, const char *told)
{
	_cleanup_json_ struct json out = JSON_INIT;
	char line[256];

	metric_sample(&out, "m", (const struct metric_label[]){ { "l", value }, { NULL, NULL } }, 1);
	(void)snprintf(line, sizeof(line), "m{l=\"%s\"} 1\n", told);
	cr_expect_str_eq(out.text, line);
	cr_expect_eq(metric_value_is_exact(value), !strstr(told, "\xef\xbf\xbd"), "%s", told);
}

Test(metrics, values_of_labels_cannot_end_themselves)
{
	expect_value("", "");
	expect_value("plain", "plain");
	expect_value("a\"} 7\nm{l=\"", "a\\\"} 7\\nm{l=\\\"");
	expect_value("\\", "\\\\");
	expect_value("\\\"", "\\\\\\\"");
	expect_value("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x9a\xaa", "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x9a\xaa");
	expect_value("\r\t\x01\x7f", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	expect_value("\x1b]0;t\x07", "\xef\xbf\xbd]0;t\xef\xbf\xbd");
	expect_value("\xc2\x9b" "31m", "\xef\xbf\xbd" "31m");
	expect_value("a\xff\xc3", "a\xef\xbf\xbd\xef\xbf\xbd");
	expect_value("\xef\xbf\xbd", "\xef\xbf\xbd");
}
