// SPDX-License-Identifier: GPL-2.0-only
/* Which hooks of sockets and cgroups a guard's policy needs, and attaching them. */
#include "kernel/guard.h"
#include "kernel/scope_cgroups.h"
#include "kernel/sums.h"

static bool restricts_out(const struct state *s, uint32_t slot)
{
	const struct checksum_tables t = slot_tables(s, slot);
	const uint32_t scopes = scopes_used(&t).scopes;

	if (t.slot->out_restricted || (t.slot->scopes && !t.scopes)) /* who did not map them asks for all */
		return true;
	for (uint32_t i = 0; t.scopes && i < scopes; i++)
		if (((const struct pg_scope *)(t.scopes + i * PG_SCOPE_STRIDE))->out_restricted)
			return true;
	return false;
}

struct hooks_wanted guard_hooks(const struct state *s)
{
	uint32_t slot = state_slot(s);

	return (struct hooks_wanted){
		.out_restricted = restricts_out(s, slot) || (state_is_tried(s) && restricts_out(s, !slot)),
		.scopes = state_has_scopes(s),
	};
}

int guard_sync_hooks(struct guard *g, struct pg_error *err)
{
	struct hooks_wanted wanted = guard_hooks(&g->state);
	bool fresh = wanted.scopes && !hooks_scopes_attached(g->paths);
	int r = hooks_attach(g->paths, g->state.meta->cgroup_dir, wanted, err);
	size_t wrong;

	if (!r && fresh) /* cgroups may have come unseen; the agent tries again */
		(void)scope_cgroups_check(&g->state, &g->policy, NULL, true, &wrong);
	return r;
}

int guard_prepare_hooks(struct guard *g, const struct policy *next, struct pg_error *err)
{
	struct hooks_wanted wanted = guard_hooks(&g->state);

	if (wanted.out_restricted ||
	    (!next->panic && !policy_out_restricted(next) && !policy_scopes_out_restricted(next)))
		return 0;
	wanted.out_restricted = true;
	return hooks_attach(g->paths, g->state.meta->cgroup_dir, wanted, err);
}
