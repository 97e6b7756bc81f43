// SPDX-License-Identifier: GPL-2.0-only
/*
 * Paths and patterns. Matching is fnmatch(3)'s with FNM_PATHNAME and FNM_NOESCAPE: systemd writes `\x2d`
 * into names of units, and `*` is never to leave its directory.
 */
#include "policy/paths.h"

#include <fnmatch.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "util/utf8.h"

static const char *text_mistake(const char *text, size_t length)
{
	for (size_t i = 0, used; i < length; i += used) {
		uint32_t c = utf8_next(text + i, length - i, &used);

		if (c == UTF8_REPLACEMENT && (used != 3 || memcmp(text + i, "\xef\xbf\xbd", 3)))
			return "it is not UTF-8";
		if (utf8_is_control(c))
			return "want no control characters";
	}
	return NULL;
}

static const char *part_mistake(const char *part, size_t length)
{
	if (!length)
		return "want a single '/' between names, and none at the end";
	if ((length == 1 && part[0] == '.') || (length == 2 && !memcmp(part, "..", 2)))
		return "want the path without '.' and '..'";
	return NULL;
}

const char *path_mistake(const char *text, size_t length)
{
	const char *end = text + length, *why = NULL, *part = text;

	if (!length || text[0] != '/')
		return "want the whole path, from / on";
	if (length >= PATH_MAX)
		return "a path has at most 4095 bytes";
	while (!why && length > 1 && part < end) {
		const char *next = memchr(part + 1, '/', (size_t)(end - part - 1));

		next = next ? next : end;
		why = part_mistake(part + 1, (size_t)(next - part - 1));
		part = next;
	}
	return why ? why : text_mistake(text, length);
}

/* Past the bracket that closes the one at @at; NULL: there is none. A ']' that comes first is a letter. */
static const char *past_bracket(const char *at, const char *end)
{
	at++;
	if (at < end && (*at == '!' || *at == '^'))
		at++;
	if (at < end && *at == ']')
		at++;
	while (at < end && *at != ']' && *at != '/')
		at++;
	return at < end && *at == ']' ? at + 1 : NULL;
}

const char *pattern_mistake(const char *text, size_t length)
{
	const char *end = text + length;

	if (!length)
		return "it is empty";
	if (length > PATTERN_MAX)
		return "it has at most 1024 bytes";
	for (const char *at = text; at < end;) {
		if (end - at > 1 && !memcmp(at, "**", 2))
			return "'**' is no pattern here: '*' stands for one name";
		at = *at == '[' ? past_bracket(at, end) : at + 1;
		if (!at)
			return "a '[' lacks its ']'";
	}
	return text_mistake(text, length);
}

bool pattern_matches(const char *pattern, const char *text)
{
	return !fnmatch(pattern, text, FNM_PATHNAME | FNM_NOESCAPE);
}
