/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text for cells of a terminal. Names are anybody's: what is no character to see, or has no width of its own, is
 * spelt out, so that no name moves the cursor, turns the line or is wider than it looks. Pure, but for wcwidth(),
 * which asks the locale.
 */
#ifndef PORTGUARD_TOP_TEXT_H
#define PORTGUARD_TOP_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "top/model.h"

#define CELLS_TEXT 1024	/* bytes, for CELLS_MOST cells */
#define CELLS_MOST 250

/*
 * Exactly @cells cells, at most CELLS_MOST: cut with a mark where it is longer, filled with blanks where it is
 * shorter. Not @utf8: all that is not ASCII is spelt out. Return: @out of CELLS_TEXT.
 */
char *cells_fit(const char *text, unsigned cells, bool utf8, char *out);
/* The same, to the right. */
char *cells_right(const char *text, unsigned cells, bool utf8, char *out);

/* 0, 0.2, 12.4, 950, 1,204, 45k, 3.5M. Return: @out of 16. */
#define NUMBER_TEXT 16
char *number_short(double number, char *out);
/* The same of a number of things: 0, 12, 1,204, 45k. */
char *count_short(uint64_t number, char *out);
/* 3s, 5m, 2h, 4d */
char *age_short(uint64_t seconds, char *out);

/*
 * The last @cells seconds before @now, each as high as it is beside the greatest. Return: @out of CELLS_TEXT.
 */
char *sparkline(const struct top_series *s, uint64_t now, unsigned cells, bool utf8, char *out);

#endif
