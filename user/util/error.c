// SPDX-License-Identifier: GPL-2.0-only
#include "util/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int pg_fail(struct pg_error *err, int error, enum pg_exit exit, const char *format, ...)
{
	va_list ap;

	if (!err)
		return error;
	err->exit = exit;
	err->places = false;
	err->help[0] = '\0';
	va_start(ap, format);
	(void)vsnprintf(err->text, sizeof(err->text), format, ap); /* a longer text is cut */
	va_end(ap);
	return error;
}

int pg_help(struct pg_error *err, int error, const char *format, ...)
{
	va_list ap;

	if (!err)
		return error;
	va_start(ap, format);
	(void)vsnprintf(err->help, sizeof(err->help), format, ap);
	va_end(ap);
	return error;
}

const char *pg_error_text(const struct pg_error *err)
{
	return err->places && err->all ? err->all : err->text;
}

enum pg_exit pg_exit_code(int error, const struct pg_error *err)
{
	if (!error)
		return PG_EXIT_DONE;
	if (err->exit != PG_EXIT_AUTO)
		return err->exit;
	switch (-error) {
	case EPERM:
	case EACCES:
		return PG_EXIT_PERMISSION;
	case ENOENT:
	case EISDIR:
		return PG_EXIT_NO_FILE;
	case EBUSY:
	case EAGAIN:
		return PG_EXIT_BUSY;
	case EPIPE:
	case ENOSPC:
	case EIO:
		return PG_EXIT_OUTPUT;
	case EINVAL:
		return PG_EXIT_POLICY;
	default:
		return PG_EXIT_UNAVAILABLE;
	}
}
