/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Errors: functions return 0 or -errno and leave the words in a struct pg_error; main() alone
 * prints them, as `portguard: what failed: why` and then what to do.
 */
#ifndef PORTGUARD_ERROR_H
#define PORTGUARD_ERROR_H

#include <stdbool.h>
#include <stddef.h>

/* Exit codes [contract]. A pg_error holds one; PG_EXIT_AUTO: derive it from the errno. */
enum pg_exit {
	PG_EXIT_AUTO = -1,
	PG_EXIT_DONE = 0,
	PG_EXIT_NEGATIVE = 1,		/* a negative answer: differs, denied, nothing to remove */
	PG_EXIT_USAGE = 64,
	PG_EXIT_POLICY = 65,		/* a bad rule or policy */
	PG_EXIT_NO_FILE = 66,		/* a file cannot be read */
	PG_EXIT_UNAVAILABLE = 69,	/* not running, or the kernel or driver cannot */
	PG_EXIT_OUTPUT = 74,
	PG_EXIT_BUSY = 75,		/* the lock or a `try` is in the way */
	PG_EXIT_PERMISSION = 77,
	PG_EXIT_REFUSED = 78,		/* refused for safety */
};

#define PG_ERROR_TEXT 8192		/* room for some eighty mistakes of a policy file; longer lists are cut */

struct pg_error {
	enum pg_exit exit;
	bool places;			/* text is lines of FILE:LINE:COLUMN: …, which name what failed themselves */
	char text[PG_ERROR_TEXT];	/* "what failed: why", or lines of FILE:LINE:COLUMN: … */
	char help[1024];		/* what to do, may be empty; may be several lines */
	char *all;			/* more room for mistakes, of whoever prints them; or NULL */
	size_t all_room;
};

#define PG_ERROR_INIT { .exit = PG_EXIT_AUTO }

/**
 * pg_fail() - Note an error and return it.
 * @err:   may be NULL; text is replaced, help cleared.
 * @error: -errno, returned.
 * @exit:  the exit code, or PG_EXIT_AUTO.
 */
__attribute__((format(printf, 4, 5)))
int pg_fail(struct pg_error *err, int error, enum pg_exit exit, const char *format, ...);

/* pg_help() - Add what the user can do about the error that was noted. Returns @error unchanged. */
__attribute__((format(printf, 3, 4)))
int pg_help(struct pg_error *err, int error, const char *format, ...);

/* pg_error_text() - What to print: text, or every mistake of a policy file where there is room for them. */
const char *pg_error_text(const struct pg_error *err);

/* pg_exit_code() - The exit code of @error (0 or -errno) as explained by @err. */
enum pg_exit pg_exit_code(int error, const struct pg_error *err);

#endif
