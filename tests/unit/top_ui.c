// SPDX-License-Identifier: GPL-2.0-only
/* What keys do: nothing is allowed without two yeses, and the selection stays with its row. */
#include "top/ui.h"

#include <criterion/criterion.h>
#include <string.h>

#include "unit/lib/event_sample.h"

#define NOW 1000
#define PAGE 3

static struct top t;
static struct ui ui;

static void layout(void)
{
	ui_layout(&ui, &t, NOW, PAGE);
}

/* Ports 1, 2, 3 … 8, the first with the most refusals. */
static void setup(void)
{
	cr_assert_eq(top_init(&t), 0);
	ui = (struct ui){ .sort = TOP_BY_TOTAL };
	for (uint16_t port = 1; port <= 8; port++) {
		struct event e = sample_inbound(port);

		e.local.port = port;
		e.count = 10u - port;
		cr_assert_eq(top_take(&t, &e, NOW), 0);
	}
	layout();
}

static void teardown(void)
{
	top_free(&t);
}

TestSuite(top_ui, .init = setup, .fini = teardown);

static enum ui_action press(const char *keys)
{
	enum ui_action action = UI_NOTHING;

	for (; *keys; keys++) {
		action = ui_key(&ui, *keys);
		layout();
	}
	return action;
}

static void press_key(int key)
{
	(void)ui_key(&ui, key);
	layout();
}

static int port(void)
{
	return ui_selected(&ui) ? ui_selected(&ui)->key.port : -1;
}

Test(top_ui, the_selection_moves_and_stays_in_sight)
{
	cr_expect_eq(port(), 1);
	press("jjj");
	cr_expect_eq(port(), 4);
	cr_expect_eq(ui.first, 1);
	press_key(UI_KEY_END);
	cr_expect_eq(port(), 8);
	cr_expect_eq(ui.first, 5);
	press("j");
	cr_expect_eq(port(), 8);
	press_key(UI_KEY_PAGE_UP);
	cr_expect_eq(port(), 5);
	press_key(UI_KEY_HOME);
	press("k");
	cr_expect_eq(port(), 1);
}

Test(top_ui, the_selection_stays_with_its_row)
{
	struct event e = sample_inbound(9);

	press("jj");
	cr_expect_eq(port(), 3);
	e.local.port = 99;
	e.count = 1000;
	cr_assert_eq(top_take(&t, &e, NOW), 0);
	layout();
	cr_expect_eq(port(), 3);
	cr_expect_eq(ui.at, 3);
}

Test(top_ui, a_selection_that_was_never_made_stays_at_the_top)
{
	struct event e = sample_inbound(9);

	e.local.port = 99;
	e.count = 1000;
	cr_assert_eq(top_take(&t, &e, NOW), 0);
	layout();
	cr_expect_eq(port(), 99);
}

Test(top_ui, views_orders_and_pauses)
{
	press("2");
	cr_expect_eq(ui.view, TOP_SOURCES);
	cr_expect_eq(ui.count, 1);
	press("\t\t");
	cr_expect_eq(ui.view, TOP_PORTS);
	press("s");
	cr_expect_eq(ui.sort, TOP_BY_LAST);
	press("rp");
	cr_expect(ui.reverse && ui.paused);
	press("p");
	cr_expect_not(ui.paused);
}

Test(top_ui, a_filter_works_while_it_is_typed)
{
	press("/8/");
	cr_expect_eq(ui.count, 1);
	cr_expect_eq(port(), 8);
	press_key(UI_KEY_BACKSPACE);
	press_key(UI_KEY_BACKSPACE);
	cr_expect_eq(ui.count, 8);
	press("8\n");
	cr_expect_eq(ui.state, UI_LIST);
	press_key(UI_KEY_ESCAPE);
	cr_expect_eq(ui.count, 8);
	press("/q");
	cr_expect_eq(ui.state, UI_FILTER, "q is a letter there");
}

Test(top_ui, only_two_yeses_allow)
{
	cr_expect_eq(press("a"), UI_NOTHING);
	cr_expect_str_eq(ui.line, "1/tcp");
	cr_expect_eq(press("\n"), UI_NOTHING);
	cr_expect_eq(ui.state, UI_CONFIRM);
	cr_expect_eq(press("y"), UI_ALLOW);
	cr_expect_eq(ui.state, UI_LIST);
	for (const char *no = "nN\n q\t\x1b"; *no; no++) {
		press("a\n");
		cr_expect_eq(ui_key(&ui, *no), UI_NOTHING, "%d", *no);
		cr_expect_eq(ui.state, UI_LIST);
	}
	press("a");
	press_key(UI_KEY_ESCAPE);
	cr_expect_eq(ui.state, UI_LIST);
	cr_expect_eq(press("y"), UI_NOTHING);
}

Test(top_ui, what_is_proposed_can_be_changed)
{
	press("a");
	press_key('u' & 31);
	press("22 from 192.0.2.0/24");
	cr_expect_eq(ui_key(&ui, 7), UI_NOTHING, "control characters are not typed");
	cr_expect_str_eq(ui.line, "22 from 192.0.2.0/24");
	press_key('u' & 31);
	press("\n");
	cr_expect_eq(ui.state, UI_LIST, "nothing is nothing to ask for");
}

Test(top_ui, a_line_has_an_end)
{
	press("/");
	for (int i = 0; i < 2000; i++)
		(void)ui_key(&ui, 'x');
	cr_expect_lt(strlen(ui.line), sizeof(ui.line));
	cr_expect_lt(strlen(ui.filter), sizeof(ui.filter));
}

Test(top_ui, nothing_is_selected_where_nothing_is)
{
	press("/nothing\n");
	cr_expect_eq(port(), -1);
	press("jkG");
	cr_expect_eq(press("a"), UI_NOTHING);
	cr_expect_eq(ui.state, UI_LIST);
	cr_expect(ui.message[0]);
	cr_expect_eq(press("q"), UI_QUIT);
}

Test(top_ui, help_goes_by_any_key_which_does_nothing_else)
{
	press("?");
	cr_expect(ui.help);
	cr_expect_eq(press("q"), UI_NOTHING);
	cr_expect_not(ui.help);
	cr_expect_eq(press("q"), UI_QUIT);
}
