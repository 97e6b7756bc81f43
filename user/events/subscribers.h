/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Followers: processes that connect to the agent's socket and get each event as it comes. None ever
 * holds up the agent or the others.
 *
 * A client sends one line:
 *
 *	format=F		events from now on, until it hangs up
 *	format=F from=SEQ	first what history has from that number on; 0: all that it has
 *	format=F after=ID	first what history has after that event, by its `id`
 *	flush			the agent reports what it has summed up, answers `ok` and hangs up
 *
 * F is a name of the table of formats, or `record`: frames of encode.h. Between past and present there is
 * no gap and nothing comes twice. What does not reach a client is told to it, by a health event `lost`
 * under the seq of the last one missing, with `counters` {"events": N, "refusals": N or null}: the past
 * that history no longer has, and, to one that did not ask for the past and is slow, what its queue did
 * not hold. One that did ask goes on in history instead.
 */
#ifndef PORTGUARD_SUBSCRIBERS_H
#define PORTGUARD_SUBSCRIBERS_H

#include <sys/types.h>

#include "events/event.h"
#include "events/history.h"
#include "util/error.h"

#define SUBSCRIBERS_MAX 64
#define SUBSCRIBERS_NOT_ROOT 48	/* of these: the others' places stay free for root's commands */
#define SUBSCRIBER_QUEUE_MAX (1024 * 1024)	/* bytes that wait for a slow one */
#define SUBSCRIBERS_NO_GROUP ((gid_t)-1)

struct subscribers;

struct subscribers_config {
	const char *path;	/* of the socket; a stale one is replaced: the caller holds the lock */
	const struct event_source *source;	/* copied */
	const struct history *history;	/* flushed before what is in it is published; NULL: no past */
	gid_t group;		/* whose members may connect, besides root; or SUBSCRIBERS_NO_GROUP */
	void (*flush)(void *data);	/* somebody asks for all there is; may be NULL */
	void *data;
};

int subscribers_open(const struct subscribers_config *config, struct pg_error *err,
		     struct subscribers **ret);
void subscribers_free(struct subscribers *s);	/* unlinks the socket; NULL is fine */

/* Readable when something is to be done: subscribers_dispatch() does it and never blocks. */
int subscribers_fd(const struct subscribers *s);
void subscribers_dispatch(struct subscribers *s);

/* Queue an event for everyone who follows; what gets long is sent at once. */
void subscribers_publish(struct subscribers *s, const struct event *e);
/* The batch is whole: send what can be sent. */
void subscribers_flush(struct subscribers *s);

/* The enterprise number of events from now on. */
void subscribers_set_number(struct subscribers *s, uint32_t number);

size_t subscribers_count(const struct subscribers *s);

#endif
