/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The law of rules as plainly as can be, to be compared with what is compiled: every rule is asked, one
 * after the other, whether it matches.
 */
#ifndef PORTGUARD_TESTS_LAW_H
#define PORTGUARD_TESTS_LAW_H

#include "unit/lib/question.h"

struct law_world {
	const struct policy *policy;
	uint64_t now_ns;
	/* The files that a path is in a scope: at most 4 inodes on device 1, 0 after the last. */
	const uint64_t *(*files)(const char *scope, const char *path);
	bool (*has_token)(uint32_t rule);
};

/* What the rules of one scope say; NULL: the host's, with failsafe and essentials. */
struct pg_decision law_decide(const struct law_world *w, const char *scope, uint8_t unruled,
			      const struct question *q);
#define LAW_SCOPES 7
/*
 * What scopes say: @numbers are their places in the policy, from 1, the nearest first, at most LAW_SCOPES.
 * The nearest that answers; where it inherits, those further out may speak, and a default is its own.
 */
struct pg_decision law_decide_scopes(const struct law_world *w, const size_t *numbers, size_t count,
				     const struct question *q);
/* Whether some scope lets it in, by a rule or by default, whoever counts. */
bool law_union(const struct law_world *w, const struct question *q);

#endif
