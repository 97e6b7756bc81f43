// SPDX-License-Identifier: GPL-2.0-only
/* Bytes of a spool's file; see spool_file.h. Whatever is read is checked: it lay on a disk. */
#include "events/spool_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "util/cleanup.h"

#define MAGIC "portguard spool 1\n"
#define PLACE 4096 /* bytes for a record */
#define HEADER 8192
#define RING (HEADER + 2 * PLACE)

struct header {
	char magic[24];
	char name[SPOOL_NAME];
};

_Static_assert(sizeof(struct header) <= HEADER && sizeof(struct spool_record) <= PLACE,
	       "they have their places");

struct spool_figures spool_file_figures(const struct spool_record *r)
{
	return (struct spool_figures){
		.sent = r->sent, .filtered = r->filtered, .queued = r->queued, .lost = r->lost
	};
}

static uint64_t hash(const void *bytes, size_t length)
{
	const uint8_t *at = bytes;
	uint64_t sum = 14695981039346656037ULL;

	for (size_t i = 0; i < length; i++)
		sum = (sum ^ at[i]) * 1099511628211ULL;
	return sum;
}

int spool_file_path(const char *dir, const char *name, const char *suffix, char *path, size_t size)
{
	int n = snprintf(path, size, "%s/%016" PRIx64 "%s", dir, hash(name, strlen(name)), suffix);

	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

static int read_at(int fd, void *bytes, size_t length, uint64_t offset)
{
	for (char *at = bytes; length;) {
		ssize_t n = pread(fd, at, length, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EBADMSG;
		at += n;
		offset += (uint64_t)n;
		length -= (size_t)n;
	}
	return 0;
}

static int write_at(int fd, const void *bytes, size_t length, uint64_t offset)
{
	for (const char *at = bytes; length;) {
		ssize_t n = pwrite(fd, at, length, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		at += n;
		offset += (uint64_t)n;
		length -= (size_t)n;
	}
	return 0;
}

static uint32_t check_of(const struct spool_record *r)
{
	return (uint32_t)hash(r, offsetof(struct spool_record, check));
}

static bool makes_sense(const struct spool_record *r)
{
	return r->check == check_of(r) && r->capacity && r->head <= r->tail &&
	       r->tail - r->head <= r->capacity && memchr(r->error, '\0', sizeof(r->error));
}

static int read_record(int fd, struct spool_record *ret)
{
	struct spool_record r;
	bool found = false;

	for (unsigned i = 0; i < 2; i++) {
		if (read_at(fd, &r, sizeof(r), HEADER + i * PLACE) || !makes_sense(&r) ||
		    (found && ret->generation > r.generation))
			continue;
		*ret = r;
		found = true;
	}
	return found ? 0 : -EBADMSG;
}

int spool_file_open(const char *path, int flags, const char *name, struct spool_record *ret,
		    char *ret_name, int *ret_fd)
{
	_cleanup_close_ int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW);
	struct header h;
	int r = fd < 0 ? -errno : read_at(fd, &h, sizeof(h), 0);

	if (r)
		return r;
	if (memcmp(h.magic, MAGIC, sizeof(MAGIC)) || !memchr(h.name, '\0', sizeof(h.name)) ||
	    (name && strcmp(h.name, name)))
		return -EBADMSG;
	r = read_record(fd, ret);
	if (r)
		return r;
	if (ret_name)
		memcpy(ret_name, h.name, sizeof(h.name));
	*ret_fd = TAKE_FD(fd);
	return 0;
}

int spool_file_make(const char *path, const char *name, struct spool_record *record, int *ret_fd)
{
	_cleanup_close_ int fd =
		open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct header h = { .magic = MAGIC };
	int r;

	if (fd < 0)
		return -errno;
	if (strlen(name) >= sizeof(h.name))
		return -ENAMETOOLONG;
	strcpy(h.name, name);
	r = write_at(fd, &h, sizeof(h), 0);
	r = r ?: spool_file_write_record(fd, record);
	if (!r)
		*ret_fd = TAKE_FD(fd);
	return r;
}

int spool_file_write_record(int fd, struct spool_record *record)
{
	record->generation++;
	record->check = check_of(record);
	return write_at(fd, record, sizeof(*record), HEADER + record->generation % 2 * PLACE);
}

/* How much of it lies before the ring's end; the rest is at its beginning. */
static size_t before_end(const struct spool_record *r, uint64_t offset, size_t length)
{
	uint64_t left = r->capacity - offset % r->capacity;

	return length < left ? length : (size_t)left;
}

int spool_file_read(int fd, const struct spool_record *r, uint64_t offset, char *bytes,
		    size_t length)
{
	size_t first = before_end(r, offset, length);
	int error = read_at(fd, bytes, first, RING + offset % r->capacity);

	return error ?: read_at(fd, bytes + first, length - first, RING);
}

int spool_file_write(int fd, const struct spool_record *r, uint64_t offset, const char *bytes,
		     size_t length)
{
	size_t first = before_end(r, offset, length);
	int error = write_at(fd, bytes, first, RING + offset % r->capacity);

	return error ?: write_at(fd, bytes + first, length - first, RING);
}

int spool_file_empty(int fd)
{
	return ftruncate(fd, RING) ? -errno : 0;
}
