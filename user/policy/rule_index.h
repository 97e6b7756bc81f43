/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rules found by what they say (rule_equal()), in a time that does not depend on how many there are. What is
 * put in must outlive the index.
 */
#ifndef PORTGUARD_RULE_INDEX_H
#define PORTGUARD_RULE_INDEX_H

#include "policy/policy.h"

struct rule_place {
	const struct rule *rule;	/* NULL: free */
	uint64_t hash;			/* of it: the rule itself is seldom looked at in vain */
};

struct rule_index {
	struct rule_place *places;	/* a power of two, over twice what is put in */
	size_t mask;
};

/* Room for @rules of them. Return: 0 or -ENOMEM. */
int rule_index_open(struct rule_index *x, size_t rules);
void rule_index_close(struct rule_index *x);
#define _cleanup_rule_index_ __attribute__((cleanup(rule_index_close)))

/* Return: the rule that is there already and says the same, or NULL: it is put in. */
const struct rule *rule_index_put(struct rule_index *x, const struct rule *rule);
const struct rule *rule_index_find(const struct rule_index *x, const struct rule *rule);
/* The rules of a policy; of equal ones the first. */
int rule_index_of(const struct policy *p, struct rule_index *ret);

#endif
