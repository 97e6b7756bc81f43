// SPDX-License-Identifier: GPL-2.0-only
/* Opening a running guard and changing its policy; start.c begins and ends one. */
#include "kernel/guard.h"

#include <errno.h>
#include <string.h>

#include "kernel/choice.h"
#include "kernel/coverage.h"
#include "kernel/exe.h"
#include "kernel/hooks.h"
#include "kernel/last.h"
#include "kernel/lock.h"
#include "kernel/lockout.h"
#include "kernel/seed.h"
#include "kernel/sums.h"
#include "policy/diff.h"
#include "policy/image.h"
#include "util/cleanup.h"

void guard_close(struct guard *g)
{
	state_close(&g->state);
	policy_free(&g->policy);
	if (g->lock_fd > 0)
		(void)close(g->lock_fd);
	*g = (struct guard){ 0 };
}

int guard_open(const struct paths *paths, enum guard_access access, struct guard *ret,
	       struct pg_error *err)
{
	_cleanup_guard_ struct guard g = { .paths = paths };
	int fd = pin_open(paths, "pg_control"), r;

	if (fd < 0) /* nothing runs: do not even make the lock's directory */
		return state_open(paths, false, &g.state, err);
	(void)close(fd);
	r = lock_commands(paths, access != GUARD_READ,
			  access == GUARD_WRITE_NOW ? 0 : LOCK_WAIT_MS, &g.lock_fd, err);
	if (r)
		return r;
	r = state_open(paths, false, &g.state, err);
	if (!r && access != GUARD_READ)
		r = check_capabilities(err);
	if (!r && access != GUARD_READ)
		guard_settle_trial(&g);
	if (!r && access == GUARD_WRITE)
		r = guard_check_no_trial(&g, err);
	r = r ? r : state_policy(&g.state, &g.policy, err);
	if (r)
		return r;
	if (g.settled) /* what the tried policy had attached more goes; if not now, by the agent */
		(void)guard_sync_devices(&g, true, NULL);
	*ret = g;
	g = (struct guard){ 0 };
	return 0;
}

int guard_check_netns(const struct guard *g, struct pg_error *err)
{
	uint64_t cookie;
	uint32_t inum;
	int r = netns_identity(&cookie, &inum);

	if (r)
		return pg_fail(err, r, PG_EXIT_UNAVAILABLE, "network namespace: %s", strerror(-r));
	if (inum == g->state.control->netns_inum)
		return 0;
	(void)pg_fail(err, -EXDEV, PG_EXIT_UNAVAILABLE,
		      "this is not the network namespace that instance %s guards",
		      g->paths->instance);
	return pg_help(
		err, -EXDEV,
		"go there first: nsenter --net=…, or start another instance: --instance NAME");
}

static bool same_choice(const struct policy *a, const struct policy *b)
{
	if (a->interfaces_said != b->interfaces_said || a->interface_count != b->interface_count ||
	    a->attach != b->attach || a->loopback != b->loopback)
		return false;
	for (size_t i = 0; i < a->interface_count; i++)
		if (strcmp(a->interfaces[i].pattern, b->interfaces[i].pattern) ||
		    a->interfaces[i].attach != b->interfaces[i].attach)
			return false;
	return true;
}

static int take_interfaces(struct policy *to, const struct policy *from)
{
	_cleanup_policy_ struct policy copy = { 0 };
	int r = policy_copy(from, &copy);

	if (r)
		return r;
	for (size_t i = 0; i < to->interface_count; i++)
		free(to->interfaces[i].pattern);
	free(to->interfaces);
	to->interfaces = TAKE_PTR(copy.interfaces);
	to->interface_count = TAKE(copy.interface_count, 0);
	to->interfaces_said = copy.interfaces_said;
	return 0;
}

int guard_merge(const struct guard *g, struct policy *file, bool exact, struct pg_error *err)
{
	const struct pg_meta *meta = g->state.meta;
	int r = policy_merge(&g->policy, file, exact);

	if (!r && meta->interfaces_said)
		r = take_interfaces(file, &g->policy);
	if (!r && (meta->cgroup_said || !strcmp(file->cgroup, g->policy.cgroup))) {
		char *cgroup = strdup(g->policy.cgroup);

		if (!cgroup)
			return -ENOMEM;
		free(file->cgroup);
		file->cgroup = cgroup;
	} else if (!r) {
		(void)pg_fail(err, -EINVAL, PG_EXIT_POLICY,
			      "cgroup: %s instead of %s cannot be changed while "
			      "portguard runs",
			      file->cgroup, g->policy.cgroup);
		return pg_help(err, -EINVAL, "portguard down, then portguard up or run");
	}
	return r;
}

/* Ids for new rules, which begin to count at what their id has counted for others before. */
static int number_rules(const struct guard *g, struct policy *next, struct pg_error *err)
{
	_cleanup_free_ bool *fresh = calloc(next->rule_count + 1, sizeof(*fresh));
	int r;

	if (!fresh)
		return -ENOMEM;
	for (size_t i = 0; i < next->rule_count; i++)
		fresh[i] = !next->rules[i].id;
	r = policy_number(next, &g->policy, err);
	for (size_t i = 0; !r && i < next->rule_count; i++)
		if (fresh[i])
			next->rules[i].hits_base =
				state_count(&g->state, PG_COUNT_RULE(next->rules[i].id));
	return r;
}

static int absent(const struct policy *p, const struct devices *all, struct pg_error *err)
{
	for (size_t i = 0; i < p->interface_count; i++) {
		const char *name = p->interfaces[i].pattern;

		if (strpbrk(name, "*?[") || devices_by_name(all, name))
			continue;
		(void)pg_fail(err, -ENODEV, PG_EXIT_UNAVAILABLE,
			      "interface %s: there is none of that name", name);
		return pg_help(err, -ENODEV,
			       "see: ip link; portguard run waits for it, portguard up does not");
	}
	return 0;
}

static int check_devices(const struct policy *p, struct pg_error *err)
{
	_cleanup_devices_ struct devices all = { 0 };
	int r = devices_read(&all);

	return r ? pg_fail(err, r, PG_EXIT_UNAVAILABLE, "interfaces: %s", strerror(-r))
		 : absent(p, &all, err);
}

static int put_in_force(struct guard *g, const struct policy *next, const struct guard_change *how,
			bool changed, struct pg_error *err)
{
	_cleanup_compiled_ struct compiled from = { 0 }, to = { 0 };
	struct change change = {
		.from = &g->policy,
		.to = next,
		.new_generation = how->new_generation && changed,
		.devices = devices_list,
		.exes = &exe_own_world,
		.from_compiled = &from,
		.to_compiled = &to,
		.try_until_ns = how->try_ns ? boot_now_ns() + how->try_ns : 0,
	};
	uint64_t ended;
	int r = guard_check_netns(g, err);
	bool narrows;

	r = r ? r : policy_compile_exes(&g->policy, change.exes, &from, err);
	r = r ? r : policy_compile_exes(next, change.exes, &to, err);
	narrows = !r && policy_narrows(&g->policy, &from, next, &to);
	if (!r && narrows && !how->force)
		r = lockout_refuse(&g->policy, next, err);
	if (r || how->dry_run)
		return r;
	if (narrows) { /* open connections stay open */
		r = seed_open(&g->state);
		if (r)
			return pg_fail(err, r, PG_EXIT_UNAVAILABLE, "open connections: %s",
				       strerror(-r));
	}
	if (next->scope_count) /* before cgroups are looked at: none is made unseen */
		r = hooks_attach_scopes(g->paths, &change.cgroups, err);
	if (r)
		return r;
	ended = guard_note_ended(g);
	g->noted_at = how->told ? guard_note(g, how->told, next) : GUARD_NOWHERE;
	r = state_change(&g->state, &change, err);
	if (r)
		guard_note_drop(g, ended < g->noted_at ? ended : g->noted_at);
	if (!r && narrows) /* what was opened in between; should it fail, most is there */
		(void)seed_open(&g->state);
	return r;
}

/* To the letter: comments and origins too. */
static bool same_image(const struct policy *a, const struct policy *b)
{
	size_t la, lb;
	_cleanup_free_ char *ta = image_write(a, &la), *tb = image_write(b, &lb);

	return ta && tb && la == lb && !memcmp(ta, tb, la);
}

/* Attach what the policy in force wants; where that fails, the former policy comes back. */
static int follow_with_devices(struct guard *g, struct policy *before,
			       const struct guard_change *how, struct pg_error *err)
{
	const struct guard_change back = { .force = true };
	uint64_t noted = g->noted_at;
	int r = guard_sync_devices(g, how->wait_for_devices, err);

	if (!r)
		return 0;
	if (how->try_ns) {
		(void)guard_switch_trial(g, false, NULL);
		guard_note_drop(g, noted);
		return r;
	}
	if (!put_in_force(g, before, &back, false, NULL)) {
		guard_note_drop(g, noted);
		policy_free(&g->policy);
		g->policy = TAKE(*before, (struct policy){ 0 });
		(void)guard_sync_devices(g, true, NULL);
	}
	return r;
}

int guard_change(struct guard *g, struct policy *next, const struct guard_change *how,
		 bool *ret_changed, struct pg_error *err)
{
	_cleanup_policy_ struct policy before = { 0 };
	bool devices = !same_choice(&g->policy, next) ||
		       coverage_has_ipsec(&g->policy) != coverage_has_ipsec(next);
	int r = guard_check_no_trial(g, err);

	*ret_changed = false;
	if (r)
		return r;
	(void)guard_drop_ended(next);
	policy_begin_times(next, boot_now_ns());
	r = number_rules(g, next, err);
	if (r)
		return r;
	*ret_changed = !policy_equal(&g->policy, next);
	if (!*ret_changed && same_image(&g->policy, next))
		return 0;
	r = devices && !how->wait_for_devices ? check_devices(next, err) : 0;
	if (!r && !how->dry_run) /* before it: it may be refused */
		r = guard_prepare_hooks(g, next, err);
	r = r ? r : put_in_force(g, next, how, *ret_changed, err);
	if (r || how->dry_run)
		return r;
	before = g->policy;
	g->policy = TAKE(*next, (struct policy){ 0 });
	r = guard_sync_hooks(g, err);
	if (!r && devices)
		r = follow_with_devices(g, &before, how, err);
	if (!r && !how->try_ns)
		(void)last_policy_write(g->paths, &g->policy, /* else the next boot has an older one */
					g->state.meta->mode_typed);
	return r;
}

/* A device that went away since the list was made is no mistake. */
static int skip_gone(int r, struct pg_error *err)
{
	if (r != -ENODEV)
		return r;
	if (err)
		err->text[0] = err->help[0] = '\0';
	return 0;
}

static int first_error(int first, int next)
{
	return first ? first : next;
}

static int attach_new(struct guard *g, const struct devices *all, struct pg_error *err)
{
	bool fresh = false;
	int r = 0;

	for (size_t i = 0; !r && i < all->count; i++) {
		const struct device *d = &all->list[i];

		if (device_choice(&g->policy, all, d) == ATTACH_DEFAULT)
			continue;
		fresh |= attached_inbound(g->paths, d) == VIA_NONE;
		r = skip_gone(attach_outbound(g->paths, d, err), err);
	}
	if (!r && fresh) {
		r = seed_flows(&g->state);
		if (r)
			return pg_fail(err, r, PG_EXIT_UNAVAILABLE, "open connections: %s",
				       strerror(-r));
	}
	if (r)
		return r;
	for (size_t i = 0; i < all->count;
	     i++) { /* one that fails is no reason to leave others open */
		const struct device *d = &all->list[i];
		enum attach_choice how = device_choice(&g->policy, all, d);
		struct pg_error *say = r ? NULL : err;

		if (how != ATTACH_DEFAULT)
			r = first_error(r, skip_gone(attach_inbound(g->paths, d, how, say), say));
	}
	return r;
}

static int cover(struct guard *g, const struct devices *all, bool mark, struct pg_error *err)
{
	int r = coverage_write(g->paths, &g->policy, all, mark);

	return r ? pg_fail(err, r, PG_EXIT_UNAVAILABLE, "interfaces: %s", strerror(-r)) : 0;
}

bool guard_is_whole(const struct guard *g)
{
	_cleanup_devices_ struct devices all = { 0 };

	if (!hooks_attached(g->paths, guard_hooks(&g->state)) || devices_read(&all))
		return false;
	for (size_t i = 0; i < all.count; i++)
		if (device_choice(&g->policy, &all, &all.list[i]) != ATTACH_DEFAULT &&
		    (attached_inbound(g->paths, &all.list[i]) == VIA_NONE ||
		     attached_outbound(g->paths, &all.list[i]) == VIA_NONE))
			return false;
	return true;
}

static int sync_devices(struct guard *g, bool wait, struct pg_error *err)
{
	_cleanup_devices_ struct devices all = { 0 };
	int r = guard_check_netns(g, err);

	if (r)
		return r;
	r = devices_read(&all);
	if (r)
		return pg_fail(err, r, PG_EXIT_UNAVAILABLE, "interfaces: %s", strerror(-r));
	r = wait ? 0 : absent(&g->policy, &all, err);
	r = r ? r : guard_sync_hooks(g, err);
	r = r ? r : cover(g, &all, false, err);
	if (r)
		return r;
	r = attach_new(g, &all, err); /* what could be attached counts, whatever failed */
	r = first_error(r, cover(g, &all, true, r ? NULL : err));
	r = first_error(r, state_resolve_devices(&g->state, &g->policy, &all));
	if (r)
		return r;
	if (state_is_tried(&g->state)) /* the former policy may come back without us */
		return 0;
	for (size_t i = 0; i < all.count; i++) {
		const struct device *d = &all.list[i];

		if (device_choice(&g->policy, &all, d) == ATTACH_DEFAULT &&
		    (attached_inbound(g->paths, d) != VIA_NONE ||
		     attached_outbound(g->paths, d) != VIA_NONE))
			detach_device(g->paths, d);
	}
	sweep_links(g->paths);
	return 0;
}

int guard_sync_devices(struct guard *g, bool wait, struct pg_error *err)
{
	int loaded, r;

	g->state.meta->sums.serial++; /* links come and go now by our own doing */
	loaded = g->left_out ? 0 : load_later(g->paths); /* else it is said of a device that wants one */
	r = sync_devices(g, wait, err);
	if (r && loaded)
		(void)pg_fail(err, r, PG_EXIT_UNAVAILABLE, "load: programs for devices: %s",
			      strerror(-loaded));
	sums_seal_devices(&g->state);
	return r;
}
