// SPDX-License-Identifier: GPL-2.0-only
/* Where to, as it is typed. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "export/dial.h"

static void expect_target(const char *word, const char *host, const char *port)
{
	struct dial d = DIAL_INIT;
	struct pg_error err = PG_ERROR_INIT;

	cr_expect_eq(dial_parse(&d, word, "6514", &err), 0, "%s: %s", word, err.text);
	cr_expect_str_eq(d.host, host);
	cr_expect_str_eq(d.port, port);
}

Test(export_words, a_host_with_or_without_a_port)
{
	expect_target("siem.example", "siem.example", "6514");
	expect_target("siem.example:514", "siem.example", "514");
	expect_target("192.0.2.1:65535", "192.0.2.1", "65535");
	expect_target("[2001:db8::1]", "2001:db8::1", "6514");
	expect_target("[2001:db8::1]:1", "2001:db8::1", "1");
}

Test(export_words, anything_else_is_refused_in_words)
{
	static const char *const words[] = {
		"",     ":",           ":6514",        "a:", "a:0",  "a:65536", "a:080",  "a:+1",
		"a:1x", "2001:db8::1", "[2001:db8::1", "[]", "[]:1", "[::1]x",  "[::1]:", "a:b:1",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		struct dial d = DIAL_INIT;
		struct pg_error err = PG_ERROR_INIT;

		cr_expect_eq(dial_parse(&d, words[i], "6514", &err), -EINVAL, "'%s'", words[i]);
		cr_expect_eq(pg_exit_code(-EINVAL, &err), PG_EXIT_USAGE);
		cr_expect_not_null(strstr(err.text, words[i]));
	}
}
