/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Any text as a sentence: it is refused, or what is printed of each rule reads as the same rule.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/rule.h"
#include "util/cleanup.h"

static void check_round_trip(struct rule *rule)
{
	_cleanup_free_ char *text = rule_print(rule, true);
	const char *words[] = { text };
	struct pg_error err = PG_ERROR_INIT;
	struct rule *again = NULL;
	size_t count = 0;

	assert(text);
	assert(!rule_parse(words, 1, false, NULL, &again, &count, NULL, &err));
	assert(count == 1 && rule_equal(rule, again));
	rule_free(again);
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = strndup((const char *)data, size);
	const char *words[] = { text };
	struct pg_error err = PG_ERROR_INIT;
	struct rule *rules = NULL;
	size_t count = 0, at;

	if (!text || rule_parse(words, 1, size && data[0] & 1, NULL, &rules, &count, &at, &err))
		return 0;
	for (size_t i = 0; i < count; i++) {
		if (rules[i].verdict != PG_NONE)
			check_round_trip(&rules[i]);
		rule_free(&rules[i]);
	}
	free(rules);
	return 0;
}
