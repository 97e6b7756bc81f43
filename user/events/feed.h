/* SPDX-License-Identifier: GPL-2.0-only */
/* The other end of the agent's socket: who follows asks, and gets events (subscribers.h, `format=record`). */
#ifndef PORTGUARD_FEED_H
#define PORTGUARD_FEED_H

#include "events/encode.h"

struct feed {
	int fd;			/* -1: closed */
	struct event_source source;	/* of the event that came last */
	struct json bytes;	/* what has come and was not taken */
	size_t taken;		/* of these */
};

#define FEED_INIT { .fd = -1 }

/* Connect; the descriptor does not block. 0 or -errno. */
int feed_open(struct feed *f, const char *socket);
void feed_close(struct feed *f);
/* Send a request, one line with its end. 0 or -EPIPE. */
int feed_ask(const struct feed *f, const char *line);
/* Take what has come: 0, -EAGAIN when nothing has, -ECONNRESET when the agent has ended. */
int feed_receive(struct feed *f);
/* The next event of that, valid until feed_receive(): 1, 0 when none is whole, -EBADMSG for damage. */
int feed_next(struct feed *f, struct event *ret);

#endif
