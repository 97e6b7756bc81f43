/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the rules that may match one interval of ports to its answer, and where that depends on
 * addresses or the interface, to a group with its cases.
 */
#ifndef PORTGUARD_GROUPS_H
#define PORTGUARD_GROUPS_H

#include "policy/classes.h"

enum level { LEVEL_REMOTE, LEVEL_LOCAL, LEVEL_INTERFACE, LEVELS };

/* A rule as one direction sees it. */
struct clause {
	enum pg_verdict verdict;
	uint32_t id;
	/* What it asks, 0: nothing: remote, local: number of the peer + 1; interface: its class. */
	uint32_t asks[LEVELS];
};

#define NO_RULE UINT32_MAX

/* What the rules that ask nothing say: the lowest id of each verdict, or NO_RULE. */
struct plain {
	uint32_t deny, allow;
	bool failsafe;
	uint32_t essential;		/* enum pg_essential */
};

struct group_builder {
	struct compiled *out;		/* classes, interfaces: read; groups: appended to */
	struct class_index index[LEVEL_INTERFACE];
	uint32_t *hash;			/* of groups: number, 0: free */
	size_t total_cases;
	struct pg_error *err;
};

/**
 * groups_answer() - The answer of an interval.
 * @clauses: those that match by port and ask something; those that cannot change the answer are dropped.
 * Return: 0, -ENOMEM, -E2BIG with words in @err.
 */
int groups_answer(struct group_builder *b, const struct plain *plain, const struct clause **clauses,
		  size_t count, uint32_t *ret);
void group_builder_free(struct group_builder *b);

#endif
