// SPDX-License-Identifier: GPL-2.0-only
/* The page around its sections: head, what must be known first, the figures at the top. */
#include "report/page.h"

#include "util/names.h"

uint64_t report_counted(const struct report_guard *g)
{
	uint64_t sum = 0;

	for (unsigned hook = 0; hook < PG_HOOK_COUNT; hook++)
		sum += g->counters[hook][PG_DENY] + g->counters[hook][PG_AUDIT];
	return sum;
}

uint64_t report_waiting(const struct report_guard *g)
{
	uint64_t known = g->emitted + g->suppressed + g->lost, all = report_counted(g);

	return all > known ? all - known : 0;
}

bool page_has_audit(const struct report *r)
{
	return report_total(r->sums).audit > 0;
}

void page_section(struct json *out, const char *id, const char *title)
{
	html_f(out, "<section id=\"%s\" aria-labelledby=\"%s-title\"><h2 id=\"%s-title\">%s</h2>\n",
	       id, id, id, title);
}

void page_count_heads(struct json *out, const struct report *r)
{
	html(out, "<th scope=\"col\" class=\"n\">Refused</th>");
	if (page_has_audit(r))
		html(out, "<th scope=\"col\" class=\"n\">Would be</th>");
}

void page_count_cells(struct json *out, const struct report *r, const struct report_count *c)
{
	html(out, "<td class=\"n\">");
	html_number(out, c->deny);
	html(out, "</td>");
	if (!page_has_audit(r))
		return;
	html(out, "<td class=\"n\">");
	html_number(out, c->audit);
	html(out, "</td>");
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? (double)part * 100 / (double)whole : 0;
}

void page_bar(struct json *out, const struct report_count *c, uint64_t whole)
{
	double deny = percent(c->deny, whole), audit = percent(c->audit, whole);

	html(out, "<td class=\"bar\"><svg aria-hidden=\"true\">");
	if (c->deny)
		html_f(out, "<rect class=\"deny\" width=\"%.2f%%\" height=\"9\"/>",
		       deny > 0.4 ? deny : 0.4);
	if (c->audit)
		html_f(out, "<rect class=\"audit\" x=\"%.2f%%\" width=\"%.2f%%\" height=\"9\"/>",
		       deny, audit > 0.4 ? audit : 0.4);
	html(out, "</svg></td>");
}

/* --- head ----------------------------------------------------------------------------------- */

static void put_host(struct json *out, const struct report *r)
{
	html_text(out, (r->sums->events ? &r->sums->source : r->here)->host_name);
	if (r->sums->mixed)
		html(out, " and others");
}

static void put_head(struct json *out, const struct report *r)
{
	html(out,
	     "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	     "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
	     "'unsafe-inline'\">\n"
	     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	     "<meta name=\"color-scheme\" content=\"light dark\">\n"
	     "<meta name=\"referrer\" content=\"no-referrer\">\n"
	     "<meta name=\"generator\" content=\"portguard " PG_VERSION "\">\n<title>portguard: ");
	put_host(out, r);
	html(out, ", refusals</title>\n<style>");
	html(out, report_style);
	html(out, "</style>\n</head>\n<body>\n");
}

static void put_header(struct json *out, const struct report *r)
{
	static const struct {
		const char *id, *name;
	} parts[] = {
		{ "time", "Over time" },  { "ports", "Ports" },
		{ "sources", "Sources" }, { "programs", "Programs" },
		{ "reasons", "Reasons" }, { "listeners", "Listeners" },
		{ "notes", "Changes" },   { "counters", "Counters" },
	};

	html(out, "<header>\n<p class=\"brand\">portguard report");
	html(out, " · instance ");
	html_text(out, (r->sums->events ? &r->sums->source : r->here)->instance);
	html(out, "</p>\n<h1>");
	put_host(out, r);
	html(out, "</h1>\n<p class=\"window\"><strong>");
	html_time(out, r->sums->from_us, HTML_SECOND);
	html(out, "</strong> to <strong>");
	html_time(out, r->sums->to_us, HTML_SECOND);
	html(out, "</strong>, all times in UTC</p>\n<nav aria-label=\"Parts of this page\"><ul>");
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		html_f(out, "<li><a href=\"#%s\">%s</a></li>", parts[i].id, parts[i].name);
	html(out, "</ul></nav>\n</header>\n");
}

/* --- what must be known first --------------------------------------------------------------- */

static void notice_begin(struct json *out, const struct report *r)
{
	const struct report_sums *s = r->sums;
	const char *what = r->from_files ? "event log" : "history";

	if (!s->events) {
		html_f(out, "<li>The %s is empty: no event has been reported yet.</li>\n", what);
		return;
	}
	if (report_is_complete(s))
		return;
	html_f(out, "<li class=\"mind\">The %s begins at ", what);
	html_time(out, s->begins_us, HTML_SECOND);
	html(out, ": what was refused before that is not in this report. ");
	html(out, r->from_files ? ""
				: "It keeps the last 10,000 events; an event log keeps more, for "
				  "<code>portguard report --from FILE</code>.");
	html(out, "</li>\n");
}

static void notice_gaps(struct json *out, const struct report *r)
{
	uint64_t missing = report_missing(r->sums);

	if (missing) {
		html(out, "<li class=\"mind\">Between the first and the last event ");
		html_counted(out, missing, "line is", "lines are");
		html(out, " missing, by their numbers.</li>\n");
	}
	if (r->sums->mixed)
		html(out, "<li class=\"mind\">These are events of more than one host or instance; "
			  "the parts on "
			  "listeners and counters are of this one.</li>\n");
}

static void notice_guard(struct json *out, const struct report *r)
{
	const struct report_guard *g = r->guard;

	if (!g->up) {
		html(out, "<li class=\"mind\">How the guard is now is not known, and who listens "
			  "neither: ");
		html_text(out, g->why_not);
		html(out, "</li>\n");
		return;
	}
	if (g->degraded[0]) {
		html(out, "<li class=\"bad\">Degraded: ");
		html_text(out, g->degraded);
		html(out, "</li>\n");
	}
	if (g->panic)
		html(out, "<li class=\"bad\">Panic is on: nothing but the failsafe ports.</li>\n");
	if (g->mode != PG_MODE_ENFORCE)
		html_f(out, "<li class=\"mind\">The mode is %s: nothing is refused.</li>\n",
		       mode_names[g->mode]);
	if (!g->agent)
		html(out, "<li class=\"mind\">No agent runs: enforcement goes on, and what is "
			  "refused is counted, "
			  "but told by no event.</li>\n");
}

static void put_notices(struct json *out, const struct report *r)
{
	size_t before = out->length, begun;

	html(out, "<ul class=\"notices\">\n");
	begun = out->length;
	notice_guard(out, r);
	notice_begin(out, r);
	notice_gaps(out, r);
	if (out->length == begun && !json_error(out))
		out->length = before; /* there is nothing to say */
	else
		html(out, "</ul>\n");
}

/* --- the figures ---------------------------------------------------------------------------- */

static void tile(struct json *out, const char *name, uint64_t number, bool bad)
{
	html_f(out, "<div%s><dt>%s</dt><dd>", bad ? " class=\"bad\"" : "", name);
	html_number(out, number);
	html(out, "</dd></div>\n");
}

static uint64_t known_rows(const struct report_table *t)
{
	uint64_t known = 0;

	for (size_t i = 0; i < t->count; i++)
		known += t->rows[i].kind == REPORT_ROW_KNOWN;
	return known;
}

static void put_tiles(struct json *out, const struct report *r)
{
	const struct report_sums *s = r->sums;
	uint64_t alarms = s->tampers + s->losses + s->degradations;

	html(out, "<dl class=\"tiles\">\n");
	tile(out, "Packets refused", s->sides[REPORT_PACKETS].deny, false);
	tile(out, "Calls refused", s->sides[REPORT_CALLS].deny, false);
	if (page_has_audit(r))
		tile(out, "Would be refused", report_total(s).audit, false);
	tile(out, "Ports", known_rows(&s->ports), false);
	tile(out, "Sources", known_rows(&s->sources), false);
	tile(out, "Programs", known_rows(&s->programs), false);
	tile(out, "Alarms", alarms, alarms > 0);
	html(out, "</dl>\n");
}

void report_page(struct json *out, const struct report *r)
{
	put_head(out, r);
	put_header(out, r);
	html(out, "<main>\n");
	put_notices(out, r);
	put_tiles(out, r);
	page_time(out, r);
	page_tables(out, r);
	page_listeners(out, r);
	page_notes(out, r);
	page_counters(out, r);
	html(out, "</main>\n<footer><p>Made by portguard " PG_VERSION " at ");
	html_time(out, r->made_us, HTML_SECOND);
	html(out, " UTC. Names of programs, hosts and rules are shown as they were chosen by "
		  "whoever chose them; what "
		  "cannot be seen is spelt out.</p></footer>\n</body>\n</html>\n");
}
