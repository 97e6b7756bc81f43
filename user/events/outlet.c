// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines go from the spool to the sink in chunks. What was written and may not have arrived has a mark, which
 * names the place in the spool up to which the sink has been given all; a mark that arrives moves the spool's
 * beginning there, a sink that breaks is given everything from that beginning on again.
 */
#include "events/outlet.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "events/sink.h"
#include "util/cleanup.h"

#define CHUNK 65536 /* bytes that are made at once */
#define CHUNKS_AT_ONCE 64 /* then it is others' turn */
#define DATAGRAMS_AT_ONCE 1024
#define MARKS 64
#define MARK_BYTES (256 * 1024) /* that one mark stands for */
#define PAUSE_MAX 60 /* ticks between two tries */

struct mark {
	struct spool_cursor upto;
	uint64_t end; /* of the bytes that were written to this sink */
	unsigned made, arrived_at; /* ticks */
	bool arrived;
	bool lost; /* one that the transport cannot carry */
};

struct outlet {
	struct output config;
	struct event_source source;
	struct spool *spool;
	struct sink *sink;
	enum { OUTLET_DOWN, OUTLET_OPENING, OUTLET_UP } state;
	int error; /* why it is down */
	int epoll_fd;
	uint32_t watched; /* EPOLL… bits; 0: not watched */
	bool full; /* the sink takes no more for now */
	unsigned tick, pause, retry_at;
	struct spool_cursor next; /* what is not in a chunk yet */
	struct json chunk;
	size_t chunk_done;
	uint64_t written;
	struct mark marks[MARKS];
	size_t mark_count;
	struct filter_rate rate;
};

static void watch(struct outlet *o)
{
	uint32_t events = o->sink->hears ? EPOLLIN | EPOLLRDHUP : 0;
	struct epoll_event ev = { .data.ptr = o };

	if (o->state == OUTLET_OPENING || o->full)
		events |= EPOLLOUT;
	if (o->state == OUTLET_DOWN)
		events = 0;
	if (events == o->watched || o->sink->fd < 0)
		return;
	ev.events = events;
	/* What cannot be watched, a file, never makes one wait. */
	if (!epoll_ctl(o->epoll_fd,
		       !events      ? EPOLL_CTL_DEL
		       : o->watched ? EPOLL_CTL_MOD
				    : EPOLL_CTL_ADD,
		       o->sink->fd, &ev))
		o->watched = events;
}

static void shut(struct outlet *o)
{
	o->state = OUTLET_DOWN;
	o->full = false;
	watch(o);
	o->watched = 0;
	sink_close(o->sink);
	json_reset(&o->chunk);
	o->chunk_done = 0;
	o->mark_count = 0;
	o->written = 0;
}

static void break_down(struct outlet *o, int error)
{
	spool_set_error(o->spool, sink_error(o->sink, error));
	o->error = error;
	shut(o);
	o->pause = o->pause ? o->pause * 2 : 1;
	if (o->pause > PAUSE_MAX)
		o->pause = PAUSE_MAX;
	o->retry_at = o->tick + o->pause;
}

static void put_event(struct outlet *o, const struct event *e, const char *boot_id)
{
	memcpy(o->source.boot_id, boot_id, sizeof(o->source.boot_id));
	o->sink->ops->put(o->sink, &o->chunk, &o->source, e);
}

/* Opening it says nothing of whether anybody is there: UDP. */
static bool is_blind(const struct sink_ops *ops)
{
	return ops->datagrams && ops->patience;
}

/* What a former agent, or a write that failed, has brought to the file already. */
static void look_back(struct outlet *o)
{
	const struct sink_ops *ops = o->sink->ops;
	struct spool_cursor at = spool_first(o->spool), next = at;
	char boot_id[37];
	struct event e;

	ops->look_back(o->sink, spool_position(o->spool));
	while (spool_next(o->spool, &next, boot_id, &e) > 0) {
		json_reset(&o->chunk);
		put_event(o, &e, boot_id);
		if (json_error(&o->chunk) || !ops->has(o->sink, o->chunk.text, o->chunk.length))
			break;
		at = next;
	}
	json_reset(&o->chunk);
	spool_sent(o->spool, &at);
}

static void come_up(struct outlet *o)
{
	o->state = OUTLET_UP;
	o->error = 0;
	if (o->sink->ops->look_back)
		look_back(o);
	o->next = spool_first(o->spool);
	if (!is_blind(o->sink->ops))
		spool_set_error(o->spool, NULL);
	watch(o);
}

static void open_sink(struct outlet *o)
{
	int r;

	o->sink->why[0] = '\0';
	r = o->sink->ops->open(o->sink);
	if (r == -EINPROGRESS) {
		o->state = OUTLET_OPENING;
		watch(o);
	} else if (r) {
		break_down(o, r);
	} else {
		come_up(o);
	}
}

/* Fill an empty chunk; false: there is nothing, or too much is under way. */
static bool next_chunk(struct outlet *o)
{
	const struct sink_ops *ops = o->sink->ops;
	char boot_id[37];
	struct event e;

	if (o->mark_count == MARKS || (is_blind(ops) && o->pause && o->mark_count))
		return false; /* after trouble one datagram has to arrive first */
	if (spool_is_gone(o->spool, &o->next))
		o->next = spool_first(o->spool);
	json_reset(&o->chunk);
	o->chunk_done = 0;
	while (o->chunk.length < CHUNK && spool_next(o->spool, &o->next, boot_id, &e) > 0) {
		put_event(o, &e, boot_id);
		if (ops->datagrams)
			break;
	}
	return o->chunk.length > 0;
}

static void add_mark(struct outlet *o, bool lost)
{
	struct mark *last = o->mark_count ? &o->marks[o->mark_count - 1] : NULL;
	struct mark mark = { .upto = o->next, .end = o->written, .made = o->tick, .lost = lost };

	if (last && last->made == o->tick && !last->arrived && last->lost == lost &&
	    o->written - (o->mark_count > 1 ? last[-1].end : 0) < MARK_BYTES)
		*last = mark;
	else
		o->marks[o->mark_count++] = mark;
}

static void note_position(struct outlet *o)
{
	if (o->sink->ops->position)
		o->sink->ops->position(o->sink, spool_position(o->spool));
}

/* What has arrived long enough ago is sent. */
static void settle(struct outlet *o, unsigned patience)
{
	const struct sink_ops *ops = o->sink->ops;
	ssize_t in_flight = ops->in_flight ? ops->in_flight(o->sink) : 0;
	size_t done = 0;

	if (in_flight < 0) {
		break_down(o, (int)in_flight);
		return;
	}
	for (size_t i = 0; i < o->mark_count; i++) {
		struct mark *m = &o->marks[i];

		if (!m->arrived && m->end + (uint64_t)in_flight <= o->written) {
			m->arrived = true;
			m->arrived_at = o->tick;
		}
		if (done == i && m->arrived && o->tick - m->arrived_at >= patience)
			done++;
	}
	if (!done)
		return;
	for (size_t i = 0; i < done; i++)
		(o->marks[i].lost ? spool_drop : spool_sent)(o->spool, &o->marks[i].upto);
	note_position(o);
	o->mark_count -= done;
	memmove(o->marks, o->marks + done, o->mark_count * sizeof(*o->marks));
	o->pause = 0; /* it works */
	spool_set_error(o->spool, NULL);
}

/* No datagram is as long as that line, now or later. */
static bool is_too_large(const struct outlet *o, ssize_t error)
{
	return error == -EMSGSIZE && o->sink->ops->datagrams;
}

/* Write on; false: there is nothing to write, or it does not take it. */
static bool write_on(struct outlet *o)
{
	ssize_t n;

	if (o->chunk_done == o->chunk.length && !next_chunk(o))
		return false;
	n = json_error(&o->chunk) ? json_error(&o->chunk)
				  : o->sink->ops->write(o->sink, o->chunk.text + o->chunk_done,
							o->chunk.length - o->chunk_done);
	if (n < 0 && !is_too_large(o, n)) {
		break_down(o, (int)n);
		return false;
	}
	o->full = !n;
	o->chunk_done += n < 0 ? o->chunk.length : (size_t)n;
	o->written += n < 0 ? 0 : (uint64_t)n;
	if (n && o->chunk_done == o->chunk.length) {
		add_mark(o, n < 0);
		if (!o->sink->ops->in_flight)
			settle(o, 0);
	}
	return n != 0;
}

static void pump(struct outlet *o)
{
	unsigned most = o->sink->ops->datagrams ? DATAGRAMS_AT_ONCE : CHUNKS_AT_ONCE;
	unsigned n = 0;

	if (o->state != OUTLET_UP)
		return;
	o->full = false;
	while (n < most && write_on(o))
		n++;
	if (n == most)
		o->full = true; /* it is not, but there is more */
	if (spool_is_empty(o->spool))
		json_free(&o->chunk);
	watch(o);
}

int outlet_new(const struct output *config, const struct outlet_place *place, struct outlet **ret)
{
	struct spool_config spool = {
		.dir = place->dir,
		.name = config->name,
		.capacity = config->buffer_bytes,
		.order = place->order,
		.seq = place->seq,
		.told = place->told,
	};
	struct outlet *o = calloc(1, sizeof(*o));
	int r = o ? output_copy(config, &o->config) : -ENOMEM;

	if (!r) {
		o->source = *place->source;
		o->epoll_fd = place->epoll_fd;
		o->sink = sink_new(&o->config);
		r = o->sink ? spool_open(&spool, &o->spool) : -ENOMEM;
	}
	if (r) {
		outlet_free(o);
		return r;
	}
	if (place->counters_are_new)
		spool_begin_anew(o->spool, place->seq);
	open_sink(o);
	*ret = o;
	return 0;
}

static void release(struct outlet *o)
{
	sink_free(o->sink);
	json_free(&o->chunk);
	output_free(&o->config);
	free(o);
}

void outlet_free(struct outlet *o)
{
	if (!o)
		return;
	if (o->state == OUTLET_UP)
		settle(o, 0);
	if (o->spool)
		(void)spool_commit(o->spool); /* what is not noted is sent again */
	if (o->sink && o->spool)
		shut(o);
	spool_free(TAKE_PTR(o->spool));
	release(o);
}

uint64_t outlet_remove(struct outlet *o)
{
	uint64_t waited;

	pump(o);
	if (o->state == OUTLET_UP)
		settle(o, 0);
	waited = spool_figures(o->spool).queued;
	shut(o);
	spool_remove(TAKE_PTR(o->spool));
	release(o);
	return waited;
}

void outlet_set_number(struct outlet *o, uint32_t number)
{
	o->source.number = number;
}

const struct output *outlet_config(const struct outlet *o)
{
	return &o->config;
}

struct spool *outlet_spool(struct outlet *o)
{
	return o->spool;
}

int outlet_error(const struct outlet *o)
{
	return o->error;
}

const char *outlet_trouble(const struct outlet *o)
{
	return sink_error(o->sink, o->error);
}

void outlet_take(struct outlet *o, const struct event *e, const char *boot_id, const char *frame,
		 size_t length)
{
	if (e->seq <= spool_seq(o->spool))
		return;
	if (!filter_passes(&o->config.filter, e))
		spool_filter(o->spool, e);
	else if (!filter_rate_passes(&o->rate, o->config.max, e))
		spool_lose(o->spool, e);
	else
		spool_put(o->spool, e, boot_id, frame, length);
}

static void commit(struct outlet *o)
{
	int r = spool_commit(o->spool);

	if (r)
		spool_set_error(o->spool, strerror(-r)); /* told as soon as it can be */
}

void outlet_flush(struct outlet *o)
{
	pump(o);
	commit(o);
}

void outlet_tick(struct outlet *o)
{
	o->tick++;
	if (o->state == OUTLET_DOWN && o->tick >= o->retry_at)
		open_sink(o);
	if (o->state == OUTLET_OPENING && o->tick > o->retry_at + PAUSE_MAX)
		break_down(o, -ETIMEDOUT);
	if (o->state == OUTLET_UP)
		settle(o, o->sink->ops->patience);
	pump(o);
	commit(o);
}

/* Somebody hung up, or spoke, which is of no use. */
static int hear(struct outlet *o)
{
	ssize_t r = o->sink->ops->in_flight ? o->sink->ops->in_flight(o->sink) : -EPIPE;

	return r < 0 ? (int)r : 0;
}

void outlet_ready(struct outlet *o, uint32_t events)
{
	int r = 0;

	if (o->state == OUTLET_OPENING) {
		r = o->sink->ops->connected(o->sink);
		if (!r)
			come_up(o);
	} else if (o->state == OUTLET_UP && events & (EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP)) {
		r = hear(o);
	}
	if (r)
		break_down(o, r);
	pump(o);
	commit(o);
}

void outlet_reopen(struct outlet *o)
{
	if (o->state == OUTLET_UP)
		settle(o, 0);
	if (o->state == OUTLET_UP)
		shut(o);
	open_sink(o);
	pump(o);
	commit(o);
}

bool outlet_finish(struct outlet *o)
{
	pump(o);
	if (o->state == OUTLET_UP)
		settle(o, 0);
	commit(o);
	return o->state != OUTLET_DOWN && !spool_is_empty(o->spool);
}
