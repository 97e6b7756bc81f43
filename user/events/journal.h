/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stream's accounts, in memory that outlives the agent (pinned maps): exact at every instant,
 * so that an agent that is killed anywhere leaves nothing uncounted and nothing counted twice.
 *
 * Two sums tell everything. `taken`: refusals that the agent took over from the kernel - by the
 * slots of pg_seen in reported[], by the ring in the word of slot 0, which is a header and counts
 * nothing itself. `told` = emitted + suppressed: refusals in lines. What was taken and not told
 * lies in the agent's memory; when that is gone, it is lost. So at the start of the next agent
 *
 *	lost = taken - told
 *
 * which is an assignment, not an addition: doing it twice does no harm. Each taking is one store of
 * eight bytes, hence never half done. Telling is not: lines go to history, then the sums follow.
 * Around that stands a bracket:
 *
 *	pending_count = told		what was told before the batch
 *	pending_seq = first seq		the bracket is open
 *	  … lines are written …		history first: it is the witness
 *	seq, emitted, suppressed	in this order
 *	pending_seq = 0			the bracket is closed
 *
 * Found open, it says: told = pending_count + what history holds from pending_seq on. Whether
 * `emitted` was stored already is seen from emitted + suppressed, which is then not pending_count
 * any more. (An agent killed while history cannot be written - a full disk - may count that one
 * batch as lost although another output got it.)
 *
 * The ring hands a record over again if the agent died before it moved on. The word of slot 0 holds a
 * mark of the last record beside the number of all, in one store; the first record that a new
 * agent sees is left out if it has that mark.
 */
#ifndef PORTGUARD_JOURNAL_H
#define PORTGUARD_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "events/history.h"
#include "portguard/abi.h"

struct journal {
	struct pg_journal *memory;
	uint64_t *reported;
	uint32_t slots;		/* of reported */
	bool first_record;	/* none has come yet: it may be one that was taken before */
};

/**
 * journal_open() - Settle what the former agent left.
 * @past: what history holds from memory->pending_seq on, and its last seq: the numbers go on after it
 *        even where the journal is new.
 */
void journal_open(struct journal *j, const struct history_tally *past);
/* The agent ends in order: the next one's first record is new, whatever it looks like. */
void journal_close(struct journal *j);

/* What a slot counts is taken up to @count; returns how much is new. Slots of allowed kinds are no part of `taken`. */
uint64_t journal_take_slot(struct journal *j, uint32_t slot, uint64_t count);
/* A record from the ring, of a @refusal or not, is taken; false: it was already, and is to be left out. */
bool journal_take_record(struct journal *j, const void *record, size_t size, bool refusal);
/* A record of another type came from the ring. */
void journal_pass_record(struct journal *j);
/* A refusal that was taken and that no line can tell. */
void journal_lose(struct journal *j, uint64_t refusals);

/* Open the bracket; returns the seq of the first line. */
uint64_t journal_begin(struct journal *j);
/* All lines are written, up to @last_seq: @lines of refusals, which stand for @refusals. */
void journal_end(struct journal *j, uint64_t last_seq, uint64_t lines, uint64_t refusals);

#endif
