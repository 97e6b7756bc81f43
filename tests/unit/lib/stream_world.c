// SPDX-License-Identifier: GPL-2.0-only
/*
 * The made-up kernel of stream_world.h.
 */
#include "unit/lib/stream_world.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void keep(char *out, size_t size, const char **text)
{
	(void)snprintf(out, size, "%s", *text ? *text : "");
	*text = *text ? out : NULL;
}

static int on_line(void *data, const struct event *e)
{
	struct world *w = data;
	struct world_line *l = &w->lines[w->line_count++];

	l->event = *e;
	l->made_ns = w->now_ns;
	keep(l->comm, sizeof(l->comm), &l->event.comm);
	keep(l->exe, sizeof(l->exe), &l->event.exe);
	keep(l->rule, sizeof(l->rule), &l->event.rule);
	keep(l->interface, sizeof(l->interface), &l->event.interface);
	return 0;
}

static int on_flush(void *data)
{
	struct world *w = data;

	w->batches++;
	return 0;
}

static const char *rule_text(void *data, uint32_t id)
{
	(void)data;
	return id == 7 ? "deny in 7095/tcp" : NULL;
}

static const char *interface_name(void *data, uint32_t ifindex)
{
	(void)data;
	return ifindex == 3 ? "eth0" : NULL;
}

static const struct process *owner(void *data, const struct stream_packet *to)
{
	struct world *w = data;

	w->asks++;
	w->asked = *to;
	return w->owner;
}

static const char *counters(void *data)
{
	(void)data;
	return "{\"bind\":{}}";
}

static void clocks(void *data, uint64_t *ret_monotonic_ns, uint64_t *ret_realtime_ns)
{
	struct world *w = data;

	*ret_monotonic_ns = w->now_ns;
	*ret_realtime_ns = w->now_ns + WORLD_UTC_NS;
}

struct stream_config world_config(struct world *w, uint32_t lines_max)
{
	return (struct stream_config){
		.memory = { w->control, w->seen, w->reported, &w->journal },
		.lines_max = lines_max,
		.sink = on_line,
		.flush = on_flush,
		.data = w,
		.rule_text = rule_text,
		.interface_name = interface_name,
		.owner = owner,
		.counters = counters,
		.clocks = clocks,
		.proc = "/nonexistent",
		.past = w->past,
	};
}

struct world *world_new(uint32_t lines_max)
{
	struct world *w = calloc(1, sizeof(*w));
	struct stream_config config;

	w->control = calloc(1, sizeof(*w->control));
	w->control->cpus = WORLD_CPUS;
	w->control->epoch = 100;
	w->control->drained = 98;
	w->lines = calloc(WORLD_LINES, sizeof(*w->lines));
	w->now_ns = 1000 * WORLD_SECOND;
	config = world_config(w, lines_max);
	if (stream_open(&config, &w->stream))
		abort();
	return w;
}

void world_free(struct world *w)
{
	stream_free(w->stream);
	free(w->lines);
	free(w->control);
	free(w);
}

void world_restart(struct world *w, uint32_t lines_max)
{
	struct stream_config config;

	memset(&w->past, 0, sizeof(w->past));
	for (size_t i = 0; i < w->line_count; i++) {
		const struct event *e = &w->lines[i].event;

		w->past.last_seq = e->seq;
		w->past.last_end_us = e->end_us;
		if (e->seq >= w->journal.pending_seq && event_refusals(e)) {
			w->past.lines++;
			w->past.refusals += event_refusals(e);
		}
	}
	stream_free(w->stream);
	config = world_config(w, lines_max);
	if (stream_open(&config, &w->stream))
		abort();
}

void world_address(uint8_t out[16], const char *text)
{
	if (inet_pton(AF_INET6, text, out) == 1)
		return;
	memset(out, 0, 16);
	out[10] = out[11] = 0xff;
	if (inet_pton(AF_INET, text, out + 12) != 1)
		abort();
}

struct pg_seen *world_slot(struct world *w, uint32_t index, enum pg_seen_level level,
			   const char *remote, uint16_t port)
{
	struct pg_seen *s = &w->seen[index];

	s->seq += 2;
	s->level = level;
	s->hook = PG_HOOK_INBOUND;
	s->verdict = PG_SEEN_IS_ALLOWED(index) ? PG_ALLOW : PG_DENY;
	s->reason = level == PG_SEEN_SOURCE ? PG_REASON_SCAN : PG_REASON_NO_RULE;
	s->rule = 0;
	s->local_port = port;
	s->proto = level == PG_SEEN_SOURCE ? 0 : IPPROTO_TCP;
	s->family = 4;
	s->scanning = 0;
	memset(s->port_bits, 0, sizeof(s->port_bits));
	memset(s->remote, 0, sizeof(s->remote));
	if (remote)
		world_address(s->remote, remote);
	world_address(s->local, "10.77.0.1");
	s->ifindex = 3;
	s->remote_port = 40000;
	s->ports_known = 1;
	s->mode = PG_MODE_ENFORCE;
	s->first_ns = w->now_ns;
	s->epoch = w->control->epoch;
	return s;
}

void world_hit(struct world *w, uint32_t index, uint64_t packets)
{
	w->seen[index].epoch = w->control->epoch;
	w->seen[index].count += packets;
	w->handed_in += PG_SEEN_IS_ALLOWED(index) ? 0 : packets;
}

void world_announce(struct world *w, uint32_t index)
{
	struct pg_record_seen r = { .type = PG_RECORD_SEEN, .index = index };

	stream_record(w->stream, &r, sizeof(r));
}

struct pg_record_refusal world_bind(struct world *w, uint16_t port, uint32_t pid)
{
	struct pg_record_refusal r = {
		.type = PG_RECORD_REFUSAL,
		.hook = PG_HOOK_BIND,
		.verdict = PG_DENY,
		.reason = PG_REASON_NO_RULE,
		.proto = IPPROTO_TCP,
		.family = 4,
		.mode = PG_MODE_ENFORCE,
		.local_port = port,
		.time_ns = w->now_ns,
		.started_ns = 5,
		.pid = pid,
		.ppid = 1,
		.uid = 1000,
		.comm = "server",
	};

	world_address(r.local, "0.0.0.0");
	return r;
}

void world_refuse(struct world *w, const struct pg_record_refusal *r)
{
	w->handed_in += r->verdict != PG_ALLOW;
	stream_record(w->stream, r, sizeof(*r));
}

void world_tick(struct world *w)
{
	w->now_ns += WORLD_SECOND;
	stream_tick(w->stream);
}

uint64_t world_told(const struct world *w, size_t from)
{
	uint64_t sum = 0;

	for (size_t i = from; i < w->line_count; i++)
		sum += event_refusals(&w->lines[i].event);
	return sum;
}

bool world_adds_up(const struct world *w)
{
	return world_told(w, 0) + w->journal.lost == w->handed_in;
}
