// SPDX-License-Identifier: GPL-2.0-only
/*
 * Getting the terminal and giving it back, keys and size. What is drawn where is draw.c's; both keep to what every
 * terminal can: text at places, bold and reverse, colours where there are some.
 */
#include "top/screen.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "top/curses.h"

static SCREEN *terminal; /* ncurses itself has but one at a time */

int screen_check(struct pg_error *err)
{
	if (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO))
		return 0;
	(void)pg_fail(err, -ENOTTY, PG_EXIT_UNAVAILABLE, "top: this is no terminal");
	return pg_help(err, -ENOTTY, "for programs: portguard events -f, portguard --json status");
}

static int unfit(struct pg_error *err)
{
	const char *name = getenv("TERM");

	(void)pg_fail(err, -ENOTSUP, PG_EXIT_UNAVAILABLE,
		      "top: TERM=%.64s: no such terminal is known, or it cannot place text",
		      name ? name : "");
	return pg_help(err, -ENOTSUP, "set TERM to what this terminal is, such as xterm or linux");
}

static void set_up_colors(struct screen *s)
{
	s->color = s->color && has_colors();
	if (!s->color)
		return;
	(void)start_color();
	(void)use_default_colors();
	(void)init_pair(PAIR_REFUSED, COLOR_RED, -1);
	(void)init_pair(PAIR_SPARK, COLOR_CYAN, -1);
	(void)init_pair(PAIR_TROUBLE, COLOR_YELLOW, -1);
	(void)init_pair(PAIR_GOOD, COLOR_GREEN, -1);
}

int screen_open(struct screen *s, bool color, struct pg_error *err)
{
	const char *place;
	int known;

	(void)setlocale(LC_CTYPE, "");
	s->utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	s->color = color;
	if (setupterm(NULL, STDOUT_FILENO, &known) == ERR)
		return unfit(err);
	place = tigetstr("cup");
	if (!place || place == (char *)-1)
		return unfit(err);
	(void)set_escdelay(50);
	terminal = newterm(NULL, stdout, stdin);
	if (!terminal)
		return unfit(err);
	set_up_colors(s);
	(void)cbreak();
	(void)noecho();
	(void)keypad(stdscr, TRUE);
	(void)nodelay(stdscr, TRUE);
	(void)curs_set(0);
	return 0;
}

void screen_close(void)
{
	if (!terminal)
		return;
	(void)endwin();
	delscreen(terminal);
	terminal = NULL;
}

void screen_resize(void)
{
	struct winsize size;

	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row && size.ws_col)
		(void)resizeterm(size.ws_row, size.ws_col);
}

int screen_key(void)
{
	static const struct {
		int theirs, ours;
	} keys[] = {
		{ KEY_UP, UI_KEY_UP },
		{ KEY_DOWN, UI_KEY_DOWN },
		{ KEY_PPAGE, UI_KEY_PAGE_UP },
		{ KEY_NPAGE, UI_KEY_PAGE_DOWN },
		{ KEY_HOME, UI_KEY_HOME },
		{ KEY_END, UI_KEY_END },
		{ KEY_LEFT, UI_KEY_LEFT },
		{ KEY_RIGHT, UI_KEY_RIGHT },
		{ KEY_BACKSPACE, UI_KEY_BACKSPACE },
		{ 127, UI_KEY_BACKSPACE },
		{ '\b', UI_KEY_BACKSPACE },
		{ KEY_ENTER, UI_KEY_ENTER },
		{ '\r', UI_KEY_ENTER },
	};
	int key;

	errno = 0;
	key = getch();
	if (key == ERR)
		return errno && errno != EAGAIN && errno != EINTR ? -EIO : UI_KEY_NONE;
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (keys[i].theirs == key)
			return keys[i].ours;
	return key < 256 ? key : UI_KEY_NONE;
}
