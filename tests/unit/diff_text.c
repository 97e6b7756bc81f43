// SPDX-License-Identifier: GPL-2.0-only
/* A difference as an event tells it. */
#include "policy/diff_text.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct diff_text of(const char *diff)
{
	struct diff_text d;

	diff_text_of(diff, &d);
	return d;
}

static void expect_sentence(const char *diff, const char *want)
{
	struct diff_text d = of(diff);
	char text[256];

	diff_text_sentence(&d, "x", text, sizeof(text));
	cr_expect_str_eq(text, want);
}

Test(diff_text, lines_go_and_come)
{
	struct diff_text d = of("- allow 80/tcp\n+ deny in 25\n- mode: audit\n+ [web] allow 7\n");

	cr_expect_str_eq(d.went, "allow 80/tcp; mode: audit");
	cr_expect_str_eq(d.came, "deny in 25; [web] allow 7");
}

Test(diff_text, nothing_is_empty)
{
	struct diff_text d = of("");

	cr_expect_str_eq(d.went, "");
	cr_expect_str_eq(d.came, "");
}

Test(diff_text, sentence_tells_how_much)
{
	expect_sentence("- a\n", "x: 1 line of the policy went");
	expect_sentence("+ a\n+ b\n", "x: 2 lines of the policy came");
	expect_sentence("- a\n+ b\n+ c\n", "x: 1 line of the policy went, 2 came");
	expect_sentence("", "x: no line but in comments and origins");
}

Test(diff_text, what_is_too_long_is_counted)
{
	struct diff_text d;
	char *diff = NULL;
	size_t length;
	FILE *out = open_memstream(&diff, &length);

	for (int i = 0; i < 1000; i++)
		(void)fprintf(out, "+ allow %d/tcp\n", i + 1);
	(void)fclose(out);
	d = of(diff);
	free(diff);
	cr_expect_eq(d.came_count, 1000);
	cr_expect_lt(strlen(d.came), DIFF_TEXT);
	cr_expect_eq(strncmp(d.came, "allow 1/tcp; allow 2/tcp; ", 26), 0);
	cr_expect_not_null(strstr(d.came, "/tcp; and 9"));
	cr_expect_str_eq(d.came + strlen(d.came) - 5, " more");
}

Test(diff_text, one_line_that_has_no_room)
{
	struct diff_text d;
	char diff[3000];

	memset(diff, 'x', sizeof(diff));
	memcpy(diff, "- ", 2);
	memcpy(diff + sizeof(diff) - 2, "\n", 2);
	d = of(diff);
	cr_expect_str_eq(d.went, "1 more");
}
