/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Classes of addresses as the kernel looks them up: lines of pg_peers, a tree of ranges for each 32 bits of
 * an address behind an index by the first of them (portguard/peer_line.h). Pure.
 */
#ifndef PORTGUARD_PEER_LINES_H
#define PORTGUARD_PEER_LINES_H

#include "policy/compile.h"

struct peer_lines {
	union pg_peer_line *list;	/* the head first */
	size_t count;
};

/**
 * peer_lines_make() - Make the lines of one table of classes.
 * @table: its number, which the head bears.
 * Return: 0, -ENOMEM, or -E2BIG: more than PG_PEER_LINES.
 */
int peer_lines_make(const struct class_table *remote, const struct class_table *local, uint32_t table,
		    struct peer_lines *ret);
void peer_lines_free(struct peer_lines *l);
#define _cleanup_peer_lines_ __attribute__((cleanup(peer_lines_free)))

/* The class of an address, as the programs find it. */
uint32_t peer_lines_class(const struct peer_lines *l, enum pg_peer_side side, const uint8_t address[16]);

#endif
