// SPDX-License-Identifier: GPL-2.0-only
/* Reading procfs; see proc.h. Names in it are bytes that somebody chose: nothing here prints them. */
#include "util/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "util/cleanup.h"

#define CMDLINE_MAX 4096
#define CGROUPS_MAX (16 * 1024) /* one line a hierarchy, of paths that others made */

int proc_open(const char *proc, uint32_t pid)
{
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof(path), "%s/%" PRIu32, proc, pid) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

size_t proc_read(int dir_fd, const char *name, char *bytes, size_t size)
{
	_cleanup_close_ int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t n = 1;

	while (fd >= 0 && length < size && n > 0) {
		n = read(fd, bytes + length, size - length);
		if (n > 0)
			length += (size_t)n;
	}
	return length;
}

char *proc_exe(int dir_fd)
{
	char path[PATH_MAX];
	ssize_t n = readlinkat(dir_fd, "exe", path, sizeof(path) - 1);

	return n > 0 ? strndup(path, (size_t)n) : NULL;
}

char *proc_comm(int dir_fd)
{
	char name[64];
	size_t length = proc_read(dir_fd, "comm", name, sizeof(name));

	/* The kernel's line end; a name may hold others of its own. */
	if (length && name[length - 1] == '\n')
		return length > 1 ? strndup(name, length - 1) : strdup("?");
	return NULL;
}

/* The name in field 2 may hold blanks and brackets: it ends at the last one, and counting begins there. */
bool proc_stat(int dir_fd, struct proc_stat *ret)
{
	char text[1024];
	size_t length = proc_read(dir_fd, "stat", text, sizeof(text) - 1);
	unsigned long long started;
	char *name, *end;
	int tty;

	text[length] = '\0';
	name = strchr(text, '(');
	end = strrchr(text, ')');
	if (!name || !end || end < name ||
	    sscanf(end + 1,
		   " %*c %" SCNu32 " %*d %*d %d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d "
		   "%*d %*d %llu",
		   &ret->parent, &tty, &started) != 3)
		return false;
	*end = '\0';
	(void)snprintf(ret->comm, sizeof(ret->comm), "%s", name + 1);
	ret->tty = (uint32_t)tty;
	ret->started = started;
	return true;
}

bool proc_uid(int dir_fd, uint32_t *ret)
{
	char text[4096];
	size_t length = proc_read(dir_fd, "status", text, sizeof(text) - 1);
	const char *line;

	text[length] = '\0';
	line = strstr(text, "\nUid:"); /* in the name before it, line ends are escaped */
	return line && sscanf(line, "\nUid: %" SCNu32, ret) == 1;
}

char *proc_cmdline(int dir_fd)
{
	char words[CMDLINE_MAX];
	size_t length = proc_read(dir_fd, "cmdline", words, sizeof(words));

	while (length && words[length - 1] == '\0')
		length--;
	for (size_t i = 0; i < length; i++)
		if (words[i] == '\0')
			words[i] = ' ';
	return length ? strndup(words, length) : NULL;
}

void proc_tty_name(uint32_t tty, char *to, size_t size)
{
	unsigned major = tty >> 8 & 0xfff, minor = (tty & 0xff) | (tty >> 12 & 0xfff00);

	if (major >= 136 && major <= 143)
		(void)snprintf(to, size, "pts/%u", (major - 136) * 256 + minor);
	else if (major == 4)
		(void)snprintf(to, size, minor < 64 ? "tty%u" : "ttyS%u", minor % 64);
	else
		(void)snprintf(to, size, "%u:%u", major, minor);
}

char *proc_cgroup(int dir_fd)
{
	_cleanup_free_ char *text = malloc(CGROUPS_MAX + 1);
	size_t length = text ? proc_read(dir_fd, "cgroup", text, CGROUPS_MAX) : 0;
	char *save = NULL;

	if (!length)
		return NULL;
	text[length] = '\0';
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (!strncmp(line, "0::", 3)) /* hierarchy 0 is cgroup2, cgroups(7) */
			return strdup(line + 3);
	return NULL;
}

uint32_t proc_pid(const char *name)
{
	uint32_t pid = 0;

	for (; *name >= '0' && *name <= '9' && pid < UINT32_MAX / 10; name++)
		pid = pid * 10 + (uint32_t)(*name - '0');
	return *name ? 0 : pid;
}
