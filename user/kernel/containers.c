// SPDX-License-Identifier: GPL-2.0-only
/* The runtimes' files on disk; see containers.h, and container_files.h for what is in them. */
#include "kernel/containers.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "policy/list.h"
#include "portguard/place.h"
#include "util/cleanup.h"
#include "util/file.h"

#define MOST_BYTES (4u << 20)

/* CRI-O keeps its containers where Podman does, under longer names there: its own file comes first. */
static const struct source {
	const char *before_id, *behind_id;
	container_file_fn read;
} sources[] = {
	{ "/var/lib/docker/containers/", "/config.v2.json", container_file_docker },
	{ "/run/containerd/io.containerd.runtime.v2.task/k8s.io/", "/config.json",
	  container_file_oci },
	{ "/run/containers/storage/overlay-containers/", "/userdata/config.json",
	  container_file_oci },
};

static const char *const lists[CONTAINER_LISTS] = {
	"/var/lib/containers/storage/overlay-containers/containers.json",
	"/var/lib/containers/storage/overlay-containers/volatile-containers.json", /* run --rm */
};

/* An id becomes part of a path. */
static bool is_id(const char *id)
{
	const struct pg_bytes bytes = { .bytes = id, .end = (__u32)strlen(id), .mask = ~0u };

	return pg_is_id(&bytes, 0, bytes.end);
}

/* A regular file, open; or -errno. */
static int open_file(const char *path, struct stat *ret)
{
	/* O_NONBLOCK: a FIFO that somebody left there keeps nobody waiting. */
	_cleanup_close_ int fd =
		open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0 || fstat(fd, ret))
		return -errno;
	if (!S_ISREG(ret->st_mode))
		return -EINVAL;
	if (ret->st_size > MOST_BYTES)
		return -EFBIG;
	return TAKE_FD(fd);
}

/* --- a file for each -------------------------------------------------------------------------- */

static int ask_source(struct container_reader *r, const struct source *s, const char *id)
{
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *text = NULL;
	char path[PATH_MAX];
	struct stat st;
	size_t length;
	int error;

	if (snprintf(path, sizeof(path), "%s%s%s%s", r->files_root, s->before_id, id,
		     s->behind_id) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open_file(path, &st);
	if (fd < 0)
		return fd;
	error = file_read_fd(fd, MOST_BYTES, &text, &length);
	return error ? error : s->read(text, length, r->name);
}

/* --- a file for all --------------------------------------------------------------------------- */

static void list_free(struct container_list *l)
{
	for (size_t i = 0; i < l->count; i++) {
		free(l->list[i].id);
		free(l->list[i].name);
	}
	free(l->list);
	*l = (struct container_list){ .list = NULL };
}

static int keep_listed(void *data, const char *id, const char *name)
{
	struct container_listed one = { .id = strdup(id), .name = strdup(name) };
	struct container_list *l = data;
	int r = one.id && one.name ? list_append(&l->list, &l->count, &one, sizeof(one)) : -ENOMEM;

	if (r) {
		free(one.id);
		free(one.name);
	}
	return r;
}

static int compare_listed(const void *a, const void *b)
{
	return strcmp(((const struct container_listed *)a)->id,
		      ((const struct container_listed *)b)->id);
}

static bool is_seen(const struct container_list *l, const struct stat *st)
{
	return l->seen.st_dev == st->st_dev && l->seen.st_ino == st->st_ino &&
	       l->seen.st_size == st->st_size && l->seen.st_mtim.tv_sec == st->st_mtim.tv_sec &&
	       l->seen.st_mtim.tv_nsec == st->st_mtim.tv_nsec;
}

/* As the file is now; what is broken is empty. */
static void read_list(struct container_reader *r, size_t which)
{
	struct container_list *l = &r->lists[which];
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *text = NULL;
	struct stat st = { .st_dev = 0 };
	char path[PATH_MAX];
	size_t length;

	(void)snprintf(path, sizeof(path), "%s%s", r->files_root, lists[which]);
	fd = open_file(path, &st);
	if (fd >= 0 && is_seen(l, &st))
		return;
	list_free(l);
	if (fd < 0 || file_read_fd(fd, MOST_BYTES, &text, &length))
		return;
	if (container_file_list(text, length, keep_listed, l)) {
		list_free(l); /* being written: read again next time */
		return;
	}
	l->seen = st;
	if (l->count)
		qsort(l->list, l->count, sizeof(*l->list), compare_listed);
}

static const char *ask_list(struct container_reader *r, size_t which, const char *id)
{
	const struct container_listed key = { .id = (char *)id }, *found = NULL;
	const struct container_list *l = &r->lists[which];

	read_list(r, which);
	if (l->count)
		found = bsearch(&key, l->list, l->count, sizeof(key), compare_listed);
	return found ? found->name : NULL;
}

/* --- both ------------------------------------------------------------------------------------- */

void container_reader_free(struct container_reader *r)
{
	for (size_t i = 0; i < CONTAINER_LISTS; i++)
		list_free(&r->lists[i]);
}

const char *container_reader_name(void *reader, const char *id)
{
	struct container_reader *r = reader;
	const char *name = NULL;

	if (!is_id(id))
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
		if (!ask_source(r, &sources[i], id))
			return r->name;
	for (size_t i = 0; !name && i < CONTAINER_LISTS; i++)
		name = ask_list(r, i, id);
	return name;
}

int container_name(const char *files_root, const char *id, char *to, size_t size)
{
	_cleanup_container_reader_ struct container_reader r = { .files_root = files_root };
	const char *name = container_reader_name(&r, id);

	if (!name || strlen(name) >= size)
		return -ENOENT;
	memcpy(to, name, strlen(name) + 1);
	return 0;
}
