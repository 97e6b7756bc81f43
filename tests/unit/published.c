// SPDX-License-Identifier: GPL-2.0-only
/* The figures of outputs are read as they were committed, with nobody there who wrote them. */
#include "events/published.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/stat.h>

#include "events/spool.h"
#include "unit/lib/event_sample.h"

static void make(const char *spools, const char *name, uint32_t order, const char *error)
{
	const struct spool_config config = {
		.dir = spools, .name = name, .capacity = 65536, .order = order, .told = 7
	};
	struct event e = sample_bind(1);
	struct spool *s;

	e.count = 4;
	cr_assert_eq(spool_open(&config, &s), 0);
	spool_lose(s, &e);
	spool_set_error(s, error);
	cr_assert_eq(spool_commit(s), 0);
	spool_free(s);
}

Test(published, each_output_with_its_figures)
{
	_cleanup_published_ struct published p = { .count = 0 };
	char dir[64], spools[80];

	sample_dir(dir);
	(void)snprintf(spools, sizeof(spools), "%s/spool", dir);
	cr_assert_eq(published_read(dir, &p), 0);
	cr_expect_eq(p.count, 0, "nothing is no output");
	cr_assert_eq(mkdir(spools, 0700), 0);
	make(spools, "journald", 1, "nobody reads it");
	make(spools, "/log/a\"b", 0, NULL);
	cr_assert_eq(published_read(dir, &p), 0);
	cr_assert_eq(p.count, 2);
	cr_expect_str_eq(p.list[0].name, "/log/a\"b");
	cr_expect_eq(p.list[0].filtered, 7);
	cr_expect_eq(p.list[0].lost, 4);
	cr_expect_eq(p.list[0].sent + p.list[0].queued, 0);
	cr_expect_null(p.list[0].error);
	cr_expect_str_eq(p.list[1].error, "nobody reads it");
	sample_dir_remove(dir);
}
