/* SPDX-License-Identifier: GPL-2.0-only */
/* A line of the image while it is read: what image_read.c and image_rules.c share, and nobody else needs. */
#ifndef PORTGUARD_IMAGE_LINE_H
#define PORTGUARD_IMAGE_LINE_H

#include "policy/policy.h"

/* What is left of a line; readers consume it, and fail for good. */
struct line {
	char *rest;
	bool bad;
};

/* Up to the next blank; empty and bad if there is nothing. */
char *next_word(struct line *l);
/* Takes the word if it is that one. */
bool next_is(struct line *l, const char *word);
uint64_t next_number(struct line *l, uint64_t most);
/* The number of the word in @words, which ends with NULL. */
unsigned next_choice(struct line *l, const char *const *words);
/* PG_NONE only if @none. */
uint8_t next_verdict(struct line *l, bool none);
/* malloc'ed, or NULL: bad, or no memory. */
char *next_quoted(struct line *l);

/* Readers of lines that need each other. Return: 0 (a mistake: l->bad), or -ENOMEM. */
int image_read_scope(struct policy *p, struct line *l);
int image_read_rule(struct policy *p, struct line *l);
int image_read_until(struct policy *p, struct line *l);

#endif
