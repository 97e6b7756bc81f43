/* SPDX-License-Identifier: GPL-2.0-only */
/* What the tests of wrong sentences share: each is refused with the whole message, at its byte. */
#ifndef PORTGUARD_TESTS_MISTAKE_HELP_H
#define PORTGUARD_TESTS_MISTAKE_HELP_H

#include "unit/policy_help.h"

struct wrong_sentence {
	const char *sentence;
	size_t at;
	const char *message;
};

static inline const char *refusal_of(const char *const *words, size_t count, bool verbless, size_t *at,
				     struct pg_error *err)
{
	struct rule *rules = NULL;
	size_t rule_count = 7;
	int r = rule_parse(words, count, verbless, &help_world, &rules, &rule_count, at, err);

	cr_assert_eq(r, -EINVAL, "'%s' was not refused", words[0]);
	cr_assert_eq(err->exit, PG_EXIT_POLICY);
	cr_assert(!rules && rule_count == 7, "the result was touched");
	cr_assert_null(strpbrk(err->text, "\n\r\t\x1b"), "not one line: %s", err->text);
	return err->text;
}

static inline const char *refusal(const char *const *words, size_t count, size_t *at, struct pg_error *err)
{
	return refusal_of(words, count, false, at, err);
}

static inline void expect_each(const struct wrong_sentence *wrong, size_t count, bool verbless)
{
	for (size_t i = 0; i < count; i++) {
		struct pg_error err = PG_ERROR_INIT;
		size_t at;
		const char *text = refusal_of(&wrong[i].sentence, 1, verbless, &at, &err);

		if (strcmp(text, wrong[i].message) || at != wrong[i].at)
			FAIL("'%s': wanted %zu '%s', got %zu '%s'", wrong[i].sentence, wrong[i].at,
			     wrong[i].message, at, text);
	}
}

static inline void expect_refusals(const struct wrong_sentence *wrong, size_t count)
{
	expect_each(wrong, count, false);
}

/* The sentences of `remove`. */
static inline void expect_verbless_refusals(const struct wrong_sentence *wrong, size_t count)
{
	expect_each(wrong, count, true);
}

#endif
