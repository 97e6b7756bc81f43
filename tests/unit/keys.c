// SPDX-License-Identifier: GPL-2.0-only
/* Keys are numbered in the order in which they came, whatever their bytes are. */
#include "util/keys.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

Test(keys, the_same_bytes_have_the_same_number)
{
	struct keys k;
	uint32_t number;

	keys_init(&k, 10);
	cr_expect_eq(keys_add(&k, "a\0b", 3, &number), 1);
	cr_expect_eq(number, 0);
	cr_expect_eq(keys_add(&k, "a\0c", 3, &number), 1);
	cr_expect_eq(number, 1);
	cr_expect_eq(keys_add(&k, "a", 1, &number), 1, "a prefix is another key");
	cr_expect_eq(keys_add(&k, "", 0, &number), 1, "and so is nothing");
	cr_expect_eq(keys_add(&k, "a\0b", 3, &number), 0);
	cr_expect_eq(number, 0);
	keys_free(&k);
}

Test(keys, beyond_the_limit_only_those_are_found_that_are_there)
{
	struct keys k;
	uint32_t number;
	char text[16];

	keys_init(&k, 5000);
	for (int i = 0; i < 6000; i++) {
		int length = snprintf(text, sizeof(text), "key %d", i);

		cr_assert_eq(keys_add(&k, text, (size_t)length, &number), i < 5000 ? 1 : -ENOSPC);
	}
	for (int i = 0; i < 5000; i++) {
		int length = snprintf(text, sizeof(text), "key %d", i);

		cr_assert_eq(keys_add(&k, text, (size_t)length, &number), 0);
		cr_assert_eq(number, (uint32_t)i);
	}
	keys_free(&k);
}
