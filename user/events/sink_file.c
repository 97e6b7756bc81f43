// SPDX-License-Identifier: GPL-2.0-only
/*
 * The buffer holds whole lines; of the first one a part may lie in the file already, where a write
 * fell short. Each line has a mark - where it ends and how many refusals it stands for - so that a
 * write that stops anywhere is accounted for to the line.
 */
#include "events/sink_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "events/format.h"
#include "util/cleanup.h"

#define BUFFER_MAX (1024 * 1024) /* bytes that may wait for the disk */
#define TAIL_MAX (256 * 1024) /* a line is shorter */

struct mark {
	size_t end; /* of the line, in the buffer */
	uint64_t refusals;
};

struct sink_file {
	char *path;
	struct event_source source;
	int fd;
	struct json buffer;
	size_t written; /* bytes of the first line that lie in the file */
	struct mark *marks;
	size_t mark_count, mark_capacity;
	uint64_t last_seq;
	struct sink_figures figures;
};

static int open_for_append(const char *path)
{
	/* O_NONBLOCK: a pipe without a reader must not stop the agent; files do not heed it. */
	int fd =
		open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);

	return fd < 0 ? -errno : fd;
}

/* The last @size bytes of a regular file at most; -errno, or how many. */
static ssize_t read_tail(const char *path, char *bytes, size_t size, off_t *ret_offset)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return 0;
	*ret_offset = st.st_size > (off_t)size ? st.st_size - (off_t)size : 0;
	n = pread(fd, bytes, size, *ret_offset);
	return n < 0 ? -errno : n;
}

/* Whether a line, or what there is of it, is one of ours; a stranger's file is never cut. */
static bool is_ours(const char *line, size_t length)
{
	static const char begin[] = "{\"schema\":1,";
	size_t n = length < sizeof(begin) - 1 ? length : sizeof(begin) - 1;

	return n && !memcmp(line, begin, n);
}

/* Our fields come in order, so that nobody's text stands before "seq". */
static uint64_t seq_of_line(const char *line, size_t length)
{
	static const char name[] = "\"seq\":";
	const char *seq = memmem(line, length, name, sizeof(name) - 1);

	if (!seq || !is_ours(line, length))
		return 0;
	/* A newline follows in the buffer. */
	return strtoull(seq + sizeof(name) - 1, NULL, 10);
}

/* Cut off a torn line that is ours, and learn the seq of the last whole one. */
static int look_back(struct sink_file *f)
{
	_cleanup_free_ char *tail = calloc(1, TAIL_MAX);
	const char *end, *line;
	off_t offset = 0;
	ssize_t n = tail ? read_tail(f->path, tail, TAIL_MAX, &offset) : -ENOMEM;

	/* One that cannot be read back can still be written. */
	if (n <= 0)
		return n == -ENOMEM ? -ENOMEM : 0;
	end = memrchr(tail, '\n', (size_t)n);
	end = end ? end + 1 : offset ? tail + n : tail;
	if (is_ours(end, (size_t)(tail + n - end)) && ftruncate(f->fd, offset + (end - tail)))
		return -errno;
	if (end == tail || end[-1] != '\n')
		return 0;
	line = memrchr(tail, '\n', (size_t)(end - 1 - tail));
	line = line ? line + 1 : tail;
	f->last_seq = seq_of_line(line, (size_t)(end - line));
	return 0;
}

int sink_file_open(const char *path, const struct event_source *source, struct pg_error *err,
		   struct sink_file **ret)
{
	struct sink_file *f = calloc(1, sizeof(*f));
	int r;

	if (!f)
		return pg_fail(err, -ENOMEM, PG_EXIT_AUTO, "event log %s: out of memory", path);
	f->source = *source;
	f->path = strdup(path);
	f->fd = f->path ? open_for_append(path) : -ENOMEM;
	r = f->fd < 0 ? f->fd : look_back(f);
	if (r) {
		sink_file_free(f);
		return pg_fail(err, r, PG_EXIT_OUTPUT, "event log %s: %s", path, strerror(-r));
	}
	*ret = f;
	return 0;
}

void sink_file_free(struct sink_file *f)
{
	if (!f)
		return;
	if (f->fd >= 0)
		(void)sink_file_flush(f); /* nobody is left to be told */
	cleanup_close(&f->fd);
	json_free(&f->buffer);
	free(f->marks);
	free(f->path);
	free(f);
}

static int add_mark(struct sink_file *f, uint64_t refusals)
{
	if (f->mark_count == f->mark_capacity) {
		size_t capacity = f->mark_capacity ? f->mark_capacity * 2 : 64;
		struct mark *marks = reallocarray(f->marks, capacity, sizeof(*marks));

		if (!marks)
			return -ENOMEM;
		f->marks = marks;
		f->mark_capacity = capacity;
	}
	f->marks[f->mark_count++] = (struct mark){ .end = f->buffer.length, .refusals = refusals };
	return 0;
}

int sink_file_append(struct sink_file *f, const struct event *e)
{
	size_t before = f->buffer.length;
	int r;

	format_json(&f->buffer, &f->source, e);
	r = json_error(&f->buffer);
	if (!r)
		r = f->buffer.length > BUFFER_MAX ? -ENOBUFS : add_mark(f, event_refusals(e));
	if (r) {
		f->buffer.length = before;
		f->buffer.error = 0;
		f->figures.lost += event_refusals(e);
		return r;
	}
	f->figures.queued += event_refusals(e);
	return 0;
}

/* @bytes more of the buffer lie in the file: drop the lines that are whole there. */
static void consume(struct sink_file *f, size_t bytes)
{
	size_t end = f->written + bytes, done = 0, lines = 0;

	while (lines < f->mark_count && f->marks[lines].end <= end) {
		done = f->marks[lines].end;
		f->figures.sent += f->marks[lines].refusals;
		f->figures.queued -= f->marks[lines].refusals;
		lines++;
	}
	f->written = end - done;
	f->buffer.length -= done;
	memmove(f->buffer.text, f->buffer.text + done, f->buffer.length);
	f->mark_count -= lines;
	memmove(f->marks, f->marks + lines, f->mark_count * sizeof(*f->marks));
	for (size_t i = 0; i < f->mark_count; i++)
		f->marks[i].end -= done;
}

int sink_file_flush(struct sink_file *f)
{
	while (f->buffer.length > f->written) {
		ssize_t n =
			write(f->fd, f->buffer.text + f->written, f->buffer.length - f->written);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			f->figures.error = n ? -errno : -EIO;
			return f->figures.error;
		}
		consume(f, (size_t)n);
	}
	f->figures.error = 0;
	return 0;
}

/* The old file keeps no half line; the new one gets it whole. */
static void take_back(struct sink_file *f)
{
	struct stat st;

	if (!f->written || fstat(f->fd, &st) || !S_ISREG(st.st_mode))
		return;
	if (st.st_size >= (off_t)f->written)
		(void)!ftruncate(
			f->fd,
			st.st_size - (off_t)f->written); /* a torn line there is all that is lost */
}

int sink_file_reopen(struct sink_file *f)
{
	int fd = open_for_append(f->path);

	if (fd < 0)
		return fd;
	take_back(f);
	f->written = 0;
	cleanup_close(&f->fd);
	f->fd = fd;
	return sink_file_flush(f);
}

uint64_t sink_file_last_seq(const struct sink_file *f)
{
	return f->last_seq;
}

struct sink_figures sink_file_figures(const struct sink_file *f)
{
	return f->figures;
}
