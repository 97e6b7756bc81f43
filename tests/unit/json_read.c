// SPDX-License-Identifier: GPL-2.0-only
/* Every value of a JSON text is visited with its path, and no text ends in anything but an answer. */
#include "util/json_read.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static char seen[4096];

static int note(void *data, const struct json_value *v)
{
	size_t length = strlen(seen);

	(void)data;
	for (size_t i = 0; i < v->depth; i++)
		length += snprintf(seen + length, sizeof(seen) - length, "/%s", v->path[i]);
	(void)snprintf(seen + length, sizeof(seen) - length, v->string ? "='%s'#%zu " : "=%s#%zu ",
		       v->text, v->element);
	return !strcmp(v->text, "stop") ? 7 : 0;
}

static int visit_bytes(const char *bytes, size_t length)
{
	char *text = malloc(length + 1);
	int r;

	memcpy(text, bytes, length);
	seen[0] = '\0';
	r = json_each(text, length, note, NULL);
	free(text);
	return r;
}

static int visit(const char *text)
{
	return visit_bytes(text, strlen(text));
}

static void expect(const char *text, const char *wanted)
{
	int r = visit(text);

	cr_expect_eq(r, 0, "%s: %d", text, r);
	cr_expect_str_eq(seen, wanted, "%s: %s", text, seen);
}

Test(json_read, values_with_their_paths)
{
	expect("{\"a\":\"x\",\"b\":{\"c\":[1,true,null,\"y\"]},\"d\":-1.5e+3}",
	       "/a='x'#0 /b/c/=1#0 /b/c/=true#1 /b/c/=null#2 /b/c/='y'#3 /d=-1.5e+3#0 ");
	expect("[{\"a\":[\"x\",\"y\"]},{\"a\":[]},{\"a\":[\"z\"]}]", "//a/='x'#0 //a/='y'#0 //a/='z'#2 ");
	expect("{\n\t\"a\": {},\r\n\t\"b\" : \"x\"\n}\n", "/b='x'#0 ");
	expect("\"x\"", "='x'#0 ");
	expect("{}", "");
	expect("", "");
}

Test(json_read, what_libyaml_would_refuse_is_read)
{
	expect("{\"a\":\"\\ud83d\\ude00\\u0000\",\"b\":\"x\"}", "/a='?d83d?de00?0000'#0 /b='x'#0 ");
	expect("{\"a\":\"\x7f\xc2\x85\xff\",\"b\":\"x\"}", "/a='?" "?" "?" "?'#0 /b='x'#0 ");
	expect("{\"a\\\"\\\\\":\"\\\"}\",\"b\":\"x\"}", "/a?" "?='?}'#0 /b='x'#0 ");
	expect("{\"a\":\"x: y # z\",\"b\":\"&x *y !z\"}", "/a='x: y # z'#0 /b='&x *y !z'#0 ");
}

Test(json_read, long_names_and_values_are_cut_and_hide_nothing)
{
	char text[9000];
	size_t length = 2;

	memset(text, 'k', sizeof(text));
	memcpy(text, "{\"", 2);
	length += 3000;
	length += (size_t)sprintf(text + length, "\":\"");
	memset(text + length, 'v', 3000);
	length += 3000;
	(void)sprintf(text + length, "\",\"b\":\"x\"}");
	cr_assert_eq(visit(text), 0);
	cr_assert_not_null(strstr(seen, "/b='x'#0"));
	cr_assert_eq(strspn(seen + 1, "k"), JSON_STRING_MAX);
}

Test(json_read, deep_values_are_passed_over_and_the_deepest_end_it)
{
	char text[600] = "";
	int at = 0;

	expect("{\"a\":[[[[[[[[1]]]]]]]],\"b\":2}", "/b=2#0 ");
	for (int i = 0; i < 200; i++)
		at += sprintf(text + at, "[");
	cr_assert_eq(visit(text), -EINVAL);
	memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
	text[2 * JSON_DEPTH_MAX] = '\0';
	cr_assert_eq(visit(text), 0);
}

Test(json_read, the_visitor_ends_the_visit)
{
	cr_assert_eq(visit("[\"a\",\"stop\",\"b\"]"), 7);
	cr_assert_str_eq(seen, "/='a'#0 /='stop'#1 ");
}

Test(json_read, what_is_no_json)
{
	static const char *const bad[] = {
		"{", "[", "{\"a\"", "{\"a\":", "{\"a\":\"x", "]", "}", "{\"a\":&x 1,\"b\":*x}", "a: b\n", "- a\n",
		"{a: 1}", "{[1]: 2}", "{{}: 2}", "{'a': 1}", "[']", "\"\\", "{\"a\":|}", "%YAML 9.9\n---\n[1]",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		cr_expect_eq(visit(bad[i]), -EINVAL, "%s: %s", bad[i], seen);
	cr_assert_eq(visit_bytes("[\"a\0b\"]", 7), 0);
	cr_assert_str_eq(seen, "/='a?b'#0 ");
}
