/* SPDX-License-Identifier: GPL-2.0-only */
/* The other end of subscribers.h: asking an agent for all there is, and following what it reports. */
#ifndef PORTGUARD_FOLLOWER_H
#define PORTGUARD_FOLLOWER_H

#include "events/encode.h"

struct follower {
	int fd;
	struct event_source source;	/* of the events that come now */
	struct json bytes;		/* that were received and not taken */
	size_t taken;
};

#define FOLLOWER_INIT { .fd = -1 }

/* @run: the instance's run directory. The descriptor does not block. 0, or -errno: nobody answers there. */
int follower_connect(const char *run, struct follower *ret);
void follower_close(struct follower *f);
#define _cleanup_follower_ __attribute__((cleanup(follower_close)))

/* Wait until the agent has reported what it had summed up; one that does not answer in time is let be. */
void follower_flush(struct follower *f);

/* From now on every event comes; 0 or -ECONNRESET. */
int follower_begin(struct follower *f);
/* First what history has after the event with that id ("": all that it has), then every event that comes. */
int follower_begin_after(struct follower *f, const char *id);
/* Take what has come, if anything has: 0, or -ECONNRESET at the agent's end, or -errno. */
int follower_receive(struct follower *f);
/* The next event of what was received, valid until follower_receive(): 1, 0 for none, -EBADMSG. */
int follower_next(struct follower *f, struct event *ret);

#endif
