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
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config.h"
#include "util/cleanup.h"

static uint64_t mix(uint64_t h, uint64_t n)
{
	return (h ^ n) * 0x9e3779b97f4a7c15ULL;
}

static uint64_t add(uint64_t h, const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return mix(h, 1);
	h = mix(mix(mix(h, st.st_dev), st.st_ino), st.st_size);
	h = mix(mix(h, st.st_mtim.tv_sec), st.st_mtim.tv_nsec);
	return mix(mix(h, st.st_ctim.tv_sec), st.st_ctim.tv_nsec);
}

/* portguard's own file is looked at by itself. */
static int is_theirs(const struct dirent *e)
{
	return e->d_name[0] != '.' && !fnmatch("*.yaml", e->d_name, 0) &&
	       strcmp(e->d_name, CONFIG_LOCAL) != 0;
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
	n = scandir(directory, &names, is_theirs, alphasort);
	for (int i = 0; i < n; i++) {
		(void)snprintf(file, sizeof(file), "%s/%s", directory, names[i]->d_name);
		h = add(h, file);
		free(names[i]);
	}
	free(names);
	return h;
}

uint32_t config_watch_local(const char *path)
{
	char local[PATH_MAX];
	uint64_t h = config_local_path(path, local, sizeof(local)) ? 1 : add(1, local);

	return (uint32_t)(h >> 32) | 1;
}

static void forget_files(struct config_watch *w)
{
	for (size_t i = 0; i < w->file_count; i++)
		free(w->files[i].path);
	free(w->files);
	w->files = NULL;
	w->file_count = 0;
}

void config_watch_open(struct config_watch *w, const char *path)
{
	*w = (struct config_watch)CONFIG_WATCH_INIT;
	w->path = strdup(path);
	config_watch_begin(w);
}

void config_watch_close(struct config_watch *w)
{
	forget_files(w);
	free(w->path);
	w->path = NULL;
}

void config_watch_begin(struct config_watch *w)
{
	forget_files(w);
	w->fingerprint = w->path ? take(w->path) : 0;
	w->local = w->path ? config_watch_local(w->path) : 0;
}

void config_watch_file(struct config_watch *w, const char *path)
{
	struct watched_file *grown = reallocarray(w->files, w->file_count + 1, sizeof(*grown));
	char *copy = strdup(path);

	if (grown)
		w->files = grown;
	if (grown && copy)
		w->files[w->file_count++] = (struct watched_file){ TAKE_PTR(copy), add(1, path) };
	free(copy); /* without memory it is not watched: the policy cannot be read then, either */
}

bool config_watch_changed(struct config_watch *w, uint32_t saved)
{
	uint64_t now, read;
	uint32_t local;

	if (!w->path)
		return false;
	local = config_watch_local(w->path);
	if (local == saved)
		w->local = local;
	now = mix(take(w->path), local);
	read = mix(w->fingerprint, w->local);
	for (size_t i = 0; i < w->file_count; i++) {
		now = mix(now, add(1, w->files[i].path));
		read = mix(read, w->files[i].fingerprint);
	}
	return TAKE(w->last, now) == now && now != read;
}
