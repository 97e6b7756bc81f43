// SPDX-License-Identifier: GPL-2.0-only
#include "top/ui.h"

#include <stdio.h>
#include <string.h>

const char *const ui_view_names[TOP_VIEW_COUNT] = { "Ports", "Sources", "Programs" };
const char *const ui_sort_names[TOP_SORT_COUNT] = { "rate", "total", "last", "name" };

const struct top_row *ui_selected(const struct ui *ui)
{
	return ui->at < ui->count ? ui->rows[ui->at] : NULL;
}

static void keep_in_sight(struct ui *ui)
{
	if (ui->at >= ui->count)
		ui->at = ui->count ? ui->count - 1 : 0;
	if (ui->at < ui->first)
		ui->first = ui->at;
	if (ui->page && ui->at >= ui->first + ui->page)
		ui->first = ui->at - ui->page + 1;
	if (ui->count <= ui->page)
		ui->first = 0;
	else if (ui->first > ui->count - ui->page)
		ui->first = ui->count - ui->page;
}

void ui_layout(struct ui *ui, struct top *t, uint64_t now, size_t page)
{
	const struct top_order order = { .view = ui->view,
					 .sort = ui->sort,
					 .reverse = ui->reverse,
					 .filter = ui->filter,
					 .now = now };

	ui->count = top_list(t, &order, &ui->rows);
	ui->page = page;
	for (size_t i = 0; ui->chosen && i < ui->count; i++)
		if (!memcmp(&ui->rows[i]->key, &ui->selected, sizeof(ui->selected)))
			ui->at = i;
	keep_in_sight(ui);
}

/* --- the list ------------------------------------------------------------------------------- */

static void choose(struct ui *ui, size_t at)
{
	ui->at = at;
	keep_in_sight(ui);
	ui->chosen = ui->at < ui->count;
	if (ui->chosen)
		ui->selected = ui->rows[ui->at]->key;
}

static void from_the_top(struct ui *ui)
{
	ui->at = ui->first = 0;
	ui->chosen = false;
}

static void set_view(struct ui *ui, enum top_view view)
{
	ui->view = view;
	ui->count = 0; /* its rows are of another view until they are listed */
	from_the_top(ui);
}

static void begin_allow(struct ui *ui)
{
	const struct top_row *row = ui_selected(ui);
	const char *why_not = row ? top_propose(row, ui->line) : "nothing is selected";

	if (why_not)
		(void)snprintf(ui->message, sizeof(ui->message), "%s", why_not);
	else
		ui->state = UI_EDIT;
}

static void begin_filter(struct ui *ui)
{
	(void)snprintf(ui->line, sizeof(ui->line), "%s", ui->filter);
	ui->state = UI_FILTER;
}

static enum ui_action list_key(struct ui *ui, int key)
{
	size_t page = ui->page ? ui->page : 1;

	switch (key) {
	case 'q':
		return UI_QUIT;
	case UI_KEY_UP:
	case 'k':
		choose(ui, ui->at ? ui->at - 1 : 0);
		break;
	case UI_KEY_DOWN:
	case 'j':
		choose(ui, ui->at + 1);
		break;
	case UI_KEY_PAGE_UP:
		choose(ui, ui->at > page ? ui->at - page : 0);
		break;
	case UI_KEY_PAGE_DOWN:
		choose(ui, ui->at + page);
		break;
	case UI_KEY_HOME:
	case 'g':
		from_the_top(ui);
		break;
	case UI_KEY_END:
	case 'G':
		choose(ui, ui->count ? ui->count - 1 : 0);
		break;
	case '\t':
	case UI_KEY_RIGHT:
		set_view(ui, (ui->view + 1) % TOP_VIEW_COUNT);
		break;
	case UI_KEY_LEFT:
		set_view(ui, (ui->view + TOP_VIEW_COUNT - 1) % TOP_VIEW_COUNT);
		break;
	case '1':
	case '2':
	case '3':
		set_view(ui, (enum top_view)(key - '1'));
		break;
	case 's':
		ui->sort = (ui->sort + 1) % TOP_SORT_COUNT;
		break;
	case 'r':
		ui->reverse = !ui->reverse;
		break;
	case 'p':
	case ' ':
		ui->paused = !ui->paused;
		break;
	case '/':
		begin_filter(ui);
		break;
	case 'a':
		begin_allow(ui);
		break;
	case '?':
	case 'h':
		ui->help = true;
		break;
	case UI_KEY_ESCAPE:
		ui->filter[0] = '\0';
		from_the_top(ui);
		break;
	default:
		break;
	}
	return UI_NOTHING;
}

/* --- a line that is typed ------------------------------------------------------------------- */

static void type(struct ui *ui, int key)
{
	size_t length = strlen(ui->line);

	if (key == UI_KEY_BACKSPACE && length)
		ui->line[length - 1] = '\0';
	else if (key == ('u' & 31))
		ui->line[0] = '\0';
	else if (key >= ' ' && key <= '~' && length + 1 < sizeof(ui->line)) {
		ui->line[length] = (char)key;
		ui->line[length + 1] = '\0';
	}
}

static void filter_key(struct ui *ui, int key)
{
	if (key == UI_KEY_ESCAPE)
		ui->line[0] = '\0';
	if (key == UI_KEY_ESCAPE || key == UI_KEY_ENTER)
		ui->state = UI_LIST;
	else
		type(ui, key);
	(void)snprintf(ui->filter, sizeof(ui->filter), "%.*s", (int)sizeof(ui->filter) - 1,
		       ui->line);
	from_the_top(ui);
}

static void edit_key(struct ui *ui, int key)
{
	if (key == UI_KEY_ESCAPE) {
		ui->state = UI_LIST;
		(void)snprintf(ui->message, sizeof(ui->message), "nothing was changed");
	} else if (key == UI_KEY_ENTER) {
		ui->state = ui->line[strspn(ui->line, " ")] ? UI_CONFIRM : UI_LIST;
	} else {
		type(ui, key);
	}
}

static enum ui_action confirm_key(struct ui *ui, int key)
{
	ui->state = UI_LIST;
	if (key == 'y' || key == 'Y')
		return UI_ALLOW;
	(void)snprintf(ui->message, sizeof(ui->message), "nothing was changed");
	return UI_NOTHING;
}

enum ui_action ui_key(struct ui *ui, int key)
{
	ui->message[0] = '\0';
	if (ui->help) {
		ui->help = false; /* whatever the key */
		return UI_NOTHING;
	}
	switch (ui->state) {
	case UI_FILTER:
		filter_key(ui, key);
		return UI_NOTHING;
	case UI_EDIT:
		edit_key(ui, key);
		return UI_NOTHING;
	case UI_CONFIRM:
		return confirm_key(ui, key);
	default:
		return list_key(ui, key);
	}
}
