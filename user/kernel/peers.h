/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pg_peers: the lines of two tables of classes (policy/peer_lines.h). Each is a map of its own, which is
 * filled, closed to everybody for good, and only then put in its place: it is replaced, never edited.
 */
#ifndef PORTGUARD_PEERS_H
#define PORTGUARD_PEERS_H

#include "policy/compile.h"

/* Put the lines of @table in its place (table % PG_SLOTS), of which nothing in force may speak. 0 or -errno. */
int peers_write(int peers, const struct compiled *compiled, uint32_t table, struct pg_sums *sums);
/* Take the tables away for which @unused is true. */
void peers_drop(int peers, bool (*unused)(void *data, uint32_t table), void *data,
		struct pg_sums *sums);
/* Which maps are in which places: their contents cannot change. */
uint64_t peers_sum(int peers);
/* What the kernel says that they take; 0 where it does not say it (CAP_SYS_ADMIN). */
uint64_t peers_bytes(int peers);

#endif
