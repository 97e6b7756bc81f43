/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sinks: the ways out. A sink opens its target, gives an event the shape that goes over it, and writes; it
 * never blocks, keeps no queue and counts nothing: that is outlet.c's, for all of them. A new sink is a new
 * file sink_NAME.c, its ops below, and its line in sink_table.c.
 */
#ifndef PORTGUARD_SINK_H
#define PORTGUARD_SINK_H

#include <sys/types.h>

#include "events/output.h"
#include "events/spool.h"

struct sink_ops;

/* What all sinks begin with. */
struct sink {
	const struct sink_ops *ops;
	const struct output *config;	/* outlives it */
	int fd;				/* -1: closed; else what the agent's loop watches, if it can be watched */
	bool hears;			/* fd tells of the other end's hanging up, too */
	char why[SPOOL_ERROR];		/* words to an error, if errno's are not enough; empty: they are */
};

struct sink_ops {
	size_t size;		/* of the sink's own struct */
	bool datagrams;		/* one event a write, whole or not at all */
	/* Ticks for which what has arrived may yet turn out not to have: only then it is sent. */
	unsigned patience;
	/* 0, -EINPROGRESS (connected() tells, when fd is writable), or -errno. */
	int (*open)(struct sink *s);
	int (*connected)(struct sink *s);
	void (*close)(struct sink *s);
	/* The event as it goes over the wire, at the end of @out. */
	void (*put)(struct sink *s, struct json *out, const struct event_source *source, const struct event *e);
	/* How many bytes were taken, 0: none now; -errno: it is broken, what had not arrived may not have. */
	ssize_t (*write)(struct sink *s, const char *bytes, size_t length);
	/* Of the bytes written, how many have not arrived; -errno: broken. NULL: what is written has arrived. */
	ssize_t (*in_flight)(struct sink *s);
	/* Where a file ends. NULL: there is nothing to know again. */
	void (*position)(const struct sink *s, uint64_t ret[SPOOL_POSITION]);
	/* After opening: the position that the former agent told last; then whether these bytes follow it. */
	void (*look_back)(struct sink *s, const uint64_t position[SPOOL_POSITION]);
	bool (*has)(struct sink *s, const char *bytes, size_t length);
};

extern const struct sink_ops sink_file_ops, sink_stdout_ops, sink_unix_ops, sink_udp_ops, sink_tcp_ops,
	sink_journald_ops;

/* Closed. NULL: no memory. */
struct sink *sink_new(const struct output *config);
void sink_free(struct sink *s);		/* NULL is fine */
void sink_close(struct sink *s);

/* The event in the output's format, made to a message by @frame (syslog.h); errors stick to @out. */
typedef void (*sink_frame_fn)(struct json *out, const struct event_source *source, const struct event *e,
			      const char *line, size_t length);
void sink_put_framed(struct sink *s, struct json *out, const struct event_source *source, const struct event *e,
		     sink_frame_fn frame);

/* @error, of this sink, in words. */
const char *sink_error(const struct sink *s, int error);

#endif
