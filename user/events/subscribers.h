/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Followers: processes of root that connect to the agent's socket and get each event as it comes.
 * One that is slow loses events of its own, is told so, and never holds up the agent or the others.
 *
 * A client sends one line. `format=record` (frames of encode.h), `format=json` or `format=text`:
 * events from now on, until it hangs up. `flush`: the agent reports what it has summed up so far,
 * then answers `ok` and hangs up.
 */
#ifndef PORTGUARD_SUBSCRIBERS_H
#define PORTGUARD_SUBSCRIBERS_H

#include "events/event.h"
#include "util/error.h"

#define SUBSCRIBERS_MAX 64
#define SUBSCRIBER_QUEUE_MAX (1024 * 1024)	/* bytes that wait for a slow one */

struct subscribers;

struct subscribers_config {
	const char *path;	/* of the socket; a stale one is replaced: the caller holds the lock */
	const struct event_source *source;	/* copied */
	void (*flush)(void *data);	/* somebody asks for all there is; may be NULL */
	void *data;
};

int subscribers_open(const struct subscribers_config *config, struct pg_error *err,
		     struct subscribers **ret);
void subscribers_free(struct subscribers *s);	/* unlinks the socket; NULL is fine */

/* Readable when something is to be done: subscribers_dispatch() does it and never blocks. */
int subscribers_fd(const struct subscribers *s);
void subscribers_dispatch(struct subscribers *s);

/* Queue an event for everyone who follows, and send what can be sent. */
void subscribers_publish(struct subscribers *s, const struct event *e);

size_t subscribers_count(const struct subscribers *s);

#endif
