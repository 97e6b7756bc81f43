// SPDX-License-Identifier: GPL-2.0-only
/* What time does to a guard's policy: trials end, rules run out, files are replaced. */
#include <errno.h>

#include "kernel/exe.h"
#include "kernel/guard.h"
#include "kernel/last.h"

/* The programs have gone back already; the word that says so follows. */
void guard_settle_trial(struct guard *g)
{
	const struct guard_told told = {
		.action = "rollback",
		.actor = &guard_nobody,
		.text = "nobody confirmed in time: the former policy is in force again",
		.at_ns = g->state.control->try_until_ns,
	};

	if (!state_is_tried(&g->state) || state_try_left_ns(&g->state))
		return;
	(void)guard_note(g, &told, NULL);
	state_end_trial(&g->state, false);
	g->settled = true;
}

int guard_check_no_trial(const struct guard *g, struct pg_error *err)
{
	unsigned left = (state_try_left_ns(&g->state) + 999999999) / 1000000000;

	if (!state_is_tried(&g->state))
		return 0;
	(void)pg_fail(err, -EBUSY, PG_EXIT_BUSY, "a policy is on trial, for %u seconds more", left);
	return pg_help(err, -EBUSY, "keep it: portguard confirm; or go back: portguard rollback");
}

int guard_end_trial(struct guard *g, bool confirmed, struct pg_error *err)
{
	const struct guard_told told = {
		.action = confirmed ? "confirm" : "rollback",
		.text = confirmed ? "the policy that was on trial stays"
				  : "the former policy is in force again",
	};

	(void)guard_note(g, &told, NULL);
	return guard_switch_trial(g, confirmed, err);
}

int guard_switch_trial(struct guard *g, bool confirmed, struct pg_error *err)
{
	int r;

	state_end_trial(&g->state, confirmed);
	policy_free(&g->policy);
	r = state_policy(&g->state, &g->policy, err);
	r = r ? r : guard_sync_devices(g, true, err);
	if (!r && confirmed)
		(void)last_policy_write(g->paths, &g->policy, g->state.meta->mode_typed);
	return r;
}

bool guard_has_ended(const struct rule *rule, uint64_t now_ns)
{
	return rule->origin == ORIGIN_RUNTIME && rule->until_ns && rule->until_ns <= now_ns;
}

bool guard_drop_ended(struct policy *p)
{
	uint64_t now = boot_now_ns();
	bool found = false;

	for (size_t i = p->rule_count; i-- > 0;) {
		if (!guard_has_ended(&p->rules[i], now))
			continue;
		policy_remove_rule(p, i);
		found = true;
	}
	return found;
}

int guard_resolve_exes(struct guard *g, struct pg_error *err)
{
	const struct change change = {
		.from = &g->policy,
		.to = &g->policy,
		.devices = devices_list,
		.exes = &exe_own_world,
	};

	return state_change(&g->state, &change, err);
}
