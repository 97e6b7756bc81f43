/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The event log: native JSON lines, appended to a file, one write() a batch. What the disk does not
 * take now waits in a bounded buffer, and what does not fit there either is counted.
 */
#ifndef PORTGUARD_SINK_FILE_H
#define PORTGUARD_SINK_FILE_H

#include "events/event.h"
#include "util/error.h"

struct sink_file;

/* Refusals, not lines: sent + queued + lost = all that was handed in. */
struct sink_figures {
	uint64_t sent, queued, lost;
	int error;		/* 0, or -errno of the last write */
};

/**
 * sink_file_open() - Open @path for appending, made if missing (0640).
 * @source: copied.
 * A last line that a dying agent left unfinished is cut off.
 */
int sink_file_open(const char *path, const struct event_source *source, struct pg_error *err,
		   struct sink_file **ret);
void sink_file_free(struct sink_file *f);	/* what waits is tried once more; NULL is fine */

/* Take an event into the batch. */
int sink_file_append(struct sink_file *f, const struct event *e);
/* Write what waits; 0 or -errno, and then it waits on. */
int sink_file_flush(struct sink_file *f);
/* Open the path again, after somebody moved the file away; on failure the old one stays. */
int sink_file_reopen(struct sink_file *f);

/* The seq of the last line in the file as it was opened; 0: none, or no file that can be read back. */
uint64_t sink_file_last_seq(const struct sink_file *f);
struct sink_figures sink_file_figures(const struct sink_file *f);

#endif
