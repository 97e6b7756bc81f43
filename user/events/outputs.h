/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where lines go, in the order that makes them exact: history, which is the witness of what was told
 * (journal.h), then the event log, then those who follow.
 */
#ifndef PORTGUARD_OUTPUTS_H
#define PORTGUARD_OUTPUTS_H

#include "events/history.h"
#include "events/sink_file.h"
#include "events/subscribers.h"
#include "util/error.h"

struct outputs;

struct outputs_config {
	const char *dir;		/* of history; exists */
	const char *socket;		/* path of events.sock */
	gid_t readers;			/* a group that may connect to it, or SUBSCRIBERS_NO_GROUP */
	const char *event_log;		/* NULL: none */
	const struct event_source *source;	/* copied */
	uint64_t pending_seq;		/* journal->pending_seq, as the former agent left it */
	/* A client asks for all there is: drain the ring, then stream_flush(). May be NULL. */
	void (*flush)(void *data);
	void *data;
};

/**
 * outputs_open() - Open history, event log and socket.
 * @ret_past: what stream_open() wants to know.
 * Lines that history has of a batch that the former agent died in are added to the event log where
 * it lacks them.
 */
int outputs_open(const struct outputs_config *config, struct pg_error *err, struct outputs **ret,
		 struct history_tally *ret_past);
void outputs_free(struct outputs *o);	/* NULL is fine */

/* What stream_config.sink and .flush do; 0, or the first -errno of an output. */
int outputs_sink(struct outputs *o, const struct event *e);
int outputs_flush(struct outputs *o);

/* The descriptor that the agent's loop watches, and what to do when it is readable. */
int outputs_fd(const struct outputs *o);
void outputs_dispatch(struct outputs *o);

/* After log rotation (SIGHUP). 0 or -errno. */
int outputs_reopen(struct outputs *o);
/* Of the event log; false: there is none. */
bool outputs_log_figures(const struct outputs *o, struct sink_figures *ret);

#endif
