// SPDX-License-Identifier: GPL-2.0-only
/* Paths and locks of an instance; see paths.h. */
#include "kernel/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "util/cleanup.h"

#define READERS_GROUP "portguard"

static bool is_instance_name(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return n >= 1 && n <= 32 && !name[n];
}

int paths_init(struct paths *p, const char *instance, const char *bpffs, struct pg_error *err)
{
	if (!instance)
		instance = "default";
	if (!is_instance_name(instance))
		return pg_fail(err, -EINVAL, PG_EXIT_USAGE,
			       "instance name: want 1-32 of a-z, 0-9 and -");
	p->bpffs_said = bpffs != NULL;
	if (!bpffs)
		bpffs = "/sys/fs/bpf";
	if (strlen(bpffs) >= sizeof(p->bpffs) || bpffs[0] != '/')
		return pg_fail(err, -EINVAL, PG_EXIT_USAGE, "bpffs '%.80s': want an absolute path",
			       bpffs);
	(void)snprintf(p->instance, sizeof(p->instance), "%s", instance);
	(void)snprintf(p->bpffs, sizeof(p->bpffs), "%s", bpffs);
	(void)snprintf(p->pins, sizeof(p->pins), "%s/portguard/%s", bpffs, instance);
	(void)snprintf(p->run, sizeof(p->run), "/run/portguard/%s", instance);
	(void)snprintf(p->var, sizeof(p->var), "/var/lib/portguard/%s", instance);
	return 0;
}

int make_directories(const char *path)
{
	_cleanup_free_ char *copy = strdup(path);

	if (!copy)
		return -ENOMEM;
	for (char *at = strchr(copy + 1, '/');; at = strchr(at + 1, '/')) {
		if (at)
			*at = '\0';
		if (mkdir(copy, 0700) && errno != EEXIST)
			return -errno;
		if (!at)
			return 0;
		*at = '/';
	}
}

static gid_t readers(void)
{
	_cleanup_fclose_ FILE *f = fopen("/etc/group", "re");
	const struct group *g;

	while (f && (g = fgetgrent(f)))
		if (!strcmp(g->gr_name, READERS_GROUP))
			return g->gr_gid;
	return (gid_t)-1;
}

int paths_let_readers_in(const struct paths *p, gid_t *ret_group)
{
	char all[PG_PATH];
	const char *const dirs[] = { all, p->run };

	*ret_group = readers();
	if (*ret_group == (gid_t)-1)
		return 0;
	(void)snprintf(all, sizeof(all), "%.*s", (int)(strrchr(p->run, '/') - p->run), p->run);
	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		if (lchown(dirs[i], (uid_t)-1, *ret_group) || chmod(dirs[i], 0710))
			return -errno;
	return 0;
}

int agent_pid(const struct paths *p)
{
	char path[PG_PATH + 64], text[32];
	_cleanup_close_ int fd = -1;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%s/agent.pid", p->run);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	if (!flock(fd, LOCK_SH | LOCK_NB))
		return 0; /* nobody holds it: the agent that wrote it is gone */
	n = read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	return atoi(text);
}
