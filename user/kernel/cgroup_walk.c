// SPDX-License-Identifier: GPL-2.0-only
/* Walking cgroups; see cgroup_walk.h. Their number of links tells which have children, without opening them. */
#include "kernel/cgroup_walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "util/cleanup.h"

#define LEAF_LINKS 2 /* st_nlink of a cgroup without children */

struct level {
	uint64_t id;
	struct cgroup_owner owner;
	size_t length; /* of its path */
	char *names; /* of its children, each with its NUL */
	size_t size, at;
};

struct walk {
	const struct owner_patterns *patterns;
	cgroup_visit_fn visit;
	void *data;
	int fd; /* of the innermost level */
	dev_t device;
	struct level *levels;
	size_t depth, room;
	char *path; /* without a '/' at its end, "" for the root */
	size_t path_room;
};

static void walk_free(struct walk *w)
{
	while (w->depth)
		free(w->levels[--w->depth].names);
	free(w->levels);
	free(w->path);
	cleanup_close(&w->fd);
}

static void cleanup_closedir(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

static int add_name(struct level *l, size_t *room, const char *name)
{
	size_t length = strlen(name) + 1;

	if (l->size + length > *room) {
		size_t wanted = *room * 2 + length;
		char *grown = realloc(l->names, wanted);

		if (!grown)
			return -ENOMEM;
		l->names = grown;
		*room = wanted;
	}
	memcpy(l->names + l->size, name, length);
	l->size += length;
	return 0;
}

static int list_children(int fd, struct level *l)
{
	_cleanup_(cleanup_closedir) DIR *dir = NULL;
	int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	const struct dirent *entry;
	size_t room = 0;

	if (again < 0)
		return errno == ENOENT ? 0 : -errno; /* it was removed */
	dir = fdopendir(again);
	if (!dir) {
		r = -errno;
		(void)close(again);
		return r;
	}
	while (!r && (entry = readdir(dir)))
		if (entry->d_type == DT_DIR && entry->d_name[0] &&
		    strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = add_name(l, &room, entry->d_name);
	return r;
}

static int push(struct walk *w, struct level level)
{
	int r;

	if (w->depth == w->room) {
		size_t room = w->room ? w->room * 2 : 16;
		struct level *grown = reallocarray(w->levels, room, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		w->levels = grown;
		w->room = room;
	}
	r = list_children(w->fd, &level);
	if (r)
		free(level.names);
	else
		w->levels[w->depth++] = level;
	return r;
}

/* Back to the level above; a cgroup never moves to another one. */
static int pop(struct walk *w)
{
	struct stat st;
	int fd;

	free(w->levels[--w->depth].names);
	if (!w->depth)
		return 0;
	fd = openat(w->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	cleanup_close(&w->fd);
	w->fd = fd;
	if (fstat(fd, &st))
		return -errno;
	return st.st_ino == w->levels[w->depth - 1].id ? 0 : -ESTALE;
}

static int append_name(struct walk *w, size_t length, const char *name, size_t *ret_length)
{
	size_t wanted = length + strlen(name) + 2;

	if (wanted > w->path_room) {
		char *grown = realloc(w->path, wanted * 2);

		if (!grown)
			return -ENOMEM;
		w->path = grown;
		w->path_room = wanted * 2;
	}
	w->path[length] = '/';
	memcpy(w->path + length + 1, name, strlen(name) + 1);
	*ret_length = wanted - 1;
	return 0;
}

/* A child: its entry, and down into it where it has children of its own. */
static int enter(struct walk *w, const char *name)
{
	const struct level *above = &w->levels[w->depth - 1];
	struct level below = { .names = NULL };
	struct stat st;
	int fd, r;

	if (fstatat(w->fd, name, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : -errno; /* removed since */
	if (!S_ISDIR(st.st_mode) || st.st_dev != w->device)
		return 0; /* something was mounted there */
	r = append_name(w, above->length, name, &below.length);
	if (r)
		return r;
	below.id = st.st_ino;
	owner_below(w->patterns, &above->owner, w->path, below.length, &below.owner);
	r = w->visit(w->data, below.id, &below.owner);
	/* Again: a child that came before its parent's entry was written has inherited the former one. */
	if (r > 0 && fstatat(w->fd, name, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : -errno;
	if (r < 0 || st.st_nlink <= LEAF_LINKS)
		return r < 0 ? r : 0;
	fd = openat(w->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	cleanup_close(&w->fd);
	w->fd = fd;
	return push(w, below);
}

static int walk_down(struct walk *w)
{
	int r = 0;

	while (!r && w->depth) {
		struct level *l = &w->levels[w->depth - 1];
		const char *name = l->names + l->at;

		if (l->at == l->size) {
			r = pop(w);
			continue;
		}
		l->at += strlen(name) + 1;
		r = enter(w, name);
	}
	return r;
}

static int begin(struct walk *w, const char *directory, uint64_t id, const char *path)
{
	struct level root = { .id = id, .length = strlen(path) };
	struct stat st;
	int r;

	w->fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (w->fd < 0 || fstat(w->fd, &st))
		return -errno;
	if (st.st_ino != id)
		return -ESTALE;
	w->device = st.st_dev;
	w->path = strdup(path);
	if (!w->path)
		return -ENOMEM;
	w->path_room = root.length + 1;
	owner_of_root(w->patterns, root.length ? path : "/", root.length ? root.length : 1, &root.owner);
	r = w->visit(w->data, id, &root.owner);
	return r < 0 ? r : push(w, root);
}

int cgroup_walk(const char *directory, uint64_t id, const char *path, const struct owner_patterns *patterns,
		cgroup_visit_fn visit, void *data)
{
	_cleanup_(walk_free) struct walk w = { .patterns = patterns, .visit = visit, .data = data, .fd = -1 };
	int r = begin(&w, directory, id, path);

	return r ? r : walk_down(&w);
}
