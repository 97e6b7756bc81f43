// SPDX-License-Identifier: GPL-2.0-only
/*
 * What one follower gets. It has a queue of whole messages. Where that is full, one that asked for the
 * past falls behind: it reads history until it has caught up, a piece at a time, while its socket takes
 * it. Any other loses events, and is told how many once there is room again.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "events/encode.h"
#include "events/format.h"
#include "events/subscribers_state.h"
#include "util/cleanup.h"

/* A turn of one that reads history; others wait that long. */
#define TURN_EVENTS 500
#define TURN_BYTES 65536

void client_hang_up(struct client *c)
{
	cleanup_close(&c->fd); /* leaves the epoll set too */
	json_free(&c->queue);
	if (c->behind)
		history_cursor_close(&c->cursor);
	*c = (struct client){ .fd = -1 };
}

static void ask_for_room(struct subscribers *s, struct client *c, bool wanted)
{
	struct epoll_event ev = { .events = EPOLLIN | (wanted ? EPOLLOUT : 0), .data.ptr = c };

	if (c->waits_for_room == wanted)
		return;
	c->waits_for_room = wanted;
	/* on failure the next event tries again */
	(void)epoll_ctl(s->epoll_fd, EPOLL_CTL_MOD, c->fd, &ev);
}

void client_send(struct subscribers *s, struct client *c)
{
	size_t sent = 0;

	while (sent < c->queue.length) {
		ssize_t n = send(c->fd, c->queue.text + sent, c->queue.length - sent,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN) {
			client_hang_up(c);
			return;
		}
		if (n < 0)
			break;
		sent += (size_t)n;
	}
	c->queue.length -= sent;
	if (sent)
		memmove(c->queue.text, c->queue.text + sent, c->queue.length);
	if (c->closing && !c->queue.length)
		client_hang_up(c);
	else
		ask_for_room(s, c, c->queue.length || c->behind);
}

void client_put(struct json *out, unsigned format, const struct event_source *source,
		const struct event *e)
{
	if (format == CLIENT_RECORD)
		(void)frame_put_event(out, e); /* an error sticks, or it is over every limit */
	else
		format_at(format - CLIENT_FORMAT)->write(out, source, e);
}

static bool same_source(const struct event_source *a, const struct event_source *b)
{
	return !strcmp(a->boot_id, b->boot_id) && !strcmp(a->host_name, b->host_name) &&
	       !strcmp(a->host_id, b->host_id) && !strcmp(a->instance, b->instance) &&
	       !strcmp(a->version, b->version) && a->number == b->number;
}

/* A frame does not say whose event it holds: one before it does. Its error sticks. */
static void put_source(struct client *c, const struct event_source *source)
{
	if (c->format != CLIENT_RECORD || same_source(&c->source, source))
		return;
	c->source = *source;
	(void)frame_put_source(&c->queue, source);
}

/* Whole or not at all. */
static bool enqueue(struct client *c, const struct json *message)
{
	if (c->queue.length + message->length > SUBSCRIBER_QUEUE_MAX || json_error(message))
		return false;
	json_append(&c->queue, message->text, message->length);
	return !json_error(&c->queue);
}

/* A `lost` in the place of the events up to @last; @refusals is JSON. */
static void put_lost(struct json *out, unsigned format, const struct event_source *source,
		     const struct event *last, const char *text, uint64_t events,
		     const char *refusals)
{
	char counters[96];
	struct event e = {
		.kind = EVENT_HEALTH,
		.seq = last->seq,
		.start_us = last->end_us,
		.end_us = last->end_us,
		.action = "lost",
		.text = text,
		.counters_json = counters,
	};

	(void)snprintf(counters, sizeof(counters), "{\"events\":%" PRIu64 ",\"refusals\":%s}",
		       events, refusals); /* fits */
	e.severity = event_severity(&e);
	client_put(out, format, source, &e);
}

static void lose(struct client *c, const struct event *e)
{
	c->lost_events++;
	c->lost_refusals += event_refusals(e);
	c->lost_last = (struct event){ .seq = e->seq, .end_us = e->end_us };
	c->queue.error = 0;
}

/* There is room again: say what is missing, under the seq of the last event that is. */
static bool tell_lost(struct subscribers *s, struct client *c)
{
	_cleanup_json_ struct json message = JSON_INIT;
	char text[96], refusals[24];

	if (!c->lost_events)
		return true;
	if (c->queue.length > SUBSCRIBER_QUEUE_MAX / 2)
		return false; /* not one by one as bytes get free */
	(void)snprintf(text, sizeof(text),
		       "this reader was too slow: %" PRIu64 " events did not reach it",
		       c->lost_events); /* fits */
	(void)snprintf(refusals, sizeof(refusals), "%" PRIu64, c->lost_refusals); /* fits */
	put_lost(&message, c->format, &s->source, &c->lost_last, text, c->lost_events, refusals);
	if (!enqueue(c, &message))
		return false;
	c->lost_events = c->lost_refusals = 0;
	return true;
}

/* What lies between the last event that the client got and @e is nowhere any more. */
static void put_gap(struct json *out, const struct client *c, const struct event_source *source,
		    const struct event *e)
{
	struct event last = { .seq = e->seq - 1, .end_us = e->start_us };
	uint64_t events = e->seq - c->next;
	char text[96];

	(void)snprintf(text, sizeof(text),
		       "history no longer has %" PRIu64 " events that did not reach this reader",
		       events); /* fits */
	put_lost(out, c->format, source, &last, text, events, "null");
}

static bool has_gap(const struct client *c, const struct event *e)
{
	return c->next && e->seq > c->next;
}

static void fall_behind(struct subscribers *s, struct client *c)
{
	c->queue.error = 0;
	c->cursor = (struct history_cursor)HISTORY_CURSOR_INIT;
	c->behind = true;
	if (history_seek(s->history, c->next, &c->cursor))
		client_hang_up(c); /* it asks again, and history may be readable then */
}

/* All that is written has been read: from now on it gets what is published. */
static void catch_up(struct subscribers *s, struct client *c)
{
	history_cursor_close(&c->cursor);
	c->behind = false;
	put_source(c, &s->source);
}

static void read_history(struct subscribers *s, struct client *c)
{
	struct event e;
	int r = 1;

	for (int n = 0; n < TURN_EVENTS && c->queue.length < TURN_BYTES && r > 0; n++) {
		r = history_next(s->history, &c->cursor, &e);
		if (r <= 0 || e.seq < c->next)
			continue;
		put_source(c, &c->cursor.reader.source);
		if (has_gap(c, &e))
			put_gap(&c->queue, c, &c->cursor.reader.source, &e);
		client_put(&c->queue, c->format, &c->cursor.reader.source, &e);
		c->next = e.seq + 1;
	}
	if (!r)
		catch_up(s, c);
	if (r < 0 || json_error(&c->queue))
		client_hang_up(c);
}

void client_start(struct subscribers *s, struct client *c, unsigned format, bool replays)
{
	c->format = format;
	c->replays = replays;
	if (replays)
		fall_behind(s, c);
	else
		put_source(c, &s->source);
	if (c->fd >= 0 && json_error(&c->queue))
		client_hang_up(c);
	if (c->fd >= 0)
		client_go_on(s, c);
}

static void publish_replaying(struct subscribers *s, struct client *c, const struct event *e,
			      const struct json *message)
{
	_cleanup_json_ struct json both = JSON_INIT;

	if (c->behind)
		return;
	if (has_gap(c, e)) { /* history could not be written, say */
		put_gap(&both, c, &s->source, e);
		json_append(&both, message->text, message->length);
		message = &both;
	}
	if (enqueue(c, message))
		c->next = e->seq + 1;
	else
		fall_behind(s, c);
}

void client_publish(struct subscribers *s, struct client *c, const struct event *e,
		    const struct json *message)
{
	if (c->replays)
		publish_replaying(s, c, e, message);
	else if (!tell_lost(s, c) || !enqueue(c, message))
		lose(c, e);
	if (c->fd >= 0 && !c->waits_for_room && c->queue.length >= TURN_BYTES)
		client_send(s, c); /* the rest at the batch's end: each send() wakes the reader */
}

void client_go_on(struct subscribers *s, struct client *c)
{
	(void)tell_lost(s, c); /* or at the next event */
	if (c->behind && c->queue.length < TURN_BYTES)
		read_history(s, c);
	if (c->fd >= 0)
		client_send(s, c);
}
