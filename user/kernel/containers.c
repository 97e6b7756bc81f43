// SPDX-License-Identifier: GPL-2.0-only
/* The runtimes' files on disk; see containers.h, and container_files.h for what is in them. */
#include "kernel/containers.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "kernel/container_files.h"
#include "portguard/place.h"
#include "util/cleanup.h"
#include "util/file.h"

#define MOST_BYTES (4u << 20)

/* CRI-O keeps its containers where Podman does, under longer names there: its own file comes first. */
static const struct source {
	const char *before_id, *behind_id; /* behind_id NULL: one file for all */
	container_file_fn read;
} sources[] = {
	{ "/var/lib/docker/containers/", "/config.v2.json", container_name_docker },
	{ "/run/containerd/io.containerd.runtime.v2.task/k8s.io/", "/config.json",
	  container_name_oci },
	{ "/run/containers/storage/overlay-containers/", "/userdata/config.json",
	  container_name_oci },
	{ "/var/lib/containers/storage/overlay-containers/containers.json", NULL,
	  container_name_podman },
	/* `podman run --rm` */
	{ "/var/lib/containers/storage/overlay-containers/volatile-containers.json", NULL,
	  container_name_podman },
};

/* An id becomes part of a path. */
static bool is_id(const char *id)
{
	const struct pg_bytes bytes = { .bytes = id, .end = (__u32)strlen(id), .mask = ~0u };

	return pg_is_id(&bytes, 0, bytes.end);
}

static int read_file(const char *path, char **ret, size_t *ret_length)
{
	/* O_NONBLOCK: a FIFO that somebody left there keeps nobody waiting. */
	_cleanup_close_ int fd =
		open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (st.st_size > MOST_BYTES)
		return -EFBIG;
	return file_read_fd(fd, MOST_BYTES, ret, ret_length);
}

static int ask(const struct source *s, const char *files_root, const char *id, char *to)
{
	_cleanup_free_ char *text = NULL;
	char path[PATH_MAX];
	size_t length;
	int r;

	if (snprintf(path, sizeof(path), "%s%s%s%s", files_root, s->before_id,
		     s->behind_id ? id : "", s->behind_id ? s->behind_id : "") >= (int)sizeof(path))
		return -ENAMETOOLONG;
	r = read_file(path, &text, &length);
	return r ? r : s->read(text, length, id, to);
}

int container_name(const char *files_root, const char *id, char *to, size_t size)
{
	char name[CONTAINER_NAME];

	if (!is_id(id))
		return -ENOENT;
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		int r = ask(&sources[i], files_root, id, name);

		if (r == -ENOMEM)
			return r;
		if (r || strlen(name) >= size)
			continue;
		memcpy(to, name, strlen(name) + 1);
		return 0;
	}
	return -ENOENT;
}
