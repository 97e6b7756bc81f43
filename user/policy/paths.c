// SPDX-License-Identifier: GPL-2.0-only
/*
 * Paths and patterns. Matching is that of the BPF programs, portguard/glob.h: systemd writes `\x2d` into
 * names of units, so that the backslash is itself, and `*` is never to leave its directory.
 */
#include "policy/paths.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "portguard/glob.h"
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

/* What none may be between brackets; the bytes behind it are there to see, up to @end. */
static const char *bracketed_mistake(const char *at, const char *end)
{
	if (at == end || *at == '/')
		return "a '[' lacks its ']'";
	if ((unsigned char)*at >= 0x80)
		return "between brackets want ASCII: each stands for one byte";
	if (*at == '[' && end - at > 1 && strchr(":.=", at[1]))
		return "'[:' is no pattern here: want the letters themselves, such as [a-z]";
	return NULL;
}

/* *at: a '['; afterwards behind its ']'. It is read as by portguard/glob.h: a ']' that comes first is a letter. */
static const char *bracket_mistake(const char **at, const char *end)
{
	const char *c = *at + 1, *begin, *why = NULL;

	c += c < end && (*c == '!' || *c == '^');
	begin = c;
	while (!why && (c == begin || c == end || *c != ']')) {
		const char *last = end - c > 2 && c[1] == '-' && c[2] != ']' ? c + 2 : c;

		why = bracketed_mistake(c, end) ?: bracketed_mistake(last, end);
		if (!why && *last < *c)
			why = "a range goes upwards, such as [a-z]";
		c = last + 1;
	}
	*at = c + 1;
	return why;
}

const char *pattern_mistake(const char *text, size_t length)
{
	const char *end = text + length, *why = NULL;

	if (!length)
		return "it is empty";
	if (length > PATTERN_MAX)
		return "it has at most 1024 bytes";
	for (const char *at = text; !why && at < end;) {
		if (end - at > 1 && !memcmp(at, "**", 2))
			return "'**' is no pattern here: '*' stands for one name";
		if (*at == '[')
			why = bracket_mistake(&at, end);
		else
			at++;
	}
	return why ?: text_mistake(text, length);
}

static struct pg_bytes bytes_of(const char *text)
{
	return (struct pg_bytes){ .bytes = text, .end = (__u32)strlen(text), .mask = ~0u };
}

bool pattern_matches(const char *pattern, const char *text)
{
	struct pg_bytes p = bytes_of(pattern), t = bytes_of(text);
	__u64 state = PG_GLOB_BEGIN;

	if (p.end > PG_GLOB_MAX || t.end > PG_GLOB_MAX)
		return false;
	while (!(state & PG_GLOB_DONE))
		state = pg_glob_step(state, &p, &t);
	return state == PG_GLOB_MATCH;
}
