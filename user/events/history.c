// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writing history and visiting it whole. Each write goes to the place where the whole frames end
 * (pwrite), so that what a failed write left is overwritten; a file that takes its turn is made
 * anew and renamed into place, so that a reader of the old one reads on undisturbed.
 */
#include "events/history.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "events/encode.h"
#include "util/cleanup.h"

struct history {
	char *dir;
	struct event_source source;
	uint32_t limit;
	unsigned current; /* the file that is written */
	uint64_t turn; /* how many were, this one counted */
	int fd;
	uint64_t bytes; /* of whole frames in it */
	uint64_t events;
	uint64_t first_seq; /* in it; 0: none yet */
	bool source_written; /* in this file, by this writer */
	struct json batch;
	uint32_t batch_events;
	uint64_t batch_seq; /* its first */
};

/* Both files, opened before either is read: one that is replaced meanwhile is read as it was. */
struct files {
	struct segment_reader readers[SEGMENTS];
	struct segment_summary sums[SEGMENTS];
};

#define FILES_INIT                                                      \
	{                                                               \
		.readers = { SEGMENT_READER_INIT, SEGMENT_READER_INIT } \
	}

static void close_files(struct files *f)
{
	for (unsigned i = 0; i < SEGMENTS; i++)
		segment_close(&f->readers[i]);
}

#define _cleanup_files_ __attribute__((cleanup(close_files)))

static int open_files(const char *dir, struct files *f)
{
	int r = 0;

	for (unsigned i = 0; !r && i < SEGMENTS; i++)
		r = segment_open(dir, i, &f->readers[i]);
	for (unsigned i = 0; !r && i < SEGMENTS; i++)
		r = segment_summarize(&f->readers[i], &f->sums[i]);
	return r;
}

static int open_segment(struct history *h, unsigned number, int flags)
{
	char path[SEGMENT_PATH_SIZE];
	int r = segment_path(h->dir, number, path);

	if (r)
		return r;
	r = open(path, flags | O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	return r < 0 ? -errno : r;
}

/* Go on in the file with the newest event, where its whole frames end. */
static int resume(struct history *h)
{
	_cleanup_files_ struct files files = FILES_INIT;
	const struct segment_summary *sums = files.sums;
	int r = open_files(h->dir, &files);

	if (r)
		return r;
	h->current = sums[1].last_seq > sums[0].last_seq;
	h->bytes = sums[h->current].bytes;
	h->events = sums[h->current].events;
	h->first_seq = sums[h->current].first_seq;
	r = open_segment(h, h->current, 0);
	if (r < 0)
		return r;
	h->fd = r;
	return ftruncate(h->fd, (off_t)h->bytes) ? -errno : 0;
}

int history_open(const char *dir, const struct event_source *source, uint32_t limit,
		 struct pg_error *err, struct history **ret)
{
	struct history *h = calloc(1, sizeof(*h));
	int r;

	if (!h)
		return pg_fail(err, -ENOMEM, PG_EXIT_AUTO, "history in %s: out of memory", dir);
	h->fd = -1;
	h->turn = 1;
	h->source = *source;
	h->limit = limit ? limit : HISTORY_EVENTS;
	h->dir = strdup(dir);
	r = h->dir ? resume(h) : -ENOMEM;
	if (r) {
		history_free(h);
		return pg_fail(err, r, PG_EXIT_AUTO, "history in %s: %s", dir, strerror(-r));
	}
	*ret = h;
	return 0;
}

void history_set_number(struct history *h, uint32_t number)
{
	h->source.number = number;
	h->source_written = false;
}

void history_free(struct history *h)
{
	if (!h)
		return;
	cleanup_close(&h->fd);
	json_free(&h->batch);
	free(h->dir);
	free(h);
}

int history_append(struct history *h, const struct event *e)
{
	int r = frame_put_event(&h->batch, e);

	if (!r && !h->batch_events++)
		h->batch_seq = e->seq;
	return r;
}

static int write_at(int fd, const char *bytes, size_t length, uint64_t offset)
{
	while (length) {
		ssize_t n = pwrite(fd, bytes, length, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		bytes += n;
		offset += (uint64_t)n;
		length -= (size_t)n;
	}
	return 0;
}

/* Let the other file take over, empty. */
static int take_turn(struct history *h)
{
	unsigned next = (h->current + 1) % SEGMENTS;
	char path[SEGMENT_PATH_SIZE], fresh[SEGMENT_PATH_SIZE];
	_cleanup_close_ int fd = -1;

	if (segment_path(h->dir, next, path) || segment_path(h->dir, SEGMENTS, fresh))
		return -ENAMETOOLONG;
	/* one that an earlier agent left is worth nothing */
	fd = open_segment(h, SEGMENTS, O_TRUNC);
	if (fd < 0)
		return fd;
	if (rename(fresh, path))
		return -errno;
	cleanup_close(&h->fd);
	h->fd = TAKE_FD(fd);
	h->current = next;
	h->turn++;
	h->bytes = 0;
	h->events = 0;
	h->first_seq = 0;
	h->source_written = false;
	return 0;
}

static int write_batch(struct history *h)
{
	_cleanup_json_ struct json bytes = JSON_INIT;
	int r;

	if (h->events >= h->limit) {
		r = take_turn(h);
		if (r)
			return r;
	}
	if (!h->source_written)
		(void)frame_put_source(&bytes, &h->source); /* its error sticks */
	json_append(&bytes, h->batch.text, h->batch.length);
	r = json_error(&bytes);
	if (!r)
		r = write_at(h->fd, bytes.text, bytes.length, h->bytes);
	if (r) {
		/* else the next write covers the rest */
		(void)!ftruncate(h->fd, (off_t)h->bytes);
		return r;
	}
	h->bytes += bytes.length;
	h->events += h->batch_events;
	h->first_seq = h->first_seq ? h->first_seq : h->batch_seq;
	h->source_written = true;
	return 0;
}

int history_flush(struct history *h)
{
	int r = json_error(&h->batch);

	if (!r && h->batch_events)
		r = write_batch(h);
	json_reset(&h->batch);
	h->batch_events = 0;
	return r;
}

static int open_turn(const struct history *h, struct history_cursor *cursor)
{
	unsigned back = (unsigned)(h->turn - cursor->turn); /* below SEGMENTS */

	return segment_open(h->dir, (h->current + back) % SEGMENTS, &cursor->reader);
}

int history_seek(const struct history *h, uint64_t seq, struct history_cursor *ret)
{
	ret->turn = h->first_seq && seq >= h->first_seq ? h->turn : h->turn - 1;
	return open_turn(h, ret);
}

int history_next(const struct history *h, struct history_cursor *cursor, struct event *ret)
{
	int r;

	while (!(r = segment_next(&cursor->reader, ret)) && cursor->turn < h->turn) {
		history_cursor_close(cursor);
		cursor->turn++;
		if (cursor->turn + 1 < h->turn)
			cursor->turn = h->turn - 1;
		r = open_turn(h, cursor);
		if (r)
			return r;
	}
	return r;
}

void history_cursor_close(struct history_cursor *cursor)
{
	segment_close(&cursor->reader);
}

int history_after(const struct history *h, const char *boot_id, uint64_t seq, uint64_t *ret_seq)
{
	_cleanup_(history_cursor_close) struct history_cursor cursor = HISTORY_CURSOR_INIT;
	uint64_t oldest = 0, last = 0;
	struct event e;
	int r = history_seek(h, 0, &cursor);

	if (r)
		return r;
	while ((r = history_next(h, &cursor, &e)) > 0 && e.seq <= seq) {
		oldest = oldest ? oldest : e.seq;
		if (!strcmp(cursor.reader.source.boot_id, boot_id))
			last = e.seq;
	}
	if (r < 0)
		return r;
	if (r && !oldest)
		last = seq; /* all that is kept came later: some may be missing */
	*ret_seq = last ? last + 1 : 0;
	return 0;
}

static int visit_file(struct segment_reader *reader, uint64_t *skip, history_visit_fn visit,
		      void *data)
{
	struct event e;
	int r;

	while ((r = segment_next(reader, &e)) > 0) {
		if (*skip) {
			(*skip)--;
			continue;
		}
		r = visit(data, &reader->source, &e);
		if (r)
			return r;
	}
	return r;
}

int history_each(const char *dir, uint32_t limit, history_visit_fn visit, void *data)
{
	_cleanup_files_ struct files files = FILES_INIT;
	uint64_t skip = 0, total;
	unsigned older;
	int r = open_files(dir, &files);

	if (r)
		return r;
	if (!limit)
		limit = HISTORY_EVENTS;
	total = files.sums[0].events + files.sums[1].events;
	if (total > limit)
		skip = total - limit;
	older = files.sums[0].last_seq > files.sums[1].last_seq;
	r = visit_file(&files.readers[older], &skip, visit, data);
	return r ? r : visit_file(&files.readers[!older], &skip, visit, data);
}

struct tally_context {
	uint64_t from_seq;
	struct history_tally tally;
};

static int tally_event(void *data, const struct event_source *source, const struct event *e)
{
	struct tally_context *c = data;

	(void)source; /* the seq goes on over agents and boots */
	c->tally.last_seq = e->seq;
	if (e->kind != EVENT_CHANGE) /* which may have been made long before it was told */
		c->tally.last_end_us = e->end_us;
	if (e->seq >= c->from_seq && event_refusals(e)) {
		c->tally.lines++;
		c->tally.refusals += event_refusals(e);
	}
	return 0;
}

int history_tally(const char *dir, uint64_t from_seq, struct history_tally *ret)
{
	struct tally_context context = { .from_seq = from_seq };
	int r = history_each(dir, UINT32_MAX, tally_event, &context);

	if (!r)
		*ret = context.tally;
	return r;
}
