/* SPDX-License-Identifier: GPL-2.0-only */
/* A change under way: what change.c (slots and ports) and change_groups.c (what answers lead to) share. */
#ifndef PORTGUARD_EDIT_STATE_H
#define PORTGUARD_EDIT_STATE_H

#include "kernel/classes.h"
#include "kernel/state.h"

struct span {
	uint8_t table, proto;
	uint16_t first, last;
	uint32_t answer;
};

struct edit {
	struct state *state;
	const struct change *change;
	struct compiled from, to;
	bool same_classes, classes_written;
	uint32_t slot;		/* the one that is written */
	uint32_t table;		/* of the classes of `to` */
	struct classes maps;
	uint32_t *numbers;	/* of to's groups in the kernel, 0: none yet */
	uint8_t *taken;		/* a byte for each group number of the kernel */
	struct span *spans;
	size_t span_count, span_room;
	bool scopes_written, scopes_moved;	/* the slot's scopes are new; they came from the other slot */
	bool cut_short;		/* the change before this one */
};

/* Until every program that may still look at the former slot has ended (an RCU grace period). */
void wait_for_programs(void);

/* Open the maps behind groups and, once, write the classes of `to`. */
int groups_open(struct edit *e);
/* An answer of `to` as the kernel has it: what it leads to is there before it. */
int kernel_answer(struct edit *e, uint32_t answer, uint32_t *ret);
/* Whether the table in force has the files that `by exe` means now. */
bool groups_know_exes(struct edit *e);
/* Take away what neither slot leads to any more. Failing to costs memory only. */
void groups_drop_unused(struct edit *e);

#endif
