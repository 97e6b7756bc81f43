/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The port axis, swept from 0 to 65535 with the rules that cover the place in hand: between two places
 * where a rule, a failsafe or an essential port begins or ends the answer is the same.
 */
#ifndef PORTGUARD_SWEEP_H
#define PORTGUARD_SWEEP_H

#include "policy/callers.h"
#include "policy/groups.h"

struct compiler {
	const struct policy *policy;
	struct group_builder groups;
	struct exe_keys exes;
};

/* Whose rules, and what they mean: each table of the policy is swept by itself. */
struct swept {
	const struct rule *const *rules;
	size_t count;
	enum swept_for {
		SWEPT_HOST,	/* failsafe and essential ports are the host's */
		SWEPT_SCOPE,
		SWEPT_UNION,	/* what all scopes allow together, for those that cannot know the owner */
	} for_whom;
};

/* Appends the intervals to *out, which is empty. Return: 0, -ENOMEM, -E2BIG with words. */
int sweep(struct compiler *c, const struct swept *what, enum pg_direction direction, enum pg_proto proto,
	  struct intervals *out);
/* The number of a peer + 1, or 0 for none. */
uint32_t ask_peer(const struct class_index *index, const struct peer *peer);
/* Names of devices, for qsort() and bsearch(). */
int compare_names(const void *a, const void *b);

#endif
