// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is where. Every text passes cells_fit(), so that a line has as many cells as are left for it, whoever chose
 * the text.
 *
 *   name of the host, how the guard is                         the time
 *   packets: rate, the last minute, what is allowed
 *   calls: likewise
 *   the views, the order, the filter
 *   what the columns are
 *   rows …
 *   the latest events, where there is room
 *   two lines on the selected row
 *   keys, a question, or what came of it
 */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "events/format.h"
#include "top/curses.h"
#include "top/screen.h"
#include "top/text.h"

#define HEAD 5 /* lines before the rows */
#define FOOT 3 /* and behind them */
#define LEAST_WIDTH 60
#define LEAST_HEIGHT 12
#define TALL 34 /* from so many lines on the latest events are shown */

struct area {
	const struct screen *s;
	unsigned width, height;
};

static attr_t color(const struct screen *s, enum pair pair)
{
	return s->color ? COLOR_PAIR(pair) : A_NORMAL;
}

/* Text at a place, in exactly @cells. */
static void put(const struct area *a, unsigned y, unsigned x, unsigned cells, attr_t look,
		const char *text)
{
	char out[CELLS_TEXT];

	if (x >= a->width || y >= a->height)
		return;
	if (cells > a->width - x)
		cells = a->width - x;
	(void)attrset(look);
	(void)mvaddstr((int)y, (int)x, cells_fit(text, cells, a->s->utf8, out));
	(void)attrset(A_NORMAL);
}

static void put_right(const struct area *a, unsigned y, unsigned x, unsigned cells, attr_t look,
		      const char *text)
{
	char out[CELLS_TEXT];

	put(a, y, x, cells, look, cells_right(text, cells, a->s->utf8, out));
}

/* What is drawn already, and needs no look at its characters. */
static void put_spark(const struct area *a, unsigned y, unsigned x, unsigned cells,
		      const struct top_series *series, uint64_t now, attr_t look)
{
	char out[CELLS_TEXT];

	if (x + cells > a->width)
		return;
	(void)attrset(look);
	(void)mvaddstr((int)y, (int)x, sparkline(series, now, cells, a->s->utf8, out));
	(void)attrset(A_NORMAL);
}

/* --- head ----------------------------------------------------------------------------------- */

static void put_title(const struct area *a)
{
	char text[512], clock[16];
	const time_t now = time(NULL);
	struct tm tm;

	(void)snprintf(text, sizeof(text), " portguard  %s on %s", a->s->instance, a->s->host);
	put(a, 0, 0, a->width, A_BOLD, text);
	(void)snprintf(text, sizeof(text), "  %s", a->s->state);
	put(a, 0, a->width / 2 - 10, a->width / 2,
	    a->s->trouble ? color(a->s, PAIR_TROUBLE) | A_BOLD : A_NORMAL, text);
	if (localtime_r(&now, &tm))
		(void)strftime(clock, sizeof(clock), "%H:%M:%S ", &tm);
	put_right(a, 0, a->width - 10, 10, A_NORMAL, clock);
}

static void put_rates(const struct area *a, unsigned y, const char *name,
		      const struct screen_rates *r)
{
	unsigned cells = a->width > 60 + TOP_SECONDS - 4 ? TOP_SECONDS - 4 : a->width - 60;
	char text[128], rate[NUMBER_TEXT], allowed[NUMBER_TEXT], total[NUMBER_TEXT];

	(void)snprintf(text, sizeof(text), " %-8s%8s/s refused ", name,
		       number_short(top_series_rate(&r->refused, a->s->now), rate));
	put(a, y, 0, 28, A_NORMAL, text);
	put_spark(a, y, 28, cells, &r->refused, a->s->now, color(a->s, PAIR_SPARK));
	(void)snprintf(text, sizeof(text), " %7s/s allowed  %s in all",
		       number_short(top_series_rate(&r->allowed, a->s->now), allowed),
		       count_short(r->total, total));
	put(a, y, 28 + cells, a->width - 28 - cells, A_NORMAL, text);
}

static void put_views(const struct area *a)
{
	const struct ui *ui = &a->s->ui;
	char text[256];
	unsigned x = 1;

	put(a, 3, 0, a->width, A_NORMAL, "");
	for (unsigned view = 0; view < TOP_VIEW_COUNT; view++) {
		(void)snprintf(text, sizeof(text), " %u %s ", view + 1, ui_view_names[view]);
		put(a, 3, x, (unsigned)strlen(text), view == ui->view ? A_REVERSE : A_NORMAL, text);
		x += (unsigned)strlen(text) + 1;
	}
	(void)snprintf(text, sizeof(text), "  by %s%s%s%s%s%s", ui_sort_names[ui->sort],
		       ui->reverse ? ", reversed" : "", ui->filter[0] ? "  filter: " : "",
		       ui->filter, ui->paused ? "  paused" : "", ui->state == UI_FILTER ? "_" : "");
	put(a, 3, x, a->width - x, ui->filter[0] || ui->paused ? A_BOLD : A_NORMAL, text);
}

/* --- rows ----------------------------------------------------------------------------------- */

/* How wide each column is; a terminal of 80 has room for all of them. */
struct columns {
	unsigned name, rate, total, age, spark, why;
};

static struct columns columns_of(unsigned width)
{
	struct columns c = {
		.name = width / 5 + 2, .rate = 7, .total = 8, .age = 5, .spark = width / 6
	};

	if (c.name > 48)
		c.name = 48;
	if (c.spark > 60)
		c.spark = 60;
	c.why = width - 1 - c.name - c.rate - c.total - c.age - 2 - c.spark - 1;
	return c;
}

static void put_column_names(const struct area *a, const struct columns *c)
{
	static const char *const firsts[] = { "PORT", "SOURCE", "PROGRAM" };
	char text[CELLS_TEXT], spark[64];
	int n;

	(void)snprintf(spark, sizeof(spark), "LAST %u S", c->spark);
	n = snprintf(text, sizeof(text), " %-*s%*s%*s%*s  %-*s %s", (int)c->name,
		     firsts[a->s->ui.view], (int)c->rate, "/S", (int)c->total, "TOTAL", (int)c->age,
		     "AGO", (int)c->spark, spark, "LAST ATTEMPT");
	(void)n; /* fits */
	put(a, 4, 0, a->width, A_REVERSE, text);
}

/* A path that is too long is its last part here, and whole at the bottom. */
static void name_text(const struct screen *s, const struct top_row *row, unsigned cells,
		      char text[TOP_TEXT * 2])
{
	char name[TOP_TEXT], *slash;
	const char *service =
		row->key.view == TOP_PORTS && row->key.known &&
				(row->key.proto == IPPROTO_TCP || row->key.proto == IPPROTO_UDP)
			? services_name(s->services, row->key.proto == IPPROTO_UDP, row->key.port)
			: NULL;

	(void)top_row_name(row, name);
	slash = row->key.view == TOP_PROGRAMS && strlen(name) > cells ? strrchr(name, '/') : NULL;
	(void)snprintf(text, TOP_TEXT * 2, "%s%s%s", slash && slash[1] ? slash + 1 : name,
		       service ? " " : "", service ? service : "");
}

/* "inbound 192.0.2.7 no-rule", "bind 80/tcp nginx no-rule": without what the row's name says. */
static void attempt_text(const struct top_row *row, char text[TOP_TEXT * 3])
{
	char port[24] = "", ip[FORMAT_IP_SIZE] = "", number[4];
	const char *who = row->key.view == TOP_PROGRAMS ? "" : row->program,
		   *slash = strrchr(who, '/');

	if (row->key.view != TOP_PORTS && row->port_known)
		(void)snprintf(port, sizeof(port), " %u/%s", row->port,
			       event_proto_name(row->proto, number));
	if (row->key.view != TOP_SOURCES && row->ip_known)
		format_ip(row->ip, ip);
	(void)snprintf(text, TOP_TEXT * 3, "%s%s%s%s%s%s %s", event_hook_name(row->hook), port,
		       *ip ? " " : "", ip, *who ? " " : "", slash && slash[1] ? slash + 1 : who,
		       event_reason_name(row->reason));
}

static void put_row(const struct area *a, unsigned y, const struct columns *c,
		    const struct top_row *row, bool selected)
{
	const attr_t look = selected ? A_REVERSE : A_NORMAL;
	unsigned x = 1;
	char text[TOP_TEXT * 3], number[NUMBER_TEXT];
	double rate = top_series_rate(&row->series, a->s->shown);

	put(a, y, 0, a->width, look, "");
	name_text(a->s, row, c->name, text);
	put(a, y, x, c->name, look | (rate > 0 ? A_BOLD : 0), text);
	x += c->name;
	put_right(a, y, x, c->rate, look | (rate > 0 && !selected ? color(a->s, PAIR_REFUSED) : 0),
		  rate > 0 ? number_short(rate, number) : "");
	x += c->rate;
	put_right(a, y, x, c->total, look, count_short(row->refusals, number));
	x += c->total;
	put_right(a, y, x, c->age, look,
		  age_short(a->s->shown > row->last_second ? a->s->shown - row->last_second : 0,
			    number));
	x += c->age + 2;
	put_spark(a, y, x, c->spark, &row->series, a->s->shown,
		  look | (selected ? 0 : color(a->s, PAIR_SPARK)));
	x += c->spark + 1;
	attempt_text(row, text);
	put(a, y, x, c->why, look, text);
}

static void put_rows(const struct area *a, const struct columns *c, unsigned lines_left)
{
	const struct ui *ui = &a->s->ui;

	for (unsigned i = 0; i < lines_left; i++) {
		size_t at = ui->first + i;

		if (at < ui->count)
			put_row(a, HEAD + i, c, ui->rows[at], at == ui->at);
		else
			put(a, HEAD + i, 0, a->width, A_NORMAL,
			    i || ui->count ? ""
			    : ui->filter[0]
				    ? " Nothing that was refused fits the filter. Esc shows all."
				    : " Nothing has been refused.");
	}
}

/* --- foot ----------------------------------------------------------------------------------- */

static void put_latest(const struct area *a, unsigned y, unsigned count)
{
	put(a, y, 0, a->width, A_UNDERLINE, " Latest");
	for (unsigned i = 1; i < count; i++) {
		size_t back = count - i;
		const char *line =
			back <= a->s->latest_count && back <= SCREEN_LATEST
				? a->s->latest[(a->s->latest_count - back) % SCREEN_LATEST]
				: "";

		put(a, y + i, 1, a->width - 1, A_NORMAL, line);
	}
}

/* Why: "deny inbound 22/tcp from 192.0.2.7 on eth0: no rule matched, and the default denies" */
static void why_text(const struct top_row *row, char text[TOP_TEXT * 8])
{
#define X(id, name, help) help,
	static const char *const helps[] = { PG_REASONS(X) };
#undef X
	char port[24] = "", ip[FORMAT_IP_SIZE] = "", number[4], audits[48] = "";
	const char *proto = event_proto_name(row->proto, number);

	if (row->port_known)
		(void)snprintf(port, sizeof(port), " %u/%s", row->port, proto);
	if (row->ip_known)
		format_ip(row->ip, ip);
	if (row->audits)
		(void)snprintf(audits, sizeof(audits), "; %llu let pass by audit",
			       (unsigned long long)row->audits);
	(void)snprintf(text, TOP_TEXT * 8, " %s %s%s%s%s%s%s: %s%s%s%s%s%s",
		       event_verdict_name(row->verdict), event_hook_name(row->hook), port,
		       !*ip       ? ""
		       : row->out ? " to "
				  : " from ",
		       ip, row->interface[0] ? " on " : "", row->interface,
		       row->reason < PG_REASON_COUNT ? helps[row->reason] : "?",
		       row->rule[0] ? ": " : "", row->rule,
		       strcmp(row->scope, "host") ? ", scope " : "",
		       strcmp(row->scope, "host") ? row->scope : "", audits);
}

static void who_text(const struct top_row *row, char text[TOP_TEXT * 8])
{
	(void)snprintf(text, TOP_TEXT * 8, " %s[%u] uid %u%s%s: %s", row->program, row->pid,
		       row->uid, row->place[0] ? ", " : "", row->place, row->cmdline);
}

static void put_details(const struct area *a, unsigned y)
{
	const struct top_row *row = ui_selected(&a->s->ui);
	char text[TOP_TEXT * 8] = "";

	if (row)
		why_text(row, text);
	put(a, y, 0, a->width, A_NORMAL, text);
	text[0] = '\0';
	if (row && row->pid)
		who_text(row, text);
	put(a, y + 1, 0, a->width, A_DIM, text);
}

static void put_last_line(const struct area *a, unsigned y)
{
	const struct ui *ui = &a->s->ui;
	char text[PROPOSAL_TEXT + 128];

	if (ui->state == UI_FILTER)
		(void)snprintf(text, sizeof(text), " Filter: %s_   (Enter keeps it, Esc drops it)",
			       ui->line);
	else if (ui->state == UI_EDIT)
		(void)snprintf(text, sizeof(text),
			       " allow %s_   (Enter asks once more, Esc drops it)", ui->line);
	else if (ui->state == UI_CONFIRM)
		(void)snprintf(text, sizeof(text), " portguard allow %s - now, until reboot? (y/n)",
			       ui->line);
	else if (ui->message[0])
		(void)snprintf(text, sizeof(text), " %s", ui->message);
	else
		(void)snprintf(
			text, sizeof(text),
			" q quit  Tab view  s sort  r reverse  / filter  a allow  p pause  ? help");
	put(a, y, 0, a->width, ui->state == UI_LIST && !ui->message[0] ? A_DIM : A_BOLD, text);
}

static void put_help(const struct area *a)
{
	static const char *const help[] = {
		"",
		" 1 2 3, Tab       ports, sources, programs",
		" arrows, j k g G  select; PgUp and PgDn by pages",
		" s, r             sort by rate, total, last, name; the other way round",
		" /                filter: by name, program, address, hook, reason",
		" a                allow what was refused; asks twice, and holds until reboot",
		" p                pause: what comes meanwhile is counted, and shown later",
		" Esc, q           no filter; quit",
		"",
		" Rates are of the last five seconds. Rows tell of the last hour and of what came",
		" since; the lines at the top are the kernel's counters, allowed and refused.",
		"",
		" Any key goes back.",
	};

	for (unsigned y = HEAD; y + 1 < a->height; y++)
		put(a, y, 0, a->width, A_NORMAL,
		    y - HEAD < sizeof(help) / sizeof(*help) ? help[y - HEAD] : "");
}

void screen_draw(struct screen *s)
{
	int height, width;
	struct area a = { .s = s };
	struct columns c;
	unsigned latest, rows;

	getmaxyx(stdscr, height, width);
	a.height = (unsigned)height;
	a.width = (unsigned)width;
	(void)erase();
	if (a.width < LEAST_WIDTH || a.height < LEAST_HEIGHT) {
		put(&a, 0, 0, a.width, A_NORMAL, "too small: 60x12 at least");
		(void)refresh();
		return;
	}
	latest = a.height >= TALL ? a.height / 4 : 0;
	rows = a.height - HEAD - FOOT - latest;
	c = columns_of(a.width);
	ui_layout(&s->ui, s->top, s->shown, rows);
	put_title(&a);
	put_rates(&a, 1, "packets", &s->packets);
	put_rates(&a, 2, "calls", &s->calls);
	put_views(&a);
	put_column_names(&a, &c);
	if (s->ui.help) {
		put_help(&a);
	} else {
		put_rows(&a, &c, rows);
		if (latest)
			put_latest(&a, HEAD + rows, latest);
		put_details(&a, a.height - FOOT);
	}
	put_last_line(&a, a.height - 1);
	(void)refresh();
}
