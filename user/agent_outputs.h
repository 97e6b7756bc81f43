/* SPDX-License-Identifier: GPL-2.0-only */
/* Which outputs the agent is to have: those of the policy, or journald, a little, where it says nothing. */
#ifndef PORTGUARD_AGENT_OUTPUTS_H
#define PORTGUARD_AGENT_OUTPUTS_H

#include "policy/policy.h"

struct agent_outputs {
	struct output *list;
	size_t count;
	bool said;		/* by the policy */
	bool changed;		/* since the caller has set them */
};

/* From the policy in force. 0 or -ENOMEM. */
int agent_outputs_read(struct agent_outputs *o, const struct policy *policy);
/* journald may come later than the agent. 0 or -ENOMEM. */
int agent_outputs_look(struct agent_outputs *o);
void agent_outputs_free(struct agent_outputs *o);

#endif
