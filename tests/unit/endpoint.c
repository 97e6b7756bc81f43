// SPDX-License-Identifier: GPL-2.0-only
/* Where metrics can be served; what is wrong with other places key_mistakes.c has. */
#include "policy/endpoint.h"

#include <criterion/criterion.h>
#include <string.h>

#include "util/address.h"

static struct endpoint good(const char *text)
{
	struct endpoint e = { .port = 7 };
	struct pg_error err = PG_ERROR_INIT;

	cr_assert_eq(endpoint_parse(text, strlen(text), &e, &err), 0, "%s: %s", text, err.text);
	return e;
}

static void expect_address(const char *text, const char *address, uint16_t port)
{
	struct endpoint e = good(text);
	char got[ADDRESS_TEXT];

	cr_expect_str_eq(e.path, "");
	cr_expect_str_eq(address_print(e.address, got), address, "%s: %s", text, got);
	cr_expect_eq(e.port, port);
}

Test(endpoint, a_path_is_a_socket_of_the_file_system)
{
	struct endpoint e = good("unix:///run/portguard/metrics.sock");
	char longest[8 + 107 + 1];

	cr_expect_str_eq(e.path, "/run/portguard/metrics.sock");
	cr_expect_eq(e.port, 0);
	memset(longest, 'a', sizeof(longest));
	memcpy(longest, "unix:///", 8);
	longest[7 + 107] = '\0';
	e = good(longest);
	cr_expect_eq(strlen(e.path), 107);
}

Test(endpoint, an_address_is_one_of_loopback)
{
	expect_address("http://127.0.0.1:9642", "127.0.0.1", 9642);
	expect_address("http://127.9.9.9:1", "127.9.9.9", 1);
	expect_address("http://[::1]:65535", "::1", 65535);
	expect_address("http://[0:0:0:0:0:0:0:1]:80", "::1", 80);
	expect_address("http://[::ffff:127.0.0.1]:80", "127.0.0.1", 80);
}

Test(endpoint, as_the_address_of_the_page_too)
{
	expect_address("http://127.0.0.1:9642/metrics", "127.0.0.1", 9642);
	expect_address("http://[::1]:9642/metrics", "::1", 9642);
}

Test(endpoint, what_is_refused_leaves_the_result_alone)
{
	struct endpoint e = { .port = 7 };
	struct pg_error err = PG_ERROR_INIT;

	cr_assert_neq(endpoint_parse("http://192.0.2.1:9", 18, &e, &err), 0);
	cr_assert_eq(e.port, 7);
	cr_assert_eq(err.exit, PG_EXIT_POLICY);
}
