// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines: how a kind becomes an event, how many there may be, and what is folded when there are more
 * kinds than lines. A batch of lines stands in the bracket of journal.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events/stream_state.h"
#include "util/cleanup.h"

/* A second, less what a timer is early or late: ticks a second apart must not miss each other's lines. */
#define WINDOW_NS 980000000ULL
#define HOLD_SECONDS 2 /* kinds that can be told within these wait; beyond, they are folded */
#define PATIENCE 2 /* ticks that a lone packet of no known source waits for another */
/* Seconds between the first two lines of a scan that goes on, and between later ones. */
#define PACE_FIRST 8
#define PACE 60
#define TEXT_SIZE 64

static bool is_past(const struct stream *s, uint32_t i)
{
	uint64_t made_ns = s->budget.made_ns[(s->budget.oldest + i) % s->budget.max];

	return !made_ns || made_ns + WINDOW_NS <= s->monotonic_ns;
}

uint32_t lines_left(const struct stream *s, uint32_t most)
{
	uint32_t n = 0;

	if (most > s->budget.max)
		most = s->budget.max;
	while (n < most && is_past(s, n))
		n++;
	return n;
}

static void spend_line(struct stream *s)
{
	s->budget.made_ns[s->budget.oldest] = s->monotonic_ns ? s->monotonic_ns : 1;
	s->budget.oldest = (s->budget.oldest + 1) % s->budget.max;
}

/* What only a line of one refusal, or of one kind, can name. */
static void set_endpoints(struct event *e, const struct kind *kind)
{
	bool leaves = event_asked(e) == &e->remote;

	if (kind_keeps_endpoints(&kind->key))
		return;
	if (kind->waiting > 1)
		(leaves ? &e->local : &e->remote)->port_known = false;
	if (kind->key.level >= KIND_PORT) {
		e->interface = NULL;
		e->remote.ip_known = false;
		e->remote.known = leaves; /* for its port, which was asked for */
	}
	if (kind->key.level == KIND_REST)
		e->local.known = e->remote.known = false;
}

static void set_process(struct event *e, const struct process *p)
{
	if (!p)
		return;
	e->process_known = p->pid;
	e->pid = p->pid;
	e->ppid = p->ppid;
	e->uid = p->uid;
	e->comm = p->pid ? p->comm : NULL;
	e->exe = p->exe;
	e->cmdline = p->cmdline;
	e->cgroup = p->cgroup;
	e->unit = p->unit;
	e->container_id = p->container_id;
	e->container_name = p->container_name;
}

/* Of packets: whoever owns the port on this machine, now. */
static const struct process *owner_of(const struct stream *s, const struct event *e,
				      const struct kind *kind)
{
	const struct stream_packet to = {
		.proto = e->proto,
		.port = e->local.port,
		.local = e->local.ip,
		.ifindex = kind->detail.ifindex,
		.scoped = kind->key.scope,
	};

	if ((e->hook != PG_HOOK_INBOUND && e->hook != PG_HOOK_DELIVER) || !s->config.owner ||
	    !e->local.known || !e->local.port_known)
		return NULL;
	return s->config.owner(s->config.data, &to);
}

/* A rule that is gone, or one of several that a folded line stands for, still gets a word. */
static const char *rule_text(const struct stream *s, const struct kind_key *key,
			     char text[TEXT_SIZE])
{
	const char *rule = NULL;

	if (key->rule && s->config.rule_text)
		rule = s->config.rule_text(s->config.data, key->rule);
	if (rule)
		return rule;
	if (key->rule)
		(void)snprintf(text, TEXT_SIZE, "(rule %u, removed)",
			       (unsigned)key->rule); /* fits */
	else
		(void)snprintf(text, TEXT_SIZE, "(several rules)"); /* fits */
	return key->rule || key->reason == PG_REASON_RULE ? text : NULL;
}

/* A scope that is gone still gets a word. */
static const char *scope_name(const struct stream *s, uint16_t told, char text[TEXT_SIZE])
{
	const char *name = NULL;

	if (!told)
		return "host";
	if (s->config.scope_name)
		name = s->config.scope_name(s->config.data, told);
	if (name)
		return name;
	(void)snprintf(text, TEXT_SIZE, "(removed)"); /* fits */
	return text;
}

static const char *interface_name(const struct stream *s, uint32_t ifindex, char text[TEXT_SIZE])
{
	const char *name = NULL;

	if (!ifindex)
		return NULL;
	if (s->config.interface_name)
		name = s->config.interface_name(s->config.data, ifindex);
	if (name)
		return name;
	(void)snprintf(text, TEXT_SIZE, "if%u", (unsigned)ifindex); /* it is gone; fits */
	return text;
}

static uint32_t ports_of_scan(const struct kind *kind)
{
	return kind->detail.ports > PG_SCAN_PORTS ? kind->detail.ports : PG_SCAN_PORTS + 1;
}

static struct event event_of(const struct kind *kind)
{
	const struct kind_key *key = &kind->key;
	const struct kind_detail *detail = &kind->detail;
	bool is_scan = key->reason == PG_REASON_SCAN;
	struct event e = {
		.kind = EVENT_VERDICT,
		.start_us = detail->start_us,
		.end_us = detail->end_us,
		.verdict = key->verdict,
		.hook = key->hook,
		.reason = key->reason,
		.mode = key->verdict == PG_DENY || detail->mode >= PG_MODE_OFF ? PG_MODE_ENFORCE
									       : detail->mode,
		.proto = is_scan ? detail->proto : key->proto,
		.family = key->family,
		.local = detail->local,
		.remote = detail->remote,
		.count = kind->waiting,
		/* of several sources nobody knows which ports were the same */
		.ports = is_scan && key->level == KIND_WHOLE ? ports_of_scan(kind) : 0,
	};

	if (e.start_us > e.end_us) /* somebody set the clock back */
		e.start_us = e.end_us;
	set_process(&e, detail->process);
	return e;
}

static void sink(struct stream *s, const struct event *e)
{
	s->figures.sink_errors += s->config.sink(s->config.data, e) != 0;
}

static void flush(struct stream *s)
{
	if (s->config.flush)
		s->figures.sink_errors += s->config.flush(s->config.data) != 0;
}

static void tell_kind(struct stream *s, const struct kind *kind, uint64_t seq)
{
	char rule[TEXT_SIZE], interface[TEXT_SIZE], scope[TEXT_SIZE];
	struct event e = event_of(kind);

	e.seq = seq;
	e.severity = event_severity(&e);
	e.rule = rule_text(s, &kind->key, rule);
	e.scope = scope_name(s, kind->key.scope, scope);
	e.interface = interface_name(s, kind->detail.ifindex, interface);
	set_endpoints(&e, kind);
	set_process(&e, owner_of(s, &e, kind));
	sink(s, &e);
	spend_line(s);
}

/* It ends with a line, whatever its pace. */
static void set_pace(const struct stream *s, struct kind *kind)
{
	kind->pace = kind->pace ? PACE : PACE_FIRST;
	kind->told_ns = s->monotonic_ns;
}

static bool is_paced(const struct stream *s, const struct kind *kind)
{
	return kind->key.reason == PG_REASON_SCAN && kind->touched && kind->pace &&
	       kind->told_ns + kind->pace * WINDOW_NS > s->monotonic_ns;
}

void lines_tell(struct stream *s, struct kind *const *kinds, size_t count)
{
	uint64_t seq, refusals = 0, lines = 0;

	if (!count)
		return;
	seq = journal_begin(&s->journal);
	for (size_t i = 0; i < count; i++) {
		tell_kind(s, kinds[i], seq + i);
		if (!kind_is_refusal(&kinds[i]->key))
			continue;
		refusals += kinds[i]->waiting;
		lines++;
	}
	flush(s);
	for (size_t i = 0; i < count; i++) {
		set_pace(s, kinds[i]);
		kinds_told(s->kinds, kinds[i]);
	}
	journal_end(&s->journal, seq + count - 1, lines, refusals);
}

void lines_tell_event(struct stream *s, struct event *e)
{
	e->seq = journal_begin(&s->journal);
	if (!e->end_us)
		e->start_us = e->end_us = s->now_us;
	e->severity = event_severity(e);
	sink(s, e);
	flush(s);
	journal_end(&s->journal, e->seq, 0, 0);
}

static int by_weight(const void *a, const void *b)
{
	const struct kind *x = *(struct kind *const *)a, *y = *(struct kind *const *)b;

	if (kind_is_refusal(&x->key) != kind_is_refusal(&y->key))
		return kind_is_refusal(&x->key) ? -1 : 1;
	return x->waiting > y->waiting ? -1 : x->waiting < y->waiting;
}

/* What waits and is due, in the list of kinds_list_waiting(). */
static struct kind **list_due(struct stream *s, enum lines_which which, size_t *ret_count)
{
	size_t count, n = 0;
	struct kind **kinds = kinds_list_waiting(s->kinds, &count);

	for (size_t i = 0; i < count; i++)
		if (which == LINES_ALL || !is_paced(s, kinds[i]))
			kinds[n++] = kinds[i];
	*ret_count = n;
	return kinds;
}

/* Fold what is due in @level and finer, but for the heaviest @keep. */
static void fold(struct stream *s, enum lines_which which, enum kind_level level, bool scans,
		 size_t keep)
{
	size_t count, kept = 0;
	struct kind **kinds = list_due(s, which, &count);

	qsort(kinds, count, sizeof(*kinds), by_weight);
	for (size_t i = 0; i < count; i++)
		if ((kinds[i]->key.reason == PG_REASON_SCAN) == scans && kept++ >= keep &&
		    kinds[i]->key.level <= level)
			(void)kinds_fold(s->kinds, kinds[i]);
}

/*
 * The heaviest kinds get lines of their own, the others share what lines are left. Scans come last: they name
 * who it is.
 */
static void tell_folded(struct stream *s, enum lines_which which, uint32_t limit)
{
	const struct {
		enum kind_level level;
		bool scans;
		size_t keep;
	} steps[] = { { KIND_WHOLE, false, limit / 2 },
		      { KIND_PORT, false, limit / 2 },
		      { KIND_WHOLE, true, limit / 4 } };
	size_t count = SIZE_MAX;
	struct kind **kinds = NULL;

	if (!limit)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(steps) && count > limit; i++) {
		fold(s, which, steps[i].level, steps[i].scans, steps[i].keep);
		kinds = list_due(s, which, &count);
	}
	qsort(kinds, count, sizeof(*kinds), by_weight);
	lines_tell(s, kinds, count < limit ? count : limit);
}

/* A sum over unknown sources that is one packet would be a line that says nothing: it waits for another. */
static bool is_lone(const struct kind *kind)
{
	return kind->key.level >= KIND_PORT && kind->waiting == 1 &&
	       !kind_keeps_endpoints(&kind->key);
}

/* The others, first in the list; returns how many. */
static size_t without_lone(struct stream *s, struct kind **kinds, size_t count)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		struct kind *kind = kinds[i];

		if (!is_lone(kind) || kind->patience >= PATIENCE)
			kinds[n++] = kind;
		else if (kind->key.level == KIND_REST)
			kind->patience++;
		else
			(void)kinds_fold(s->kinds, kind); /* a KIND_PORT always folds */
	}
	return n;
}

void lines_tell_waiting(struct stream *s, enum lines_which which, uint32_t limit)
{
	size_t count;
	struct kind **kinds = list_due(s, which, &count);

	s->crowded = count > (size_t)s->budget.max * HOLD_SECONDS;
	if (s->crowded) {
		tell_folded(s, which, limit);
		return;
	}
	count = without_lone(s, kinds, count);
	lines_tell(s, kinds, count < limit ? count : limit);
}
