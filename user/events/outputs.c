// SPDX-License-Identifier: GPL-2.0-only
/*
 * A batch is collected as frames, and given to all at its end in one order. Followers get theirs only after
 * history has it: what they have seen, history has too.
 */
#include "events/outputs.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#include "events/encode.h"
#include "events/journal.h"
#include "events/outlet.h"
#include "util/cleanup.h"

#define EVENTS_AT_ONCE 16
#define LAST_ROUNDS 10 /* at the end, for what is under way */
#define LAST_ROUND_MS 30

struct outputs {
	struct history *history;
	struct subscribers *subscribers;
	struct json batch; /* frames */
	struct event_source source;
	const struct pg_journal *journal;
	char *spools; /* their directory */
	struct output log; /* the event log's, if it has a name */
	struct outlet **outlets;
	size_t count;
	int epoll_fd;
};

static int spools_path(const char *dir, char path[PATH_MAX])
{
	int n = snprintf(path, PATH_MAX, "%s/spool", dir);

	return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

int outputs_each(const char *dir, spool_visit_fn visit, void *data)
{
	char path[PATH_MAX];
	int r = spools_path(dir, path);

	return r ?: spool_each(path, visit, data);
}

static int make_spools(struct outputs *o, const char *dir)
{
	char path[PATH_MAX];
	int r = spools_path(dir, path);

	if (r)
		return r;
	o->spools = strdup(path);
	if (!o->spools)
		return -ENOMEM;
	return mkdir(path, 0700) && errno != EEXIST ? -errno : 0;
}

/* Refusals in lines, when the batch that a former agent died in is settled: journal_open() says the same. */
static uint64_t told_before(const struct pg_journal *j, const struct history_tally *past)
{
	return j->pending_seq ? j->pending_count + past->refusals : j->emitted + j->suppressed;
}

/* Where new outputs begin. */
static struct outlet_place place_now(const struct outputs *o)
{
	return (struct outlet_place){
		.dir = o->spools,
		.source = &o->source,
		.epoll_fd = o->epoll_fd,
		.seq = o->journal->seq,
		.told = o->journal->emitted + o->journal->suppressed,
	};
}

static struct outlet *find(struct outlet **outlets, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (outlets[i] && !strcmp(outlet_config(outlets[i])->name, name))
			return outlets[i];
	return NULL;
}

/* The outlet of that name goes on if it is the same; else a new one takes its spool over. */
static int continue_or_open(struct outputs *o, const struct output *config,
			    const struct outlet_place *place, struct outlet **ret)
{
	for (size_t i = 0; i < o->count; i++) {
		struct outlet *old = o->outlets[i];

		if (!old || strcmp(outlet_config(old)->name, config->name))
			continue;
		o->outlets[i] = NULL;
		if (!strcmp(outlet_config(old)->text, config->text)) {
			*ret = old;
			return 0;
		}
		outlet_free(old);
	}
	return outlet_new(config, place, ret);
}

static void free_outlets(struct outlet **outlets, size_t count)
{
	for (size_t i = 0; i < count; i++)
		outlet_free(outlets[i]);
	free(outlets);
}

/* Those of @list, behind the event log. On failure the outputs are those that could be had. */
static int set_outlets(struct outputs *o, const struct output *list, size_t count,
		       struct outlet_place *place)
{
	struct outlet **next = calloc(count + 1, sizeof(struct outlet *));
	size_t n = 0;
	int r = next ? 0 : -ENOMEM;

	if (!r && o->log.name)
		r = continue_or_open(o, &o->log, place, &next[n++]);
	for (size_t i = 0; !r && i < count; i++) {
		place->order = (uint32_t)n;
		/* The event log is there already. */
		if (!find(next, n, list[i].name))
			r = continue_or_open(o, &list[i], place, &next[n++]);
	}
	if (!next)
		return r;
	if (r)
		n--;
	free_outlets(o->outlets,
		     o->count); /* those that are left: outputs_set() has removed what goes */
	o->outlets = next;
	o->count = n;
	return r;
}

static bool is_listed(const struct outputs *o, const struct output *list, size_t count,
		      const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(list[i].name, name))
			return true;
	return o->log.name && !strcmp(o->log.name, name);
}

int outputs_set(struct outputs *o, const struct output *list, size_t count, outputs_gone_fn gone,
		void *data)
{
	struct outlet_place place = place_now(o);

	for (size_t i = 0; i < o->count; i++) {
		_cleanup_free_ char *name = strdup(outlet_config(o->outlets[i])->name);
		uint64_t waited;

		if (!name)
			return -ENOMEM;
		if (is_listed(o, list, count, name))
			continue;
		waited = outlet_remove(TAKE_PTR(o->outlets[i]));
		gone(data, name, waited);
	}
	return set_outlets(o, list, count, &place);
}

void outputs_set_number(struct outputs *o, uint32_t number)
{
	if (o->source.number == number)
		return;
	o->source.number = number;
	history_set_number(o->history, number);
	subscribers_set_number(o->subscribers, number);
	for (size_t i = 0; i < o->count; i++)
		outlet_set_number(o->outlets[i], number);
}

struct replay {
	struct outputs *o;
	uint64_t after;
	struct json frame;
};

static int replay_event(void *data, const struct event_source *source, const struct event *e)
{
	struct replay *r = data;

	if (e->seq <= r->after)
		return 0;
	json_reset(&r->frame);
	(void)frame_put_event(&r->frame, e); /* it came out of one */
	for (size_t i = 0; i < r->o->count; i++)
		outlet_take(r->o->outlets[i], e, source->boot_id, r->frame.text, r->frame.length);
	return json_error(&r->frame);
}

/* What history has and outputs lack; and what both lack is lost. */
static int replay(struct outputs *o, const char *dir, const struct history_tally *past)
{
	struct replay r = { .o = o, .after = UINT64_MAX };
	uint64_t told = told_before(o->journal, past);
	int error = 0;

	for (size_t i = 0; i < o->count; i++)
		if (spool_seq(outlet_spool(o->outlets[i])) < r.after)
			r.after = spool_seq(outlet_spool(o->outlets[i]));
	if (o->count && r.after < past->last_seq)
		error = history_each(dir, UINT32_MAX, replay_event, &r);
	json_free(&r.frame);
	for (size_t i = 0; !error && i < o->count; i++)
		spool_balance(outlet_spool(o->outlets[i]), told);
	return error;
}

static int gone_before(void *data, const char *name, const struct spool_figures *figures,
		       const char *error)
{
	(void)data;
	(void)name;
	(void)figures;
	(void)error; /* of an output that ended while no agent lived: nobody is there to be told */
	return 0;
}

static int forget_others(struct outputs *o)
{
	const char **names = calloc(o->count + 1, sizeof(*names));
	int r;

	if (!names)
		return -ENOMEM;
	for (size_t i = 0; i < o->count; i++)
		names[i] = outlet_config(o->outlets[i])->name;
	r = spool_keep(o->spools, names, o->count, gone_before, NULL);
	free(names);
	return r;
}

/* The event log was asked for by hand: whoever did wants to know at once. */
static int check_log(struct outputs *o, struct pg_error *err)
{
	int error = o->log.name ? outlet_error(o->outlets[0]) : 0;

	return error ? pg_fail(err, error, PG_EXIT_OUTPUT, "event log %s: %s", o->log.name,
			       outlet_trouble(o->outlets[0]))
		     : 0;
}

static int open_outlets(struct outputs *o, const struct outputs_config *config,
			const struct output *list, size_t count, const struct history_tally *past,
			struct pg_error *err)
{
	struct outlet_place place = place_now(o);
	int r = config->event_log ? output_event_log(config->event_log, &o->log) : 0;

	place.counters_are_new = !config->journal->seq;
	place.told = told_before(config->journal, past);
	if (place.seq < past->last_seq)
		place.seq = past->last_seq;
	r = r ?: set_outlets(o, list, count, &place);
	r = r ?: replay(o, config->dir, past);
	r = r ?: forget_others(o);
	if (r)
		return pg_fail(err, r, PG_EXIT_OUTPUT, "outputs in %s: %s", o->spools,
			       strerror(-r));
	r = check_log(o, err);
	for (size_t i = 0; !r && i < o->count; i++)
		outlet_flush(o->outlets[i]);
	return r;
}

static int open_subscribers(struct outputs *o, const struct outputs_config *config,
			    struct pg_error *err)
{
	struct subscribers_config sub = {
		.path = config->socket,
		.source = config->source,
		.group = config->readers,
		.flush = config->flush,
		.data = config->data,
		.history = o->history,
	};
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = NULL };
	int r = subscribers_open(&sub, err, &o->subscribers);

	if (!r && epoll_ctl(o->epoll_fd, EPOLL_CTL_ADD, subscribers_fd(o->subscribers), &ev))
		r = pg_fail(err, -errno, PG_EXIT_AUTO, "events: %s", strerror(errno));
	return r;
}

static int open_all(struct outputs *o, const struct outputs_config *config,
		    const struct output *list, size_t count, struct pg_error *err,
		    struct history_tally *past)
{
	int r = history_open(config->dir, config->source, 0, err, &o->history);

	if (r)
		return r;
	r = history_tally(config->dir, config->journal->pending_seq, past);
	if (r)
		return pg_fail(err, r, PG_EXIT_AUTO, "history in %s cannot be read", config->dir);
	r = make_spools(o, config->dir);
	if (!r) {
		o->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
		r = o->epoll_fd < 0 ? -errno : 0;
	}
	if (r)
		return pg_fail(err, r, PG_EXIT_OUTPUT, "spool in %s: %s", config->dir,
			       strerror(-r));
	r = open_outlets(o, config, list, count, past, err);
	return r ? r : open_subscribers(o, config, err);
}

int outputs_open(const struct outputs_config *config, const struct output *list, size_t count,
		 struct pg_error *err, struct outputs **ret, struct history_tally *ret_past)
{
	struct outputs *o = calloc(1, sizeof(*o));
	int r;

	if (!o)
		return pg_fail(err, -ENOMEM, PG_EXIT_AUTO, "events: out of memory");
	o->epoll_fd = -1;
	o->source = *config->source;
	o->journal = config->journal;
	r = open_all(o, config, list, count, err, ret_past);
	if (r) {
		outputs_free(o);
		return r;
	}
	*ret = o;
	return 0;
}

static bool finish_round(struct outputs *o)
{
	struct epoll_event evs[EVENTS_AT_ONCE];
	bool under_way = false;

	for (size_t i = 0; i < o->count; i++)
		under_way |= outlet_finish(o->outlets[i]);
	if (under_way)
		(void)epoll_wait(o->epoll_fd, evs, EVENTS_AT_ONCE, LAST_ROUND_MS);
	return under_way;
}

void outputs_free(struct outputs *o)
{
	if (!o)
		return;
	for (unsigned i = 0; i < LAST_ROUNDS && finish_round(o); i++)
		;
	free_outlets(o->outlets, o->count);
	history_free(o->history);
	subscribers_free(o->subscribers);
	output_free(&o->log);
	json_free(&o->batch);
	cleanup_close(&o->epoll_fd);
	free(o->spools);
	free(o);
}

int outputs_sink(struct outputs *o, const struct event *e)
{
	int r = history_append(o->history, e);

	return r ?: frame_put_event(&o->batch, e);
}

/* One event of the batch to all. */
static void give(struct outputs *o, const struct event *e, const char *frame, size_t length)
{
	subscribers_publish(o->subscribers, e);
	for (size_t i = 0; i < o->count; i++)
		outlet_take(o->outlets[i], e, o->source.boot_id, frame, length);
}

int outputs_flush(struct outputs *o)
{
	int r = history_flush(o->history);
	struct frame frame;
	size_t used;

	for (size_t at = 0; at < o->batch.length; at += used) {
		const char *bytes = o->batch.text + at;

		if (frame_get(bytes, o->batch.length - at, &frame, &used) <= 0)
			break; /* cannot be: we wrote it */
		give(o, &frame.event, bytes, used);
	}
	json_reset(&o->batch);
	subscribers_flush(o->subscribers);
	for (size_t i = 0; i < o->count; i++)
		outlet_flush(o->outlets[i]);
	return r;
}

int outputs_fd(const struct outputs *o)
{
	return o->epoll_fd;
}

void outputs_dispatch(struct outputs *o)
{
	struct epoll_event evs[EVENTS_AT_ONCE];
	int n = epoll_wait(o->epoll_fd, evs, EVENTS_AT_ONCE, 0);

	for (int i = 0; i < n; i++) {
		if (evs[i].data.ptr)
			outlet_ready(evs[i].data.ptr, evs[i].events);
		else
			subscribers_dispatch(o->subscribers);
	}
}

void outputs_tick(struct outputs *o)
{
	for (size_t i = 0; i < o->count; i++)
		outlet_tick(o->outlets[i]);
}

void outputs_reopen(struct outputs *o)
{
	for (size_t i = 0; i < o->count; i++)
		if (outlet_config(o->outlets[i])->kind == OUTPUT_FILE)
			outlet_reopen(o->outlets[i]);
}
