// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file of changes.h. How many have been lost stands before the rest, as an event of health with a count.
 * There is no fsync: it would cost a command more than all else, and guard against a power cut alone.
 */
#include "events/changes.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "events/encode.h"
#include "events/history.h"
#include "util/cleanup.h"
#include "util/file.h"

#define PATH_SIZE 4096

static int path_of(const char *dir, char path[PATH_SIZE])
{
	return snprintf(path, PATH_SIZE, "%s/changes", dir) < PATH_SIZE ? 0 : -ENAMETOOLONG;
}

static int open_file(const char *dir, int flags)
{
	char path[PATH_SIZE];
	int r = path_of(dir, path);

	if (r)
		return r;
	r = open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
	return r < 0 ? -errno : r;
}

/* --- what is there ------------------------------------------------------------------------------ */

static int append(struct changes *c, const struct event *e)
{
	struct event *grown;

	if (!(c->count & (c->count - 1))) { /* full at each power of two */
		grown = reallocarray(c->list, c->count ? c->count * 2 : 1, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		c->list = grown;
	}
	c->list[c->count++] = *e;
	return 0;
}

/* What cannot be read, since another version wrote it or a disk was full, is at least one. */
static int take_frames(struct changes *c)
{
	size_t at = 0, used;
	struct frame frame;
	int r = 0;

	while (!r && at < c->bytes.length) {
		if (frame_get(c->bytes.text + at, c->bytes.length - at, &frame, &used) <= 0 ||
		    frame.type != FRAME_EVENT) {
			c->lost++;
			break;
		}
		if (frame.event.kind == EVENT_CHANGE)
			r = append(c, &frame.event);
		else
			c->lost += frame.event.count;
		at += used;
	}
	return r;
}

/* All of the file; it may be longer than it ought to be, if somebody else wrote it. */
static int read_all(const char *dir, struct changes *c)
{
	_cleanup_close_ int fd = open_file(dir, O_RDONLY);
	_cleanup_free_ char *text = NULL;
	size_t length;
	int r;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	r = file_read_fd(fd, 2 * CHANGES_BYTES, &text, &length);
	if (r == -EFBIG) {
		c->lost++;
		return 0;
	}
	if (r)
		return r;
	json_append(&c->bytes, text, length);
	r = json_error(&c->bytes);
	return r ? r : take_frames(c);
}

void changes_free(struct changes *c)
{
	free(c->list);
	json_free(&c->bytes);
	*c = (struct changes){ .list = NULL };
}

/* --- writing ------------------------------------------------------------------------------------ */

/* The older half makes room. */
static int make_room(const char *dir)
{
	_cleanup_changes_ struct changes c = { .list = NULL };
	_cleanup_json_ struct json kept = JSON_INIT;
	struct event lost = { .kind = EVENT_HEALTH, .action = "lost" };
	char path[PATH_SIZE];
	int r = path_of(dir, path);

	r = r ? r : read_all(dir, &c);
	if (r)
		return r;
	lost.count = c.lost + c.count / 2;
	(void)frame_put_event(&kept, &lost); /* errors stick */
	for (size_t i = c.count / 2; i < c.count; i++)
		(void)frame_put_event(&kept, &c.list[i]);
	r = json_error(&kept);
	return r ? r : file_write(path, kept.text, kept.length, 0600);
}

static int write_behind(const char *dir, const struct json *frame, uint64_t *ret_at)
{
	_cleanup_close_ int fd = open_file(dir, O_RDWR | O_CREAT | O_APPEND);
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st))
		return -errno;
	if ((uint64_t)st.st_size + frame->length > CHANGES_BYTES)
		return -EFBIG;
	n = write(fd, frame->text, frame->length);
	if (n != (ssize_t)frame->length) {
		int r = n < 0 ? -errno : -ENOSPC;

		(void)!ftruncate(
			fd, st.st_size); /* else what follows it cannot be read, and is counted */
		return r;
	}
	*ret_at = (uint64_t)st.st_size;
	return 0;
}

int changes_note(const char *dir, const struct event *e, uint64_t *ret_at)
{
	_cleanup_json_ struct json frame = JSON_INIT;
	int r = frame_put_event(&frame, e);

	r = r ? r : write_behind(dir, &frame, ret_at);
	if (r != -EFBIG)
		return r;
	r = make_room(dir);
	return r ? r : write_behind(dir, &frame, ret_at);
}

void changes_drop(const char *dir, uint64_t at)
{
	_cleanup_close_ int fd = open_file(dir, O_WRONLY);

	struct stat st;

	if (fd >= 0 && !fstat(fd, &st) && (uint64_t)st.st_size > at)
		(void)!ftruncate(fd, (off_t)at); /* else its word says so, as long as it stands */
}

/* --- taking over -------------------------------------------------------------------------------- */

bool changes_wait(const char *dir)
{
	char path[PATH_SIZE];
	struct stat st;

	return !path_of(dir, path) && !stat(path, &st) && st.st_size;
}

static bool is_same(const struct event *a, const struct event *b)
{
	return a->kind == b->kind && a->end_us == b->end_us && a->actor.pid == b->actor.pid &&
	       a->action && b->action && !strcmp(a->action, b->action) &&
	       !strcmp(a->text ? a->text : "", b->text ? b->text : "");
}

/* In history: it has been told. */
static int leave_out(void *data, const struct event_source *source, const struct event *told)
{
	struct changes *c = data;

	(void)source;
	for (size_t i = 0; told->kind == EVENT_CHANGE && i < c->count; i++)
		if (is_same(&c->list[i], told)) {
			memmove(&c->list[i], &c->list[i + 1], (--c->count - i) * sizeof(*c->list));
			break;
		}
	return 0;
}

/* Of one word those of whoever wrote it last, and none of the word that stands. */
static void keep_made(struct changes *c, uint64_t stamp)
{
	size_t kept = c->count;

	for (size_t i = c->count; i-- > 0;) {
		const struct event *next = kept < c->count ? &c->list[kept] : NULL;
		bool again = next && next->seq == c->list[i].seq && next->pid != c->list[i].pid;

		if (c->list[i].seq != stamp && !again)
			c->list[--kept] = c->list[i];
	}
	c->count -= kept;
	memmove(c->list, c->list + kept, c->count * sizeof(*c->list));
}

int changes_read(const char *dir, uint64_t stamp, bool ask_history, struct changes *ret)
{
	_cleanup_changes_ struct changes c = { .list = NULL };
	int r = read_all(dir, &c);

	if (!r && c.count)
		keep_made(&c, stamp);
	if (!r && c.count && ask_history)
		r = history_each(dir, 0, leave_out, &c);
	if (r)
		return r;
	*ret = TAKE(c, (struct changes){ .list = NULL });
	return 0;
}

int changes_clear(const char *dir)
{
	_cleanup_close_ int fd = open_file(dir, O_WRONLY | O_TRUNC);

	return fd < 0 ? fd : 0;
}
