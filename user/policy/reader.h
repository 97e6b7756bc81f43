/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the readers of a policy file's keys share. A reader takes the value of its key into the policy
 * and notes mistakes; it returns nothing, so that every mistake is found in one run.
 */
#ifndef PORTGUARD_READER_H
#define PORTGUARD_READER_H

#include "policy/policy.h"
#include "policy/tree.h"

#define SAID_MAX 32			/* scalars that a policy can have */

/* The name of a set, or of a scope: whether there is such a one is known after the last file. */
struct name_ref {
	char *name;
	bool scope;
	struct place place;
};

struct said {
	const char *path;
	struct place place;
};

/* Of each scope of the policy: what was said of it, and where. */
enum scope_scalar { SCOPE_MODE, SCOPE_INHERIT, SCOPE_DEFAULT_BIND, SCOPE_DEFAULT_IN, SCOPE_DEFAULT_OUT,
		    SCOPE_DEFAULT_RAW, SCOPE_SCALARS };

struct scope_note {
	struct place first, last;	/* where it was named; a file names it once */
	bool selected;			/* its selector was said */
	struct place selector;
	struct place said[SCOPE_SCALARS];	/* line 0: not yet */
};

struct reader {
	const struct policy_world *world;
	struct mistakes mistakes;
	struct policy policy;
	struct said said[SAID_MAX];
	size_t said_count;
	struct name_ref *refs;
	size_t ref_count;
	struct place *set_places;	/* of each set, where it was said last */
	size_t set_place_count;
	struct place *rule_places;	/* of each rule */
	size_t rule_place_count;
	struct scope_note *scope_notes;
	size_t scope_note_count;
	struct scope_words *scope_words;	/* of the scope that is being read */
	struct output_words *output_words;	/* of the output that is being read */
	ptrdiff_t scope;		/* whose rules are read, an index into the policy's; -1: the host's */
	bool essentials_said, failsafe_said, too_many_rules;
};

struct key {
	const char *name;
	void (*read)(struct reader *r, const struct key *key, const struct node *value);
	const char *path;		/* of a scalar, which may be said once in all files; else NULL */
	size_t field;			/* where its value goes: an offset into the policy */
};

/* A mistake about a node. */
#define MISTAKE(r, node, ...) mistakes_add(&(r)->mistakes, (node)->place, __VA_ARGS__)

/* Hands each value of a map to its key's reader; @what: of the map, for messages. */
void read_map(struct reader *r, const struct node *map, const struct key *keys, size_t count,
	      const char *what);
/* Whether the node is a list; a mistake if not. */
bool want_list(struct reader *r, const struct node *n, const char *what, const char *example);
/* Whether it is a scalar with text and without NUL. */
bool want_scalar(struct reader *r, const struct node *n, const char *what, const char *wanted);
/* The number of the scalar's word in @words (NULL at the end), or -1 and a mistake. */
int want_choice(struct reader *r, const struct node *n, const char *what, const char *const *words);
/* A peer; a set is noted for the end. Return: whether it is one. */
bool want_peer(struct reader *r, const struct node *n, const char *what, struct peer *ret);
/* The text of @err as a mistake, or want of memory. */
void note_error(struct reader *r, struct place place, int error, const struct pg_error *err);
void note_set(struct reader *r, const char *name, struct place place);
void note_scope(struct reader *r, const char *name, struct place place);

/* allow or deny; @reject: reject, too, which is then *ret_reject and a PG_DENY. Return: PG_NONE: a mistake. */
uint8_t want_verdict(struct reader *r, const struct node *n, const char *what, bool *ret_reject);
/* enforce, audit or off: its number, or -1 and a mistake. */
int want_mode(struct reader *r, const struct node *n, const char *what);

/* 200/s: 1-@most lines. */
void read_lines_a_second(struct reader *r, const struct node *n, const char *what, uint32_t most,
			 uint32_t *ret);

/* Readers of single keys: keys.c, lists.c, sets.c, sentences.c, scopes.c, outputs.c. */
void read_rules(struct reader *r, const struct key *key, const struct node *n);
void read_sets(struct reader *r, const struct key *key, const struct node *n);
void read_interfaces(struct reader *r, const struct key *key, const struct node *n);
void read_essentials(struct reader *r, const struct key *key, const struct node *n);
void read_failsafe(struct reader *r, const struct key *key, const struct node *n);
void read_protocols(struct reader *r, const struct key *key, const struct node *n);
void read_scopes(struct reader *r, const struct key *key, const struct node *n);
void read_outputs(struct reader *r, const struct key *key, const struct node *n);
void read_output(struct reader *r, const struct node *n);	/* one of them */
/* After the last file: every scope has its selector, and no two the same. */
void check_scopes(struct reader *r);
void read_root(struct reader *r, const struct node *root);
void reader_free(struct reader *r);

#endif
