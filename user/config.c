// SPDX-License-Identifier: GPL-2.0-only
/* Policy files; see config.h. /etc/services is read here, since a static glibc cannot load its NSS. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "policy/file.h"
#include "util/cleanup.h"
#include "util/file.h"

#define LARGEST_FILE (16u << 20)
#define MOST_FILES 1024

/* "name port/proto alias alias": the entry if one of its names is @name. */
static bool service_line(char *line, const char *name, struct failsafe_port *ret)
{
	char *comment = strchr(line, '#'), *save = NULL, *word, *entry, *slash;
	bool found;
	long port;

	if (comment)
		*comment = '\0';
	word = strtok_r(line, " \t\n", &save);
	entry = strtok_r(NULL, " \t\n", &save);
	if (!word || !entry)
		return false;
	found = !strcmp(word, name);
	while (!found && (word = strtok_r(NULL, " \t\n", &save)))
		found = !strcmp(word, name);
	slash = strchr(entry, '/');
	if (!found || !slash)
		return false;
	port = strtol(entry, NULL, 10);
	ret->protos = !strcmp(slash, "/tcp") ? RULE_TCP : !strcmp(slash, "/udp") ? RULE_UDP : 0;
	ret->range = (struct port_range){ port, port };
	return port > 0 && port < PG_PORTS && ret->protos;
}

static size_t find_service(void *data, const char *name, struct failsafe_port *out, size_t max)
{
	_cleanup_fclose_ FILE *f = fopen("/etc/services", "re");
	_cleanup_free_ char *line = NULL;
	size_t room = 0, n = 0;

	(void)data;
	while (f && n < max && getline(&line, &room, f) > 0)
		n += service_line(line, name, &out[n]);
	return n;
}

/* Large groups of users come from servers; the buffer grows as getpwnam_r(3) asks. */
static int find_user(void *data, const char *name, uint32_t *ret)
{
	struct passwd entry, *found = NULL;
	int r = ERANGE;

	(void)data;
	for (size_t room = 1024; r == ERANGE && room <= 1u << 20; room *= 4) {
		_cleanup_free_ char *buffer = malloc(room);

		if (!buffer)
			return -ENOMEM;
		r = getpwnam_r(name, &entry, buffer, room, &found);
		if (!r && found)
			*ret = entry.pw_uid;
	}
	/* These, says the manual page, some systems answer for a name that is not there. */
	if (r == ENOENT || r == ESRCH || r == EBADF || r == EPERM)
		return -ENOENT;
	return r ? -r : found ? 0 : -ENOENT;
}

static int path_beside(const char *directory, const char *path, char *to, size_t size)
{
	int n = path[0] == '/' ? snprintf(to, size, "%s", path)
			       : snprintf(to, size, "%s/%s", directory, path);

	return n < (int)size ? 0 : -ENAMETOOLONG;
}

static int read_beside(void *data, const char *path, char **ret_text, size_t *ret_length)
{
	char whole[PATH_MAX];
	int r = path_beside(data, path, whole, sizeof(whole));

	return r ? r : file_read(whole, LARGEST_FILE, ret_text, ret_length);
}

void config_world(struct policy_world *world, const char *directory)
{
	*world = (struct policy_world){
		.data = (void *)directory,
		.service = find_service,
		.user = find_user,
		.read_file = read_beside,
	};
}

struct files {
	struct policy_text *list;
	size_t count;
};

static void files_free(struct files *f)
{
	for (size_t i = 0; i < f->count; i++) {
		free((void *)f->list[i].name);
		free((void *)f->list[i].text);
	}
	free(f->list);
}

static int add_file(struct files *f, const char *path, struct pg_error *err)
{
	struct policy_text *grown = reallocarray(f->list, f->count + 1, sizeof(*grown));
	struct policy_text one = { 0 };
	char *text;
	int r;

	if (!grown)
		return -ENOMEM;
	f->list = grown;
	r = file_read(path, LARGEST_FILE, &text, &one.length);
	if (r == -EFBIG)
		return pg_fail(err, r, PG_EXIT_POLICY, "policy %s: larger than 16 MiB", path);
	if (r) {
		(void)pg_fail(err, r, PG_EXIT_NO_FILE, "policy %s: %s", path, strerror(-r));
		return r == -ENOENT
			       ? pg_help(err, r,
					 "name another file, or write it: see portguard-policy(5)")
			       : r;
	}
	one.text = text;
	one.name = strdup(path);
	if (!one.name) {
		free(text);
		return -ENOMEM;
	}
	f->list[f->count++] = one;
	return 0;
}

static void directory_of(const char *path, char *to, size_t size)
{
	const char *slash = strrchr(path, '/');

	if (slash)
		(void)snprintf(to, size, "%.*s", slash == path ? 1 : (int)(slash - path), path);
	else
		(void)snprintf(to, size, ".");
}

static int is_yaml(const struct dirent *e)
{
	return e->d_name[0] != '.' && !fnmatch("*.yaml", e->d_name, 0);
}

static int add_directory(struct files *f, const char *path, struct pg_error *err)
{
	char directory[PATH_MAX], file[PATH_MAX + 300];
	struct dirent **names = NULL;
	int n, r = 0;

	directory_of(path, file, sizeof(directory));
	(void)snprintf(directory, sizeof(directory), "%.*s/policy.d", (int)sizeof(directory) - 16,
		       file);
	n = scandir(directory, &names, is_yaml, alphasort);
	if (n < 0)
		return errno == ENOENT || errno == ENOTDIR
			       ? 0
			       : pg_fail(err, -errno, PG_EXIT_NO_FILE, "policy %s: %s", directory,
					 strerror(errno));
	if (n > MOST_FILES)
		r = pg_fail(err, -E2BIG, PG_EXIT_POLICY, "policy %s: more than %d files", directory,
			    MOST_FILES);
	for (int i = 0; i < n; i++) {
		(void)snprintf(file, sizeof(file), "%s/%s", directory, names[i]->d_name);
		r = r ? r : add_file(f, file, err);
		free(names[i]);
	}
	free(names);
	return r;
}

struct watched_world {
	const char *directory;
	struct config_watch *watch;
};

static int read_watched(void *data, const char *path, char **ret_text, size_t *ret_length)
{
	const struct watched_world *w = data;
	char whole[PATH_MAX];
	int r = path_beside(w->directory, path, whole, sizeof(whole));

	if (r)
		return r;
	config_watch_file(w->watch, whole);
	return file_read(whole, LARGEST_FILE, ret_text, ret_length);
}

static int load(const char *path, struct config_watch *watch, const struct boundary_world *boundary,
		struct policy *ret, struct pg_error *err)
{
	_cleanup_(files_free) struct files files = { 0 };
	struct policy_world world;
	char directory[PATH_MAX];
	struct watched_world watched = { directory, watch };
	int r = add_file(&files, path, err);

	r = r ? r : add_directory(&files, path, err);
	if (r)
		return r;
	directory_of(path, directory, sizeof(directory));
	config_world(&world, directory);
	world.boundary = boundary;
	if (watch) {
		world.data = &watched;
		world.read_file = read_watched;
	}
	r = policy_parse(files.list, files.count, &world, ret, err);
	if (r == -EINVAL && err)
		err->places = true;
	return r;
}

int config_load(const char *path, struct policy *ret, struct pg_error *err)
{
	return load(path, NULL, NULL, ret, err);
}

int config_load_warned(const char *path, const struct boundary_world *boundary, struct policy *ret,
		       struct pg_error *err)
{
	return load(path, NULL, boundary, ret, err);
}

int config_load_watched(struct config_watch *watch, struct policy *ret, struct pg_error *err)
{
	config_watch_begin(watch);
	return load(watch->path, watch, NULL, ret, err);
}

int config_absolute(const char *path, char *to, size_t size)
{
	char directory[PATH_MAX];

	if (path[0] != '/' && !getcwd(directory, sizeof(directory)))
		return -errno;
	return path_beside(directory, path, to, size);
}

int config_local_path(const char *path, char *to, size_t size)
{
	char directory[PATH_MAX];

	directory_of(path, directory, sizeof(directory));
	return snprintf(to, size, "%s/policy.d/" CONFIG_LOCAL, directory) < (int)size
		       ? 0
		       : -ENAMETOOLONG;
}
