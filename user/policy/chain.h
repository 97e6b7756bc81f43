/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the clauses that match one attempt say together: an answer, or where that depends on time and
 * rate, a chain of conditions (include/portguard/abi.h: struct pg_group).
 */
#ifndef PORTGUARD_CHAIN_H
#define PORTGUARD_CHAIN_H

#include "policy/groups.h"

/**
 * chain_answer() - The answer where exactly @clauses match, beside what @plain says.
 * Deny, else limits, else allow, else failsafe, else nothing (essentials and default are asked later).
 * Return: 0, -ENOMEM, -E2BIG with words in the builder's err: more than PG_MAX_LIMITS limits, or more
 * steps than PG_MAX_STEPS.
 */
int chain_answer(struct group_builder *b, const struct plain *plain,
		 const struct clause *const *clauses, size_t count, uint32_t *ret);
/* Drops the clauses that change nothing where the lasting ones that ask nothing have spoken. */
size_t chain_prune(const struct plain *plain, const struct clause **clauses, size_t count);

#endif
