// SPDX-License-Identifier: GPL-2.0-only
/* Sorting what is known of each event into totals, buckets and tables; see sums.h. */
#include "report/sums.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/tables.h"

#define SECOND 1000000ULL
#define DAY (86400 * SECOND)

/* A day and less divides a day, so that buckets begin with the hour; UTC knows no other hours. */
static const uint64_t steps[] = {
	SECOND,       5 * SECOND,   10 * SECOND,   30 * SECOND,   60 * SECOND,   120 * SECOND,
	300 * SECOND, 600 * SECOND, 1800 * SECOND, 3600 * SECOND, 7200 * SECOND, 10800 * SECOND,
	DAY / 4,      DAY / 2,      DAY,           2 * DAY,       7 * DAY,       14 * DAY,
	28 * DAY,     91 * DAY,     364 * DAY,
};

void report_begin(struct report_sums *s, uint64_t from_us, uint64_t to_us)
{
	*s = (struct report_sums){ .from_us = from_us, .to_us = to_us };
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		s->step_us = steps[i];
		s->buckets_us = from_us - from_us % steps[i];
		s->bucket_count = (size_t)((to_us - s->buckets_us) / steps[i] + 1);
		if (s->bucket_count <= REPORT_BUCKETS_MAX)
			break;
	}
	if (s->bucket_count > REPORT_BUCKETS_MAX) /* centuries: cut */
		s->bucket_count = REPORT_BUCKETS_MAX;
	report_tables_init(s);
}

static void free_note(struct report_note *n)
{
	free(n->action);
	free(n->text);
	free(n->before);
	free(n->after);
	free(n->actor);
}

void report_free(struct report_sums *s)
{
	report_tables_free(s);
	for (size_t i = 0; i < s->note_count; i++)
		free_note(&s->notes[i]);
	*s = (struct report_sums){ 0 };
}

size_t report_bucket_of(const struct report_sums *s, uint64_t us)
{
	size_t i = us > s->buckets_us ? (size_t)((us - s->buckets_us) / s->step_us) : 0;

	return i < s->bucket_count ? i : s->bucket_count - 1;
}

/* --- changes and health --------------------------------------------------------------------- */

static char *actor_text(const struct event_actor *a)
{
	char *text = NULL;

	if (!a->known && !a->comm)
		return NULL;
	if (asprintf(&text, "%s[%u] uid %u%s%s%s%s", a->comm ? a->comm : "?", a->pid, a->uid,
		     a->tty ? " on " : "", a->tty ? a->tty : "", a->ssh ? " from " : "",
		     a->ssh ? a->ssh : "") < 0)
		return NULL;
	return text;
}

/* Of strings that exist; what cannot be copied is an error. */
static char *copy(const char *text, int *error)
{
	char *copied = text ? strdup(text) : NULL;

	if (text && !copied)
		*error = -ENOMEM;
	return copied;
}

static bool outranks(const struct report_note *a, const struct report_note *b)
{
	return a->severity != b->severity ? a->severity > b->severity : a->time_us >= b->time_us;
}

/* A place for it: a free one, or the least important's; NULL: it is that itself. */
static struct report_note *note_place(struct report_sums *s, const struct report_note *n)
{
	struct report_note *least = &s->notes[0];

	if (s->note_count < REPORT_NOTES_MAX)
		return &s->notes[s->note_count++];
	s->notes_left_out++;
	for (size_t i = 1; i < s->note_count; i++)
		if (outranks(least, &s->notes[i]))
			least = &s->notes[i];
	if (!outranks(n, least))
		return NULL;
	free_note(least);
	return least;
}

static int take_note(struct report_sums *s, const struct event *e)
{
	struct report_note n = { .time_us = e->end_us, .severity = e->severity, .kind = e->kind };
	const char *action = e->action ? e->action : "?";
	struct report_note *place;
	int error = 0;

	s->changes += e->kind == EVENT_CHANGE;
	s->tampers += e->kind == EVENT_HEALTH && !strcmp(action, "tamper");
	s->losses += e->kind == EVENT_HEALTH && !strcmp(action, "lost");
	s->degradations += e->kind == EVENT_HEALTH && !strcmp(action, "degraded");
	if (e->kind == EVENT_HEALTH && !strcmp(action, "beat"))
		return 0; /* every five minutes: alive */
	place = note_place(s, &n);
	if (!place)
		return 0;
	n.action = copy(action, &error);
	n.text = copy(e->text, &error);
	n.before = copy(e->before, &error);
	n.after = copy(e->after, &error);
	n.actor = e->kind == EVENT_CHANGE ? actor_text(&e->actor) : NULL;
	*place = n;
	return error;
}

static int compare_notes(const void *a, const void *b)
{
	const struct report_note *x = a, *y = b;

	return x->time_us == y->time_us  ? y->severity - x->severity
	       : x->time_us < y->time_us ? 1
					 : -1;
}

/* --- refusals ------------------------------------------------------------------------------- */

static void count(struct report_count *c, const struct event *e)
{
	c->deny += e->verdict == PG_DENY ? event_refusals(e) : 0;
	c->audit += e->verdict == PG_AUDIT ? event_refusals(e) : 0;
}

static int take_refusal(struct report_sums *s, const struct event *e)
{
	bool packet = e->hook == PG_HOOK_INBOUND || e->hook == PG_HOOK_DELIVER;
	enum report_side side = packet ? REPORT_PACKETS : REPORT_CALLS;

	if (e->hook >= PG_HOOK_COUNT || e->reason >= PG_REASON_COUNT)
		return 0; /* of a newer version: history is read by whoever finds it */
	s->lines++;
	count(&s->sides[side], e);
	count(&s->reasons[e->hook][e->reason], e);
	count(&s->buckets[report_bucket_of(s, e->end_us)].sides[side], e);
	return report_tables_take(s, e, side);
}

static void take_origin(struct report_sums *s, const struct event_source *source,
			const struct event *e)
{
	if (!s->events++) {
		s->source = *source;
		s->first_seq = s->last_seq = e->seq;
		s->begins_us = e->end_us;
	}
	s->mixed |= strcmp(s->source.host_id, source->host_id) ||
		    strcmp(s->source.instance, source->instance);
	if (e->seq < s->first_seq)
		s->first_seq = e->seq;
	if (e->seq > s->last_seq)
		s->last_seq = e->seq;
	if (e->end_us < s->begins_us)
		s->begins_us = e->end_us;
}

int report_take(struct report_sums *s, const struct event_source *source, const struct event *e)
{
	take_origin(s, source, e);
	if (e->end_us < s->from_us || e->end_us > s->to_us)
		return 0;
	if (e->kind != EVENT_VERDICT)
		return take_note(s, e);
	return event_refusals(e) ? take_refusal(s, e) : 0;
}

void report_finish(struct report_sums *s)
{
	report_tables_sort(s);
	if (s->note_count)
		qsort(s->notes, s->note_count, sizeof(*s->notes), compare_notes);
}

struct report_count report_total(const struct report_sums *s)
{
	return (struct report_count){
		.deny = s->sides[REPORT_PACKETS].deny + s->sides[REPORT_CALLS].deny,
		.audit = s->sides[REPORT_PACKETS].audit + s->sides[REPORT_CALLS].audit,
	};
}

bool report_is_complete(const struct report_sums *s)
{
	return s->events && (s->begins_us <= s->from_us || s->first_seq == 1);
}

uint64_t report_missing(const struct report_sums *s)
{
	uint64_t all = s->events ? s->last_seq - s->first_seq + 1 : 0;

	return !s->mixed && all > s->events ? all - s->events : 0;
}
