// SPDX-License-Identifier: GPL-2.0-only
/*
 * Figures and queue; see spool.h. All of it is a record in memory and bytes in the ring. The one rule: bytes
 * that the committed record still holds to be waiting are not overwritten before the next record is.
 */
#include "events/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events/encode.h"
#include "events/spool_file.h"
#include "util/cleanup.h"

#define WINDOW 65536 /* bytes that are read at once */
#define SHRINK (1u << 20) /* an empty queue's file that was longer gives its blocks back */

/* Before each frame. */
struct entry {
	uint32_t length; /* of the frame */
	char boot_id[36]; /* of the id: events of a former boot keep theirs */
};

struct spool {
	char *path, *name;
	int fd;
	bool changed;
	struct spool_record now;
	uint64_t committed_head;
	uint64_t
		gone; /* refusals that left the queue, of this agent: struct spool_cursor's `passed` */
	uint64_t longest; /* bytes of the ring that were used since it was emptied */
	struct json window; /* bytes of the queue from window_at on */
	uint64_t window_at;
	struct json fresh; /* an entry and its frame, to be written as one */
};

static uint64_t weight(const struct spool *s, uint64_t seq, uint64_t refusals)
{
	return seq > s->now.begin_seq ? refusals : 0;
}

static int move_queue(struct spool *from, struct spool *to);

/* The queue in a ring of another size: in a file beside, which then takes its place. */
static int resize(struct spool *s, const char *fresh, uint64_t capacity)
{
	struct spool next = { .path = s->path, .name = s->name, .fd = -1, .now = s->now };
	int r;

	next.now.capacity = capacity;
	next.now.head = next.now.tail = 0;
	next.now.queued = 0;
	r = spool_file_make(fresh, s->name, &next.now, &next.fd);
	r = r ?: move_queue(s, &next);
	r = r ?: spool_commit(&next);
	json_free(&next.window);
	json_free(&next.fresh);
	if (!r && rename(fresh, s->path))
		r = -errno;
	if (r) {
		cleanup_close(&next.fd);
		return r;
	}
	cleanup_close(&s->fd);
	json_free(&s->window);
	json_free(&s->fresh);
	*s = next;
	return 0;
}

static int open_file(struct spool *s, const struct spool_config *config)
{
	char path[PATH_MAX], fresh[PATH_MAX];
	int r = spool_file_path(config->dir, config->name, SPOOL_SUFFIX, path, sizeof(path));

	r = r ?: spool_file_path(config->dir, config->name, ".new", fresh, sizeof(fresh));
	if (r)
		return r;
	s->path = strdup(path);
	s->name = strdup(config->name);
	if (!s->path || !s->name)
		return -ENOMEM;
	r = spool_file_open(s->path, O_RDWR, s->name, &s->now, NULL, &s->fd);
	if (r == -ENOENT || r == -EBADMSG) {
		s->now = (struct spool_record){
			.capacity = config->capacity,
			.seq = config->seq,
			.filtered = config->told,
		};
		r = spool_file_make(fresh, s->name, &s->now, &s->fd);
		if (!r && rename(fresh, s->path))
			r = -errno;
	}
	s->committed_head = s->now.head;
	s->longest = s->now.capacity;
	if (!r && s->now.capacity != config->capacity)
		r = resize(s, fresh, config->capacity);
	s->now.order = config->order;
	s->changed = true;
	return r;
}

int spool_open(const struct spool_config *config, struct spool **ret)
{
	struct spool *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->fd = -1;
	r = open_file(s, config);
	if (r) {
		spool_free(s);
		return r;
	}
	*ret = s;
	return 0;
}

void spool_free(struct spool *s)
{
	if (!s)
		return;
	cleanup_close(&s->fd);
	json_free(&s->window);
	json_free(&s->fresh);
	free(s->path);
	free(s->name);
	free(s);
}

void spool_remove(struct spool *s)
{
	(void)unlink(s->path); /* one that stays is removed by the next agent */
	spool_free(s);
}

void spool_begin_anew(struct spool *s, uint64_t seq)
{
	s->now.begin_seq = seq;
	s->now.sent = s->now.filtered = s->now.queued = s->now.lost = 0;
	s->changed = true;
}

uint64_t spool_seq(const struct spool *s)
{
	return s->now.seq;
}

void spool_balance(struct spool *s, uint64_t told)
{
	uint64_t sum = s->now.sent + s->now.filtered + s->now.queued + s->now.lost;

	if (told <= sum)
		return;
	s->now.lost += told - sum;
	s->changed = true;
}

static void take(struct spool *s, const struct event *e, uint64_t *figure)
{
	s->now.seq = e->seq;
	*figure += weight(s, e->seq, event_refusals(e));
	s->changed = true;
}

void spool_filter(struct spool *s, const struct event *e)
{
	take(s, e, &s->now.filtered);
}

void spool_lose(struct spool *s, const struct event *e)
{
	take(s, e, &s->now.lost);
}

/* What waits cannot be read. */
static void lose_all(struct spool *s)
{
	s->now.lost += s->now.queued;
	s->gone += s->now.queued;
	s->now.queued = 0;
	s->now.head = s->now.tail;
	s->changed = true;
}

struct spool_cursor spool_first(const struct spool *s)
{
	return (struct spool_cursor){ .offset = s->now.head, .passed = s->gone };
}

bool spool_is_gone(const struct spool *s, const struct spool_cursor *at)
{
	return at->offset < s->now.head;
}

bool spool_is_empty(const struct spool *s)
{
	return s->now.head == s->now.tail;
}

/* Bytes of the queue, valid until the next call; NULL: they cannot be read. */
static const char *look_at(struct spool *s, uint64_t offset, size_t length)
{
	uint64_t left = s->now.tail - offset;
	size_t wanted = length > WINDOW ? length : WINDOW;

	if (offset >= s->window_at && offset + length <= s->window_at + s->window.length)
		return s->window.text + (offset - s->window_at);
	if (length > left)
		return NULL;
	wanted = wanted < left ? wanted : (size_t)left;
	json_reset(&s->window);
	if (s->window.capacity <= wanted) {
		char *text = realloc(s->window.text, wanted + 1);

		if (!text)
			return NULL;
		s->window.text = text;
		s->window.capacity = wanted + 1;
	}
	if (spool_file_read(s->fd, &s->now, offset, s->window.text, wanted))
		return NULL;
	s->window.length = wanted;
	s->window_at = offset;
	return s->window.text;
}

/* An id goes into lines as it is: nothing but a UUID's letters may stand in it. */
static void copy_boot_id(char to[37], const char from[36])
{
	memcpy(to, from, 36);
	to[36] = '\0';
	to[strspn(to, "0123456789abcdefghijklmnopqrstuvwxyz-")] = '\0';
}

/* The entry at an offset: its frame, and the length of both; NULL: damage. */
static const char *entry_at(struct spool *s, uint64_t offset, struct entry *ret)
{
	const char *bytes = look_at(s, offset, sizeof(*ret));

	if (!bytes)
		return NULL;
	memcpy(ret, bytes, sizeof(*ret));
	if (!ret->length || ret->length > FRAME_MAX)
		return NULL;
	bytes = look_at(s, offset, sizeof(*ret) + ret->length);
	return bytes ? bytes + sizeof(*ret) : NULL;
}

int spool_next(struct spool *s, struct spool_cursor *at, char boot_id[37], struct event *ret)
{
	struct frame frame;
	struct entry entry;
	const char *bytes;
	size_t used;

	if (at->offset >= s->now.tail)
		return 0;
	bytes = entry_at(s, at->offset, &entry);
	if (!bytes || frame_get(bytes, entry.length, &frame, &used) <= 0 || used != entry.length ||
	    frame.type != FRAME_EVENT) {
		lose_all(s);
		return 0;
	}
	copy_boot_id(boot_id, entry.boot_id);
	at->offset += sizeof(entry) + entry.length;
	at->passed += weight(s, frame.event.seq, event_refusals(&frame.event));
	*ret = frame.event;
	return 1;
}

static void forget_before(struct spool *s, const struct spool_cursor *at, uint64_t *figure)
{
	uint64_t refusals = at->passed - s->gone;

	*figure += refusals;
	s->now.queued -= refusals;
	s->gone = at->passed;
	s->now.head = at->offset;
	s->changed = true;
}

/* An empty queue begins at the ring's beginning again, so that a short one stays on the same blocks. */
static void rewind_if_empty(struct spool *s)
{
	uint64_t capacity = s->now.capacity;

	if (!spool_is_empty(s))
		return;
	json_free(&s->window);
	if (s->now.tail % capacity)
		s->now.head = s->now.tail = (s->now.tail / capacity + 1) * capacity;
}

static void leave(struct spool *s, const struct spool_cursor *upto, uint64_t *figure)
{
	if (spool_is_gone(s, upto))
		return;
	forget_before(s, upto, figure);
	rewind_if_empty(s);
}

void spool_sent(struct spool *s, const struct spool_cursor *upto)
{
	leave(s, upto, &s->now.sent);
}

void spool_drop(struct spool *s, const struct spool_cursor *upto)
{
	leave(s, upto, &s->now.lost);
}

/* Room in the ring for that many bytes; 0, or the oldest go. */
static void make_room(struct spool *s, size_t length)
{
	while (s->now.tail + length - s->now.head > s->now.capacity) {
		struct spool_cursor at = spool_first(s);
		char boot_id[37];
		struct event e;

		if (spool_next(s, &at, boot_id, &e) > 0)
			forget_before(s, &at, &s->now.lost);
	}
}

static int append(struct spool *s, const struct entry *entry, const char *frame)
{
	size_t length = sizeof(*entry) + entry->length;
	uint64_t used;
	int r = 0;

	if (length > s->now.capacity)
		return -EMSGSIZE;
	make_room(s, length);
	if (s->now.tail + length - s->committed_head > s->now.capacity)
		r = spool_commit(s);
	json_reset(&s->fresh);
	json_append(&s->fresh, (const char *)entry, sizeof(*entry));
	json_append(&s->fresh, frame, entry->length);
	r = r ?: json_error(&s->fresh);
	r = r ?: spool_file_write(s->fd, &s->now, s->now.tail, s->fresh.text, length);
	if (r)
		return r;
	s->now.tail += length;
	used = s->now.tail % s->now.capacity;
	s->longest = used > s->longest ? used : s->longest;
	return 0;
}

void spool_put(struct spool *s, const struct event *e, const char *boot_id, const char *frame,
	       size_t length)
{
	struct entry entry = { .length = (uint32_t)length };
	int r;

	memcpy(entry.boot_id, boot_id, strnlen(boot_id, sizeof(entry.boot_id)));
	r = append(s, &entry, frame);
	if (r)
		spool_set_error(s, strerror(-r)); /* the disk is full, say */
	take(s, e, r ? &s->now.lost : &s->now.queued);
}

static int move_queue(struct spool *from, struct spool *to)
{
	const struct spool_record *was = &from->now;
	uint64_t told = was->sent + was->filtered + was->queued + was->lost;
	struct spool_cursor at = spool_first(from);
	char boot_id[37];
	struct event e;

	while (spool_next(from, &at, boot_id, &e) > 0) {
		_cleanup_json_ struct json frame = JSON_INIT;

		if (frame_put_event(&frame, &e))
			return -ENOMEM;
		spool_put(to, &e, boot_id, frame.text, frame.length);
	}
	to->now.seq = from->now.seq;
	spool_balance(to, told); /* what could not be read */
	return 0;
}

void spool_set_error(struct spool *s, const char *text)
{
	if (!strncmp(s->now.error, text ? text : "", sizeof(s->now.error) - 1))
		return;
	(void)snprintf(s->now.error, sizeof(s->now.error), "%s", text ? text : "");
	s->changed = true;
}

uint64_t *spool_position(struct spool *s)
{
	s->changed = true;
	return s->now.position;
}

int spool_commit(struct spool *s)
{
	int r;

	if (!s->changed)
		return 0;
	r = spool_file_write_record(s->fd, &s->now);
	if (r)
		return r;
	s->changed = false;
	s->committed_head = s->now.head;
	if (spool_is_empty(s) && s->longest > SHRINK && !spool_file_empty(s->fd))
		s->longest = 0;
	return 0;
}

struct spool_figures spool_figures(const struct spool *s)
{
	return spool_file_figures(&s->now);
}
