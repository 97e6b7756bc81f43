// SPDX-License-Identifier: GPL-2.0-only
/*
 * The containers of a machine, from the names of its cgroups: the way leads through slices and the
 * runtimes' own directories alone, so that a look costs a few directories, however many cgroups there are.
 */
#include "kernel/containers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "portguard/place.h"
#include "util/cleanup.h"

#define MOST_SLICES 32 /* nested */

struct look {
	int (*found)(void *data, const char *id);
	void *data;
};

static void cleanup_closedir(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

static int tell(const struct look *l, const char *id, size_t length)
{
	char copy[PG_ID_MAX + 1];

	memcpy(copy, id, length);
	copy[length] = '\0';
	return l->found(l->data, copy);
}

static int look_into(const struct look *l, int fd, __u8 place, unsigned depth);

static int look_at(const struct look *l, int dir_fd, const char *text, __u8 place, unsigned depth)
{
	const struct pg_bytes name = { .bytes = text, .end = (__u32)strlen(text), .mask = ~0u };
	struct pg_named n = pg_name(place, &name);
	int fd;

	if (n.container)
		return tell(l, text + n.id_at, n.id_end - n.id_at);
	if (n.place == PG_PLACE_NONE || depth == MOST_SLICES)
		return 0;
	fd = openat(dir_fd, text, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? 0 : look_into(l, fd, n.place, depth + 1); /* it may be gone */
}

/* Closes @fd. */
static int look_into(const struct look *l, int fd, __u8 place, unsigned depth)
{
	_cleanup_(cleanup_closedir) DIR *dir = fdopendir(fd);
	const struct dirent *entry;
	int r = 0;

	if (!dir) {
		(void)close(fd);
		return -ENOMEM;
	}
	while (!r && (entry = readdir(dir)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			r = look_at(l, fd, entry->d_name, place, depth);
	return r;
}

int containers_each(const char *root, int (*found)(void *data, const char *id), void *data)
{
	const struct look l = { .found = found, .data = data };
	int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : look_into(&l, fd, PG_PLACE_SLICE, 0);
}
