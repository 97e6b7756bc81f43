/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mistakes of policy files: collected as they are found, shown in the order of files and lines,
 * each with its line of the file and a caret.
 */
#ifndef PORTGUARD_MISTAKES_H
#define PORTGUARD_MISTAKES_H

#include <stdbool.h>
#include <stddef.h>

#include "util/error.h"

/* Lines and columns count from 1; a column is a character. */
struct place {
	size_t source;			/* number of the file */
	size_t line, column;
};

struct source {
	char *name;
	const char *text;
	size_t length;
	char *owned;			/* the text, where it is freed with this, or NULL */
	size_t *lines;			/* offset of each line */
	size_t line_count;
};

struct mistake {
	struct place place;
	size_t number;			/* in order of being found */
	char *text;
};

struct mistakes {
	struct source *sources;
	size_t source_count;
	struct mistake *list;
	size_t count;
	size_t left_out;		/* more than anybody reads */
	bool no_memory;			/* sticks */
};

void mistakes_free(struct mistakes *m);
/* A file to speak of. @owned: @text is taken over. Return: 0 or -ENOMEM (@text is then freed if @owned). */
int mistakes_add_source(struct mistakes *m, const char *name, char *text, size_t length, bool owned);
/* Want of memory is noted in no_memory. */
__attribute__((format(printf, 3, 4)))
void mistakes_add(struct mistakes *m, struct place place, const char *format, ...);
/* The line's text, without its end. */
const char *source_line(const struct source *s, size_t line, size_t *ret_length);
/* The place of a byte. */
struct place source_place(const struct mistakes *m, size_t source, size_t offset);
/*
 * Whether it is worth a search what was meant by a mistake that is about to be added: behind so many none is
 * shown, and thousands of wrong names against thousands of right ones would take minutes.
 */
static inline bool mistakes_want_help(const struct mistakes *m)
{
	return m->count < 64;
}

/* Return: 0 if there are none, -EINVAL with all of them in @err (exit 65), or -ENOMEM. */
int mistakes_report(struct mistakes *m, struct pg_error *err);

#endif
