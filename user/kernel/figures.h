/* SPDX-License-Identifier: GPL-2.0-only */
/* The guard's figures, as status, metrics and the heartbeat tell them. */
#ifndef PORTGUARD_FIGURES_H
#define PORTGUARD_FIGURES_H

#include "kernel/state.h"
#include "util/json.h"

struct event_figures {
	uint64_t emitted, suppressed, lost;
};

/* From the agent's journal; 0 or -errno. */
int event_figures(const struct state *s, struct event_figures *ret);

/* The hooks that this version has. */
extern const enum pg_hook counted_hooks[];
extern const size_t counted_hook_count;
/* {"bind":{"allow":N,"deny":N,"audit":N}, ...} */
void counters_json(struct json *j, const struct state *s);

#endif
