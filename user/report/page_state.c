// SPDX-License-Identifier: GPL-2.0-only
/* How things are now - who listens, what the kernel has counted - and what befell the guard. */
#include "report/page.h"

#include <stdlib.h>
#include <string.h>

#include "util/names.h"

#define NAME_MOST 300
#define TEXT_MOST 600

static void free_answer(struct report_answer *a)
{
	free(a->verdict);
	free(a->reason);
	free(a->rule);
}

void report_guard_free(struct report_guard *g)
{
	for (size_t i = 0; i < g->listener_count; i++) {
		struct report_listener *l = &g->listeners[i];

		free(l->local);
		free(l->proto);
		free(l->scope);
		free_answer(&l->bind);
		free_answer(&l->in);
		free(l->service);
		free(l->process);
		free(l->program);
		free(l->unit);
		free(l->container);
	}
	free(g->listeners);
	free(g->listeners_json);
	*g = (struct report_guard){ 0 };
}

/* --- who listens ---------------------------------------------------------------------------- */

static void put_answer(struct json *out, const struct report_answer *a)
{
	const char *class = !strcmp(a->verdict, verdict_names[PG_ALLOW])  ? "good"
			    : !strcmp(a->verdict, verdict_names[PG_DENY]) ? "bad"
									  : "mind";

	html_f(out, "<td><span class=\"mark %s\">", class);
	html_text(out, a->verdict);
	html(out, "</span><small>");
	html_text_cut(out, a->rule ? a->rule : a->reason, NAME_MOST);
	html(out, "</small></td>");
}

static void put_named(struct json *out, const char *before, const char *name)
{
	if (!name)
		return;
	html(out, before);
	html_text_cut(out, name, NAME_MOST);
}

static void put_listener(struct json *out, const struct report_listener *l)
{
	html(out, "<tr><th scope=\"row\"><code>");
	html_text(out, l->local);
	html(out, "</code><small>");
	html_text(out, l->proto);
	put_named(out, " · ", l->service);
	if (strcmp(l->scope, "host"))
		put_named(out, " · scope ", l->scope);
	html(out, "</small></th><td class=\"any\">");
	html_text_cut(out, l->process ? l->process : "not known", NAME_MOST);
	html(out, "<small>");
	put_named(out, "", l->program);
	put_named(out, l->program ? " · unit " : "unit ", l->unit);
	put_named(out, l->program || l->unit ? " · container " : "container ", l->container);
	html(out, "</small></td>");
	put_answer(out, &l->bind);
	if (l->inner)
		html(out,
		     "<td><span class=\"mark\">loopback</span><small>nobody outside</small></td>");
	else
		put_answer(out, &l->in);
	html(out, "</tr>\n");
}

static void put_listeners(struct json *out, const struct report_guard *g, size_t denied)
{
	html(out, "<table>\n<caption>When this report was made, ");
	html_number(out, g->listener_count);
	html(out, denied ? " were listening, those first that are denied: such a socket stays "
			   "open, but where <em>in</em> is "
			   "denied nobody outside reaches it, and where <em>bind</em> is its "
			   "program could not start again."
			 : " were listening, none of them denied.");
	html(out, "</caption>\n<thead><tr><th scope=\"col\">Listens at</th><th "
		  "scope=\"col\">Process</th>"
		  "<th scope=\"col\">Bind</th><th scope=\"col\">In</th></tr></thead>\n<tbody>\n");
	for (unsigned is_denied = 2; is_denied-- > 0;)
		for (size_t i = 0; i < g->listener_count; i++)
			if (g->listeners[i].denied == is_denied)
				put_listener(out, &g->listeners[i]);
	html(out, "</tbody>\n</table>\n");
}

void page_listeners(struct json *out, const struct report *r)
{
	const struct report_guard *g = r->guard;
	size_t denied = 0;

	for (size_t i = 0; i < g->listener_count; i++)
		denied += g->listeners[i].denied;
	page_section(out, "listeners", "Who listens, and may they");
	if (g->listener_count) {
		put_listeners(out, g, denied);
	} else {
		html(out, "<p class=\"soft\">");
		html(out, g->listeners_known ? "Nobody." : "Not known: ");
		html_text(out, g->listeners_known ? NULL
			       : g->up            ? g->listeners_why_not
						  : "see the top of this page.");
		html(out, "</p>\n");
	}
	html(out, "</section>\n");
}

/* --- changes and health --------------------------------------------------------------------- */

static void put_difference(struct json *out, const char *before, const char *text)
{
	if (!text)
		return;
	html_f(out, "<small>%s: ", before);
	html_text_cut(out, text, TEXT_MOST);
	html(out, "</small>");
}

static void put_note(struct json *out, const struct report_note *n)
{
	html(out, "<tr><td class=\"t\">");
	html_time(out, n->time_us, HTML_MINUTE);
	html_f(out, "</td><th scope=\"row\"><span class=\"mark %s\">",
	       n->severity >= 7   ? "bad"
	       : n->severity >= 5 ? "mind"
				  : "");
	html_text_cut(out, n->action, 40);
	html(out, "</span></th><td class=\"any\">");
	html_text_cut(out, n->text, TEXT_MOST);
	if (n->actor) {
		html(out, "<small>by ");
		html_text_cut(out, n->actor, NAME_MOST);
		html(out, "</small>");
	}
	put_difference(out, "before", n->before);
	put_difference(out, "after", n->after);
	html(out, "</td></tr>\n");
}

void page_notes(struct json *out, const struct report *r)
{
	const struct report_sums *s = r->sums;

	page_section(out, "notes", "Changes and health");
	if (!s->note_count) {
		html(out, "<p class=\"soft\">Nothing was changed, and nothing befell the "
			  "guard.</p>\n</section>\n");
		return;
	}
	html(out, "<table>\n<caption>Tampering, loss, degradation, and what was changed; the "
		  "newest first.");
	if (s->notes_left_out) {
		html(out, " ");
		html_number(out, s->notes_left_out);
		html(out, " of less importance left out.");
	}
	html(out, "</caption>\n<thead><tr><th scope=\"col\">Time</th><th "
		  "scope=\"col\">Action</th><th scope=\"col\">What</th>"
		  "</tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < s->note_count; i++)
		put_note(out, &s->notes[i]);
	html(out, "</tbody>\n</table>\n</section>\n");
}

/* --- counters ------------------------------------------------------------------------------- */

static struct report_count of_hook(const struct report_sums *s, unsigned hook)
{
	struct report_count sum = { 0 };

	for (unsigned reason = 0; reason < PG_REASON_COUNT; reason++) {
		sum.deny += s->reasons[hook][reason].deny;
		sum.audit += s->reasons[hook][reason].audit;
	}
	return sum;
}

static void put_counts(struct json *out, const char *name,
		       const uint64_t counters[PG_VERDICT_COUNT], const struct report_count *told)
{
	const uint64_t numbers[] = { counters[PG_ALLOW], counters[PG_DENY], counters[PG_AUDIT],
				     report_weight(told) };

	html_f(out, "<tr><th scope=\"row\">%s</th>", name);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		html(out, "<td class=\"n\">");
		html_number(out, numbers[i]);
		html(out, "</td>");
	}
	html(out, "</tr>\n");
}

static void put_counters(struct json *out, const struct report *r)
{
	uint64_t all[PG_VERDICT_COUNT] = { 0 };
	const struct report_count total = report_total(r->sums);

	html(out,
	     "<table>\n<caption>Verdicts since the guard came up, and what this report tells "
	     "of.</caption>\n"
	     "<thead><tr><th scope=\"col\">Hook</th><th scope=\"col\" class=\"n\">Allowed</th>"
	     "<th scope=\"col\" class=\"n\">Refused</th><th scope=\"col\" class=\"n\">Would be</th>"
	     "<th scope=\"col\" class=\"n\">In this report</th></tr></thead>\n<tbody>\n");
	for (unsigned hook = 0; hook < PG_HOOK_COUNT; hook++) {
		const struct report_count told = of_hook(r->sums, hook);

		put_counts(out, hook_names[hook], r->guard->counters[hook], &told);
		for (unsigned verdict = 0; verdict < PG_VERDICT_COUNT; verdict++)
			all[verdict] += r->guard->counters[hook][verdict];
	}
	html(out, "</tbody>\n<tfoot>");
	put_counts(out, "Total", all, &total);
	html(out, "</tfoot>\n</table>\n");
}

static void put_sum(struct json *out, const char *class, const char *name, uint64_t number)
{
	html_f(out, "<div%s><dt>%s</dt><dd>", class, name);
	html_number(out, number);
	html(out, "</dd></div>\n");
}

/* Every refusal is in an event, or lost, or on its way. */
static void put_account(struct json *out, const struct report *r)
{
	const struct report_guard *g = r->guard;
	const struct report_count total = report_total(r->sums);
	uint64_t told = g->emitted + g->suppressed;

	html(out, "<dl class=\"sums\">\n");
	put_sum(out, " class=\"all\"", "Refused or would be, as the kernel counted",
		report_counted(g));
	put_sum(out, "", "told by events", told);
	put_sum(out, "", "lost: counted, but told by none", g->lost);
	put_sum(out, "",
		g->agent ? "on their way into events" : "waiting for an agent to tell them",
		report_waiting(g));
	html(out, "</dl>\n<p class=\"soft\">");
	if (r->sums->lines == g->emitted && report_weight(&total) == told)
		html(out, "This report tells all of those that events tell.");
	else if (r->sums->lines < g->emitted)
		html(out, "This report tells those of its time; the others are older.");
	else
		html(out, "This report also tells of a time before the guard last came up.");
	html(out, "</p>\n");
}

void page_counters(struct json *out, const struct report *r)
{
	page_section(out, "counters", "What the kernel counted");
	if (r->guard->up) {
		put_counters(out, r);
		put_account(out, r);
	} else {
		html(out, "<p class=\"soft\">Not known: see the top of this page.</p>\n");
	}
	html(out, "</section>\n");
}
