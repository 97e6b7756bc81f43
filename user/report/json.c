// SPDX-License-Identifier: GPL-2.0-only
/* The same figures as the page, for programs. */
#include <stdlib.h>
#include <string.h>

#include "events/event.h"
#include "events/format.h"
#include "report/report.h"
#include "report/shown.h"
#include "util/names.h"

static void put_time(struct json *j, const char *name, uint64_t us)
{
	char text[FORMAT_TIME_SIZE];

	format_time(us, text);
	json_member_string(j, name, text);
}

static void put_count(struct json *j, const struct report_count *c)
{
	json_member_u64(j, "deny", c->deny);
	json_member_u64(j, "audit", c->audit);
}

static void put_counts(struct json *j, const char *name, const struct report_count *c)
{
	json_key(j, name);
	json_object(j);
	put_count(j, c);
	json_object_end(j);
}

static void put_over_time(struct json *j, const struct report_sums *s)
{
	json_key(j, "over_time");
	json_object(j);
	json_member_u64(j, "step_s", s->step_us / 1000000);
	json_key(j, "buckets");
	json_array(j);
	for (size_t i = 0; i < s->bucket_count; i++) {
		json_object(j);
		put_time(j, "start", s->buckets_us + i * s->step_us);
		put_counts(j, "packets", &s->buckets[i].sides[REPORT_PACKETS]);
		put_counts(j, "calls", &s->buckets[i].sides[REPORT_CALLS]);
		json_object_end(j);
	}
	json_array_end(j);
	json_object_end(j);
}

/* --- tables --------------------------------------------------------------------------------- */

static void put_port(struct json *j, const struct report_row *row)
{
	char number[4];

	if (!row->port_known) {
		json_member_null(j, "port");
		json_member_null(j, "proto");
		return;
	}
	json_member_u64(j, "port", row->port);
	json_member_string(j, "proto", event_proto_name(row->proto, number));
}

static void port_members(struct json *j, const struct report_row *row)
{
	put_port(j, row);
	json_member_bool(j, "out", row->kind == REPORT_ROW_KNOWN && row->out);
	json_member_bool(j, "scans", row->kind == REPORT_ROW_SCANS);
	json_member_u64(j, "sources", row->sources);
	json_member_u64(j, "programs", row->programs);
}

static void source_members(struct json *j, const struct report_row *row)
{
	char ip[FORMAT_IP_SIZE];

	if (row->kind == REPORT_ROW_KNOWN)
		format_ip(row->ip, ip);
	json_member_string(j, "ip", row->kind == REPORT_ROW_KNOWN ? ip : NULL);
	json_member_u64(j, "ports", row->scanned > row->ports ? row->scanned : row->ports);
	json_member_bool(j, "scanned", row->scanned);
}

static void program_members(struct json *j, const struct report_row *row)
{
	bool known = row->kind == REPORT_ROW_KNOWN;

	json_member_string(j, "exe", row->exe);
	json_member_string(j, "comm", row->comm);
	json_member_string(j, "cmdline", row->cmdline);
	json_member_string(j, "unit", row->unit);
	json_member_string(j, "container", row->container);
	if (known)
		json_member_u64(j, "uid", row->uid);
	else
		json_member_null(j, "uid");
	json_member_u64(j, "ports", row->ports);
}

static void put_table(struct json *j, const char *name, const struct report_table *t,
		      void (*members)(struct json *j, const struct report_row *row))
{
	const struct report_shown top = report_shown(t);

	json_key(j, name);
	json_object(j);
	json_key(j, "rows");
	json_array(j);
	for (size_t i = 0; i < top.shown; i++) {
		json_object(j);
		members(j, &t->rows[i]);
		put_time(j, "first", t->rows[i].first_us);
		put_time(j, "last", t->rows[i].last_us);
		put_count(j, &t->rows[i].count);
		json_object_end(j);
	}
	json_array_end(j);
	json_member_u64(j, "more", top.more);
	put_counts(j, "rest", &top.rest);
	put_counts(j, "total", &top.all);
	json_object_end(j);
}

static void put_reasons(struct json *j, const struct report_sums *s)
{
	struct report_reason rows[REPORT_REASONS_MAX];
	size_t count = report_reasons(s, rows);

	json_key(j, "reasons");
	json_array(j);
	for (size_t i = 0; i < count; i++) {
		json_object(j);
		json_member_string(j, "hook", event_hook_name(rows[i].hook));
		json_member_string(j, "reason", event_reason_name(rows[i].reason));
		put_count(j, &rows[i].count);
		json_object_end(j);
	}
	json_array_end(j);
}

/* --- changes, the guard --------------------------------------------------------------------- */

static void put_notes(struct json *j, const struct report_sums *s)
{
	json_key(j, "notes");
	json_array(j);
	for (size_t i = 0; i < s->note_count; i++) {
		const struct report_note *n = &s->notes[i];

		json_object(j);
		put_time(j, "time", n->time_us);
		json_member_string(j, "kind", event_kind_name(n->kind));
		json_member_u64(j, "severity", (uint64_t)n->severity);
		json_member_string(j, "action", n->action);
		json_member_string(j, "text", n->text);
		json_member_string(j, "actor", n->actor);
		json_member_string(j, "before", n->before);
		json_member_string(j, "after", n->after);
		json_object_end(j);
	}
	json_array_end(j);
	json_member_u64(j, "notes_left_out", s->notes_left_out);
}

static void put_counters(struct json *j, const struct report_guard *g)
{
	json_key(j, "counters");
	json_object(j);
	for (unsigned hook = 0; hook < PG_HOOK_COUNT; hook++) {
		json_key(j, hook_names[hook]);
		json_object(j);
		for (unsigned verdict = PG_ALLOW; verdict < PG_VERDICT_COUNT; verdict++)
			json_member_u64(j, verdict_names[verdict], g->counters[hook][verdict]);
		json_object_end(j);
	}
	json_object_end(j);
}

static void put_guard(struct json *j, const struct report_guard *g)
{
	json_key(j, "guard");
	if (!g->up) {
		json_null(j);
		return;
	}
	json_object(j);
	json_member_string(j, "mode", mode_names[g->mode]);
	json_member_string(j, "degraded", g->degraded[0] ? g->degraded : NULL);
	json_member_bool(j, "panic", g->panic);
	json_member_bool(j, "agent", g->agent);
	put_counters(j, g);
	json_member_u64(j, "counted", report_counted(g));
	json_member_u64(j, "told", g->emitted + g->suppressed);
	json_member_u64(j, "lost", g->lost);
	json_member_u64(j, "waiting", report_waiting(g));
	json_key(j, "listeners");
	json_raw(j, g->listeners_known ? g->listeners_json : "null");
	json_object_end(j);
}

void report_json(struct json *j, const struct report *r)
{
	const struct report_sums *s = r->sums;
	const struct report_count total = report_total(s);
	const struct event_source *source = s->events ? &s->source : r->here;

	json_object(j);
	json_member_string(j, "version", PG_VERSION);
	json_member_string(j, "host", source->host_name);
	json_member_string(j, "instance", source->instance);
	put_time(j, "made", r->made_us);
	put_time(j, "from", s->from_us);
	put_time(j, "to", s->to_us);
	if (s->events)
		put_time(j, "begins", s->begins_us);
	else
		json_member_null(j, "begins");
	json_member_bool(j, "complete", report_is_complete(s));
	json_member_u64(j, "missing_lines", report_missing(s));
	json_member_u64(j, "lines", s->lines);
	put_counts(j, "total", &total);
	put_counts(j, "packets", &s->sides[REPORT_PACKETS]);
	put_counts(j, "calls", &s->sides[REPORT_CALLS]);
	json_member_u64(j, "tampers", s->tampers);
	json_member_u64(j, "losses", s->losses);
	json_member_u64(j, "degradations", s->degradations);
	json_member_u64(j, "changes", s->changes);
	put_over_time(j, s);
	put_table(j, "ports", &s->ports, port_members);
	put_table(j, "sources", &s->sources, source_members);
	put_table(j, "programs", &s->programs, program_members);
	put_reasons(j, s);
	put_notes(j, s);
	put_guard(j, r->guard);
	json_object_end(j);
	json_append(j, "\n", 1);
}
