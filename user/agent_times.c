// SPDX-License-Identifier: GPL-2.0-only
/* See agent_times.h. */
#include "agent_times.h"

#include <errno.h>
#include <sys/timerfd.h>

#include "kernel/checksum.h"
#include "kernel/exe.h"
#include "kernel/guard.h"
#include "kernel/lock.h"
#include "util/cleanup.h"

#define MOST_FILES 64 /* that one path means: in the containers of a scope */
#define FILES_LOOKS 4 /* looks at a time, two a second */

int agent_times_open(struct agent_times *t)
{
	t->slot = t->state->control->slot & 1;
	t->known = false;
	t->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	return t->timer_fd < 0 ? -errno : 0;
}

void agent_times_close(struct agent_times *t)
{
	cleanup_close(&t->timer_fd);
	policy_free(&t->policy);
}

static void arm(struct agent_times *t)
{
	uint64_t at = t->state->control->try_until_ns;
	struct itimerspec time = { .it_value = { .tv_sec = (time_t)(at / 1000000000),
						 .tv_nsec = (long)(at % 1000000000) } };

	(void)timerfd_settime(t->timer_fd, TFD_TIMER_ABSTIME, &time, NULL); /* else a tick later */
}

/* Return: a trial has ended. */
static bool look_at_trial(struct agent_times *t)
{
	_cleanup_guard_ struct guard g = { 0 };
	uint32_t slot = t->state->control->slot, before = t->slot;

	if (slot & PG_SLOT_TRIED && !state_try_left_ns(t->state)) {
		if (guard_open(t->paths, GUARD_WRITE_NOW, &g, NULL)) /* settles it */
			return false; /* a command is at work, and does */
		slot = t->state->control->slot;
	}
	if (slot & PG_SLOT_TRIED && slot != before)
		arm(t);
	t->slot = slot;
	return before != slot && before & PG_SLOT_TRIED;
}

static uint64_t first_end(const struct policy *p)
{
	uint64_t first = UINT64_MAX;

	for (size_t i = 0; i < p->rule_count; i++)
		if (p->rules[i].origin == ORIGIN_RUNTIME && p->rules[i].until_ns &&
		    p->rules[i].until_ns < first)
			first = p->rules[i].until_ns;
	return first;
}

static bool names_files(const struct policy *p)
{
	for (size_t i = 0; i < p->rule_count; i++)
		if (p->rules[i].exe)
			return true;
	return false;
}

/* What the files of `by exe` are now. */
static uint64_t sum_files(const struct policy *p)
{
	struct exe_identity found[MOST_FILES] = { 0 };
	uint64_t sum = 0;

	for (size_t i = 0; i < p->rule_count; i++) {
		const struct rule *rule = &p->rules[i];
		size_t count = 0;

		if (rule->exe && !exe_identities(NULL, rule->scope, rule->exe, found, MOST_FILES, &count))
			sum += checksum_bytes(i << 16, found, count * sizeof(*found));
	}
	return sum;
}

/* After others have changed the policy. */
static void read_policy(struct agent_times *t)
{
	_cleanup_policy_ struct policy p = { 0 };
	_cleanup_close_ int lock = -1;
	uint32_t serial = t->state->meta->sums.serial;

	if (t->known && serial == t->serial)
		return;
	if (lock_take(t->paths, "lock", false, 0, &lock) || state_policy(t->state, &p, NULL))
		return; /* the next look */
	t->serial = serial;
	t->known = true;
	t->next_end_ns = first_end(&p);
	policy_free(&t->policy);
	if (names_files(&p)) {
		t->policy = TAKE(p, (struct policy){ 0 });
		t->files = sum_files(&t->policy); /* first: what is replaced from here on shows */
		t->files += !state_knows_exes(t->state, &t->policy, &exe_own_world);
	}
}

static void drop_ended(struct agent_times *t)
{
	_cleanup_policy_ struct policy next = { 0 };
	_cleanup_guard_ struct guard g = { 0 };
	const struct guard_change how = { .force = true, .wait_for_devices = true };
	bool changed;

	if (!t->known || boot_now_ns() < t->next_end_ns || state_is_tried(t->state))
		return;
	if (guard_open(t->paths, GUARD_WRITE_NOW, &g, NULL) || policy_copy(&g.policy, &next))
		return;
	if (!guard_change(&g, &next, &how, &changed, NULL)) /* drops them; else at the next look */
		t->known = false;
}

static void follow_files(struct agent_times *t)
{
	_cleanup_guard_ struct guard g = { 0 };

	if (!t->policy.rule_count || ++t->looks % FILES_LOOKS || sum_files(&t->policy) == t->files)
		return;
	if (state_is_tried(t->state) || guard_open(t->paths, GUARD_WRITE_NOW, &g, NULL))
		return;
	if (!guard_resolve_exes(&g, NULL))
		t->known = false;
}

bool agent_times_check(struct agent_times *t)
{
	uint64_t passed;
	bool ended;

	(void)!read(t->timer_fd, &passed, sizeof(passed));
	ended = look_at_trial(t);
	read_policy(t);
	drop_ended(t);
	follow_files(t);
	return ended;
}
