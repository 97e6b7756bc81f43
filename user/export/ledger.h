/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which events have arrived. Each one that is handed on gets a ticket; tickets may be done in any order,
 * and the position moves over those that are done without a gap: what lies before it has arrived.
 *
 * The position is kept in a file, so that an exporter that was killed anywhere goes on behind what had
 * arrived: what it handed on and does not know of it hands on again.
 */
#ifndef PORTGUARD_LEDGER_H
#define PORTGUARD_LEDGER_H

#include "events/format.h"
#include "util/error.h"

#define LEDGER_SIZE 8192	/* events under way */

/* All that was ever handed on from here; each event counts once, however often it was sent. */
struct position {
	char id[FORMAT_ID_SIZE];	/* of the last one that arrived; "": none */
	uint64_t sent;			/* lines */
	uint64_t refusals;		/* that they stand for */
	uint64_t lost;			/* lines that the agent said are missing */
};

struct ledger {
	struct position position;
	struct entry {
		struct position step;	/* the id, and what it adds */
		bool done;
	} *entries;		/* a ring of LEDGER_SIZE */
	uint64_t first, next;	/* tickets under way: first to next - 1 */
};

int ledger_init(struct ledger *l);	/* 0 or -ENOMEM */
void ledger_free(struct ledger *l);
bool ledger_has_room(const struct ledger *l);
/* A ticket for an event; there is room. */
uint64_t ledger_take(struct ledger *l, const struct event_source *source, const struct event *e);
void ledger_done(struct ledger *l, uint64_t ticket);
/* It can never be sent: counted as lost, and passed over. */
void ledger_leave_out(struct ledger *l, uint64_t ticket);
/* The connection is gone: nothing is under way any more. */
void ledger_drop(struct ledger *l);
/* The id of the last event that was handed on, or else that arrived; "": none. */
const char *ledger_last_id(const struct ledger *l);

/* @path: a missing file is an empty position. 0 or -errno: -EBADMSG for one that is not ours. */
int position_read(const char *path, struct position *ret);
int position_write(const char *path, const struct position *p);

#endif
