// SPDX-License-Identifier: GPL-2.0-only
#include "util/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "util/cleanup.h"

int file_read_fd(int fd, size_t most, char **ret, size_t *ret_length)
{
	_cleanup_free_ char *text = NULL;
	size_t length = 0, room = 16384;

	for (;;) {
		char *grown = realloc(text, room + 1);
		ssize_t n;

		if (!grown)
			return -ENOMEM;
		text = grown;
		n = read(fd, text + length, room - length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		length += n;
		if (length > most)
			return -EFBIG;
		if (length == room)
			room *= 2;
	}
	text[length] = '\0';
	*ret = TAKE_PTR(text);
	*ret_length = length;
	return 0;
}

int file_read(const char *path, size_t most, char **ret, size_t *ret_length)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	return file_read_fd(fd, most, ret, ret_length);
}

static int write_all(int fd, const char *text, size_t length)
{
	while (length) {
		ssize_t n = write(fd, text, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		length -= n;
	}
	return 0;
}

int file_write(const char *path, const char *text, size_t length, unsigned mode)
{
	_cleanup_close_ int fd = -1;
	char beside[PATH_MAX];
	int r;

	if (snprintf(beside, sizeof(beside), "%s.new", path) >= (int)sizeof(beside))
		return -ENAMETOOLONG;
	(void)unlink(beside); /* of a writer that died */
	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return -errno;
	r = fchmod(fd, mode) ? -errno : write_all(fd, text, length); /* whatever the umask */
	if (!r && (fsync(fd) || rename(beside, path)))
		r = -errno;
	if (r)
		(void)unlink(beside);
	return r;
}

int file_put(const char *path, const char *text, size_t length, unsigned mode)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (stat(path, &st) || S_ISREG(st.st_mode))
		return file_write(path, text, length, mode);
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? -errno : write_all(fd, text, length);
}
