/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the rules that may match one interval of ports to its answer, and where that depends on
 * addresses, the interface or the caller, to a group with its cases.
 */
#ifndef PORTGUARD_GROUPS_H
#define PORTGUARD_GROUPS_H

#include "policy/classes.h"

enum level { LEVEL_REMOTE, LEVEL_LOCAL, LEVEL_INTERFACE, LEVEL_USER, LEVEL_EXE, LEVELS };

/* A rule as one direction sees it. */
struct clause {
	const struct rule *rule;	/* for words; NULL: of protocols: */
	enum pg_verdict verdict;
	uint32_t id;
	bool limited;			/* a matching attempt takes a token */
	bool log, reject;
	uint64_t until;			/* later ones last longer; 0: for ever */
	/*
	 * What it asks, 0: nothing: remote, local, exe: number of the peer or file + 1; interface, user:
	 * its class.
	 */
	uint32_t asks[LEVELS];
};

/* Whether what it says depends on addresses, the device or the caller. */
static inline bool clause_asks(const struct clause *c)
{
	return c->asks[LEVEL_REMOTE] || c->asks[LEVEL_LOCAL] || c->asks[LEVEL_INTERFACE] ||
	       c->asks[LEVEL_USER] || c->asks[LEVEL_EXE];
}

/* Whether it is said for ever and without a rate. */
static inline bool clause_is_lasting(const struct clause *c)
{
	return !c->until && !c->limited;
}

/* What is known of an interval before its clauses are asked. */
struct plain {
	const struct clause *deny, *allow;	/* the best lasting ones that ask nothing, or NULL */
	bool failsafe;				/* where `named` is not in force */
	const struct clause *named;		/* of those that end the failsafe the one that lasts longest */
	uint32_t essential;			/* enum pg_essential */
};

/* Notes a lasting clause that asks nothing. */
void plain_speak(struct plain *plain, const struct clause *c);
/* Notes that a clause names the (failsafe) port. */
void plain_name(struct plain *plain, const struct clause *c);

struct group_builder {
	struct compiled *out;		/* classes, interfaces: read; groups: appended to */
	struct class_index index[LEVELS];	/* of remote, local and exe */
	uint32_t *hash;			/* of groups: number, 0: free */
	size_t total_cases;
	struct pg_error *err;
};

/**
 * groups_answer() - The answer of an interval.
 * @clauses: those that match by port and ask something, or are timed or limited; those that cannot
 * change the answer are dropped.
 * Return: 0, -ENOMEM, -E2BIG with words in @err.
 */
int groups_answer(struct group_builder *b, const struct plain *plain, const struct clause **clauses,
		  size_t count, uint32_t *ret);
/* The number of a group, of an equal one that is there already or its own; takes @g over. */
int groups_add(struct group_builder *b, struct group *g, uint32_t *ret);
/* -E2BIG in words: more cases or groups than the kernel's tables hold. */
int groups_too_big(struct group_builder *b);
void group_builder_free(struct group_builder *b);

#endif
