// SPDX-License-Identifier: GPL-2.0-only
#include "agent_outputs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "events/sink_journald.h"

void agent_outputs_free(struct agent_outputs *o)
{
	for (size_t i = 0; i < o->count; i++)
		output_free(&o->list[i]);
	free(o->list);
	*o = (struct agent_outputs){ .list = NULL };
}

static int copy_list(struct agent_outputs *to, const struct policy *policy)
{
	to->list = calloc(policy->output_count + 1, sizeof(*to->list));
	if (!to->list)
		return -ENOMEM;
	for (; to->count < policy->output_count; to->count++)
		if (output_copy(&policy->outputs[to->count], &to->list[to->count]))
			return -ENOMEM;
	return 0;
}

static bool same(const struct agent_outputs *a, const struct agent_outputs *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->list[i].text, b->list[i].text))
			return false;
	return true;
}

static void replace(struct agent_outputs *o, struct agent_outputs *next)
{
	next->changed = o->changed || !same(o, next);
	agent_outputs_free(o);
	*o = *next;
}

/* Without its socket journald is not here: no error, and nothing waits for it. */
static int add_journald(struct agent_outputs *o)
{
	int r;

	if (access(JOURNALD_SOCKET, F_OK))
		return 0;
	r = output_default(&o->list[0]);
	o->count = !r;
	return r;
}

int agent_outputs_read(struct agent_outputs *o, const struct policy *policy)
{
	struct agent_outputs next = { .said = policy->outputs_said };
	int r = copy_list(&next, policy);

	if (!r && !next.said)
		r = add_journald(&next);
	if (r)
		agent_outputs_free(&next);
	else
		replace(o, &next);
	return r;
}

int agent_outputs_look(struct agent_outputs *o)
{
	int r;

	if (o->said || o->count || !o->list)
		return 0;
	r = add_journald(o);
	o->changed |= o->count > 0;
	return r;
}
