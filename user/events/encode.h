/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events as bytes: what history keeps and the `events` command reads from the socket. A frame is
 * a header with length and checksum, then a source (who speaks, once before its events) or an event.
 * Numbers are in the machine's own order: frames never leave it.
 */
#ifndef PORTGUARD_ENCODE_H
#define PORTGUARD_ENCODE_H

#include "events/event.h"
#include "util/json.h"

enum frame_type { FRAME_SOURCE = 1, FRAME_EVENT };

#define FRAME_MAX (256 * 1024)	/* bytes; a longer frame is damage */

/* A frame as it lies in a buffer; strings of the event point into that buffer. */
struct frame {
	enum frame_type type;
	struct event_source source;	/* FRAME_SOURCE */
	struct event event;		/* FRAME_EVENT */
};

/* Append a frame to @out, whose error sticks; -EMSGSIZE, and nothing appended, for one over FRAME_MAX. */
int frame_put_source(struct json *out, const struct event_source *source);
int frame_put_event(struct json *out, const struct event *e);

/**
 * frame_get() - Decode the frame at the beginning of a buffer.
 * @ret_used: its length.
 * Return: 1 for a frame, 0 if the buffer ends before the frame does, -EBADMSG for damage.
 */
int frame_get(const char *bytes, size_t length, struct frame *ret, size_t *ret_used);

#endif
