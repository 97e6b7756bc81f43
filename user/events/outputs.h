/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where lines go, in the order that makes them exact: history, which is the witness of what was told
 * (journal.h), then those who follow, then the outputs, each behind a spool of its own (spool.h). What an
 * output lacks of what history has is brought to it when the next agent starts.
 */
#ifndef PORTGUARD_OUTPUTS_H
#define PORTGUARD_OUTPUTS_H

#include "events/history.h"
#include "events/output.h"
#include "events/spool.h"
#include "events/subscribers.h"
#include "util/error.h"

struct outputs;
struct pg_journal;

struct outputs_config {
	const char *dir;		/* of history, and of spool/; exists */
	const char *socket;		/* path of events.sock */
	gid_t readers;			/* a group that may connect to it, or SUBSCRIBERS_NO_GROUP */
	const char *event_log;		/* NULL: none; else the first of the outputs */
	const struct event_source *source;	/* copied */
	const struct pg_journal *journal;	/* as the former agent left it; outlives this */
	/* A client asks for all there is: drain the ring, then stream_flush(). May be NULL. */
	void (*flush)(void *data);
	void *data;
};

/**
 * outputs_open() - Open history, outputs and socket.
 * @list: the outputs of the policy; copied.
 * @ret_past: what stream_open() wants to know.
 * An event log that cannot be opened is an error (exit 74); other outputs say so in their figures.
 */
int outputs_open(const struct outputs_config *config, const struct output *list, size_t count,
		 struct pg_error *err, struct outputs **ret, struct history_tally *ret_past);
/* What is under way gets a moment to arrive. NULL is fine. */
void outputs_free(struct outputs *o);

/* What stream_config.sink and .flush do; 0, or the first -errno. */
int outputs_sink(struct outputs *o, const struct event *e);
int outputs_flush(struct outputs *o);

/* Told of an output that is no more, with the refusals that waited for it. */
typedef void (*outputs_gone_fn)(void *data, const char *name, uint64_t waited);
/*
 * Between two batches: the policy has other outputs. Those that go on keep what waits for them, new ones
 * begin now, whose target is no longer there are told to @gone.
 */
int outputs_set(struct outputs *o, const struct output *list, size_t count, outputs_gone_fn gone, void *data);

/* Between two batches: the enterprise number of events from now on. */
void outputs_set_number(struct outputs *o, uint32_t number);

/* The descriptor that the agent's loop watches, and what to do when it is readable. */
int outputs_fd(const struct outputs *o);
void outputs_dispatch(struct outputs *o);
/* About once a second, before the stream's tick. */
void outputs_tick(struct outputs *o);

/* After log rotation (SIGUSR1): all files anew. */
void outputs_reopen(struct outputs *o);

/* What `status` tells, with or without an agent: outputs by their order; 0, -errno, or what @visit returned. */
int outputs_each(const char *dir, spool_visit_fn visit, void *data);

#endif
