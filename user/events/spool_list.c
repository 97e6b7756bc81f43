// SPDX-License-Identifier: GPL-2.0-only
/* The spools of a directory, each as it was committed last: for `status`, and to remove what is no more. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events/spool_file.h"
#include "util/cleanup.h"

struct found {
	struct spool_record record;
	char *path, *name;
};

static void found_free(struct found *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(list[i].path);
		free(list[i].name);
	}
	free(list);
}

static int is_spool(const struct dirent *e)
{
	size_t length = strlen(e->d_name), suffix = strlen(SPOOL_SUFFIX);

	return length > suffix && !strcmp(e->d_name + length - suffix, SPOOL_SUFFIX);
}

static bool read_found(const char *dir, const char *file, struct found *ret)
{
	_cleanup_close_ int fd = -1;
	char path[PATH_MAX], name[SPOOL_NAME];

	if (snprintf(path, sizeof(path), "%s/%s", dir, file) >= (int)sizeof(path) ||
	    spool_file_open(path, O_RDONLY, NULL, &ret->record, name, &fd))
		return false;
	ret->path = strdup(path);
	ret->name = strdup(name);
	return true;
}

static int by_order(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	return x->record.order < y->record.order ? -1 : x->record.order > y->record.order;
}

static int find_all(const char *dir, struct found **ret, size_t *ret_count)
{
	struct dirent **names = NULL;
	int n = scandir(dir, &names, is_spool, NULL), r = n < 0 && errno != ENOENT ? -errno : 0;
	struct found *list = n > 0 ? calloc((size_t)n, sizeof(*list)) : NULL;
	size_t count = 0;

	for (int i = 0; i < n; i++) {
		if (list && read_found(dir, names[i]->d_name, &list[count])) {
			if (!list[count].path || !list[count].name)
				r = -ENOMEM;
			count++;
		}
		free(names[i]);
	}
	free(names);
	if (r || (n > 0 && !list)) {
		found_free(list, count);
		return r ? r : -ENOMEM;
	}
	if (count)
		qsort(list, count, sizeof(*list), by_order);
	*ret = list;
	*ret_count = count;
	return 0;
}

static int tell(const struct found *f, spool_visit_fn visit, void *data)
{
	struct spool_figures figures = spool_file_figures(&f->record);

	return visit(data, f->name, &figures, f->record.error[0] ? f->record.error : NULL);
}

int spool_each(const char *dir, spool_visit_fn visit, void *data)
{
	struct found *list = NULL;
	size_t count = 0;
	int r = find_all(dir, &list, &count);

	for (size_t i = 0; !r && i < count; i++)
		r = tell(&list[i], visit, data);
	found_free(list, count);
	return r;
}

static bool is_named(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

int spool_keep(const char *dir, const char *const *names, size_t count, spool_visit_fn gone,
	       void *data)
{
	struct found *list = NULL;
	size_t found = 0;
	int r = find_all(dir, &list, &found);

	for (size_t i = 0; !r && i < found; i++) {
		if (is_named(list[i].name, names, count))
			continue;
		(void)unlink(list[i].path); /* else again at the next start */
		r = tell(&list[i], gone, data);
	}
	found_free(list, found);
	return r;
}
