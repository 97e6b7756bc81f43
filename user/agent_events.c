// SPDX-License-Identifier: GPL-2.0-only
/* See agent_events.h. What events need to be told in words - rules, devices, cgroups - is looked up here. */
#include "agent_events.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "agent_owners.h"
#include "agent_outputs.h"
#include "agent_places.h"
#include "events/outputs.h"
#include "events/stream.h"
#include "kernel/cgroup.h"
#include "kernel/figures.h"
#include "kernel/guard.h"
#include "kernel/map.h"
#include "policy/rule.h"
#include "util/cleanup.h"
#include "util/file.h"
#include "util/json.h"

struct agent_events {
	struct agent_events_config config;
	struct stream *stream;
	struct outputs *outputs;
	struct pg_seen *seen;
	struct pg_journal *journal;
	uint64_t *reported;
	long seen_size, journal_size, reported_size;
	char *texts
		[PG_MAX_RULES +
		 1]; /* by rule id; a rule that is gone keeps its text until its id has another */
	char **scopes[PG_SLOTS]; /* names by number, of the policy that each slot held when it was in force */
	size_t scope_count[PG_SLOTS];
	uint32_t texts_of; /* control->changes that they were read at, plus one */
	struct agent_outputs wanted;
	uint32_t lines_max, number; /* the policy's `events:` */
	uint64_t unsent; /* refusals that waited for outputs that were taken away, to be told */
	char device[IF_NAMESIZE];
	char mount[PG_PATH]; /* of cgroup2 */
	char cgroup[4096];
	struct json counters;
	struct agent_places places;
	struct process_cache processes; /* how to read them */
	struct agent_owners owners;
};

static void forget_scopes(struct agent_events *e, unsigned slot)
{
	for (size_t i = 0; i < e->scope_count[slot]; i++)
		free(e->scopes[slot][i]);
	free(e->scopes[slot]);
	e->scopes[slot] = NULL;
	e->scope_count[slot] = 0;
}

void agent_events_free(struct agent_events *e)
{
	if (!e)
		return;
	stream_free(e->stream);
	agent_owners_close(&e->owners);
	agent_places_close(&e->places);
	json_free(&e->counters);
	outputs_free(e->outputs);
	agent_outputs_free(&e->wanted);
	map_release(e->seen, e->seen_size);
	map_release(e->journal, e->journal_size);
	map_release(e->reported, e->reported_size);
	for (size_t i = 0; i <= PG_MAX_RULES; i++)
		free(e->texts[i]);
	for (unsigned slot = 0; slot < PG_SLOTS; slot++)
		forget_scopes(e, slot);
	free(e);
}

static void cleanup_agent_events(struct agent_events **e)
{
	agent_events_free(*e);
}

/* Of the policy in force; what the other slot's was called stays, for what is told of it late. */
static void read_scopes(struct agent_events *e, const struct guard *g)
{
	unsigned slot = state_slot(&g->state);

	forget_scopes(e, slot);
	e->scopes[slot] = calloc(g->policy.scope_count + 1, sizeof(*e->scopes[slot]));
	if (!e->scopes[slot])
		return;
	for (size_t i = 0; i < g->policy.scope_count; i++) {
		e->scopes[slot][i] = strdup(g->policy.scopes[i].name);
		e->scope_count[slot] = i + 1;
	}
}

static void read_texts(struct agent_events *e)
{
	uint32_t changes = __atomic_load_n(&e->config.state->control->changes, __ATOMIC_SEQ_CST);
	_cleanup_guard_ struct guard g = { 0 };

	if (e->texts_of == changes + 1 || guard_open(e->config.paths, GUARD_READ, &g, NULL))
		return;
	for (size_t i = 0; i < g.policy.rule_count; i++) {
		uint32_t id = g.policy.rules[i].id;
		char *text = rule_print(&g.policy.rules[i], false);

		if (!text)
			return;
		free(e->texts[id]);
		e->texts[id] = text;
	}
	read_scopes(e, &g);
	(void)agent_outputs_read(&e->wanted, &g.policy); /* without memory the former ones stay */
	e->lines_max = g.policy.events_max;
	e->number = g.policy.events_number;
	e->texts_of = changes + 1;
}

static const char *scope_name(void *data, uint16_t told)
{
	struct agent_events *e = data;
	unsigned slot = told >> 15, number = told & (PG_MAX_SCOPES - 1);

	read_texts(e);
	return number && number <= e->scope_count[slot] ? e->scopes[slot][number - 1] : NULL;
}

static const char *rule_text(void *data, uint32_t id)
{
	struct agent_events *e = data;

	if (!id || id > PG_MAX_RULES)
		return NULL;
	read_texts(e);
	return e->texts[id];
}

static const char *interface_name(void *data, uint32_t ifindex)
{
	return if_indextoname(ifindex, ((struct agent_events *)data)->device);
}

static const char *cgroup_name(void *data, uint64_t id)
{
	struct agent_events *e = data;

	return cgroup_path(e->mount, id, e->cgroup, sizeof(e->cgroup)) ? NULL : e->cgroup;
}

static void find_place(void *data, const char *cgroup, struct process_place *ret)
{
	agent_places_find(&((struct agent_events *)data)->places, cgroup, ret);
}

static const struct process *find_owner(void *data, const struct stream_packet *to)
{
	return agent_owners_find(&((struct agent_events *)data)->owners, to);
}

static const char *counters(void *data)
{
	struct agent_events *e = data;

	json_reset(&e->counters);
	counters_json(&e->counters, e->config.state);
	return json_error(&e->counters) ? NULL : e->counters.text;
}

static int sink(void *data, const struct event *event)
{
	return outputs_sink(((struct agent_events *)data)->outputs, event);
}

static int flush(void *data)
{
	return outputs_flush(((struct agent_events *)data)->outputs);
}

static void asked(void *data)
{
	struct agent_events *e = data;

	e->config.drain(e->config.data);
	stream_flush(e->stream);
}

static int map_tables(struct agent_events *e, struct pg_error *err)
{
	const struct paths *paths = e->config.paths;
	long r;

	e->seen_size = map_pinned(paths, "pg_seen", false, (void **)&e->seen);
	e->journal_size = map_pinned(paths, "pg_journal", true, (void **)&e->journal);
	e->reported_size = map_pinned(paths, "pg_reported", true, (void **)&e->reported);
	r = e->seen_size < 0       ? e->seen_size
	    : e->journal_size < 0  ? e->journal_size
	    : e->reported_size < 0 ? e->reported_size
				   : 0;
	return r ? pg_fail(err, r, PG_EXIT_UNAVAILABLE, "events: the kernel's tables: %s",
			   strerror(-r))
		 : 0;
}

static int open_outputs(struct agent_events *e, struct history_tally *past, struct pg_error *err)
{
	const struct paths *paths = e->config.paths;
	struct event_source source = { 0 };
	char socket[PG_PATH + 32];
	struct outputs_config config = {
		.dir = paths->var,
		.socket = socket,
		.event_log = e->config.event_log,
		.source = &source,
		.journal = e->journal,
		.flush = asked,
		.data = e,
	};
	int r = make_directories(paths->var);

	if (r)
		return pg_fail(err, r, PG_EXIT_OUTPUT, "events: %s: %s", paths->var, strerror(-r));
	r = paths_let_readers_in(paths, &config.readers);
	if (r)
		return pg_fail(err, r, PG_EXIT_OUTPUT, "events: %s: %s", paths->run, strerror(-r));
	event_source_fill(&source, paths->instance);
	source.number = e->number;
	(void)snprintf(socket, sizeof(socket), "%s/events.sock", paths->run);
	return outputs_open(&config, e->wanted.list, e->wanted.count, err, &e->outputs, past);
}

static void output_gone(void *data, const char *name, uint64_t waited)
{
	(void)name;
	((struct agent_events *)data)->unsent += waited;
}

/* The policy has other outputs, or journald has come. */
static void set_outputs(struct agent_events *e)
{
	char text[128];

	(void)agent_outputs_look(&e->wanted); /* or in a second */
	if (!e->wanted.changed ||
	    outputs_set(e->outputs, e->wanted.list, e->wanted.count, output_gone, e))
		return;
	e->wanted.changed = false;
	if (!e->unsent)
		return;
	(void)snprintf(text, sizeof(text),
		       "%llu refusals that waited for outputs that are no more will not be sent",
		       (unsigned long long)e->unsent);
	e->unsent = 0;
	stream_health(e->stream, "lost", text, NULL);
}

static void report_lost_before(struct agent_events *e)
{
	uint64_t lost = stream_figures(e->stream).lost_before;
	char text[128];

	if (!lost)
		return;
	(void)snprintf(text, sizeof(text),
		       "%llu refusals died with the former agent and are only counted",
		       (unsigned long long)lost);
	stream_health(e->stream, "lost", text, NULL);
}

static void open_who(struct agent_events *e)
{
	(void)cgroup_mount(e->mount, sizeof(e->mount));
	if (cgroup_path(e->mount, e->config.state->control->cgroup_id, e->cgroup,
			sizeof(e->cgroup)))
		(void)snprintf(e->cgroup, sizeof(e->cgroup), "/"); /* nothing is below it any more */
	agent_places_open(&e->places, e->cgroup);
	e->processes = (struct process_cache){ .proc = "/proc", .data = e, .place = find_place };
	agent_owners_open(&e->owners, e->mount, &e->processes);
}

int agent_events_open(const struct agent_events_config *config, struct agent_events **ret,
		      struct pg_error *err)
{
	_cleanup_(cleanup_agent_events) struct agent_events *e = calloc(1, sizeof(*e));
	_cleanup_policy_ struct policy policy = { 0 };
	struct history_tally past;
	struct stream_config stream = {
		.sink = sink,
		.flush = flush,
		.data = e,
		.rule_text = rule_text,
		.scope_name = scope_name,
		.interface_name = interface_name,
		.cgroup_path = cgroup_name,
		.place = find_place,
		.owner = find_owner,
		.counters = counters,
	};
	int r;

	if (!e)
		return -ENOMEM;
	e->config = *config;
	open_who(e);
	r = map_tables(e, err);
	r = r ? r : state_policy(config->state, &policy, err);
	r = r ? r : agent_outputs_read(&e->wanted, &policy);
	e->lines_max = policy.events_max;
	e->number = policy.events_number;
	r = r ? r : open_outputs(e, &past, err);
	if (r)
		return r;
	stream.memory =
		(struct stream_memory){ config->state->control, e->seen, e->reported, e->journal };
	stream.lines_max = e->lines_max;
	stream.past = past;
	r = stream_open(&stream, &e->stream);
	if (r)
		return pg_fail(err, r, PG_EXIT_UNAVAILABLE, "events: %s", strerror(-r));
	read_texts(e);
	report_lost_before(e);
	*ret = TAKE_PTR(e);
	return 0;
}

void agent_events_record(struct agent_events *e, const void *record, size_t size)
{
	stream_record(e->stream, record, size);
}

void agent_events_tick(struct agent_events *e)
{
	read_texts(e);
	agent_places_tick(&e->places);
	agent_owners_tick(&e->owners);
	set_outputs(e);
	outputs_set_number(e->outputs, e->number);
	outputs_tick(e->outputs);
	(void)stream_set_lines_max(e->stream, e->lines_max); /* or in a second */
	stream_tick(e->stream);
}

void agent_events_finish(struct agent_events *e)
{
	stream_finish(e->stream);
	stream_health(e->stream, "stop", "the agent ends; the kernel guards on", counters(e));
}

void agent_events_health(struct agent_events *e, const char *action, const char *text)
{
	stream_health(e->stream, action, text, NULL);
}

void agent_events_recovered(struct agent_events *e, const char *what)
{
	char text[320];

	(void)snprintf(text, sizeof(text), "it is over: %s", what);
	agent_events_health(e, "recovered", text);
}

void agent_events_change(struct agent_events *e, const struct event *change)
{
	stream_change(e->stream, change);
}

void agent_events_reopen(struct agent_events *e)
{
	outputs_reopen(e->outputs);
}

int agent_events_fd(const struct agent_events *e)
{
	return outputs_fd(e->outputs);
}

void agent_events_dispatch(struct agent_events *e)
{
	outputs_dispatch(e->outputs);
}
