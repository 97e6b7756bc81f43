/* SPDX-License-Identifier: GPL-2.0-only */
/* The terminal, by ncurses: a thin skin over ui.h. From screen_open() on until screen_close() it is ours. */
#ifndef PORTGUARD_TOP_SCREEN_H
#define PORTGUARD_TOP_SCREEN_H

#include "top/ui.h"
#include "util/error.h"
#include "util/services.h"

#define SCREEN_LATEST 32	/* lines of events that are kept */

/* Each second's verdicts, by the kernel's counters. */
struct screen_rates {
	struct top_series refused, allowed;
	uint64_t total;		/* refused since the guard came up */
};

struct screen {
	struct ui ui;
	struct top *top;	/* the rows to show */
	const struct services *services;
	const char *instance, *host;
	char state[160];	/* of guard and agent, in words */
	bool trouble;		/* of which somebody should know */
	struct screen_rates packets, calls;
	char latest[SCREEN_LATEST][TOP_TEXT * 2];	/* a ring */
	size_t latest_count;	/* ever put into it */
	uint64_t now;		/* second: of the rates and of what is shown, which stands still in a pause */
	uint64_t shown;
	bool utf8, color;	/* set by screen_open() */
};

/* Whether this is a terminal at all: 0 or -ENOTTY (69). */
int screen_check(struct pg_error *err);
/* @color: if the terminal has any. 0, or -ENOTSUP (69). */
int screen_open(struct screen *s, bool color, struct pg_error *err);
void screen_close(void);	/* as it was; does nothing twice */

/* After a change of its size: take the new one. */
void screen_resize(void);
/* The next key of enum ui_key, or UI_KEY_NONE; -EIO where the terminal is gone. */
int screen_key(void);
void screen_draw(struct screen *s);

#endif
