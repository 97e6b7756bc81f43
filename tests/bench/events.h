/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the rows about events share. Formats and outputs are portguard's own functions, called by a
 * process that does nothing else, so that what makes events is not in them; the time to a
 * subscriber is a real agent's.
 *
 *   events.c    the events, what a format takes, the tables
 *   outputs.c   what an output takes of the agent
 *   receivers.c the other ends of outputs
 *   latency.c   from a refused call to a subscriber's line
 */
#ifndef PORTGUARD_BENCH_EVENTS_H
#define PORTGUARD_BENCH_EVENTS_H

#include "bench/bench.h"
#include "bench/workers.h"
#include "events/event.h"

/* The @i-th of a fixed mix: each hook and verdict, with plain names and the tests' hostile ones. */
const struct event *events_mixed(size_t i);
struct event_source events_source(void);

/* --- outputs.c --- */

#define EVENTS_A_BATCH 200 /* lines of a second, where a policy says nothing else */

enum way {
	WAY_FILE,
	WAY_STDOUT,
	WAY_UNIX,
	WAY_UDP,
	WAY_TCP,
	WAY_JOURNALD,
	WAY_SUBSCRIBER,
	WAY_HISTORY,
	WAYS
};

extern const char *const way_names[WAYS];

/* A process for each way, which takes batches and waits until each has arrived. */
void ways_open(struct worker workers[WAYS]);
void ways_close(const struct worker workers[WAYS]);

/* --- receivers.c --- */

enum receiver_reads {
	READS_DATAGRAMS,
	READS_LINES,
	READS_COUNTED, /* "LENGTH message", one behind the other */
};

struct receiver {
	int fd;
	enum receiver_reads reads;
};

/* A worker that reads an @amount of events, of a struct receiver. */
void receiver_read(const void *data, unsigned amount);

/* A socket at @path, or at @port of 127.0.0.1; one of TCP waits for whom it accepts. */
int receiver_unix(const char *path);
int receiver_inet(int type, unsigned port);
/* A subscriber at an agent's socket; @wish: the line that it sends. */
int receiver_subscriber(const char *path, const char *wish);

/* --- latency.c --- */

enum refusal { REFUSED_BIND, REFUSED_BIND_NEW, REFUSED_CONNECT, REFUSALS };

/* Starts an agent, and subscribes. */
void latency_open(const struct world *w);
/**
 * latency_measure() - From before a refused call to the end of its line, @count times in a row.
 * @ret_median, @ret_99: in us; the second is what 99 of 100 do not exceed.
 */
void latency_measure(enum refusal refusal, unsigned count, double *ret_median, double *ret_99);
void latency_close(const struct world *w);

#endif
