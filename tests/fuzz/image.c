/* SPDX-License-Identifier: GPL-2.0-only */
/* Any text as an image: damaged ones are refused, others read and write as the same policy. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/image.h"
#include "util/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_policy_ struct policy policy = { 0 }, again = { 0 };
	_cleanup_free_ char *text = strndup((const char *)data, size);
	_cleanup_free_ char *image = NULL;
	static struct pg_error err;
	size_t length = 0;

	err = (struct pg_error)PG_ERROR_INIT;
	if (!text || image_read(text, strlen(text), &policy, &err))
		return 0;
	image = image_write(&policy, &length);
	assert(image && !image_read(image, length, &again, &err));
	assert(policy_equal(&policy, &again));
	return 0;
}
