// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tables: by port, by source, by program, by hook and reason. Each is its own chart, a bar in a row, and each
 * ends with the sum of all its rows, shown or not.
 */
#include "report/page.h"

#include <stdlib.h>
#include <string.h>

#include "events/event.h"
#include "events/format.h"
#include "report/shown.h"

#define CMDLINE_MOST 160 /* characters */
#define NAME_MOST 300

struct layout {
	const char *id, *title, *first;
	void (*heads)(struct json *out); /* between the first column and the counts */
	void (*cells)(struct json *out, const struct report *r, const struct report_row *row);
	const char *blanks; /* the same number of cells, empty */
};

static void put_port(struct json *out, const struct report *r, const struct report_row *row)
{
	char number[4];
	const char *proto = event_proto_name(row->proto, number);
	const char *service =
		strcmp(proto, "tcp") && strcmp(proto, "udp")
			? NULL
			: services_name(r->services, !strcmp(proto, "udp"), row->port);

	html_f(out, "<code>%u/%s</code>", row->port, proto);
	if (!service)
		return;
	html(out, " <span class=\"soft\">");
	html_text_cut(out, service, NAME_MOST);
	html(out, "</span>");
}

/* "inbound 1,204 · bind 3" */
static void put_hooks(struct json *out, const struct report_row *row)
{
	const char *between = "<td class=\"full soft\">";

	for (unsigned hook = 0; hook < PG_HOOK_COUNT; hook++) {
		if (!row->hooks[hook])
			continue;
		html_f(out, "%s%s ", between, event_hook_name(hook));
		html_number(out, row->hooks[hook]);
		between = " · ";
	}
	html(out, "</td>");
}

static void put_last(struct json *out, const struct report_row *row)
{
	html(out, "<td class=\"t\">");
	html_time(out, row->last_us, HTML_MINUTE);
	html(out, "</td>");
}

static void put_unnamed(struct json *out, const struct report_row *row, const char *none)
{
	html(out, row->kind == REPORT_ROW_SCANS  ? "many ports, by scans"
		  : row->kind == REPORT_ROW_REST ? "too many to keep apart"
						 : none);
}

static void put_few(struct json *out, const char *class, uint32_t number)
{
	html_f(out, "<td class=\"%s\">", class);
	if (number)
		html_number(out, number);
	html(out, "</td>");
}

/* --- ports ---------------------------------------------------------------------------------- */

static void port_heads(struct json *out)
{
	html(out,
	     "<th scope=\"col\" class=\"full\">Hooks</th><th scope=\"col\" class=\"n\">Sources</th>"
	     "<th scope=\"col\" class=\"n wide\">Programs</th><th scope=\"col\">Last</th>");
}

static void port_cells(struct json *out, const struct report *r, const struct report_row *row)
{
	html(out, "<th scope=\"row\">");
	if (row->kind == REPORT_ROW_KNOWN && row->out)
		html(out, "<span class=\"soft\">to</span> ");
	if (row->kind == REPORT_ROW_KNOWN)
		put_port(out, r, row);
	else
		put_unnamed(out, row, "no port");
	html(out, "</th>");
	put_hooks(out, row);
	put_few(out, "n", row->sources);
	put_few(out, "n wide", row->programs);
	put_last(out, row);
}

/* --- sources -------------------------------------------------------------------------------- */

static void source_heads(struct json *out)
{
	html(out, "<th scope=\"col\" class=\"wide\">Last port</th><th scope=\"col\" "
		  "class=\"n\">Ports</th>"
		  "<th scope=\"col\" class=\"wide\">First</th><th scope=\"col\">Last</th>");
}

static void source_cells(struct json *out, const struct report *r, const struct report_row *row)
{
	char ip[FORMAT_IP_SIZE];

	html(out, "<th scope=\"row\">");
	if (row->kind == REPORT_ROW_KNOWN) {
		format_ip(row->ip, ip);
		html_f(out, "<code>%s</code>", ip);
	} else {
		put_unnamed(out, row, "too many to tell");
	}
	html(out, "</th><td class=\"wide\">");
	if (row->port_known)
		put_port(out, r, row);
	else if (row->scanned)
		html(out, "<span class=\"soft\">scan</span>");
	html(out, "</td><td class=\"n\">");
	if (row->scanned || row->ports) {
		html(out, row->scanned ? "≥ " : "");
		html_number(out, row->scanned > row->ports ? row->scanned : row->ports);
	}
	html(out, "</td><td class=\"t wide\">");
	html_time(out, row->first_us, HTML_MINUTE);
	html(out, "</td>");
	put_last(out, row);
}

/* --- programs ------------------------------------------------------------------------------- */

static void program_heads(struct json *out)
{
	html(out, "<th scope=\"col\" class=\"n\">Ports</th><th scope=\"col\">Last</th>");
}

static void put_named(struct json *out, const char *what, const char *name)
{
	if (!name)
		return;
	html_f(out, " · %s ", what);
	html_text_cut(out, name, NAME_MOST);
}

static void put_program(struct json *out, const struct report *r, const struct report_row *row)
{
	const char *slash = row->exe ? strrchr(row->exe, '/') : NULL,
		   *file = slash ? slash + 1 : row->exe;

	html(out, "<code>");
	html_text_cut(out, row->exe ? row->exe : row->comm ? row->comm : "?", NAME_MOST);
	html_f(out, "</code><small>uid %u", row->uid);
	if (row->comm && file && strncmp(row->comm, file, strlen(row->comm))) /* which is cut */
		put_named(out, "calls itself", row->comm);
	put_named(out, "unit", row->unit);
	put_named(out, "container", row->container);
	html_f(out, " · last %s ", event_hook_name(row->hook));
	if (row->port_known)
		put_port(out, r, row);
	html(out, "</small>");
	if (row->cmdline && *row->cmdline) {
		html(out, "<small><code>");
		html_text_cut(out, row->cmdline, CMDLINE_MOST);
		html(out, "</code></small>");
	}
}

static void program_cells(struct json *out, const struct report *r, const struct report_row *row)
{
	html(out, "<th scope=\"row\">");
	if (row->kind == REPORT_ROW_KNOWN)
		put_program(out, r, row);
	else
		put_unnamed(out, row, "not known");
	html(out, "</th>");
	put_few(out, "n", row->ports);
	put_last(out, row);
}

/* --- what they have in common --------------------------------------------------------------- */

static void put_caption(struct json *out, const char *said, const struct report_table *t)
{
	html_f(out, "<caption>%s", said);
	if (t->count > REPORT_TOP + 1) {
		html_f(out, " The %d with the most refusals, of ", REPORT_TOP);
		html_number(out, t->count);
		html(out, ".");
	}
	html(out, "</caption>\n");
}

static void put_more(struct json *out, const struct report *r, const struct layout *l,
		     const struct report_shown *top, uint64_t whole)
{
	html(out, "<tr><th scope=\"row\">");
	html_number(out, top->more);
	html(out, " more</th>");
	html(out, l->blanks);
	page_count_cells(out, r, &top->rest);
	page_bar(out, &top->rest, whole);
	html(out, "</tr>\n");
}

static void put_total(struct json *out, const struct report *r, const struct layout *l,
		      const struct report_count *all)
{
	html(out, "<tfoot><tr><th scope=\"row\">Total</th>");
	html(out, l->blanks);
	page_count_cells(out, r, all);
	html(out, "<td class=\"bar\"></td></tr></tfoot>\n");
}

static void put_table(struct json *out, const struct report *r, const struct layout *l,
		      const struct report_table *t, const char *said)
{
	const struct report_shown top = report_shown(t);
	uint64_t widest = report_weight(&top.rest);

	for (size_t i = 0; i < top.shown; i++)
		if (report_weight(&t->rows[i].count) > widest)
			widest = report_weight(&t->rows[i].count);
	html(out, "<table>\n");
	put_caption(out, said, t);
	html_f(out, "<thead><tr><th scope=\"col\">%s</th>", l->first);
	l->heads(out);
	page_count_heads(out, r);
	html(out, "<td class=\"bar\"></td></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < top.shown; i++) {
		html(out, "<tr>");
		l->cells(out, r, &t->rows[i]);
		page_count_cells(out, r, &t->rows[i].count);
		page_bar(out, &t->rows[i].count, widest);
		html(out, "</tr>\n");
	}
	if (top.more)
		put_more(out, r, l, &top, widest);
	html(out, "</tbody>\n");
	put_total(out, r, l, &top.all);
	html(out, "</table>\n");
}

static void put_ranking(struct json *out, const struct report *r, const struct layout *l,
			const struct report_table *t, const char *said, const char *none)
{
	page_section(out, l->id, l->title);
	if (t->count)
		put_table(out, r, l, t, said);
	else
		html_f(out, "<p class=\"soft\">%s</p>\n", none);
	html(out, "</section>\n");
}

/* --- hooks and reasons ---------------------------------------------------------------------- */

static void put_reason(struct json *out, const struct report *r, const struct report_reason *row,
		       uint64_t widest)
{
#define X(id, name, help) help,
	static const char *const helps[] = { PG_REASONS(X) };
#undef X

	html_f(out,
	       "<tr><th scope=\"row\"><b>%s</b></th><td>%s <span class=\"soft "
	       "wide\">%s</span></td>",
	       event_hook_name(row->hook), event_reason_name(row->reason), helps[row->reason]);
	page_count_cells(out, r, &row->count);
	page_bar(out, &row->count, widest);
	html(out, "</tr>\n");
}

static void put_reasons(struct json *out, const struct report *r)
{
	struct report_reason rows[REPORT_REASONS_MAX];
	size_t count = report_reasons(r->sums, rows);
	const struct report_count all = report_total(r->sums);

	page_section(out, "reasons", "By hook and reason");
	if (!count) {
		html(out, "<p class=\"soft\">Nothing was refused.</p>\n</section>\n");
		return;
	}
	html(out, "<table>\n<caption>Where each verdict was made, and why.</caption>\n"
		  "<thead><tr><th scope=\"col\">Hook</th><th scope=\"col\">Reason</th>");
	page_count_heads(out, r);
	html(out, "<td class=\"bar\"></td></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < count; i++)
		put_reason(out, r, &rows[i], report_weight(&rows[0].count));
	html(out, "</tbody>\n<tfoot><tr><th scope=\"row\">Total</th><td></td>");
	page_count_cells(out, r, &all);
	html(out, "<td class=\"bar\"></td></tr></tfoot>\n</table>\n</section>\n");
}

void page_tables(struct json *out, const struct report *r)
{
	static const struct layout ports = {
		"ports", "By port", "Port", port_heads, port_cells,
		"<td class=\"full\"></td><td></td><td class=\"wide\"></td><td></td>",
	},
				   sources = {
		"sources", "By source", "Source", source_heads, source_cells,
		"<td class=\"wide\"></td><td></td><td class=\"wide\"></td><td></td>",
	},
				   programs = {
		"programs", "By program", "Program", program_heads, program_cells, "<td></td><td></td>",
	};

	put_ranking(out, r, &ports, &r->sums->ports,
		    "Packets and calls; “to” is where programs of this host wanted to go.",
		    "Nothing was refused.");
	put_ranking(out, r, &sources, &r->sums->sources,
		    "Where the refused packets said that they came from.",
		    "No packet was refused.");
	put_ranking(out, r, &programs, &r->sums->programs, "Whose calls were refused.",
		    "No call was refused.");
	put_reasons(out, r);
}
