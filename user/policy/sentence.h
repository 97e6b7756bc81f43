/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A sentence as it is read: word by word, from one argument or many. Blanks separate; everything
 * outside a comment is printable ASCII.
 */
#ifndef PORTGUARD_SENTENCE_H
#define PORTGUARD_SENTENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"
#include "util/json.h"

#define SENTENCE_MAX 65536		/* bytes */
#define COMMENT_MAX 256			/* bytes */

struct sentence {
	const char *const *words;
	size_t count;
	size_t word;			/* the argument being read, and the byte in it */
	size_t byte;
	size_t base;			/* where that argument begins in the joined sentence */
};

struct token {
	const char *text;		/* into the argument, not terminated */
	size_t length;
	size_t at;			/* byte offset in the sentence, its arguments joined by one blank */
};

bool token_is(const struct token *t, const char *word);
/* The verb that a word is, or was probably meant to be, or NULL. */
const char *nearest_verb(const struct token *t);

/* Return: 1 and the next word, 0 at the end, -EINVAL (@ret->at is set) with words in @err. */
int sentence_next(struct sentence *s, struct token *ret, struct pg_error *err);

/**
 * sentence_comment() - The text after `comment`.
 * An argument of its own is taken whole, blanks and all; else a word, or text in double quotes, in
 * which \" and \\ stand for the character.
 * Return: 0 and malloc'ed text of 1-COMMENT_MAX bytes of UTF-8 without control characters, or -EINVAL
 * (@ret_at: where) or -ENOMEM.
 */
int sentence_comment(struct sentence *s, char **ret, size_t *ret_at, struct pg_error *err);

/* Text in double quotes, as sentence_comment() reads it. */
void sentence_quote(struct json *out, const char *text);

/* Return: 0, or -EINVAL with words in @err: the size, UTF-8, control characters. */
int comment_check(const char *text, size_t length, struct pg_error *err);

#endif
