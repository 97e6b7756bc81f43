/* SPDX-License-Identifier: GPL-2.0-only */
/* A sentence while it is parsed: what rule.c and qualifiers.c share, and nobody else needs. */
#ifndef PORTGUARD_PARSE_H
#define PORTGUARD_PARSE_H

#include "policy/ports.h"
#include "policy/rule.h"
#include "policy/sentence.h"

#define MISTAKE -EINVAL, PG_EXIT_POLICY

struct parse {
	struct sentence sentence;
	struct token token;
	bool more;			/* token is one; else the sentence is at its end */
	const struct policy_world *world;
	struct rule rule;		/* but for its ports and protocols */
	struct port_choice ports;
	unsigned directions;		/* that were said */
	/* Were said. */
	bool burst, from, to, at, on, user, exe, lasting, log, comment;
	size_t wrong_at;
	struct pg_error *err;
};

/* What to answer to a word of other programs. */
struct answer {
	const char *word, *message;
};

/* The words that begin one; ends with NULL. */
extern const char *const rule_qualifiers[];

const char *parse_answer(const struct answer *list, size_t count, const struct token *t);
#define FIND_ANSWER(list, token) parse_answer(list, ARRAY_SIZE(list), token)
bool parse_one_of(const struct token *t, const char *const *words);

/* To the next token. These return 0, -EINVAL with words in the parse's error, or -ENOMEM. */
int parse_advance(struct parse *p);
/* The token is wrong: @answer says why, else @meant is the word that it may have been, else @wanted. */
int parse_unknown(struct parse *p, const char *what, const char *answer, const char *meant, const char *wanted);
/* The parts of a sentence: verb.c, qualifiers.c. */
int parse_verb(struct parse *p, bool verbless);
int parse_qualifier(struct parse *p);
/* The token is said for the first time; else a mistake. */
int parse_once(struct parse *p, bool *said);
int parse_by(struct parse *p);
/*
 * A strict rule that says no direction has none left where @what and @other, which was @said, are asked by
 * different ones: a mistake.
 */
int parse_check_both(struct parse *p, const char *what, bool said, const char *other);

#endif
