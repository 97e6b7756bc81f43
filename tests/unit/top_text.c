// SPDX-License-Identifier: GPL-2.0-only
/* Cells of a terminal: as many as were asked for, whatever the name is. */
#include "top/text.h"

#include <criterion/criterion.h>
#include <locale.h>
#include <string.h>

static void setup(void)
{
	cr_assert_not_null(setlocale(LC_CTYPE, "C.UTF-8"));
}

TestSuite(top_text, .init = setup);

static void expect_fit(const char *text, unsigned cells, bool utf8, const char *wanted)
{
	char out[CELLS_TEXT];

	cr_expect_str_eq(cells_fit(text, cells, utf8, out), wanted, "'%s' for '%s'", out, text);
}

Test(top_text, short_ones_are_filled_and_long_ones_cut)
{
	expect_fit("abc", 5, true, "abc  ");
	expect_fit("abcde", 5, true, "abcde");
	expect_fit("abcdef", 5, true, "abcd…");
	expect_fit("abcdef", 5, false, "abcd~");
	expect_fit("", 2, true, "  ");
	expect_fit("abc", 0, true, "");
}

Test(top_text, wide_characters_take_two_cells_and_are_not_halved)
{
	expect_fit("中文", 4, true, "中文");
	expect_fit("中文", 3, true, "中…");
	expect_fit("a中文", 3, true, "a… ");
	expect_fit("grün", 4, true, "grün");
}

Test(top_text, what_is_not_to_be_seen_is_spelt_out)
{
	expect_fit("\x1b[2J", 8, true, "\\x1b[2J ");
	expect_fit("a\nb", 6, true, "a\\x0ab");
	expect_fit("a\xe2\x80\xae" "b", 8, true, "a\\u202eb");
	expect_fit("e\xcc\x81", 8, true, "e\\u0301 ");
	expect_fit("\xff", 2, true, "\xef\xbf\xbd ");
}

Test(top_text, without_utf8_all_is_ascii)
{
	expect_fit("gr\xc3\xbcn", 12, false, "gr\\u00fcn   ");
	expect_fit("\xff", 2, false, "? ");
	expect_fit("\xf0\x9f\x98\x80", 12, false, "\\U0001f600  ");
}

Test(top_text, no_text_is_too_long)
{
	char text[5000], out[CELLS_TEXT];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	cr_expect_eq(strlen(cells_fit(text, 9999, false, out)), CELLS_MOST);
	for (size_t i = 0; i + 4 < sizeof(text); i += 4)
		memcpy(text + i, "\xf0\x9f\x98\x80", 4);
	text[4996] = '\0';
	cr_expect_lt(strlen(cells_fit(text, 9999, true, out)), CELLS_TEXT);
}

Test(top_text, numbers_stand_at_the_right)
{
	char out[CELLS_TEXT];

	cr_expect_str_eq(cells_right("12", 5, true, out), "   12");
	cr_expect_str_eq(cells_right("123456", 5, true, out), "1234…");
}

static void expect_number(double number, const char *wanted)
{
	char out[NUMBER_TEXT];

	cr_expect_str_eq(number_short(number, out), wanted);
}

Test(top_text, numbers_are_short)
{
	char out[NUMBER_TEXT];

	expect_number(0, "0");
	expect_number(0.2, "0.2");
	expect_number(99.94, "99.9");
	expect_number(99.96, "100");
	expect_number(950, "950");
	expect_number(999.6, "1,000");
	expect_number(12345, "12,345");
	expect_number(123456, "123k");
	expect_number(1234567, "1.2M");
	expect_number(12e9, "12.0G");
	cr_expect_str_eq(count_short(7, out), "7");
	cr_expect_str_eq(count_short(999, out), "999");
	cr_expect_str_eq(count_short(1204, out), "1,204");
}

Test(top_text, ages)
{
	char out[NUMBER_TEXT];

	cr_expect_str_eq(age_short(0, out), "0s");
	cr_expect_str_eq(age_short(59, out), "59s");
	cr_expect_str_eq(age_short(60, out), "1m");
	cr_expect_str_eq(age_short(7199, out), "1h");
	cr_expect_str_eq(age_short(3 * 86400, out), "3d");
}

Test(top_text, a_sparkline_shows_the_greatest_full_and_nothing_as_blank)
{
	struct top_series s = { 0 };
	char out[CELLS_TEXT];

	top_series_add(&s, 96, 1);
	top_series_add(&s, 98, 1000);
	top_series_add(&s, 99, 500);
	cr_expect_str_eq(sparkline(&s, 100, 5, true, out), " ▁ █▄");
	cr_expect_str_eq(sparkline(&s, 100, 5, false, out), " . #:");
	cr_expect_str_eq(sparkline(&s, 3, 5, false, out), "     ", "before the first second there is nothing");
}
