// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines appended to a file. It never holds half a line for longer than a write takes: what a full disk, or the
 * agent's death, left of one is cut off. A file that is due by size or age is renamed to .1, that one to .2,
 * and so on; who rotates files otherwise sends SIGUSR1. A last name that is a symbolic link is not followed:
 * a directory that others may write to must not make root write elsewhere.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "events/sink.h"
#include "util/cleanup.h"

enum { AT_DEVICE, AT_INODE, AT_SIZE, AT_MADE }; /* what a position holds */

struct sink_file {
	struct sink sink;
	bool regular;
	uint64_t device, inode, size, made_s;
	uint64_t seen; /* looking back: up to here the file is as it should be */
	int back_fd;
};

static struct sink_file *of(struct sink *s)
{
	return (struct sink_file *)s;
}

/* A missing directory is the likeliest mistake, and is named: nobody makes it, as for other programs' logs. */
static int say_why(struct sink *s, int error)
{
	const char *path = s->config->path, *slash = strrchr(path, '/');
	int length = slash > path ? (int)(slash - path) : 1;

	if (error == -ENOENT)
		(void)snprintf(s->why, sizeof(s->why), "the directory %.*s is missing", length,
			       path);
	else if (error == -ELOOP)
		(void)snprintf(s->why, sizeof(s->why),
			       "it is a symbolic link: name the file itself");
	return error;
}

static int file_open(struct sink *s)
{
	struct sink_file *f = of(s);
	struct stat st;

	/* O_NONBLOCK: a pipe without a reader must not stop the agent; files do not heed it. */
	s->fd = open(s->config->path,
		     O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW,
		     0640);
	f->back_fd = -1;
	if (s->fd < 0)
		return say_why(s, -errno);
	if (fstat(s->fd, &st))
		return -errno;
	f->regular = S_ISREG(st.st_mode);
	f->device = st.st_dev;
	f->inode = st.st_ino;
	f->size = f->regular ? (uint64_t)st.st_size : 0;
	f->made_s = (uint64_t)time(NULL);
	return 0;
}

static void file_close(struct sink *s)
{
	cleanup_close(&of(s)->back_fd);
	of(s)->back_fd = -1;
}

static void file_put(struct sink *s, struct json *out, const struct event_source *source,
		     const struct event *e)
{
	s->config->format->write(out, source, e);
}

static void file_position(const struct sink *s, uint64_t ret[SPOOL_POSITION])
{
	const struct sink_file *f = (const struct sink_file *)s;

	ret[AT_DEVICE] = f->device;
	ret[AT_INODE] = f->inode;
	ret[AT_SIZE] = f->size;
	ret[AT_MADE] = f->made_s;
}

static void file_look_back(struct sink *s, const uint64_t position[SPOOL_POSITION])
{
	struct sink_file *f = of(s);

	f->seen = f->size;
	if (!f->regular || position[AT_DEVICE] != f->device || position[AT_INODE] != f->inode)
		return;
	f->made_s = position[AT_MADE];
	if (position[AT_SIZE] < f->size)
		f->seen = position[AT_SIZE];
}

/* What of these bytes the file has at that place; -1: it has others. */
static ssize_t compare(struct sink_file *f, const char *bytes, size_t length)
{
	size_t same = 0;

	if (f->back_fd < 0)
		f->back_fd =
			open(f->sink.config->path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW);
	while (f->back_fd >= 0 && same < length) {
		char there[4096];
		size_t want = length - same < sizeof(there) ? length - same : sizeof(there);
		ssize_t n = pread(f->back_fd, there, want, (off_t)(f->seen + same));

		if (n <= 0)
			break;
		if (memcmp(there, bytes + same, (size_t)n))
			return -1;
		same += (size_t)n;
	}
	return (ssize_t)same;
}

static bool file_has(struct sink *s, const char *bytes, size_t length)
{
	struct sink_file *f = of(s);
	ssize_t same = f->seen < f->size ? compare(f, bytes, length) : -1;

	if (same == (ssize_t)length) {
		f->seen += length;
		return true;
	}
	/* The file ends within a line that is ours, letter by letter. */
	if (same > 0 && f->seen + (uint64_t)same == f->size && !ftruncate(s->fd, (off_t)f->seen))
		f->size = f->seen;
	return false;
}

static bool is_old(const struct sink_file *f)
{
	uint32_t most_s = f->sink.config->rotate_s;

	return f->regular && f->size && most_s && (uint64_t)time(NULL) >= f->made_s + most_s;
}

/* How many of these bytes, in whole lines, the file may still take; an empty one takes any line. */
static size_t fitting(const struct sink_file *f, const char *bytes, size_t length)
{
	uint64_t most = f->sink.config->rotate_bytes, left = most > f->size ? most - f->size : 0;
	const char *end;

	if (!f->regular || !most || length <= left)
		return length;
	end = memrchr(bytes, '\n', left);
	if (!end && !f->size)
		end = memchr(bytes, '\n', length);
	return end ? (size_t)(end + 1 - bytes) : f->size ? 0 : length;
}

static int rotate(struct sink *s)
{
	char from[PATH_MAX + 16], to[PATH_MAX + 16];
	int r;

	for (uint32_t i = s->config->keep; i; i--) {
		(void)snprintf(to, sizeof(to), "%s.%u", s->config->path, i);
		(void)snprintf(from, sizeof(from), "%s.%u", s->config->path, i - 1);
		if (i == 1)
			from[strlen(s->config->path)] = '\0';
		if (rename(from, to) && errno != ENOENT)
			return -errno;
	}
	r = s->fd;
	s->fd = -1;
	(void)close(r);
	return file_open(s);
}

/* How much of what was written is whole lines; the rest is taken back. */
static ssize_t whole_lines(struct sink_file *f, const char *bytes, size_t written)
{
	const char *end = memrchr(bytes, '\n', written);
	size_t whole = end ? (size_t)(end + 1 - bytes) : 0;

	/* A line that cannot be taken back stays torn: there is no disk to write on. */
	(void)!ftruncate(f->sink.fd, (off_t)(f->size + whole));
	return (ssize_t)whole;
}

static ssize_t file_write(struct sink *s, const char *bytes, size_t length)
{
	struct sink_file *f = of(s);
	ssize_t n;
	int r;

	if (is_old(f) || !fitting(f, bytes, length)) {
		r = rotate(s);
		if (r)
			return r;
	}
	length = fitting(f, bytes, length);
	do
		n = write(s->fd, bytes, length);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	if (!f->regular)
		return n;
	if ((size_t)n < length) {
		n = whole_lines(f, bytes, (size_t)n);
		if (!n)
			return -ENOSPC;
	}
	f->size += (uint64_t)n;
	return n;
}

const struct sink_ops sink_file_ops = {
	.size = sizeof(struct sink_file),
	.open = file_open,
	.close = file_close,
	.put = file_put,
	.write = file_write,
	.position = file_position,
	.look_back = file_look_back,
	.has = file_has,
};
