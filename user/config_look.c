// SPDX-License-Identifier: GPL-2.0-only
/* Who may write a file, and who logs in; see config_look.h. Access lists (acl(5)) are not looked at. */
#include "config_look.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "util/cleanup.h"

/* Somebody else than root can write what has these rights. */
static bool note_writer(const struct stat *st, const char *path, struct boundary_file *ret)
{
	if (st->st_mode & S_IWOTH) {
		(void)snprintf(ret->writer, sizeof(ret->writer), "everybody");
	} else if (st->st_uid) {
		const struct passwd *user = getpwuid(st->st_uid);

		if (user)
			(void)snprintf(ret->writer, sizeof(ret->writer), "user %s", user->pw_name);
		else
			(void)snprintf(ret->writer, sizeof(ret->writer), "user %u", st->st_uid);
	} else if (st->st_mode & S_IWGRP && st->st_gid) {
		const struct group *group = getgrgid(st->st_gid);

		if (group)
			(void)snprintf(ret->writer, sizeof(ret->writer), "group %s",
				       group->gr_name);
		else
			(void)snprintf(ret->writer, sizeof(ret->writer), "group %u", st->st_gid);
	} else {
		return false;
	}
	(void)snprintf(ret->written, sizeof(ret->written), "%s", path);
	return true;
}

/*
 * The directories of a path, from the root on, and the file. In a sticky directory (/tmp) nobody but its owner
 * takes the place of what is there.
 */
static bool find_writer(const char *path, struct boundary_file *ret)
{
	char part[PATH_MAX], directory[PATH_MAX] = "";
	struct stat rights = { .st_mode = 0 }, entry;

	for (size_t i = 0;; i++) {
		bool there;

		if (path[i] && path[i] != '/')
			continue;
		(void)snprintf(part, sizeof(part), "%.*s", i ? (int)i : 1, path);
		there = !lstat(part, &entry);
		if (directory[0] && !(rights.st_mode & S_ISVTX && there && !entry.st_uid) &&
		    note_writer(&rights, directory, ret))
			return true;
		if (!there || stat(part, &rights))
			return false;
		(void)snprintf(directory, sizeof(directory), "%s", part);
		if (!path[i])
			return note_writer(&rights, part, ret);
	}
}

static bool is_script(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char begin[2];

	return fd >= 0 && read(fd, begin, sizeof(begin)) == sizeof(begin) &&
	       !memcmp(begin, "#!", 2);
}

void config_look(void *data, const char *path, struct boundary_file *ret)
{
	_cleanup_free_ char *real = realpath(path, NULL);
	struct stat st;

	(void)data;
	if (!find_writer(path, ret) && real)
		(void)find_writer(real, ret);
	if (!real || stat(real, &st) || !S_ISREG(st.st_mode))
		return;
	(void)snprintf(ret->name, sizeof(ret->name), "%s", strrchr(real, '/') + 1);
	ret->set_id = st.st_mode & (S_ISUID | S_ISGID);
	ret->script = is_script(real);
}

bool config_logs_in(void *data, uint32_t uid)
{
	static const char *const none[] = { "nologin", "false", "sync" };
	const struct passwd *user = getpwuid(uid);
	const char *shell = user ? strrchr(user->pw_shell, '/') : NULL;

	(void)data;
	for (size_t i = 0; shell && i < ARRAY_SIZE(none); i++)
		if (!strcmp(shell + 1, none[i]))
			return false;
	return user;
}
