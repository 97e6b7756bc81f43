// SPDX-License-Identifier: GPL-2.0-only
/* The figures of outputs are read as the agent wrote them. */
#include "events/published.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "unit/lib/event_sample.h"

static int parse(const char *text, struct published *ret)
{
	return published_parse(text, strlen(text), ret);
}

Test(published, each_output_with_its_figures)
{
	_cleanup_published_ struct published p = { 0 };

	cr_assert_eq(parse("{\"name\":\"/log/a\\\"b\",\"sent\":1,\"filtered\":2,\"queued\":3,"
			   "\"lost\":18446744073709551615,\"error\":null},{\"name\":\"two\",\"later\":[{\"sent\":9}],"
			   "\"sent\":0,\"filtered\":0,\"queued\":0,\"lost\":4,\"error\":\"no \\u001b space\"}", &p), 0);
	cr_assert_eq(p.count, 2);
	cr_assert_str_eq(p.list[0].name, "/log/a\"b");
	cr_assert_eq(p.list[0].sent, 1);
	cr_assert_eq(p.list[0].filtered, 2);
	cr_assert_eq(p.list[0].queued, 3);
	cr_assert_eq(p.list[0].lost, UINT64_MAX);
	cr_assert_null(p.list[0].error);
	cr_assert_eq(p.list[1].sent, 0);
	cr_assert_eq(p.list[1].lost, 4);
	cr_assert_str_eq(p.list[1].error, "no \x1b space");
}

Test(published, nothing_is_no_output)
{
	_cleanup_published_ struct published p = { .count = 0 };

	cr_assert_eq(parse("", &p), 0);
	cr_assert_eq(p.count, 0);
}

Test(published, what_is_cut_or_nameless_is_refused_whole)
{
	static const char *const bad[] = { "{\"name\":\"a\",\"sent\":1", "{\"sent\":1}", "{\"name\":null}",
					   "{\"name\":\"a\"},{\"sent\":1}", "{{" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct published p = { .count = 7 };

		cr_assert_eq(parse(bad[i], &p), -EINVAL, "%s", bad[i]);
		cr_assert_eq(p.count, 7);
	}
}

Test(published, a_file_that_is_not_there_has_none)
{
	_cleanup_published_ struct published p = { .count = 7 };
	char dir[64], path[80];

	sample_dir(dir);
	(void)snprintf(path, sizeof(path), "%s/outputs", dir);
	cr_assert_eq(published_read(path, &p), 0);
	cr_assert_eq(p.count, 0);
	sample_dir_remove(dir);
}
