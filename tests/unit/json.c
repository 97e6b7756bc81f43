// SPDX-License-Identifier: GPL-2.0-only
/*
 * The JSON writer: one line of valid text whatever the strings hold.
 */
#include "util/json.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "util/utf8.h"

static void expect_string(const char *bytes, size_t length, const char *want)
{
	struct json j = JSON_INIT;

	json_bytes(&j, bytes, length);
	cr_expect_str_eq(j.text, want);
	json_free(&j);
}

#define EXPECT(bytes, want) expect_string(bytes, sizeof(bytes) - 1, "\"" want "\"")

Test(json, plain_text_stays)
{
	EXPECT("", "");
	EXPECT("plain text 123 /~", "plain text 123 /~");
	EXPECT("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x99\x82",
	       "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x99\x82");
}

Test(json, quote_and_backslash_are_escaped)
{
	EXPECT("q\"uo\\te", "q\\\"uo\\\\te");
}

Test(json, controls_are_escaped)
{
	EXPECT("\0\x01\n\t\x1b\x1f", "\\u0000\\u0001\\u000a\\u0009\\u001b\\u001f");
	EXPECT("\x7f", "\\u007f");
	EXPECT("\xc2\x80\xc2\x9b\xc2\x9f", "\\u0080\\u009b\\u009f");
	EXPECT("\xe2\x80\xa8\xe2\x80\xa9", "\\u2028\\u2029");
	EXPECT("\xc2\xa0\xe2\x80\xaa", "\xc2\xa0\xe2\x80\xaa");
}

#define FFFD "\xef\xbf\xbd"

Test(json, what_is_not_utf8_becomes_the_replacement_character)
{
	EXPECT("bad\xff\xfe", "bad" FFFD FFFD);
	EXPECT("cut\xc3", "cut" FFFD);
	EXPECT("cut\xe2\x82", "cut" FFFD);
	EXPECT("\xe2\x82z", FFFD "z");
	EXPECT("\xc0\xaf", FFFD FFFD);
	EXPECT("\xe0\x80\xaf", FFFD FFFD FFFD);
	EXPECT("\xed\xa0\x80", FFFD FFFD FFFD);
	EXPECT("\xf4\x90\x80\x80", FFFD FFFD FFFD FFFD);
	EXPECT("\x80", FFFD);
	EXPECT("\xef\xbf\xbd", FFFD);
}

Test(json, replacement_never_swallows_a_quote)
{
	EXPECT("\xf0\x9f\"", FFFD "\\\"");
}

Test(json, nesting_and_commas)
{
	struct json j = JSON_INIT;

	json_object(&j);
	json_member_u64(&j, "a", UINT64_MAX);
	json_key(&j, "b");
	json_array(&j);
	json_i64(&j, INT64_MIN);
	json_bool(&j, true);
	json_null(&j);
	json_array(&j);
	json_array_end(&j);
	json_object(&j);
	json_object_end(&j);
	json_array_end(&j);
	json_member_string(&j, "c", NULL);
	json_member_bool(&j, "d", false);
	json_member_null(&j, "e");
	json_object_end(&j);
	cr_expect_str_eq(j.text,
			 "{\"a\":18446744073709551615,\"b\":[-9223372036854775808,true,null,[],{}],"
			 "\"c\":null,\"d\":false,\"e\":null}");
	cr_expect_eq(json_error(&j), 0);
	json_free(&j);
}

Test(json, grows_and_can_be_used_again)
{
	struct json j = JSON_INIT;

	for (int round = 0; round < 2; round++) {
		json_array(&j);
		for (int i = 0; i < 10000; i++)
			json_string(&j, "x");
		json_array_end(&j);
		cr_expect_eq(j.length, 2 + 10000 * 4 - 1);
		cr_expect_eq(strlen(j.text), j.length);
		json_reset(&j);
	}
	json_free(&j);
	cr_expect_null(j.text);
}

/* Random bytes in; out come only printable ASCII and well-formed characters that are no controls. */
Test(json, what_is_formatted_is_appended_whole_however_long)
{
	struct json j = JSON_INIT;
	char longer[3000];

	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	json_append_format(&j, "%s %u", "a", 7u);
	json_append_format(&j, "%s", longer);
	cr_expect_eq(j.length, strlen("a 7") + strlen(longer));
	cr_expect(!memcmp(j.text, "a 7", 3) && !strcmp(j.text + 3, longer));
	json_free(&j);
}

Test(json, what_is_taken_leaves_the_buffer_empty)
{
	struct json j = JSON_INIT;
	char *first, *second;

	json_append_text(&j, "one");
	first = json_take(&j);
	second = json_take(&j);
	cr_expect_str_eq(first, "one");
	cr_expect_str_empty(second);
	cr_expect_null(j.text);
	j.error = -1;
	cr_expect_null(json_take(&j));
	free(first);
	free(second);
}

Test(json, any_bytes_make_one_clean_line)
{
	unsigned seed = 1;

	for (int round = 0; round < 2000; round++) {
		char bytes[64];
		struct json j = JSON_INIT;
		size_t used;

		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (char)(rand_r(&seed) % 3 ? 0x80 + rand_r(&seed) % 128
							    : rand_r(&seed) % 256);
		json_bytes(&j, bytes, sizeof(bytes));
		for (size_t i = 0; i < j.length; i += used) {
			uint32_t c = utf8_next(j.text + i, j.length - i, &used);

			cr_assert(!utf8_is_control(c));
			cr_assert(c != UTF8_REPLACEMENT || used == 3);
		}
		json_free(&j);
	}
}
