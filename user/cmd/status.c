// SPDX-License-Identifier: GPL-2.0-only
/* status: hooks, mode, health, totals. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/print.h"
#include "kernel/figures.h"
#include "kernel/hooks.h"
#include "kernel/load.h"
#include "kernel/seed.h"
#include "util/cleanup.h"
#include "util/file.h"

struct hook_row {
	const char *hook, *target, *via;
	bool attached;
};

typedef void (*hook_fn)(void *data, const struct hook_row *row);

struct hook_rows {
	hook_fn fn;
	void *data;
	const char *target;
};

static void cgroup_hook(void *data, enum pg_hook hook, bool attached, const char *via)
{
	struct hook_rows *rows = data;

	rows->fn(rows->data, &(struct hook_row){ hook_names[hook], rows->target, via, attached });
}

/* Each hook at each place where it is, or ought to be. */
static int each_hook(const struct guard *g, hook_fn fn, void *data)
{
	_cleanup_devices_ struct devices all = { 0 };
	struct hook_rows rows = { fn, data, g->state.meta->cgroup_dir };
	int r = devices_read(&all);

	if (r)
		return r;
	hooks_each(g->paths, guard_hooks(g), cgroup_hook, &rows);
	if (g->policy.scope_count)
		fn(data, &(struct hook_row){ "scopes", "cgroup_mkdir", "raw_tp",
					     hooks_scopes_attached(g->paths) });
	for (size_t i = 0; i < all.count; i++) {
		const struct device *d = &all.list[i];
		enum attach_via in = attached_inbound(g->paths, d),
				out = attached_outbound(g->paths, d);

		if (in == VIA_NONE && out == VIA_NONE &&
		    device_choice(&g->policy, &all, d) == ATTACH_DEFAULT)
			continue;
		fn(data, &(struct hook_row){ "inbound", d->name,
					     attach_via_name(in == VIA_NONE ? VIA_TC : in),
					     in != VIA_NONE });
		fn(data, &(struct hook_row){ "flows", d->name,
					     attach_via_name(out == VIA_NONE ? VIA_TC : out),
					     out != VIA_NONE });
	}
	return 0;
}

static void hook_json(void *data, const struct hook_row *row)
{
	struct json *j = data;

	json_object(j);
	json_member_string(j, "hook", row->hook);
	json_member_string(j, "target", row->target);
	json_member_bool(j, "attached", row->attached);
	json_member_string(j, "via", row->via);
	json_object_end(j);
}

static void hook_text(void *data, const struct hook_row *row)
{
	(void)data;
	(void)printf("  %-8s  %-6s  %s%s\n", row->hook, row->via, row->target,
		     row->attached ? "" : "  NOT ATTACHED");
}

/* As the agent last wrote them; nobody writes to outputs without one. */
static void outputs_json(struct json *j, const struct paths *paths, int pid)
{
	_cleanup_free_ char *text = NULL;
	char path[PG_PATH + 32];
	size_t length;

	(void)snprintf(path, sizeof(path), "%s/outputs", paths->run);
	json_key(j, "outputs");
	json_array(j);
	if (pid > 0 && !file_read(path, 65536, &text, &length) && length)
		json_raw(j, text);
	json_array_end(j);
}

static unsigned long long try_left_s(const struct state *s)
{
	return (state_try_left_ns(s) + 999999999) / 1000000000;
}

/* What is rare is only there when it is: programs know the other members. */
static void trial_json(struct json *j, const struct state *s)
{
	if (!state_try_left_ns(s))
		return;
	json_key(j, "try");
	json_object(j);
	json_member_u64(j, "remaining_s", try_left_s(s));
	json_object_end(j);
}

static int status_json(const struct guard *g, const struct event_figures *f, int pid,
		       struct pg_error *err)
{
	_cleanup_json_ struct json j = JSON_INIT;
	long flows = flows_count(&g->state);
	int r;

	json_object(&j);
	json_member_string(&j, "version", PG_VERSION);
	json_member_string(&j, "instance", g->paths->instance);
	json_member_string(&j, "mode", mode_names[g->policy.mode]);
	json_member_u64(&j, "generation",
			state_in_force(&g->state)->generation);
	json_member_string(&j, "degraded",
			   g->state.meta->degraded[0] ? g->state.meta->degraded : NULL);
	if (g->policy.panic)
		json_member_bool(&j, "panic", true);
	trial_json(&j, &g->state);
	json_key(&j, "agent");
	json_object(&j);
	json_member_bool(&j, "running", pid > 0);
	json_key(&j, "pid");
	if (pid > 0)
		json_u64(&j, pid);
	else
		json_null(&j);
	json_object_end(&j);
	json_key(&j, "hooks");
	json_array(&j);
	r = each_hook(g, hook_json, &j);
	json_array_end(&j);
	json_key(&j, "counters");
	counters_json(&j, &g->state);
	json_key(&j, "events");
	json_object(&j);
	json_member_u64(&j, "emitted", f->emitted);
	json_member_u64(&j, "suppressed", f->suppressed);
	json_member_u64(&j, "lost", f->lost);
	json_object_end(&j);
	outputs_json(&j, g->paths, pid);
	json_member_u64(&j, "flows", flows > 0 ? flows : 0);
	json_object_end(&j);
	return r ? r : print_json(&j, err);
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

static int status_text(const struct guard *g, const struct event_figures *f, int pid,
		       struct pg_error *err)
{
	long flows = flows_count(&g->state);
	int r;

	(void)printf(
		"instance %s, portguard %s\nmode %s, generation %llu, %zu rule%s, default bind %s, "
		"in %s\n",
		g->paths->instance, PG_VERSION, mode_names[g->policy.mode],
		(unsigned long long)state_in_force(&g->state)->generation,
		g->policy.rule_count, g->policy.rule_count == 1 ? "" : "s",
		verdict_names[g->policy.defaults[PG_BIND]],
		verdict_names[g->policy.defaults[PG_IN]]);
	if (g->state.meta->degraded[0])
		(void)printf("DEGRADED: %s\n", g->state.meta->degraded);
	if (g->policy.panic)
		(void)printf("PANIC: nothing but the failsafe ports; end it with: portguard panic off\n");
	if (state_try_left_ns(&g->state))
		(void)printf("on trial for %llu s more: portguard confirm, or portguard rollback\n",
			     try_left_s(&g->state));
	if (pid > 0)
		(void)printf("agent: pid %d\n", pid);
	else
		(void)printf("agent: none; enforcement goes on, nobody reports events (portguard "
			     "run)\n");
	(void)printf("hooks:\n");
	r = each_hook(g, hook_text, NULL);
	(void)printf("  (sockets of the network namespace net:[%u]; %s)\n",
		     g->state.control->netns_inum, others_text(&g->policy));
	(void)printf("counters:       allow        deny       audit\n");
	for (size_t i = 0; i < counted_hook_count; i++)
		(void)printf(
			"  %-8s %11llu %11llu %11llu\n", hook_names[counted_hooks[i]],
			(unsigned long long)state_verdicts(&g->state, counted_hooks[i], PG_ALLOW),
			(unsigned long long)state_verdicts(&g->state, counted_hooks[i], PG_DENY),
			(unsigned long long)state_verdicts(&g->state, counted_hooks[i], PG_AUDIT));
	(void)printf("events: %llu lines, %llu refusals only in a count, %llu lost\nflows: %ld\n",
		     (unsigned long long)f->emitted, (unsigned long long)f->suppressed,
		     (unsigned long long)f->lost, flows);
	return r ? r : print_done(err);
}

struct memory {
	const struct paths *paths;
	struct json *json; /* NULL: as text */
	uint64_t total;
};

/* What the kernel itself says that a map takes (fdinfo's memlock); 0: it is no map. */
static uint64_t map_bytes(int fd)
{
	_cleanup_fclose_ FILE *f = NULL;
	unsigned long long bytes = 0;
	char path[64], line[128];
	bool is_map = false;

	(void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		is_map |= !strncmp(line, "map_type:", 9);
		(void)sscanf(line, "memlock: %llu", &bytes);
	}
	return is_map ? bytes : 0;
}

static int one_map(const char *name, void *data)
{
	struct memory *m = data;
	_cleanup_close_ int fd = pin_open(m->paths, name);
	uint64_t bytes = fd < 0 ? 0 : map_bytes(fd);

	if (!bytes)
		return 0; /* a program */
	m->total += bytes;
	if (m->json) {
		json_object(m->json);
		json_member_string(m->json, "name", name);
		json_member_u64(m->json, "bytes", bytes);
		json_object_end(m->json);
	} else {
		(void)printf("  %-14s %10llu\n", name, (unsigned long long)bytes);
	}
	return 0;
}

static uint64_t agent_rss(int pid)
{
	_cleanup_fclose_ FILE *f = NULL;
	unsigned long long pages = 0;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	f = pid > 0 ? fopen(path, "re") : NULL;
	if (!f || fscanf(f, "%*u %llu", &pages) != 1)
		return 0;
	return pages * sysconf(_SC_PAGESIZE);
}

static int status_memory(const struct pg_context *ctx, int pid, struct pg_error *err)
{
	_cleanup_json_ struct json j = JSON_INIT;
	struct memory m = { .paths = &ctx->paths, .json = ctx->json ? &j : NULL };

	if (!ctx->json) {
		(void)printf("agent: %llu bytes resident\nmaps:\n",
			     (unsigned long long)agent_rss(pid));
		(void)pins_each(&ctx->paths, "pg_", one_map, &m);
		(void)printf("  %-14s %10llu\n", "total", (unsigned long long)m.total);
		return print_done(err);
	}
	json_object(&j);
	json_member_u64(&j, "agent_rss", agent_rss(pid));
	json_key(&j, "maps");
	json_array(&j);
	(void)pins_each(&ctx->paths, "pg_", one_map, &m);
	json_array_end(&j);
	json_member_u64(&j, "maps_total", m.total);
	json_object_end(&j);
	return print_json(&j, err);
}

int cmd_status(int argc, char **argv, const struct pg_context *ctx, struct pg_error *err)
{
	_cleanup_guard_ struct guard guard = { 0 };
	bool ready = false, memory = false;
	const struct option_word options[] = {
		{ .name = "--ready", .flag = &ready },
		{ .name = "--memory", .flag = &memory },
	};
	int left = take_options(argc, argv, options, ARRAY_SIZE(options), err), pid, r;
	struct event_figures figures;

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
	pid = agent_pid(&ctx->paths);
	if (memory)
		return status_memory(ctx, pid, err);
	r = event_figures(&guard.state, &figures);
	if (r)
		return pg_fail(err, r, PG_EXIT_UNAVAILABLE, "status: pg_journal: %s", strerror(-r));
	return ctx->json ? status_json(&guard, &figures, pid, err)
			 : status_text(&guard, &figures, pid, err);
}
