// SPDX-License-Identifier: GPL-2.0-only
/* status: hooks, mode, health, totals. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/print.h"
#include "kernel/figures.h"
#include "kernel/memory.h"
#include "util/cleanup.h"

static void hooks_json(struct json *j, const struct hook_rows *rows)
{
	json_key(j, "hooks");
	json_array(j);
	for (size_t i = 0; i < rows->count; i++) {
		const struct hook_row *row = &rows->list[i];

		json_object(j);
		json_member_string(j, "hook", row->hook);
		json_member_string(j, "target", row->target);
		json_member_bool(j, "attached", row->attached);
		json_member_string(j, "via", row->via);
		json_object_end(j);
	}
	json_array_end(j);
}

static void outputs_json(struct json *j, const struct published *outputs)
{
	json_key(j, "outputs");
	json_array(j);
	for (size_t i = 0; i < outputs->count; i++) {
		const struct output_figures *o = &outputs->list[i];

		json_object(j);
		json_member_string(j, "name", o->name);
		json_member_u64(j, "sent", o->sent);
		json_member_u64(j, "filtered", o->filtered);
		json_member_u64(j, "queued", o->queued);
		json_member_u64(j, "lost", o->lost);
		json_member_string(j, "error", o->error);
		json_object_end(j);
	}
	json_array_end(j);
}

static void outputs_text(const struct guard *g, const struct published *outputs)
{
	if (!outputs->count)
		(void)printf("outputs: none%s\n",
			     g->policy.outputs_said ?
				     "" :
				     ": there is no journald here, and the policy names no others");
	else
		(void)printf("outputs:             sent    filtered      queued        lost\n");
	for (size_t i = 0; i < outputs->count; i++) {
		const struct output_figures *o = &outputs->list[i];

		(void)printf("  %-12s %10" PRIu64 "  %10" PRIu64 "  %10" PRIu64 "  %10" PRIu64 "%s%s\n",
			     o->name, o->sent, o->filtered, o->queued, o->lost,
			     o->error ? "  ERROR: " : "", o->error ? o->error : "");
	}
}

/* What is rare is only there when it is: programs know the other members. */
static void trial_json(struct json *j, const struct figures *f)
{
	if (!f->try_left_s)
		return;
	json_key(j, "try");
	json_object(j);
	json_member_u64(j, "remaining_s", f->try_left_s);
	json_object_end(j);
}

static void agent_json(struct json *j, int pid)
{
	json_key(j, "agent");
	json_object(j);
	json_member_bool(j, "running", pid > 0);
	json_key(j, "pid");
	if (pid > 0)
		json_u64(j, pid);
	else
		json_null(j);
	json_object_end(j);
}

static int status_json(const struct guard *g, const struct figures *f, struct pg_error *err)
{
	_cleanup_json_ struct json j = JSON_INIT;

	json_object(&j);
	json_member_string(&j, "version", PG_VERSION);
	json_member_string(&j, "instance", g->paths->instance);
	json_member_string(&j, "mode", mode_names[g->policy.mode]);
	json_member_u64(&j, "generation", f->generation);
	json_member_string(&j, "degraded", f->degraded[0] ? f->degraded : NULL);
	if (g->policy.panic)
		json_member_bool(&j, "panic", true);
	trial_json(&j, f);
	agent_json(&j, f->agent);
	hooks_json(&j, &f->hooks);
	json_key(&j, "counters");
	counters_json(&j, &g->state);
	json_key(&j, "events");
	json_object(&j);
	json_member_u64(&j, "emitted", f->events.emitted);
	json_member_u64(&j, "suppressed", f->events.suppressed);
	json_member_u64(&j, "lost", f->events.lost);
	json_object_end(&j);
	outputs_json(&j, &f->outputs);
	json_member_u64(&j, "flows", f->flows);
	json_object_end(&j);
	return print_json(&j, err);
}

/* What becomes of the sockets of other network namespaces. */
static const char *others_text(const struct policy *p)
{
	for (size_t i = 0; i < p->scope_count; i++)
		if (p->scopes[i].kind == SCOPE_NETNS)
			return "those of others are in the scope that says netns: private";
	return p->scope_count ? "those of others are free, but where a scope names their cgroup"
			      : "those of others bind, receive and send freely";
}

static void counters_text(const struct figures *f)
{
	(void)printf("counters:       allow        deny       audit\n");
	for (unsigned hook = 0; hook < PG_HOOK_COUNT; hook++) {
		const uint64_t *n = f->verdicts[hook];

		(void)printf("  %-8s %11" PRIu64 " %11" PRIu64 " %11" PRIu64 "\n",
			     hook_names[hook], n[PG_ALLOW], n[PG_DENY], n[PG_AUDIT]);
	}
}

static int status_text(const struct guard *g, const struct figures *f, struct pg_error *err)
{
	(void)printf(
		"instance %s, portguard %s\nmode %s, generation %" PRIu64
		", %zu rule%s, default bind %s, in %s\n",
		g->paths->instance, PG_VERSION, mode_names[g->policy.mode], f->generation,
		g->policy.rule_count, g->policy.rule_count == 1 ? "" : "s",
		verdict_names[g->policy.defaults[PG_BIND]],
		verdict_names[g->policy.defaults[PG_IN]]);
	if (f->degraded[0])
		(void)printf("DEGRADED: %s\n", f->degraded);
	if (g->policy.panic)
		(void)printf("PANIC: nothing but the failsafe ports; end it with: portguard panic off\n");
	if (f->try_left_s)
		(void)printf("on trial for %" PRIu64
			     " s more: portguard confirm, or portguard rollback\n",
			     f->try_left_s);
	if (f->agent > 0)
		(void)printf("agent: pid %d\n", f->agent);
	else
		(void)printf("agent: none; enforcement goes on, nobody reports events (portguard "
			     "run)\n");
	(void)printf("hooks:\n");
	for (size_t i = 0; i < f->hooks.count; i++) {
		const struct hook_row *row = &f->hooks.list[i];

		(void)printf("  %-8s  %-6s  %s%s\n", row->hook, row->via, row->target,
			     row->attached ? "" : "  NOT ATTACHED");
	}
	(void)printf("  (sockets of the network namespace net:[%u]; %s)\n",
		     g->state.control->netns_inum, others_text(&g->policy));
	counters_text(f);
	(void)printf("events: %" PRIu64 " lines, %" PRIu64 " refusals only in a count, %" PRIu64
		     " lost\nflows: %" PRIu64 "\n",
		     f->events.emitted, f->events.suppressed, f->events.lost, f->flows);
	outputs_text(g, &f->outputs);
	return print_done(err);
}

static int memory_text(const struct memory *m, struct pg_error *err)
{
	(void)printf("agent: %" PRIu64 " bytes resident\nmaps:\n", m->agent_rss);
	for (size_t i = 0; i < m->map_count; i++)
		(void)printf("  %-14s %10" PRIu64 "\n", m->maps[i].name, m->maps[i].bytes);
	(void)printf("  %-14s %10" PRIu64 "\n", "total", m->maps_total);
	return print_done(err);
}

static int memory_json(const struct memory *m, struct pg_error *err)
{
	_cleanup_json_ struct json j = JSON_INIT;

	json_object(&j);
	json_member_u64(&j, "agent_rss", m->agent_rss);
	json_key(&j, "maps");
	json_array(&j);
	for (size_t i = 0; i < m->map_count; i++) {
		json_object(&j);
		json_member_string(&j, "name", m->maps[i].name);
		json_member_u64(&j, "bytes", m->maps[i].bytes);
		json_object_end(&j);
	}
	json_array_end(&j);
	json_member_u64(&j, "maps_total", m->maps_total);
	json_object_end(&j);
	return print_json(&j, err);
}

static int status_memory(const struct pg_context *ctx, struct pg_error *err)
{
	_cleanup_memory_ struct memory m = { 0 };
	int r = memory_read(&ctx->paths, &m);

	if (r)
		return pg_fail(err, r, PG_EXIT_UNAVAILABLE, "status: %s", strerror(-r));
	return ctx->json ? memory_json(&m, err) : memory_text(&m, err);
}

int cmd_status(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err)
{
	_cleanup_figures_ struct figures figures = { 0 };
	_cleanup_guard_ struct guard guard = { 0 };
	bool ready = false, memory = false;
	const struct option_word options[] = {
		{ .name = "--ready", .flag = &ready },
		{ .name = "--memory", .flag = &memory },
	};
	int left = take_options(argc, argv, options, ARRAY_SIZE(options), err), r;

	if (left < 0)
		return left;
	if (left)
		return usage_error(err, "unexpected word '%.64s'", argv[1]);
	r = guard_open(&ctx->paths, GUARD_READ, &guard, err);
	if (!r && ready && !guard_is_whole(&guard))
		r = pg_fail(err, -ENOLINK, PG_EXIT_UNAVAILABLE,
			    "a hook is not attached; see portguard status");
	if (r || ready)
		return r;
	if (memory)
		return status_memory(ctx, err);
	r = figures_read(&guard.state, &guard.policy, &figures, err);
	if (r)
		return r;
	return ctx->json ? status_json(&guard, &figures, err) : status_text(&guard, &figures, err);
}
