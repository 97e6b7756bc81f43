/* SPDX-License-Identifier: GPL-2.0-only */
/* Paths and patterns of a policy, as text: each thing has one spelling, so that rules can be compared. */
#ifndef PORTGUARD_PATHS_H
#define PORTGUARD_PATHS_H

#include <stdbool.h>
#include <stddef.h>

#define PATTERN_MAX 1024	/* bytes */

/*
 * What is wrong with an absolute path, in words, or NULL: it is whole, of at most 4095 bytes without
 * control characters, and has neither '.' nor '..' nor '//' in it, nor '/' at its end.
 */
const char *path_mistake(const char *text, size_t length);

/*
 * Patterns: `*` any letters but '/', `?` one, `[a-z]` one of these, `[!a-z]` one of the others; all else,
 * the backslash of unit names included, is itself. Letters are bytes (portguard/glob.h).
 */
/*
 * What is wrong with one, or NULL: brackets that do not close, hold more than 32 bytes, classes (`[:`) or a
 * range that goes down; `**`, control characters, bad UTF-8, its size.
 */
const char *pattern_mistake(const char *text, size_t length);
/* A pattern without mistakes; no text of more than 1024 bytes fits. */
bool pattern_matches(const char *pattern, const char *text);

#endif
