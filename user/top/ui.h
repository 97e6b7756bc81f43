/* SPDX-License-Identifier: GPL-2.0-only */
/* What keys do, and what is shown for it: a machine of few states, without any terminal. Pure. */
#ifndef PORTGUARD_TOP_UI_H
#define PORTGUARD_TOP_UI_H

#include "top/model.h"
#include "top/propose.h"

/* Keys that are no characters. */
enum ui_key {
	UI_KEY_UP = 0x110000, UI_KEY_DOWN, UI_KEY_PAGE_UP, UI_KEY_PAGE_DOWN, UI_KEY_HOME, UI_KEY_END,
	UI_KEY_LEFT, UI_KEY_RIGHT, UI_KEY_BACKSPACE, UI_KEY_NONE,
};
#define UI_KEY_ENTER '\n'
#define UI_KEY_ESCAPE 27

enum ui_state {
	UI_LIST,
	UI_FILTER,	/* `line` is being typed, and the list follows */
	UI_EDIT,	/* `line` is the rule that is to be allowed */
	UI_CONFIRM,	/* shall it? */
};

enum ui_action {
	UI_NOTHING,
	UI_QUIT,
	UI_ALLOW,	/* `line`, confirmed: carry it out and say what came of it */
};

struct ui {
	enum ui_state state;
	enum top_view view;
	enum top_sort sort;
	bool reverse, paused, help;
	char filter[64];
	char line[PROPOSAL_TEXT];
	char message[512];
	/* the list as it was last laid out */
	const struct top_row *const *rows;
	size_t count, page;		/* rows, and how many are on the screen */
	size_t at, first;		/* selected, and at the top of the screen */
	bool chosen;			/* the selection stays with its row, wherever that goes */
	struct top_key selected;
};

extern const char *const ui_view_names[TOP_VIEW_COUNT];
extern const char *const ui_sort_names[TOP_SORT_COUNT];

/* List the rows anew, and find the selected one among them. @page: how many have room. */
void ui_layout(struct ui *ui, struct top *t, uint64_t now, size_t page);
/* The selected row, or NULL. */
const struct top_row *ui_selected(const struct ui *ui);
enum ui_action ui_key(struct ui *ui, int key);

#endif
