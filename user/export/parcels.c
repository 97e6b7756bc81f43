// SPDX-License-Identifier: GPL-2.0-only
#include "export/parcels.h"

#include <errno.h>
#include <stdlib.h>

#define LOOK_MS 50 /* nothing tells when an acknowledgement comes */

int parcels_init(struct parcels *p)
{
	*p = (struct parcels){ .ring = calloc(LEDGER_SIZE, sizeof(*p->ring)) };
	return p->ring ? 0 : -ENOMEM;
}

void parcels_free(struct parcels *p)
{
	free(p->ring);
	*p = (struct parcels){ 0 };
}

void parcels_reset(struct parcels *p)
{
	*p = (struct parcels){ .ring = p->ring };
}

static struct parcel *at(const struct parcels *p, uint64_t i)
{
	return &p->ring[i % LEDGER_SIZE];
}

void parcels_pack(struct parcels *p, uint64_t ticket, size_t length)
{
	p->plain += length;
	*at(p, p->packed++) = (struct parcel){ .ticket = ticket, .end = p->plain };
}

void parcels_written(struct parcels *p, uint64_t plain, uint64_t sent)
{
	for (; p->written < p->packed && at(p, p->written)->end <= plain; p->written++)
		at(p, p->written)->end = sent;
}

void parcels_acked(struct parcels *p, uint64_t bytes, uint64_t now_ms)
{
	for (; p->acked < p->written && at(p, p->acked)->end <= bytes; p->acked++)
		at(p, p->acked)->acked_ms = now_ms;
}

void parcels_settle(struct parcels *p, struct ledger *l, uint64_t now_ms, bool all)
{
	for (; p->settled < p->acked; p->settled++) {
		if (!all && at(p, p->settled)->acked_ms + SETTLE_MS > now_ms)
			return;
		ledger_done(l, at(p, p->settled)->ticket);
	}
}

int parcels_timeout(const struct parcels *p, uint64_t now_ms)
{
	uint64_t due;

	if (p->acked < p->written)
		return LOOK_MS;
	if (p->settled == p->acked)
		return -1;
	due = at(p, p->settled)->acked_ms + SETTLE_MS;
	return due > now_ms ? (int)(due - now_ms) : 0;
}
