/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What must hold of every event in every format, whatever its strings are: one line of clean UTF-8, which
 * the format's own reader (parse.h) reads, and which gives back each value of the event at the place that
 * docs/events.md names - with control characters as escapes and U+FFFD for what is not UTF-8.
 */
#ifndef TESTS_FORMAT_LAW_H
#define TESTS_FORMAT_LAW_H

#include "events/event.h"

/* "" if all of it holds; else what does not, in words, in @broken. */
#define FORMAT_LAW_SIZE 512
const char *format_law(const struct event_source *source, const struct event *e,
		       char broken[FORMAT_LAW_SIZE]);

#endif
