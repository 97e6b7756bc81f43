// SPDX-License-Identifier: GPL-2.0-only
/* Pins: what keeps programs, links and maps alive when no process holds them. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <bpf/bpf.h>

#include "kernel/load.h"
#include "util/cleanup.h"

#define BPFFS_MAGIC 0xcafe4a11

static void cleanup_closedir(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

static void pin_path(const struct paths *paths, const char *name, char *to, size_t size)
{
	(void)snprintf(to, size, "%s/%s", paths->pins, name);
}

int pin_open(const struct paths *paths, const char *name)
{
	char path[PG_PATH + 128];
	int fd;

	pin_path(paths, name, path, sizeof(path));
	fd = bpf_obj_get(path);
	return fd < 0 ? -errno : fd;
}

int pin_make(const struct paths *paths, const char *name, int fd)
{
	char path[PG_PATH + 128];

	pin_path(paths, name, path, sizeof(path));
	return bpf_obj_pin(fd, path) ? -errno : 0;
}

int pin_replace(const struct paths *paths, const char *name, int fd)
{
	char path[PG_PATH + 128], fresh[PG_PATH + 128];
	int r;

	pin_drop(paths, "fresh"); /* whose maker was killed */
	r = pin_make(paths, "fresh", fd);
	pin_path(paths, name, path, sizeof(path));
	pin_path(paths, "fresh", fresh, sizeof(fresh));
	return !r && rename(fresh, path) ? -errno : r;
}

void pin_drop(const struct paths *paths, const char *name)
{
	char path[PG_PATH + 128];

	pin_path(paths, name, path, sizeof(path));
	(void)unlink(path); /* it may be gone already */
}

int pins_each(const struct paths *paths, const char *prefix,
	      int (*fn)(const char *name, void *data), void *data)
{
	_cleanup_(cleanup_closedir) DIR *dir = opendir(paths->pins);
	struct dirent *entry;
	int r = 0;

	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while (!r && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' && !strncmp(entry->d_name, prefix, strlen(prefix)))
			r = fn(entry->d_name, data);
	return r;
}

static int drop(const char *name, void *data)
{
	pin_drop(data, name);
	return 0;
}

int pins_remove(const struct paths *paths)
{
	char parent[PG_PATH + 16];

	/* First what makes the instance count as running, then links, so that no command finds half of it. */
	pin_drop(paths, "pg_control");
	(void)pins_each(paths, "link_", drop, (void *)paths);
	(void)pins_each(paths, "", drop, (void *)paths);
	if (rmdir(paths->pins) && errno != ENOENT)
		return -errno;
	(void)snprintf(parent, sizeof(parent), "%s/portguard", paths->bpffs);
	(void)rmdir(parent); /* other instances may be there */
	return 0;
}

static bool is_bpffs(const char *path)
{
	struct statfs fs;

	return !statfs(path, &fs) && (unsigned long)fs.f_type == BPFFS_MAGIC;
}

int check_bpffs(const struct paths *paths, struct pg_error *err)
{
	char seen_by_init[PG_PATH + 16];
	struct stat ours, init;
	int r;

	if (!is_bpffs(paths->bpffs)) {
		(void)pg_fail(err, -EOPNOTSUPP, PG_EXIT_UNAVAILABLE, "pins: %s is no bpffs",
			      paths->bpffs);
		return pg_help(err, -EOPNOTSUPP, "mount one: mount -t bpf bpf %s", paths->bpffs);
	}
	(void)snprintf(seen_by_init, sizeof(seen_by_init), "/proc/1/root%s", paths->bpffs);
	if (!paths->bpffs_said && !stat(paths->bpffs, &ours) &&
	    (stat(seen_by_init, &init) || init.st_dev != ours.st_dev)) {
		(void)pg_fail(err, -EOPNOTSUPP, PG_EXIT_UNAVAILABLE,
			      "pins: %s is private to this mount namespace: enforcement would end "
			      "with it",
			      paths->bpffs);
		return pg_help(
			err, -EOPNOTSUPP,
			"run in the mount namespace of PID 1, or choose a bpffs: --bpffs DIR");
	}
	r = make_directories(paths->pins);
	if (r)
		return pg_fail(err, r,
			       r == -EACCES || r == -EPERM ? PG_EXIT_PERMISSION
							   : PG_EXIT_UNAVAILABLE,
			       "pins: %s: %s", paths->pins, strerror(-r));
	return 0;
}
