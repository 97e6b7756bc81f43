// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "util/cleanup.h"

#define CGROUP2_MAGIC 0x63677270
#define HANDLE_KERNFS 0xfe /* FILEID_KERNFS: the id itself is the handle (Linux 5.5) */

int cgroup_mount(char *to, size_t size)
{
	FILE *f = setmntent("/proc/self/mounts", "r");
	struct mntent *m;
	int r = -ENOENT;

	if (!f)
		return -errno;
	while (r && (m = getmntent(f)))
		if (!strcmp(m->mnt_type, "cgroup2")) {
			(void)snprintf(to, size, "%s", m->mnt_dir);
			r = 0;
		}
	(void)endmntent(f);
	return r;
}

static bool is_cgroup2(const char *path)
{
	struct statfs fs;
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode) && !statfs(path, &fs) &&
	       fs.f_type == CGROUP2_MAGIC;
}

int cgroup_directory(const char *path, char *to, size_t size, struct pg_error *err)
{
	char mount[1024];
	size_t length;

	if (cgroup_mount(mount, sizeof(mount))) {
		(void)pg_fail(err, -EOPNOTSUPP, PG_EXIT_UNAVAILABLE,
			      "cgroup: no cgroup v2 is mounted");
		return pg_help(err, -EOPNOTSUPP,
			       "mount one: mount -t cgroup2 cgroup2 /sys/fs/cgroup");
	}
	length = strlen(mount);
	if (!strncmp(path, mount, length) && (path[length] == '/' || !path[length]))
		(void)snprintf(to, size, "%s", path);
	else
		(void)snprintf(to, size, "%s%s%s", mount, path[0] == '/' ? "" : "/",
			       strcmp(path, "/") ? path : "");
	if (is_cgroup2(to))
		return 0;
	return pg_fail(err, -EOPNOTSUPP, PG_EXIT_UNAVAILABLE,
		       "cgroup %s: %s is no cgroup v2 directory", path, to);
}

int cgroup_identity(const char *directory, uint64_t *ret_id, uint32_t *ret_level)
{
	char mount[1024];
	struct stat st;
	int r = cgroup_mount(mount, sizeof(mount));

	if (r)
		return r;
	if (stat(directory, &st))
		return -errno;
	*ret_id = st.st_ino;
	*ret_level = 0;
	for (const char *c = directory + strlen(mount); *c; c++)
		if (*c == '/' && c[1] && c[1] != '/')
			++*ret_level;
	return 0;
}

int cgroup_path(const char *mount, uint64_t id, char *to, size_t size)
{
	union {
		struct file_handle h;
		char room[sizeof(struct file_handle) + sizeof(id)];
	} handle = { .h = { .handle_bytes = sizeof(id), .handle_type = HANDLE_KERNFS } };
	_cleanup_close_ int top = open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -1;
	char link[64], target[4096 + 256];
	size_t skip = strlen(mount);
	ssize_t n;

	if (top < 0)
		return -errno;
	memcpy(handle.h.f_handle, &id, sizeof(id));
	fd = open_by_handle_at(top, &handle.h, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, target, sizeof(target) - 1);
	if (n < 0)
		return -errno;
	target[n] = '\0';
	if (strncmp(target, mount, skip))
		return -ESTALE;
	(void)snprintf(to, size, "%s", target[skip] ? target + skip : "/");
	return 0;
}
