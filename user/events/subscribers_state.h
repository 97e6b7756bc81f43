/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of the agent's socket share: subscribers.c is the socket and who may speak on it,
 * client.c what one of them gets.
 */
#ifndef PORTGUARD_SUBSCRIBERS_STATE_H
#define PORTGUARD_SUBSCRIBERS_STATE_H

#include "events/format.h"
#include "events/subscribers.h"
#include "util/json.h"

#define REQUEST_MAX 256

/* What a client gets: nothing yet, frames, or a line of the format format_at(it - CLIENT_FORMAT). */
enum { CLIENT_SILENT, CLIENT_RECORD, CLIENT_FORMAT };

struct client {
	int fd;			/* -1: a free place */
	unsigned format;
	char request[REQUEST_MAX];
	size_t request_length;
	struct json queue;	/* whole messages; of the first a part may be sent */
	bool waits_for_room;	/* EPOLLOUT is asked for */
	bool closing;		/* hang up once the queue is empty */
	struct event_source source;	/* of the last frame that said who speaks */
	/* One that asked for the past: history holds what its queue cannot. */
	bool replays;
	uint64_t next;		/* the seq that it gets next; 0: the oldest there is */
	bool behind;		/* it reads history, and gets nothing of what is published */
	struct history_cursor cursor;
	/* One that did not: what it lost, and has not been told of. */
	uint64_t lost_events, lost_refusals;
	struct event lost_last;	/* times and seq of the last one lost; no strings */
};

struct subscribers {
	char *path;
	struct event_source source;
	const struct history *history;
	gid_t group;
	void (*flush)(void *data);
	void *data;
	int listen_fd, epoll_fd;
	struct client clients[SUBSCRIBERS_MAX];
	struct json scratch[CLIENT_FORMAT + FORMATS_MAX];	/* the event being published, once a format */
};

/* client.c */

void client_hang_up(struct client *c);
/* Begin; c->next is set where @replays. */
void client_start(struct subscribers *s, struct client *c, unsigned format, bool replays);
/* An event of the agent's, in the client's format. */
void client_put(struct json *out, unsigned format, const struct event_source *source, const struct event *e);
/* An event in the client's format: queued, or counted as lost, or left to history. */
void client_publish(struct subscribers *s, struct client *c, const struct event *e, const struct json *message);
/* Its socket has room. */
void client_go_on(struct subscribers *s, struct client *c);
void client_send(struct subscribers *s, struct client *c);

#endif
