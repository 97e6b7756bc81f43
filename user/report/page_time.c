// SPDX-License-Identifier: GPL-2.0-only
/*
 * Refusals over time: a chart each for packets and calls - a flood of the ones must not flatten the others -
 * and one table of both. Lengths along the time are percents, so that the drawing has the width of the page and
 * its text the size of the page's.
 */
#include "report/page.h"

#define HEIGHT 120 /* of the tallest bar, in pixels */
#define TOP 12
#define BOTTOM 24 /* for the times */
#define SCALE 52 /* for the numbers */
#define LEAST_BAR 2.0 /* what is not zero can be seen */
#define MINUTE 60000000ULL
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

static const char *const side_names[REPORT_SIDE_COUNT] = { "Packets", "Calls by programs" };
static const char *const side_units[REPORT_SIDE_COUNT][2] = { { "packet", "packets" },
							      { "call", "calls" } };

static uint64_t bucket_begin(const struct report_sums *s, size_t i)
{
	return s->buckets_us + i * s->step_us;
}

/* "30 minutes" */
static void put_step(struct json *out, uint64_t us)
{
	if (us >= DAY)
		html_counted(out, us / DAY, "day", "days");
	else if (us >= HOUR)
		html_counted(out, us / HOUR, "hour", "hours");
	else if (us >= MINUTE)
		html_counted(out, us / MINUTE, "minute", "minutes");
	else
		html_counted(out, us / 1000000, "second", "seconds");
}

static size_t tallest(const struct report_sums *s, enum report_side side)
{
	size_t best = 0;

	for (size_t i = 1; i < s->bucket_count; i++)
		if (report_weight(&s->buckets[i].sides[side]) >
		    report_weight(&s->buckets[best].sides[side]))
			best = i;
	return best;
}

/* A round number that is at least so much, and even where it can be. */
static uint64_t round_up(uint64_t most)
{
	static const uint64_t rounds[] = { 10, 12, 16, 20, 24, 30, 40, 50, 60, 80, 100 };
	uint64_t unit = 1;

	if (most <= 2)
		return most ? most : 1;
	if (most <= 10)
		return most + (most & 1);
	while (unit < UINT64_MAX / 1000 && unit * 100 < most)
		unit *= 10;
	for (size_t i = 0; i < sizeof(rounds) / sizeof(*rounds); i++)
		if (rounds[i] * unit >= most)
			return rounds[i] * unit;
	return most;
}

/* 950, 1,200, 45k, 3.5M: as much as has room beside the chart. */
static void put_short(struct json *out, uint64_t number)
{
	static const struct {
		uint64_t unit;
		const char *letter;
	} units[] = { { 1000000000000000, "P" },
		      { 1000000000000, "T" },
		      { 1000000000, "G" },
		      { 1000000, "M" },
		      { 1000, "k" } };

	for (size_t i = 0; number >= 10000 && i < sizeof(units) / sizeof(*units); i++)
		if (number >= units[i].unit) {
			html_f(out, number % units[i].unit ? "%.1f%s" : "%.0f%s",
			       (double)number / (double)units[i].unit, units[i].letter);
			return;
		}
	html_number(out, number);
}

static void put_scale(struct json *out, uint64_t top)
{
	html_f(out, "<svg width=\"%d\" height=\"%d\" aria-hidden=\"true\">", SCALE,
	       TOP + HEIGHT + BOTTOM);
	for (unsigned half = 0; half <= 2; half++) {
		if (half == 1 && top & 1)
			continue; /* there is no half of it */
		html_f(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">", SCALE - 8,
		       TOP + HEIGHT - half * HEIGHT / 2 + 4);
		put_short(out, half == 2 ? top : half ? top / 2 : 0);
		html(out, "</text>");
	}
	html(out, "</svg>");
}

static double x_of(const struct report_sums *s, uint64_t us)
{
	return (double)(us - s->buckets_us) * 100 / (double)(s->bucket_count * s->step_us);
}

static void put_bar(struct json *out, const struct report_sums *s, size_t i, enum report_side side,
		    uint64_t top)
{
	const struct report_count *c = &s->buckets[i].sides[side];
	double width = 100.0 / (double)s->bucket_count, x = (double)i * width, y = TOP + HEIGHT;
	const struct {
		uint64_t number;
		const char *class;
	} parts[] = { { c->deny, "deny" }, { c->audit, "audit" } };

	for (size_t p = 0; p < 2; p++) {
		double height = (double)parts[p].number * HEIGHT / (double)top;

		if (!parts[p].number)
			continue;
		if (height < LEAST_BAR)
			height = LEAST_BAR;
		y -= height;
		html_f(out,
		       "<rect class=\"%s\" x=\"%.3f%%\" y=\"%.1f\" width=\"%.3f%%\" "
		       "height=\"%.1f\"/>",
		       parts[p].class, x + width * 0.1, y, width * 0.8, height);
	}
}

/* What a pointer learns of a bucket; others have the table. */
static void put_hit(struct json *out, const struct report_sums *s, size_t i, enum report_side side)
{
	const struct report_count *c = &s->buckets[i].sides[side];
	char time[HTML_TIME_TEXT];
	double width = 100.0 / (double)s->bucket_count;

	if (!report_weight(c))
		return;
	html_f(out,
	       "<rect class=\"hit\" x=\"%.3f%%\" y=\"%d\" width=\"%.3f%%\" "
	       "height=\"%d\"><title>%s, ",
	       (double)i * width, TOP, width, HEIGHT,
	       html_time_text(bucket_begin(s, i), s->step_us < MINUTE ? HTML_SECOND : HTML_MINUTE,
			      time));
	put_step(out, s->step_us);
	html(out, ": ");
	html_counted(out, c->deny, side_units[side][0], side_units[side][1]);
	html(out, " refused");
	if (c->audit) {
		html(out, ", ");
		html_number(out, c->audit);
		html(out, " would be");
	}
	html(out, "</title></rect>");
}

/* From where on there may be events; the rest is grey, for it is not zero. */
static void put_unknown(struct json *out, const struct report *r)
{
	double to = r->sums->events ? x_of(r->sums, r->sums->begins_us) : 100;

	if (report_is_complete(r->sums) || !r->sums->events ||
	    r->sums->begins_us <= r->sums->from_us)
		return;
	to = to > 100 ? 100 : to;
	html_f(out, "<rect class=\"hidden\" x=\"0\" y=\"%d\" width=\"%.3f%%\" height=\"%d\"/>", TOP,
	       to, HEIGHT);
	if (to > 18)
		html_f(out, "<text x=\"%.3f%%\" y=\"%d\" text-anchor=\"middle\">%s</text>", to / 2,
		       TOP + HEIGHT / 2 + 4,
		       r->from_files ? "before the log" : "before the history");
}

/* --- the axis of time ----------------------------------------------------------------------- */

/* The finest of these distances at which there are at most @most marks. */
static uint64_t mark_step(const struct report_sums *s, uint64_t most)
{
	static const uint64_t marks[] = {
		10000000, 30000000, MINUTE,   5 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR,
		2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR,  DAY,         2 * DAY,     7 * DAY,
		14 * DAY, 28 * DAY, 91 * DAY, 182 * DAY,  364 * DAY,   1820 * DAY
	};
	uint64_t span = s->bucket_count * s->step_us;
	size_t i = 0;

	while (i + 1 < sizeof(marks) / sizeof(*marks) && span / marks[i] > most)
		i++;
	return marks[i];
}

static void put_mark(struct json *out, const struct report_sums *s, uint64_t us, uint64_t step,
		     bool wide)
{
	double x = x_of(s, us);
	enum html_time how = step >= 182 * DAY ? HTML_MONTH
			     : us % DAY        ? HTML_CLOCK
					       : HTML_SHORT_DAY;
	char text[HTML_TIME_TEXT];

	html_f(out,
	       "<g%s><line class=\"grid\" x1=\"%.3f%%\" x2=\"%.3f%%\" y1=\"%d\" y2=\"%d\"/>"
	       "<text x=\"%.3f%%\" y=\"%d\" text-anchor=\"%s\">%s</text></g>",
	       wide ? " class=\"wide\"" : "", x, x, TOP + HEIGHT, TOP + HEIGHT + 5, x,
	       TOP + HEIGHT + 18,
	       x < 4    ? "start"
	       : x > 96 ? "end"
			: "middle",
	       html_time_text(us, how, text));
}

/* On a narrow page the finer marks are left out. */
static void put_marks(struct json *out, const struct report_sums *s)
{
	uint64_t end = s->buckets_us + s->bucket_count * s->step_us, coarse = mark_step(s, 4),
		 fine = mark_step(s, 9);
	uint64_t us = s->buckets_us + (fine - s->buckets_us % fine) % fine;

	for (; us < end; us += fine)
		put_mark(out, s, us, coarse, us % coarse != 0);
}

/* --- charts and table ----------------------------------------------------------------------- */

static void put_plot(struct json *out, const struct report *r, enum report_side side, uint64_t top)
{
	const struct report_sums *s = r->sums;

	put_scale(out, top);
	html_f(out, "<svg class=\"field\" height=\"%d\" aria-hidden=\"true\">",
	       TOP + HEIGHT + BOTTOM);
	put_unknown(out, r);
	for (unsigned half = top & 1 ? 2 : 1; half <= 2; half++)
		html_f(out, "<line class=\"grid\" x1=\"0\" x2=\"100%%\" y1=\"%u.5\" y2=\"%u.5\"/>",
		       TOP + HEIGHT - half * HEIGHT / 2, TOP + HEIGHT - half * HEIGHT / 2);
	for (size_t i = 0; i < s->bucket_count; i++)
		put_bar(out, s, i, side, top);
	html_f(out, "<line class=\"base\" x1=\"0\" x2=\"100%%\" y1=\"%d.5\" y2=\"%d.5\"/>",
	       TOP + HEIGHT, TOP + HEIGHT);
	put_marks(out, s);
	for (size_t i = 0; i < s->bucket_count; i++)
		put_hit(out, s, i, side);
	html(out, "</svg>");
}

static void put_chart(struct json *out, const struct report *r, enum report_side side)
{
	const struct report_sums *s = r->sums;
	size_t peak = tallest(s, side);
	uint64_t most = report_weight(&s->buckets[peak].sides[side]);

	html_f(out, "<figure>\n<figcaption><b>%s</b> <span class=\"soft\">", side_names[side]);
	html_counted(out, s->sides[side].deny, side_units[side][0], side_units[side][1]);
	html(out, " refused");
	if (s->sides[side].audit) {
		html(out, ", ");
		html_number(out, s->sides[side].audit);
		html(out, " would be");
	}
	if (most) {
		html(out, "; at most ");
		html_number(out, most);
		html(out, " in ");
		put_step(out, s->step_us);
		html(out, ", from ");
		html_time(out, bucket_begin(s, peak), s->step_us >= DAY ? HTML_DAY : HTML_MINUTE);
	}
	html_f(out,
	       "</span></figcaption>\n<div class=\"plot\" role=\"img\" aria-label=\"%s refused, "
	       "by ",
	       side_names[side]);
	put_step(out, s->step_us);
	html(out, "; the table below has the numbers\">");
	put_plot(out, r, side, round_up(most));
	html(out, "</div>\n</figure>\n");
}

static void put_row(struct json *out, const struct report *r, size_t i)
{
	const struct report_bucket *b = &r->sums->buckets[i];
	uint64_t begin = bucket_begin(r->sums, i);

	html(out, "<tr><th scope=\"row\" class=\"t\">");
	html_time(out, begin,
		  r->sums->step_us >= DAY     ? HTML_DAY
		  : r->sums->step_us < MINUTE ? HTML_SECOND
					      : HTML_MINUTE);
	html(out, "</th>");
	page_count_cells(out, r, &b->sides[REPORT_PACKETS]);
	page_count_cells(out, r, &b->sides[REPORT_CALLS]);
	html(out, "</tr>\n");
}

static void put_table(struct json *out, const struct report *r)
{
	const struct report_sums *s = r->sums;
	const char *span = page_has_audit(r) ? " colspan=\"2\"" : "";

	html(out, "<details><summary>As a table</summary></details>\n<div "
		  "class=\"more\"><table>\n<caption>Refusals by ");
	put_step(out, s->step_us);
	html(out, "; left out where there are none.</caption>\n<thead>");
	if (page_has_audit(r)) {
		html_f(out,
		       "<tr><td></td><th scope=\"col\" class=\"n\"%s>Packets</th>"
		       "<th scope=\"col\" class=\"n\"%s>Calls</th></tr>\n",
		       span, span);
		html(out, "<tr><th scope=\"col\">From</th>");
		page_count_heads(out, r);
		page_count_heads(out, r);
		html(out, "</tr>");
	} else {
		html(out, "<tr><th scope=\"col\">From</th><th scope=\"col\" class=\"n\">Packets "
			  "refused</th>"
			  "<th scope=\"col\" class=\"n\">Calls refused</th></tr>");
	}
	html(out, "</thead>\n<tbody>\n");
	for (size_t i = 0; i < s->bucket_count; i++)
		if (report_weight(&s->buckets[i].sides[0]) ||
		    report_weight(&s->buckets[i].sides[1]))
			put_row(out, r, i);
	html(out, "</tbody>\n<tfoot><tr><th scope=\"row\">Total</th>");
	page_count_cells(out, r, &s->sides[REPORT_PACKETS]);
	page_count_cells(out, r, &s->sides[REPORT_CALLS]);
	html(out, "</tr></tfoot>\n</table></div>\n");
}

void page_time(struct json *out, const struct report *r)
{
	page_section(out, "time", "Refusals over time");
	if (page_has_audit(r))
		html(out, "<p class=\"soft\"><span class=\"key deny\"></span>refused &nbsp; <span "
			  "class=\"key audit\"></span>"
			  "would be refused, but audit let it pass</p>\n");
	put_chart(out, r, REPORT_PACKETS);
	put_chart(out, r, REPORT_CALLS);
	if (r->sums->lines)
		put_table(out, r);
	html(out, "</section>\n");
}
