// SPDX-License-Identifier: GPL-2.0-only
/*
 * What all formats escape, and what each may add.
 */
#include "util/escape.h"

#include <criterion/criterion.h>
#include <string.h>

#include "util/json.h"

/* What is escaped comes out as <41>. */
static void put_number(struct json *out, uint32_t character)
{
	json_append(out, "<", 1);
	escape_digits(out, character, character < 0x100 ? 2 : 4);
	json_append(out, ">", 1);
}

static void expect(const struct escape *how, const char *bytes, size_t length, const char *want)
{
	struct json out = JSON_INIT;

	json_append(&out, "", 0);
	escape_bytes(&out, how, bytes, length);
	cr_expect_str_eq(out.text, want);
	json_free(&out);
}

#define EXPECT(how, bytes, want) expect(how, bytes, sizeof(bytes) - 1, want)

static const struct escape none = { .put = put_number };
static const struct escape pipe_and_equals = { .special = { '|', '=' }, .put = put_number };
static const struct escape marks = { .marks = true, .put = put_number };

Test(escape, plain_text_stays)
{
	EXPECT(&none, "", "");
	EXPECT(&none, "plain ~!\"\\|=]", "plain ~!\"\\|=]");
	EXPECT(&none, "gr\xc3\xbc\xc3\x9f \xf0\x9f\x99\x82", "gr\xc3\xbc\xc3\x9f \xf0\x9f\x99\x82");
}

Test(escape, controls_never_stay)
{
	EXPECT(&none,
	       "a\0\n\x1f\x7f"
	       "b",
	       "a<00><0a><1f><7f>b");
	EXPECT(&none, "\xc2\x80\xc2\x9f\xe2\x80\xa8\xe2\x80\xa9", "<80><9f><2028><2029>");
}

Test(escape, no_byte_below_0x20_and_no_del_comes_out)
{
	for (int c = 0; c < 256; c++) {
		char byte = (char)c;
		struct json out = JSON_INIT;

		escape_bytes(&out, &none, &byte, 1);
		for (size_t i = 0; i < out.length; i++)
			cr_expect((unsigned char)out.text[i] >= 0x20 && out.text[i] != 0x7f);
		json_free(&out);
	}
}

Test(escape, what_a_format_uses_itself)
{
	EXPECT(&pipe_and_equals, "a|b=c]", "a<7c>b<3d>c]");
	EXPECT(&pipe_and_equals, "||", "<7c><7c>");
}

Test(escape, what_is_not_utf8)
{
	EXPECT(&none, "\xff|\xc3", "\xef\xbf\xbd|\xef\xbf\xbd");
	EXPECT(&pipe_and_equals, "\xe2\x82|", "\xef\xbf\xbd<7c>");
}

Test(escape, marks_where_they_are_asked_for)
{
	EXPECT(&none, "a\xe2\x80\xae", "a\xe2\x80\xae");
	EXPECT(&marks, "a\xe2\x80\xaez\xe2\x81\xa6", "a<202e>z<2066>");
}

Test(escape, hexadecimal_of_two_or_four_digits)
{
	struct json out = JSON_INIT;

	escape_hex(&out, 0x1b);
	escape_hex(&out, 0x9b);
	escape_hex(&out, 0x2028);
	cr_expect_str_eq(out.text, "\\x1b\\x9b\\u2028");
	json_free(&out);
}
