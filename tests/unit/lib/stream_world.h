/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel of plain memory for tests of the stream: its tables, a clock that stands still until it
 * is told to go, and a list of the lines that came out.
 */
#ifndef TESTS_STREAM_WORLD_H
#define TESTS_STREAM_WORLD_H

#include "events/stream.h"

#define WORLD_CPUS 2
#define WORLD_SLOTS (WORLD_CPUS * PG_SEEN_REGION)
#define WORLD_LINES 65536
#define WORLD_SECOND 1000000000ULL

/* A line, as far as tests look at it; strings are copies. */
struct world_line {
	struct event event;
	uint64_t made_ns;
	char comm[32], exe[64], rule[64], interface[32];
};

struct world {
	struct pg_control *control;
	struct pg_seen seen[WORLD_SLOTS];
	uint64_t reported[WORLD_SLOTS];
	struct pg_journal journal;
	uint64_t now_ns;		/* monotonic; UTC is WORLD_UTC_NS later */
	uint64_t handed_in;		/* refusals */
	struct world_line *lines;
	size_t line_count;
	size_t batches;
	const struct process *owner;	/* of every port */
	struct stream_packet asked;	/* for the last of them */
	unsigned asks;
	struct history_tally past;	/* of the lines, from journal.pending_seq on */
	struct stream *stream;
};

#define WORLD_UTC_NS 1700000000000000000ULL

struct world *world_new(uint32_t lines_max);
void world_free(struct world *w);
/* The agent is gone, with all that it had in memory; the next one opens. */
void world_restart(struct world *w, uint32_t lines_max);
struct stream_config world_config(struct world *w, uint32_t lines_max);

/* A key in a slot, as the kernel writes it: refused or allowed, as the slot is; its count goes on. */
struct pg_seen *world_slot(struct world *w, uint32_t index, enum pg_seen_level level,
			   const char *remote, uint16_t port);
/* Packets that the slot counts. */
void world_hit(struct world *w, uint32_t index, uint64_t packets);
void world_announce(struct world *w, uint32_t index);
/* A refused bind to @port by process @pid; world_refuse() hands over whatever it is made into. */
struct pg_record_refusal world_bind(struct world *w, uint16_t port, uint32_t pid);
void world_refuse(struct world *w, const struct pg_record_refusal *r);
/* A second passes, and the stream ticks. */
void world_tick(struct world *w);
void world_address(uint8_t out[16], const char *text);

/* The sum of count over all lines, and over those from @from on. */
uint64_t world_told(const struct world *w, size_t from);
/* Told and lost together are what was handed in. */
bool world_adds_up(const struct world *w);

#endif
