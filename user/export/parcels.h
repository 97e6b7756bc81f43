/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TLS syslog has no acknowledgement. What there is: the receiver's TCP acknowledges bytes. So each message's
 * end is known in the bytes that the socket took, and it has arrived when TCP has acknowledged that and
 * the connection has lived on for a moment: a receiver that is killed has not read all that its TCP has.
 * (One that hangs for longer and is then killed, or loses what it read, is beyond what can be told here.)
 */
#ifndef PORTGUARD_PARCELS_H
#define PORTGUARD_PARCELS_H

#include "export/ledger.h"

#define SETTLE_MS 2000	/* that the connection must live on */

struct parcels {
	struct parcel {
		uint64_t ticket;
		uint64_t end;		/* in plain bytes; once those are written, in the socket's */
		uint64_t acked_ms;
	} *ring;			/* of LEDGER_SIZE */
	/* Counted from the beginning: settled <= acked <= written <= packed. */
	uint64_t settled, acked, written, packed;
	uint64_t plain;			/* bytes that were packed */
};

int parcels_init(struct parcels *p);	/* 0 or -ENOMEM */
void parcels_free(struct parcels *p);
/* Of a new connection. */
void parcels_reset(struct parcels *p);
/* A message of so many bytes. */
void parcels_pack(struct parcels *p, uint64_t ticket, size_t length);
/* TLS has taken @plain bytes in all, and the socket @sent for them. */
void parcels_written(struct parcels *p, uint64_t plain, uint64_t sent);
/* The other end has acknowledged @bytes of the socket's in all. */
void parcels_acked(struct parcels *p, uint64_t bytes, uint64_t now_ms);
/* Tell the ledger what has arrived; @all: whatever is acknowledged, the end was in order. */
void parcels_settle(struct parcels *p, struct ledger *l, uint64_t now_ms, bool all);
/* When to look again, ms from now; -1: nothing is under way. */
int parcels_timeout(const struct parcels *p, uint64_t now_ms);

#endif
