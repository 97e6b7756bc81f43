/* SPDX-License-Identifier: GPL-2.0-only */
/* Whole files. */
#ifndef PORTGUARD_FILE_H
#define PORTGUARD_FILE_H

#include <stddef.h>

/* Read at most @most bytes; *ret is NUL-terminated, the caller frees it. -EISDIR, -EFBIG, -errno. */
int file_read(const char *path, size_t most, char **ret, size_t *ret_length);
/* The same of a file that is open. */
int file_read_fd(int fd, size_t most, char **ret, size_t *ret_length);
/* Write by a file beside it, FILE.new, fsync and rename: it is the old one or the new one, whole. */
int file_write(const char *path, const char *text, size_t length, unsigned mode);
/*
 * The same for a name that somebody gave: a device, a pipe or a socket is written to, for its name is not given to
 * a file; of a directory -EISDIR.
 */
int file_put(const char *path, const char *text, size_t length, unsigned mode);

#endif
