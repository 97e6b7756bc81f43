// SPDX-License-Identifier: GPL-2.0-only
/*
 * A window over the file: consumed frames leave at its front, read() adds at its end.
 */
#include "events/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "util/cleanup.h"

#define READ_SIZE 65536

int segment_path(const char *dir, unsigned number, char out[SEGMENT_PATH_SIZE])
{
	int n = snprintf(out, SEGMENT_PATH_SIZE, "%s/history.%u", dir, number);

	return n < 0 || n >= SEGMENT_PATH_SIZE ? -ENAMETOOLONG : 0;
}

int segment_open(const char *dir, unsigned number, struct segment_reader *ret)
{
	char path[SEGMENT_PATH_SIZE];
	int r = segment_path(dir, number, path);

	*ret = (struct segment_reader)SEGMENT_READER_INIT;
	if (r)
		return r;
	ret->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return ret->fd < 0 && errno != ENOENT ? -errno : 0;
}

void segment_close(struct segment_reader *r)
{
	cleanup_close(&r->fd);
	r->fd = -1;
	json_free(&r->buffer);
}

/* Read on; 1, or 0 at the end of the file. */
static int read_more(struct segment_reader *r)
{
	char bytes[READ_SIZE];
	ssize_t n;

	if (r->fd < 0)
		return 0;
	if (r->consumed) {
		memmove(r->buffer.text, r->buffer.text + r->consumed,
			r->buffer.length - r->consumed);
		r->buffer.length -= r->consumed;
		r->consumed = 0;
	}
	do
		n = read(r->fd, bytes, sizeof(bytes));
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return n ? -errno : 0;
	json_append(&r->buffer, bytes, (size_t)n);
	return json_error(&r->buffer) ? json_error(&r->buffer) : 1;
}

/* The next frame of any type, like segment_next(). */
static int next_frame(struct segment_reader *r, struct frame *frame)
{
	size_t left, used;
	int got;

	for (;;) {
		left = r->buffer.length - r->consumed;
		got = left ? frame_get(r->buffer.text + r->consumed, left, frame, &used) : 0;
		if (got < 0)
			return 0; /* damage: nothing after it can be trusted */
		if (got) {
			r->consumed += used;
			r->offset += used;
			return 1;
		}
		got = read_more(r);
		if (got <= 0)
			return got;
	}
}

int segment_next(struct segment_reader *r, struct event *ret)
{
	struct frame frame;
	int got;

	while ((got = next_frame(r, &frame)) > 0) {
		if (frame.type == FRAME_EVENT) {
			*ret = frame.event;
			return 1;
		}
		r->source = frame.source;
	}
	return got;
}

static int rewind_reader(struct segment_reader *r)
{
	json_reset(&r->buffer);
	r->consumed = 0;
	r->offset = 0;
	return r->fd >= 0 && lseek(r->fd, 0, SEEK_SET) < 0 ? -errno : 0;
}

int segment_summarize(struct segment_reader *r, struct segment_summary *ret)
{
	struct segment_summary sum = { 0 };
	struct event e;
	int got = rewind_reader(r);

	if (got)
		return got;
	while ((got = segment_next(r, &e)) > 0) {
		if (!sum.events++)
			sum.first_seq = e.seq;
		sum.last_seq = e.seq;
	}
	if (got)
		return got;
	sum.bytes = r->offset;
	*ret = sum;
	return rewind_reader(r);
}
