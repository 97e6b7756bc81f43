/* SPDX-License-Identifier: GPL-2.0-only */
/* Any text as an image: damaged ones are refused, others read and write as the same policy, and compile. */
#include "fuzz/world.h"
#include "policy/compile.h"
#include "policy/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_policy_ struct policy policy = { 0 }, again = { 0 };
	_cleanup_compiled_ struct compiled compiled = { 0 };
	_cleanup_free_ char *text = strndup((const char *)data, size);
	_cleanup_free_ char *image = NULL, *second = NULL;
	struct pg_error err = PG_ERROR_INIT;
	size_t length = 0, second_length = 0;
	int r;

	must(text);
	if (image_read(text, strlen(text), &policy, &err)) {
		must(*err.text);
		return 0;
	}
	image = image_write(&policy, &length);
	must(image && !image_read(image, length, &again, &err));
	must(policy_equal(&policy, &again));
	second = image_write(&again, &second_length);
	must(second && length == second_length && !memcmp(image, second, length));
	r = policy_compile(&policy, &compiled, &err);
	must(!r || (r == -E2BIG && *err.text));
	return 0;
}
