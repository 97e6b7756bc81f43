/* SPDX-License-Identifier: GPL-2.0-only */
/* A difference as change events have it: what went, what came, each on one line that is cut where it is long. */
#ifndef PORTGUARD_DIFF_TEXT_H
#define PORTGUARD_DIFF_TEXT_H

#include <stddef.h>

#define DIFF_TEXT 1024

struct diff_text {
	char went[DIFF_TEXT], came[DIFF_TEXT];	/* "allow 80/tcp; deny in 25; and 7 more"; empty: nothing */
	size_t went_count, came_count;		/* of lines */
};

/* @diff: policy_diff()'s text. */
void diff_text_of(const char *diff, struct diff_text *ret);
/* "WHAT: 2 lines of the policy went, 1 came" in @to. */
void diff_text_sentence(const struct diff_text *d, const char *what, char *to, size_t size);

#endif
