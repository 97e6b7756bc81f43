/* SPDX-License-Identifier: GPL-2.0-only */
/* A socket of datagrams with a name: what syslog's and journald's sinks share. */
#ifndef PORTGUARD_SINK_UNIX_H
#define PORTGUARD_SINK_UNIX_H

#include "events/sink.h"

struct sink_unix {
	struct sink sink;
	const char *path;
	/* Of the socket that is connected to: another one of that name is another receiver. */
	uint64_t device, inode, made_ns;
};

/* As sink_ops has them; @path outlives the sink. */
int sink_unix_connect(struct sink_unix *u, const char *path);
ssize_t sink_unix_send(struct sink *s, const char *bytes, size_t length);
ssize_t sink_unix_in_flight(struct sink *s);

#endif
