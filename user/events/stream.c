// SPDX-License-Identifier: GPL-2.0-only
/*
 * When lines are made: at once for the first refusal of a kind, at the tick for what was summed up
 * since, and never more than lines_max in a second; a part of these is kept for the ticks, so that
 * ever new kinds cannot hold back the sums.
 */
#include "events/stream.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "events/stream_state.h"

#define FOR_TICKS 4 /* one line of so many is not for those at once */
#define FOR_REFUSALS 2 /* nor one of so many for what is told because a rule says `log` */

static void machine_clocks(void *data, uint64_t *ret_monotonic_ns, uint64_t *ret_realtime_ns)
{
	struct timespec monotonic, realtime;

	(void)data;
	(void)clock_gettime(CLOCK_MONOTONIC, &monotonic); /* neither can fail */
	(void)clock_gettime(CLOCK_REALTIME, &realtime);
	*ret_monotonic_ns = (uint64_t)monotonic.tv_sec * 1000000000 + (uint64_t)monotonic.tv_nsec;
	*ret_realtime_ns = (uint64_t)realtime.tv_sec * 1000000000 + (uint64_t)realtime.tv_nsec;
}

static void read_clocks(struct stream *s)
{
	uint64_t realtime_ns;

	s->config.clocks(s->config.data, &s->monotonic_ns, &realtime_ns);
	s->now_us = realtime_ns / 1000;
}

int stream_set_lines_max(struct stream *s, uint32_t lines_max)
{
	const struct budget *b = &s->budget;
	struct budget next = { .max = lines_max ? lines_max : 1 };

	if (next.max == b->max)
		return 0;
	next.made_ns = calloc(next.max, sizeof(*next.made_ns));
	if (!next.made_ns)
		return -ENOMEM;
	for (uint32_t i = 1; i <= next.max && i <= b->max; i++) /* the last ones */
		next.made_ns[next.max - i] = b->made_ns[(b->oldest + b->max - i) % b->max];
	free(b->made_ns);
	s->budget = next;
	return 0;
}

static int allocate(struct stream *s)
{
	int r = kinds_new(&s->kinds);

	if (!r)
		r = scans_new(&s->scans);
	if (!r)
		r = sources_new(&s->sources);
	if (r)
		return r;
	s->changed = calloc(s->slots, sizeof(*s->changed));
	s->budget.made_ns = calloc(s->budget.max, sizeof(*s->budget.made_ns));
	return s->changed && s->budget.made_ns ? 0 : -ENOMEM;
}

static void set_config(struct stream *s, const struct stream_config *config)
{
	s->config = *config;
	if (!s->config.clocks)
		s->config.clocks = machine_clocks;
	s->slots = config->memory.control->cpus * PG_SEEN_REGION;
	s->budget.max = config->lines_max ? config->lines_max : 1;
	s->processes = (struct process_cache){
		.proc = config->proc ? config->proc : "/proc",
		.data = config->data,
		.cgroup_path = config->cgroup_path,
		.place = config->place,
	};
	s->journal = (struct journal){
		.memory = config->memory.journal,
		.reported = config->memory.reported,
		.slots = s->slots,
	};
}

int stream_open(const struct stream_config *config, struct stream **ret)
{
	struct stream *s;
	int r;

	if (!config->memory.control->cpus)
		return -EINVAL;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	set_config(s, config);
	r = allocate(s);
	if (r) {
		stream_free(s);
		return r;
	}
	read_clocks(s);
	s->beat_ns = s->monotonic_ns;
	s->drained_us = config->past.last_end_us;
	s->figures.lost_before = config->memory.journal->lost;
	journal_open(&s->journal, &config->past);
	s->figures.lost_before = config->memory.journal->lost - s->figures.lost_before;
	*ret = s;
	return 0;
}

void stream_free(struct stream *s)
{
	if (!s)
		return;
	process_cache_clear(&s->processes);
	kinds_free(s->kinds);
	scans_free(s->scans);
	sources_free(s->sources);
	free(s->changed);
	free(s->budget.made_ns);
	free(s);
}

/* One line now, if enough are left besides those for the ticks; in a flood most are for these. */
static void tell_at_once(struct stream *s, struct kind *kind)
{
	uint32_t part = s->budget.max / (kind_is_refusal(&kind->key) ? FOR_TICKS : FOR_REFUSALS);
	uint32_t reserve = s->crowded ? s->budget.max - part : part;

	if (kind->key.level == KIND_WHOLE && lines_left(s, reserve + 1) > reserve)
		lines_tell(s, &kind, 1);
}

/* IPv4 addresses in the one form that endpoints have. */
static void copy_ip(uint8_t out[16], const uint8_t ip[16], uint8_t family)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	memcpy(out, ip, 16);
	if (family != 6)
		memcpy(out, mapped, sizeof(mapped));
}

static bool is_zero(const uint8_t ip[16])
{
	static const uint8_t zero[16];

	return !memcmp(ip, zero, sizeof(zero)) ||
	       (!memcmp(ip, zero, 10) && !memcmp(ip + 12, zero, 4));
}

static struct event_endpoint endpoint(const uint8_t ip[16], uint8_t family, uint16_t port)
{
	struct event_endpoint end = {
		.known = true, .ip_known = true, .port_known = true, .port = port
	};

	copy_ip(end.ip, ip, family);
	return end;
}

/* Which addresses a hook is about; one that the socket has not chosen yet is not known. */
static void set_endpoints(struct kind_detail *detail, const struct pg_record_refusal *r)
{
	switch (r->hook) {
	case PG_HOOK_SOCKET:
		return;
	case PG_HOOK_BIND:
	case PG_HOOK_LISTEN:
		detail->local = endpoint(r->local, r->family, r->local_port);
		return;
	default:
		detail->remote = endpoint(r->remote, r->family, r->remote_port);
		if (r->local_port || !is_zero(r->local))
			detail->local = endpoint(r->local, r->family, r->local_port);
	}
}

static struct kind_key key_of(const struct pg_record_refusal *r)
{
	bool outgoing = r->hook == PG_HOOK_CONNECT || r->hook == PG_HOOK_SEND;
	struct kind_key key = {
		.level = KIND_WHOLE,
		.hook = r->hook,
		.verdict = r->verdict,
		.reason = r->reason,
		.proto = r->proto,
		.family = r->family,
		.rule = r->rule,
		.scope = r->scope,
		.has_port = r->hook != PG_HOOK_SOCKET,
		.port = outgoing ? r->remote_port : r->local_port,
	};

	if (outgoing || r->hook == PG_HOOK_DELIVER)
		copy_ip(key.remote, r->remote, r->family);
	return key;
}

static void take_call(struct stream *s, const struct pg_record_refusal *r)
{
	uint64_t time_us = drain_utc_us(s, r->time_ns);
	struct kind_detail detail = { .start_us = time_us, .end_us = time_us, .mode = r->mode };
	struct kind_key key = key_of(r);
	struct kind *kind;

	detail.process = process_get(&s->processes, r);
	set_endpoints(&detail, r);
	kind = kinds_add(s->kinds, &key, &detail, 1);
	process_unref(detail.process);
	if (kind->fresh)
		tell_at_once(s, kind);
}

static bool makes_sense(const struct pg_record_refusal *r)
{
	return r->hook < PG_HOOK_COUNT && r->reason < PG_REASON_COUNT &&
	       r->verdict > PG_NONE && r->verdict < PG_VERDICT_COUNT;
}

static void on_call(struct stream *s, const void *record, size_t size)
{
	struct pg_record_refusal r = { 0 };
	bool refusal;

	if (size < offsetof(struct pg_record_refusal, rule))
		return;
	/* A shorter one lay unread when a former layout was taken over: all begin alike. */
	memcpy(&r, record, size < sizeof(r) ? size : sizeof(r));
	refusal = r.verdict != PG_ALLOW;
	if (!journal_take_record(&s->journal, &r, sizeof(r), refusal))
		return;
	if (size >= sizeof(r) && makes_sense(&r))
		take_call(s, &r);
	else if (refusal)
		journal_lose(&s->journal, 1);
}

static void on_seen(struct stream *s, const void *record, size_t size)
{
	struct pg_record_seen r;
	struct kind *kind;

	journal_pass_record(&s->journal);
	if (size < sizeof(r))
		return;
	memcpy(&r, record, sizeof(r));
	kind = drain_announced(s, r.index);
	if (kind)
		tell_at_once(s, kind);
}

void stream_record(struct stream *s, const void *record, size_t size)
{
	const uint8_t *type = record;

	if (!size)
		return;
	read_clocks(s);
	if (*type == PG_RECORD_REFUSAL)
		on_call(s, record, size);
	else if (*type == PG_RECORD_SEEN)
		on_seen(s, record, size);
}

static void beat(struct stream *s)
{
	struct event e = { .kind = EVENT_HEALTH, .action = "beat", .text = "alive" };

	if (s->monotonic_ns - s->beat_ns < STREAM_BEAT_SECONDS * 1000000000ULL)
		return;
	s->beat_ns = s->monotonic_ns;
	if (s->config.counters)
		e.counters_json = s->config.counters(s->config.data);
	lines_tell_event(s, &e);
}

void stream_tick(struct stream *s)
{
	read_clocks(s);
	beat(s);
	drain_all(s);
	drain_next_epoch(s);
	lines_tell_waiting(s, LINES_PACED, lines_left(s, s->budget.max));
	kinds_forget_quiet(s->kinds);
	process_cache_clear(&s->processes);
}

void stream_flush(struct stream *s)
{
	read_clocks(s);
	drain_all(s);
	lines_tell_waiting(s, LINES_ALL, lines_left(s, s->budget.max));
}

void stream_finish(struct stream *s)
{
	read_clocks(s);
	drain_all(s);
	while (kinds_waiting(s->kinds))
		lines_tell_waiting(s, LINES_ALL, s->budget.max);
	journal_close(&s->journal);
}

void stream_health(struct stream *s, const char *action, const char *text,
		   const char *counters_json)
{
	struct event e = {
		.kind = EVENT_HEALTH, .action = action, .text = text, .counters_json = counters_json
	};

	read_clocks(s);
	lines_tell_event(s, &e);
}

void stream_change(struct stream *s, const struct event *change)
{
	struct event e = {
		.kind = EVENT_CHANGE,
		.start_us = change->end_us,
		.end_us = change->end_us,
		.action = change->action,
		.text = change->text,
		.actor = change->actor,
		.before = change->before,
		.after = change->after,
	};

	read_clocks(s);
	lines_tell_event(s, &e);
}

bool stream_pending(const struct stream *s)
{
	return kinds_waiting(s->kinds) > 0;
}

struct stream_figures stream_figures(const struct stream *s)
{
	return s->figures;
}
