/* SPDX-License-Identifier: GPL-2.0-only */
/* What tests of decisions share: how a question is put, and what is expected of its answer. */
#ifndef PORTGUARD_TESTS_DECISION_HELP_H
#define PORTGUARD_TESTS_DECISION_HELP_H

#include "unit/lib/question.h"
#include "unit/policy_help.h"

static inline void expect(struct pg_decision d, enum pg_verdict verdict, enum pg_reason reason, uint32_t id)
{
	cr_expect_eq(d.verdict, verdict, "verdict %u", d.verdict);
	cr_expect_eq(d.reason, reason, "reason %u", d.reason);
	cr_expect_eq(d.rule, id, "rule %u", d.rule);
}

#define IN(...) ((struct question){ .direction = PG_IN, __VA_ARGS__ })
#define OUT(...) ((struct question){ .direction = PG_OUT, __VA_ARGS__ })
#define BIND(...) ((struct question){ .direction = PG_BIND, __VA_ARGS__ })

#endif
