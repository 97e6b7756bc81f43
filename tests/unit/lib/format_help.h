/* SPDX-License-Identifier: GPL-2.0-only */
/* An event in a format, for tests that say what the line is to the letter. */
#ifndef TESTS_FORMAT_HELP_H
#define TESTS_FORMAT_HELP_H

#include "events/format.h"

/* The line of sample_source(), valid until the next call; never NULL. */
const char *format_line(format_fn write, const struct event *e);
void expect_line(format_fn write, const struct event *e, const char *want);
/* The line has this in it, or has not. */
void expect_part(format_fn write, const struct event *e, const char *part);
void expect_no_part(format_fn write, const struct event *e, const char *part);
/* With ' for ". */
void expect_json(format_fn write, const struct event *e, const char *want);
void expect_json_part(format_fn write, const struct event *e, const char *part);

/* Of seq 9, at the time of sample_bind(). */
struct event sample_change(void); /* mode, by pid 6 of uid 5 */
struct event sample_health(const char *action);

#endif
