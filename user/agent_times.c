// SPDX-License-Identifier: GPL-2.0-only
/* See agent_times.h. */
#include "agent_times.h"

#include <errno.h>
#include <sys/timerfd.h>

#include "kernel/guard.h"
#include "kernel/lock.h"
#include "util/cleanup.h"

int agent_times_open(struct agent_times *t)
{
	t->slot = t->state->control->slot & 1;
	t->panic = state_in_force(t->state)->panic;
	t->ends_known = false;
	t->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	return t->timer_fd < 0 ? -errno : 0;
}

void agent_times_close(struct agent_times *t)
{
	cleanup_close(&t->timer_fd);
}

static void arm(struct agent_times *t)
{
	uint64_t at = t->state->control->try_until_ns;
	struct itimerspec time = { .it_value = { .tv_sec = (time_t)(at / 1000000000),
						 .tv_nsec = (long)(at % 1000000000) } };

	(void)timerfd_settime(t->timer_fd, TFD_TIMER_ABSTIME, &time, NULL); /* else a tick later */
}

static void tell_trial(struct agent_times *t, uint32_t slot)
{
	if (slot & PG_SLOT_TRIED && !(t->slot & PG_SLOT_TRIED))
		t->tell(t->data, "try", "a policy is on trial");
	else if (!(slot & PG_SLOT_TRIED) && (slot & 1) == (t->slot & 1))
		t->tell(t->data, "confirm", "the policy that was on trial stays");
	else if (!(slot & PG_SLOT_TRIED))
		t->tell(t->data, "rollback",
			boot_now_ns() >= t->state->control->try_until_ns
				? "nobody confirmed in time: the former policy is in force again"
				: "the former policy is in force again");
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
		t->slot = (slot ^ 1) | PG_SLOT_TRIED; /* it may have begun between two looks */
	}
	if ((slot | t->slot) & PG_SLOT_TRIED && slot != t->slot)
		tell_trial(t, slot);
	if (slot & PG_SLOT_TRIED && slot != before)
		arm(t);
	t->slot = slot;
	return before != slot && before & PG_SLOT_TRIED;
}

static void look_at_panic(struct agent_times *t)
{
	bool panic = state_in_force(t->state)->panic;

	if (panic != t->panic)
		t->tell(t->data, "panic",
			panic ? "on: nothing but the failsafe ports" : "off");
	t->panic = panic;
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

/* After others have changed the policy. */
static void find_ends(struct agent_times *t)
{
	_cleanup_policy_ struct policy p = { 0 };
	_cleanup_close_ int lock = -1;
	uint32_t serial = t->state->meta->sums.serial;

	if (t->ends_known && serial == t->serial)
		return;
	if (lock_take(t->paths, "lock", false, 0, &lock) || state_policy(t->state, &p, NULL))
		return; /* the next look */
	t->serial = serial;
	t->ends_known = true;
	t->next_end_ns = first_end(&p);
}

static void drop_ended(struct agent_times *t)
{
	_cleanup_policy_ struct policy next = { 0 };
	_cleanup_guard_ struct guard g = { 0 };
	const struct guard_change how = { .force = true, .wait_for_devices = true };
	bool changed;

	if (!t->ends_known || boot_now_ns() < t->next_end_ns || state_is_tried(t->state))
		return;
	if (guard_open(t->paths, GUARD_WRITE_NOW, &g, NULL) || policy_copy(&g.policy, &next))
		return;
	if (!guard_change(&g, &next, &how, &changed, NULL)) /* drops them; else at the next look */
		t->ends_known = false;
}

bool agent_times_check(struct agent_times *t)
{
	uint64_t passed;
	bool ended;

	(void)!read(t->timer_fd, &passed, sizeof(passed));
	ended = look_at_trial(t);
	look_at_panic(t);
	find_ends(t);
	drop_ended(t);
	return ended;
}
