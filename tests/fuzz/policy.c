/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Any text as a policy file: it is refused with words, or it is a policy that can be compiled, and
 * whose image reads as the same policy.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "policy/compile.h"
#include "policy/diff.h"
#include "policy/file.h"
#include "policy/image.h"
#include "util/cleanup.h"

static void check_image(const struct policy *p)
{
	_cleanup_policy_ struct policy again = { 0 };
	struct pg_error err = PG_ERROR_INIT;
	_cleanup_free_ char *image = NULL;
	size_t length = 0;

	image = image_write(p, &length);
	assert(image);
	assert(!image_read(image, length, &again, &err));
	assert(policy_equal(p, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy_text file = { "fuzz.yaml", (const char *)data, size };
	_cleanup_compiled_ struct compiled compiled = { 0 };
	_cleanup_policy_ struct policy policy = { 0 };
	struct policy_world world = { 0 };
	static struct pg_error err;

	err = (struct pg_error)PG_ERROR_INIT;
	if (policy_parse(&file, 1, &world, &policy, &err)) {
		assert(err.text[0]);
		return 0;
	}
	if (policy_number(&policy, NULL, &err))
		return 0;
	check_image(&policy);
	(void)policy_compile(&policy, &compiled, &err);	/* too much of it is an answer, too */
	return 0;
}
