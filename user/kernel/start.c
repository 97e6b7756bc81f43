// SPDX-License-Identifier: GPL-2.0-only
/*
 * Beginning and ending a guard. A start that fails leaves nothing behind; one that is killed leaves
 * pins whose control says "not complete", which the next start or `down` clears away.
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>

#include <bpf/libbpf.h>

#include "kernel/cgroup.h"
#include "kernel/choice.h"
#include "kernel/exe.h"
#include "kernel/guard.h"
#include "kernel/last.h"
#include "kernel/load.h"
#include "kernel/lock.h"
#include "kernel/lockout.h"
#include "kernel/map.h"
#include "kernel/upgrade.h"
#include "policy/diff.h"
#include "util/cleanup.h"
#include "util/names.h"

/* -i and --cgroup stand in the place of what the file says. */
static int apply_words(const struct guard_start *start)
{
	struct policy *p = start->policy;

	if (start->cgroup) {
		char *cgroup = strdup(start->cgroup);

		if (!cgroup)
			return -ENOMEM;
		free(p->cgroup);
		p->cgroup = cgroup;
	}
	if (!start->interface_count)
		return 0;
	for (size_t i = 0; i < p->interface_count; i++)
		free(p->interfaces[i].pattern);
	p->interface_count = 0;
	free(p->interfaces);
	p->interfaces = calloc(start->interface_count, sizeof(*p->interfaces));
	if (!p->interfaces)
		return -ENOMEM;
	p->interfaces_said = true;
	for (size_t i = 0; i < start->interface_count; i++) {
		p->interfaces[i].pattern = strdup(start->interfaces[i]);
		if (!p->interfaces[i].pattern)
			return -ENOMEM;
		p->interface_count++;
	}
	return 0;
}

/* The control block of a new instance; abi stays 0 until the start is complete. */
static int init_control(int fd, const char *cgroup)
{
	struct pg_control *c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	uint64_t cookie = 0, id = 0;
	struct timespec tick;
	int r;

	if (c == MAP_FAILED)
		return -errno;
	r = netns_identity(&cookie, &c->netns_inum);
	r = r ? r : cgroup_identity(cgroup, &id, &c->cgroup_level);
	c->netns_cookie = cookie;
	c->cgroup_id = id;
	c->cpus = libbpf_num_possible_cpus();
	c->epoch = 2;
	c->drained = 0;
	c->used_now = 1;
	(void)clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
	c->hz = (1000000000u + tick.tv_nsec / 2) / tick.tv_nsec;
	if (!r && getrandom(&c->seed, sizeof(c->seed), 0) != sizeof(c->seed))
		r = -errno;
	(void)munmap(c, sizeof(*c));
	return r;
}

static void init_meta(struct pg_meta *meta, const struct guard_start *start)
{
	meta->interfaces_said = start->interface_count > 0;
	meta->cgroup_said = start->cgroup != NULL;
	meta->build = object_build();
	meta->in_step = 1; /* both slots are empty */
	(void)snprintf(meta->config, sizeof(meta->config), "%s",
		       start->config ? start->config : "");
}

/* A degraded start lets those in whom it would lock out. */
static int keep_open(struct policy *p, struct pg_error *err)
{
	for (int tries = 0; tries < 64; tries++) {
		struct lockout l;
		struct rule rule = {
			.verdict = PG_ALLOW,
			.directions = RULE_BIND | RULE_IN,
			.protos = RULE_TCP,
			.origin = ORIGIN_RUNTIME,
		};
		int r = lockout_find(NULL, p, &l, err);

		if (r || !l.port)
			return r;
		rule.ports = calloc(1, sizeof(*rule.ports));
		if (!rule.ports)
			return -ENOMEM;
		rule.ports[0] = (struct port_range){ l.port, l.port };
		rule.comment = strdup("kept open at a degraded start");
		rule.scope = l.scope ? strdup(l.scope) : NULL;
		rule.port_count = 1;
		r = policy_add_rule(p, &rule);
		if (r) {
			rule_free(&rule);
			return r;
		}
	}
	return 0;
}

/* Just before the start counts as complete. */
static void note_start(struct guard *g, const struct guard_start *start)
{
	char after[64], text[PG_META_PATH + 128];
	const struct guard_told told = { .action = start->action, .after = after, .text = text };

	(void)snprintf(after, sizeof(after), "%zu rule%s, mode %s", g->policy.rule_count,
		       g->policy.rule_count == 1 ? "" : "s", mode_names[g->policy.mode]);
	(void)snprintf(text, sizeof(text), "the guard begins, by %s: %s",
		       start->config ? start->config : "no policy file", after);
	(void)guard_note(g, &told, NULL);
}

/* Which programs for devices this start is to load. */
static unsigned programs_for(const struct guard_start *start)
{
	_cleanup_devices_ struct devices all = { 0 };

	if (!start->leave_out || devices_read(&all))
		return DEVICE_PROGRAMS_ALL;
	return devices_want(start->policy, &all);
}

/* A device that has come since programs were left out may want them. */
static int sync_first(struct guard *g, bool wait, struct pg_error *err)
{
	int r = guard_sync_devices(g, wait, err);

	return r && TAKE(g->left_out, false) ? guard_sync_devices(g, wait, err) : r;
}

static int start_fresh(const struct paths *paths, const struct guard_start *start, struct guard *g,
		       struct pg_error *err)
{
	const struct change change = { .to = start->policy,
				       .new_generation = true,
				       .devices = devices_list,
				       .exes = &exe_own_world };
	_cleanup_close_ int control = -1;
	char cgroup[PG_META_PATH];
	unsigned programs = programs_for(start);
	bool fresh;
	int r = cgroup_directory(start->policy->cgroup, cgroup, sizeof(cgroup), err);

	r = r ? r : load_programs(paths, start->policy, programs, &control, err);
	if (!r)
		load_freeze(paths);
	r = r ? r : init_control(control, cgroup);
	r = r ? r : pin_make(paths, "pg_control", control);
	if (r)
		return r;
	r = state_open(paths, true, &g->state, err);
	if (r)
		return r;
	init_meta(g->state.meta, start);
	policy_begin_times(start->policy, boot_now_ns());
	(void)snprintf(g->state.meta->cgroup_dir, sizeof(g->state.meta->cgroup_dir), "%s", cgroup);
	if (start->policy->scope_count) /* before cgroups are looked at: none is made unseen */
		r = hooks_attach_scopes(paths, &fresh, err);
	r = r ? r : state_change(&g->state, &change, err);
	if (r)
		return r;
	g->policy = *start->policy;
	*start->policy = (struct policy){ 0 };
	g->left_out = programs != DEVICE_PROGRAMS_ALL;
	r = sync_first(g, start->wait_for_devices, err);
	if (r)
		return r;
	note_start(g, start);
	__atomic_store_n(&g->state.control->abi, PG_ABI_VERSION, __ATOMIC_SEQ_CST);
	return 0;
}

/* For an agent that has them mapped: what goes now is not to be put back (watch.c). */
static void mark_ended(const struct paths *paths)
{
	struct pg_control *c = NULL;
	long size = map_pinned(paths, "pg_control", true, (void **)&c);

	if (size < (long)sizeof(c->abi))
		return;
	__atomic_store_n(&c->abi, 0, __ATOMIC_SEQ_CST);
	map_release(c, size);
}

static void clear_away(const struct paths *paths)
{
	_cleanup_devices_ struct devices all = { 0 };

	upgrade_tidy(paths);
	mark_ended(paths);
	if (!devices_read(&all))
		detach_all(paths, &all);
	(void)pins_remove(paths);
}

static void remove_run_directory(const struct paths *paths)
{
	char path[PG_PATH + 300];
	struct dirent *entry;
	DIR *dir = opendir(paths->run);

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", paths->run, entry->d_name);
		(void)unlink(path);
	}
	(void)closedir(dir);
	(void)rmdir(paths->run);
	(void)rmdir("/run/portguard"); /* other instances may be there */
}

static int begin_new(const struct paths *paths, const struct guard_start *start, struct guard *g,
		     struct pg_error *err)
{
	int r;

	clear_away(paths); /* what a start that was killed left */
	r = check_bpffs(paths, err);
	r = r ? r : policy_number(start->policy, NULL, err);
	if (!r && start->degraded)
		r = keep_open(start->policy, err);
	else if (!r && !start->force)
		r = lockout_refuse(NULL, start->policy, err);
	r = r ? r : policy_number(start->policy, NULL, err);
	r = r ? r : start_fresh(paths, start, g, err);
	if (!r)
		return 0;
	clear_away(paths);
	remove_run_directory(paths);
	if (!err->text[0])
		(void)pg_fail(err, r, PG_EXIT_AUTO, "start: %s", strerror(-r));
	return r;
}

static int check_same_cgroup(const struct policy *p, const struct pg_meta *meta,
			     struct pg_error *err)
{
	char directory[PG_META_PATH];
	int r = cgroup_directory(p->cgroup, directory, sizeof(directory), err);

	if (r || !strcmp(directory, meta->cgroup_dir))
		return r;
	(void)pg_fail(err, -EINVAL, PG_EXIT_POLICY, "--cgroup %s: portguard guards %s already",
		      directory, meta->cgroup_dir);
	return pg_help(err, -EINVAL,
		       "to guard another one: portguard down, then portguard up or run");
}

/* Bring what runs already to the policy; a start that changes nothing keeps the generation. */
static int adopt(const struct guard_start *start, struct guard *g, struct pg_error *err)
{
	const struct guard_told told = {
		.action = start->action,
		.text = "started with another policy than was in force",
		.compare = true,
	};
	const struct guard_change how = {
		.force = start->force || start->degraded,
		.new_generation = !start->degraded,
		.wait_for_devices = start->wait_for_devices,
		.told = &told,
	};
	struct pg_meta *meta = g->state.meta;
	bool changed;
	int r = guard_check_netns(g, err);

	if (!r)
		guard_settle_trial(g);
	r = r ? r : state_policy(&g->state, &g->policy, err);
	if (r)
		return r;
	r = start->cgroup ? check_same_cgroup(start->policy, meta, err) : 0;
	if (r)
		return r;
	/* Neither policy is touched before that is over: an agent may begin, but `up` has nothing else to do. */
	if (state_is_tried(&g->state))
		return start->wait_for_devices ? guard_sync_devices(g, true, err)
					       : guard_check_no_trial(g, err);
	if (start->degraded) { /* what is pinned is the last policy in force, whatever lies in files */
		policy_free(start->policy);
		r = policy_copy(&g->policy, start->policy);
		r = r ? r : apply_words(start);
		if (r)
			return r;
	}
	if (start->interface_count)
		meta->interfaces_said = 0; /* said anew: take the words of this start */
	if (meta->mode_typed)
		policy_take_modes(start->policy, &g->policy);
	r = guard_merge(g, start->policy, false, err);
	if (start->interface_count)
		meta->interfaces_said = 1;
	r = r ? r : guard_change(g, start->policy, &how, &changed, err);
	if (r)
		return r;
	if (start->config)
		(void)snprintf(meta->config, sizeof(meta->config), "%s", start->config);
	return guard_sync_devices(g, start->wait_for_devices, err);
}

int guard_begin(const struct paths *paths, const struct guard_start *start, struct guard *ret,
		struct pg_error *err)
{
	_cleanup_guard_ struct guard g = { .paths = paths };
	int r = check_capabilities(err);

	r = r ? r : apply_words(start);
	if (r)
		return r;
	r = lock_commands(paths, true, LOCK_WAIT_MS, &g.lock_fd, err);
	r = r ? r : upgrade(paths, err);
	if (r)
		return r;
	r = state_open(paths, false, &g.state, err);
	if (r == -ENOENT) {
		err->text[0] = '\0';
		r = begin_new(paths, start, &g, err);
		g.fresh = !r;
	} else if (!r) {
		r = adopt(start, &g, err);
	}
	if (r)
		return r;
	(void)snprintf(g.state.meta->degraded, sizeof(g.state.meta->degraded), "%s",
		       start->degraded ? start->degraded : "");
	if (!start->degraded && !state_is_tried(&g.state)) /* else the next boot has an older one */
		(void)last_policy_write(paths, &g.policy, g.state.meta->mode_typed);
	*ret = g;
	g = (struct guard){ 0 };
	return 0;
}

void guard_undo(const struct paths *paths)
{
	_cleanup_close_ int lock = -1;

	if (lock_take(paths, "lock", true, LOCK_WAIT_MS, &lock))
		return; /* whoever holds it works on what is there */
	clear_away(paths);
	remove_run_directory(paths);
}

/* End the agent by its pid and wait until it has gone. */
static void end_agent(const struct paths *paths)
{
	int pid = agent_pid(paths);
	_cleanup_close_ int fd = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
	struct pollfd gone = { .fd = fd, .events = POLLIN };

	if (fd < 0)
		return;
	(void)syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0);
	if (poll(&gone, 1, 5000) == 0)
		(void)syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
	(void)poll(&gone, 1, 1000);
}

static int nothing_to_end(const struct paths *paths, struct pg_error *err)
{
	int pid = agent_pid(paths);

	if (pid > 0) {
		(void)pg_fail(err, -ENOENT, PG_EXIT_UNAVAILABLE,
			      "instance %s is not running in %s, but its agent is "
			      "(pid %d)",
			      paths->instance, paths->bpffs, pid);
		return pg_help(err, -ENOENT,
			       "name the bpffs that it was started with: --bpffs DIR");
	}
	remove_run_directory(paths);
	return pg_fail(err, -ENOENT, PG_EXIT_UNAVAILABLE, "instance %s is not running in %s",
		       paths->instance, paths->bpffs);
}

/* What was never complete does not end. */
static void note_end(const struct paths *paths)
{
	const struct guard_told told = { .action = "down", .text = "the guard has ended" };
	_cleanup_guard_ struct guard g = { .paths = paths };

	if (!state_open(paths, false, &g.state, NULL))
		(void)guard_note(&g, &told, NULL);
}

int guard_end(const struct paths *paths, struct pg_error *err)
{
	_cleanup_close_ int lock = -1;
	int r = check_capabilities(err);

	if (r)
		return r;
	if (access(paths->pins, F_OK) &&
	    errno == ENOENT) /* not pg_control: a killed start may have left less */
		return nothing_to_end(paths, err);
	end_agent(paths);
	r = lock_commands(paths, true, LOCK_WAIT_MS, &lock, err);
	if (r)
		return r;
	note_end(paths);
	clear_away(paths);
	remove_run_directory(paths);
	return 0;
}
