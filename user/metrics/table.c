// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of metrics. A metric is a line here: most are a number of struct figures, the others have a
 * function that tells their samples. How many there are follows from the policy and the machine, never
 * from who knocks: no label is an address, a port or a process.
 */
#include "metrics/table.h"

#include <stddef.h>
#include <stdio.h>

#include "metrics/text.h"
#include "policy/scope.h"
#include "util/cleanup.h"
#include "util/names.h"

struct page {
	struct json *out;
	const struct figures *f;
	const struct memory *m;
};

struct metric {
	const char *name, *type, *help;
	void (*tell)(const struct page *page, const struct metric *metric);
	size_t field; /* which number, of tell_number() and the like: an offset */
	bool always; /* where nothing runs, too */
};

#define LABELS(...) ((const struct metric_label[]){ __VA_ARGS__, { NULL, NULL } })

static void tell_up(const struct page *p, const struct metric *m)
{
	metric_sample(p->out, m->name, NULL, p->f != NULL);
}

static void tell_build(const struct page *p, const struct metric *m)
{
	metric_sample(p->out, m->name, LABELS({ "version", PG_VERSION }), 1);
}

static void tell_number(const struct page *p, const struct metric *m)
{
	metric_sample(p->out, m->name, NULL, *(const uint64_t *)((const char *)p->f + m->field));
}

/* The kernel counts for all sockets together, which is what the scope `host` means. */
static void tell_verdicts(const struct page *p, const struct metric *m)
{
	for (unsigned hook = 0; hook < PG_HOOK_COUNT; hook++)
		for (unsigned v = PG_ALLOW; v < PG_VERDICT_COUNT; v++)
			metric_sample(p->out, m->name,
				      LABELS({ "hook", hook_names[hook] },
					     { "verdict", verdict_names[v] },
					     { "scope", SCOPE_HOST }),
				      p->f->verdicts[hook][v]);
}

static void tell_outputs(const struct page *p, const struct metric *m)
{
	for (size_t i = 0; i < p->f->outputs.count; i++) {
		const struct output_figures *o = &p->f->outputs.list[i];

		metric_sample(p->out, m->name, LABELS({ "output", o->name }),
			      *(const uint64_t *)((const char *)o + m->field));
	}
}

static void tell_failing(const struct page *p, const struct metric *m)
{
	for (size_t i = 0; i < p->f->outputs.count; i++)
		metric_sample(p->out, m->name, LABELS({ "output", p->f->outputs.list[i].name }),
			      p->f->outputs.list[i].error != NULL);
}

/* Names of devices may be any bytes; two that would look the same are told apart by their numbers. */
static void tell_hooks(const struct page *p, const struct metric *m)
{
	for (size_t i = 0; i < p->f->hooks.count; i++) {
		const struct hook_row *row = &p->f->hooks.list[i];
		char numbered[IFNAMSIZ + 16];
		bool exact = !row->device || metric_value_is_exact(row->target);

		(void)snprintf(numbered, sizeof(numbered), "%.15s#%u", row->target, row->device);
		metric_sample(p->out, m->name,
			      LABELS({ "hook", row->hook },
				     { "target", exact ? row->target : numbered },
				     { "via", row->via }),
			      row->attached);
	}
}

static void tell_mode_of(const struct page *p, const struct metric *m, const char *scope,
			 enum pg_mode mode)
{
	for (unsigned i = 0; i < PG_MODE_COUNT; i++)
		metric_sample(p->out, m->name,
			      LABELS({ "scope", scope }, { "mode", mode_names[i] }), i == mode);
}

static void tell_modes(const struct page *p, const struct metric *m)
{
	const struct policy *policy = p->f->policy;

	tell_mode_of(p, m, SCOPE_HOST, policy->mode);
	for (size_t i = 0; i < policy->scope_count; i++)
		if (policy->scopes[i].mode_said)
			tell_mode_of(p, m, policy->scopes[i].name, policy->scopes[i].mode);
}

static void tell_degraded(const struct page *p, const struct metric *m)
{
	metric_sample(p->out, m->name, NULL, p->f->degraded[0] != '\0');
}

static void tell_panic(const struct page *p, const struct metric *m)
{
	metric_sample(p->out, m->name, NULL, p->f->policy->panic);
}

static void tell_count(const struct page *p, const struct metric *m)
{
	metric_sample(p->out, m->name, NULL,
		      *(const size_t *)((const char *)p->f->policy + m->field));
}

static void tell_agent(const struct page *p, const struct metric *m)
{
	metric_sample(p->out, m->name, NULL, p->f->agent > 0);
}

static void tell_resident(const struct page *p, const struct metric *m)
{
	metric_sample(p->out, m->name, NULL, p->m->agent_rss);
}

static void tell_maps(const struct page *p, const struct metric *m)
{
	for (size_t i = 0; i < p->m->map_count; i++)
		metric_sample(p->out, m->name, LABELS({ "map", p->m->maps[i].name }),
			      p->m->maps[i].bytes);
}

#define COUNTER "counter"
#define GAUGE "gauge"
#define NUMBER(number) .tell = tell_number, .field = offsetof(struct figures, number)
#define COUNT(number) .tell = tell_count, .field = offsetof(struct policy, number)
#define OUTPUT(number) .tell = tell_outputs, .field = offsetof(struct output_figures, number)

static const struct metric metrics[] = {
	{ "portguard_up", GAUGE, "Whether this instance guards (1), with or without an agent.",
	  .tell = tell_up, .always = true },
	{ "portguard_build_info", GAUGE, "The version of portguard, as a label.",
	  .tell = tell_build, .always = true },
	{ "portguard_agent_up", GAUGE, "Whether the agent runs, without which no event is told.",
	  .tell = tell_agent },
	{ "portguard_verdicts_total", COUNTER,
	  "Verdicts: packets of inbound and deliver, calls of the other hooks.",
	  .tell = tell_verdicts },
	{ "portguard_events_emitted_total", COUNTER, "Lines that were made of verdicts.",
	  NUMBER(events.emitted) },
	{ "portguard_events_suppressed_total", COUNTER,
	  "Refusals that are only in the count of another one's line.", NUMBER(events.suppressed) },
	{ "portguard_events_lost_total", COUNTER, "Refusals that are in no line.",
	  NUMBER(events.lost) },
	{ "portguard_output_sent_total", COUNTER, "Refusals that an output has delivered.",
	  OUTPUT(sent) },
	{ "portguard_output_filtered_total", COUNTER, "Refusals that an output's filters left out.",
	  OUTPUT(filtered) },
	{ "portguard_output_queued", GAUGE, "Refusals that wait for an output.", OUTPUT(queued) },
	{ "portguard_output_lost_total", COUNTER, "Refusals that an output has lost.",
	  OUTPUT(lost) },
	{ "portguard_output_failing", GAUGE, "Whether an output cannot be written to now.",
	  .tell = tell_failing },
	{ "portguard_hook_attached", GAUGE, "Whether a hook is attached where it should be.",
	  .tell = tell_hooks },
	{ "portguard_mode", GAUGE,
	  "1 for the mode in force, of the host and of scopes that say one.", .tell = tell_modes },
	{ "portguard_generation", GAUGE, "The number of the policy in force.", NUMBER(generation) },
	{ "portguard_degraded", GAUGE, "Whether what is in force is not what the policy says.",
	  .tell = tell_degraded },
	{ "portguard_panic", GAUGE, "Whether panic is on.", .tell = tell_panic },
	{ "portguard_try_remaining_seconds", GAUGE,
	  "How long a policy is still on trial; 0: none is.", NUMBER(try_left_s) },
	{ "portguard_rules", GAUGE, "Rules of the policy in force, of all scopes.",
	  COUNT(rule_count) },
	{ "portguard_sets", GAUGE, "Sets of the policy in force.", COUNT(set_count) },
	{ "portguard_scopes", GAUGE, "Scopes of the policy in force.", COUNT(scope_count) },
	{ "portguard_flows", GAUGE, "Conversations that this machine began, and that are open.",
	  NUMBER(flows) },
	{ "portguard_flows_max", GAUGE, "How many of them are remembered at most.",
	  NUMBER(flows_max) },
	{ "portguard_ring_bytes", GAUGE, "What waits in the ring between kernel and agent.",
	  NUMBER(ring_used) },
	{ "portguard_ring_size_bytes", GAUGE, "How much the ring holds.", NUMBER(ring_size) },
	{ "portguard_agent_resident_bytes", GAUGE, "Memory of the agent.", .tell = tell_resident },
	{ "portguard_map_bytes", GAUGE, "Kernel memory of a map.", .tell = tell_maps },
};

int metrics_print(struct json *out, const struct figures *f, const struct memory *m)
{
	const struct page page = { out, f, m };

	for (size_t i = 0; i < ARRAY_SIZE(metrics); i++) {
		if (!f && !metrics[i].always)
			continue;
		metric_begin(out, metrics[i].name, metrics[i].type, metrics[i].help);
		metrics[i].tell(&page, &metrics[i]);
	}
	return json_error(out);
}
