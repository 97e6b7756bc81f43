/* SPDX-License-Identifier: GPL-2.0-only */
/* What of a state is mapped late: state.c opens and closes it, state_map_…() of state.h map it. */
#ifndef PORTGUARD_STATE_LATE_H
#define PORTGUARD_STATE_LATE_H

#include "kernel/state.h"

/* Room for all of it, and the descriptors to map it by. 0 or -errno: state_late_close() all the same. */
int state_late_open(struct state *s);
void state_late_close(struct state *s);
/* One counter of pg_counts, by its place in the map. */
uint64_t state_count_at(const struct state *s, uint32_t index);

#endif
