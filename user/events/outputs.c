// SPDX-License-Identifier: GPL-2.0-only
/*
 * A batch is collected by all outputs and written in one order at its end. Followers get theirs last
 * of all: what they have seen, history has too.
 */
#include "events/outputs.h"

#include <errno.h>
#include <stdlib.h>

#include "events/encode.h"
#include "util/cleanup.h"

struct outputs {
	struct history *history;
	struct sink_file *log; /* or NULL */
	struct subscribers *subscribers;
	struct json batch; /* frames for the followers */
};

struct replay {
	struct sink_file *log;
	uint64_t from_seq;
};

static int replay_event(void *data, const struct event_source *source, const struct event *e)
{
	struct replay *r = data;

	(void)source; /* a batch under way is of this boot: the journal does not outlive it */
	return e->seq >= r->from_seq ? sink_file_append(r->log, e) : 0;
}

/* What history got of the batch in which the former agent died, and the event log did not. */
static int replay(const struct outputs_config *config, struct sink_file *log)
{
	struct replay r = { .log = log, .from_seq = sink_file_last_seq(log) + 1 };
	int error;

	if (!config->pending_seq)
		return 0;
	if (r.from_seq < config->pending_seq)
		r.from_seq = config->pending_seq;
	error = history_each(config->dir, 0, replay_event, &r);
	return error ? error : sink_file_flush(log);
}

static int open_all(struct outputs *o, const struct outputs_config *config, struct pg_error *err)
{
	struct subscribers_config sub = {
		.path = config->socket,
		.source = config->source,
		.group = config->readers,
		.flush = config->flush,
		.data = config->data,
	};
	int r = history_open(config->dir, config->source, 0, err, &o->history);

	if (!r && config->event_log)
		r = sink_file_open(config->event_log, config->source, err, &o->log);
	if (!r && o->log)
		(void)replay(config,
			     o->log); /* a full disk: the lines wait, and its figures say so */
	sub.history = o->history;
	return r ? r : subscribers_open(&sub, err, &o->subscribers);
}

int outputs_open(const struct outputs_config *config, struct pg_error *err, struct outputs **ret,
		 struct history_tally *ret_past)
{
	struct outputs *o = calloc(1, sizeof(*o));
	int r;

	if (!o)
		return pg_fail(err, -ENOMEM, PG_EXIT_AUTO, "events: out of memory");
	r = open_all(o, config, err);
	if (!r) {
		r = history_tally(config->dir, config->pending_seq, ret_past);
		if (r)
			(void)pg_fail(err, r, PG_EXIT_AUTO, "history in %s cannot be read",
				      config->dir);
	}
	if (r) {
		outputs_free(o);
		return r;
	}
	*ret = o;
	return 0;
}

void outputs_free(struct outputs *o)
{
	if (!o)
		return;
	history_free(o->history);
	sink_file_free(o->log);
	subscribers_free(o->subscribers);
	json_free(&o->batch);
	free(o);
}

static int first_error(int a, int b)
{
	return a ? a : b;
}

int outputs_sink(struct outputs *o, const struct event *e)
{
	int r = history_append(o->history, e);

	if (o->log)
		r = first_error(r, sink_file_append(o->log, e));
	if (subscribers_count(o->subscribers))
		r = first_error(r, frame_put_event(&o->batch, e));
	return r;
}

static void publish(struct outputs *o)
{
	struct frame frame;
	size_t used;

	for (size_t at = 0; at < o->batch.length; at += used) {
		if (frame_get(o->batch.text + at, o->batch.length - at, &frame, &used) <= 0)
			break; /* cannot be: we wrote it */
		subscribers_publish(o->subscribers, &frame.event);
	}
	json_reset(&o->batch);
}

int outputs_flush(struct outputs *o)
{
	int r = history_flush(o->history);

	if (o->log)
		r = first_error(r, sink_file_flush(o->log));
	publish(o);
	return r;
}

int outputs_fd(const struct outputs *o)
{
	return subscribers_fd(o->subscribers);
}

void outputs_dispatch(struct outputs *o)
{
	subscribers_dispatch(o->subscribers);
}

int outputs_reopen(struct outputs *o)
{
	return o->log ? sink_file_reopen(o->log) : 0;
}

bool outputs_log_figures(const struct outputs *o, struct sink_figures *ret)
{
	if (o->log)
		*ret = sink_file_figures(o->log);
	return o->log != NULL;
}
