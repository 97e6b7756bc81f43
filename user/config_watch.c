// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watching by asking: editors, package managers and Kubernetes replace files in ways (renames, swapped
 * links) that a fingerprint of the files themselves sees all alike, links followed.
 */
#include "config_watch.h"

#include <dirent.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "util/cleanup.h"

static uint64_t mix(uint64_t h, uint64_t n)
{
	return (h ^ n) * 0x9e3779b97f4a7c15ULL;
}

static uint64_t add(uint64_t h, const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return h;
	h = mix(mix(h, st.st_ino), st.st_size);
	return mix(mix(h, st.st_mtim.tv_sec), st.st_mtim.tv_nsec);
}

static int is_yaml(const struct dirent *e)
{
	return e->d_name[0] != '.' && !fnmatch("*.yaml", e->d_name, 0);
}

static uint64_t take(const char *path)
{
	uint64_t h = add(1, path);
	const char *slash = strrchr(path, '/');
	char directory[PATH_MAX], file[PATH_MAX + 300];
	struct dirent **names = NULL;
	int n;

	(void)snprintf(directory, sizeof(directory), "%.*s/policy.d",
		       slash ? (int)(slash - path) : 1, slash ? path : ".");
	n = scandir(directory, &names, is_yaml, alphasort);
	for (int i = 0; i < n; i++) {
		(void)snprintf(file, sizeof(file), "%s/%s", directory, names[i]->d_name);
		h = add(h, file);
		free(names[i]);
	}
	free(names);
	return h;
}

void config_watch_open(struct config_watch *w, const char *path)
{
	w->path = strdup(path);
	w->fingerprint = w->path ? take(path) : 0;
}

void config_watch_close(struct config_watch *w)
{
	free(w->path);
	w->path = NULL;
}

bool config_watch_changed(struct config_watch *w)
{
	uint64_t now;
	struct stat st;

	if (!w->path || stat(w->path, &st))
		return false;
	now = take(w->path);
	return TAKE(w->fingerprint, now) != now;
}
