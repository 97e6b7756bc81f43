/* SPDX-License-Identifier: GPL-2.0-only */
/* ncurses, for the two files that know it, and the colours that they share. */
#ifndef PORTGUARD_TOP_CURSES_H
#define PORTGUARD_TOP_CURSES_H

#define NCURSES_WIDECHAR 1
#include <curses.h>
#include <term.h>

enum pair { PAIR_REFUSED = 1, PAIR_SPARK, PAIR_TROUBLE, PAIR_GOOD };

/* term.h has macros for everything. */
#undef columns
#undef lines

#endif
