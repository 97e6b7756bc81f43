/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading one of history's files: frame by frame, never more of it in memory than one frame needs,
 * and never a complaint about the end that a dying writer tore: what is whole is read.
 */
#ifndef PORTGUARD_SEGMENT_H
#define PORTGUARD_SEGMENT_H

#include <stdint.h>

#include "events/encode.h"

#define SEGMENTS 2
#define SEGMENT_PATH_SIZE 4096

struct segment_reader {
	int fd;
	struct json buffer;	/* bytes that were read and not consumed */
	size_t consumed;	/* of the buffer */
	uint64_t offset;	/* in the file, of what was not consumed */
	struct event_source source;	/* of the events that come now */
};

#define SEGMENT_READER_INIT { .fd = -1 }

/* What a pass over a file finds. */
struct segment_summary {
	uint64_t events;
	uint64_t first_seq, last_seq;	/* 0: no event */
	uint64_t bytes;		/* of whole frames: what follows is torn */
};

/* The path of file @number in @dir; -ENAMETOOLONG. */
int segment_path(const char *dir, unsigned number, char out[SEGMENT_PATH_SIZE]);
/* A missing file is an empty one. */
int segment_open(const char *dir, unsigned number, struct segment_reader *ret);
void segment_close(struct segment_reader *r);
#define _cleanup_segment_ __attribute__((cleanup(segment_close)))
/* The next event, valid until the next call: 1, or 0 at the end of what is whole, or -errno. */
int segment_next(struct segment_reader *r, struct event *ret);
/* Read from the beginning to the end, sum up, and go back to the beginning. */
int segment_summarize(struct segment_reader *r, struct segment_summary *ret);

#endif
