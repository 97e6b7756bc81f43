/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Patterns of scopes, in one place for the BPF programs and user space: `*` any letters but '/', `?` one of
 * these, `[a-z]` one of those named, `[!a-z]` or `[^a-z]` one of the others, never '/'; all else, the
 * backslash of unit names included, is itself. It is fnmatch(3) with FNM_PATHNAME and FNM_NOESCAPE, of bytes.
 *
 * A match is a number that takes steps, so that the verifier follows a few of them, not all: bytes of
 * pattern and text that are done, and where both go back to when what follows the last `*` does not fit.
 */
#ifndef PORTGUARD_GLOB_H
#define PORTGUARD_GLOB_H

#include "portguard/abi.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif

#define PG_GLOB_MAX 1024	/* bytes of a pattern, and of a text */

/* Bytes @at … @end - 1 of @bytes. @mask: a constant that keeps every index inside the memory, or ~0u. */
struct pg_bytes {
	const char *bytes;
	__u32 at, end, mask;
};

#define PG_GLOB_BITS 12
#define PG_GLOB_FIELD ((1u << PG_GLOB_BITS) - 1)
/* Pattern and text done, and where to go back to; PG_GLOB_FIELD: nowhere. */
#define PG_GLOB_STATE(p, t, star, from)                                                    \
	((__u64)(p) | (__u64)(t) << PG_GLOB_BITS | (__u64)(star) << 2 * PG_GLOB_BITS |     \
	 (__u64)(from) << 3 * PG_GLOB_BITS)
#define PG_GLOB_BEGIN PG_GLOB_STATE(0, 0, PG_GLOB_FIELD, 0)
#define PG_GLOB_MATCH (1ULL << 62)
#define PG_GLOB_NO_MATCH (1ULL << 63)
#define PG_GLOB_DONE (PG_GLOB_MATCH | PG_GLOB_NO_MATCH)

static __always_inline __u8 pg_byte(const struct pg_bytes *b, __u32 at)
{
	return b->at + at < b->end ? (__u8)b->bytes[(b->at + at) & b->mask] : 0;
}

#define PG_BRACKET_MAX 32	/* bytes between brackets */

/* Whether @c is one of the bracket that opens at @p; *ret_after: behind it. Brackets that do not close match nothing. */
static __always_inline int pg_bracket(const struct pg_bytes *pattern, __u32 p, __u8 c, __u32 *ret_after)
{
	__u8 first = pg_byte(pattern, p + 1);
	__u32 at = p + 1, begin, i;
	int negated = first == '!' || first == '^', found = 0;

	at += negated;
	begin = at;
	for (i = 0; i < PG_BRACKET_MAX; i++) {
		__u8 low = pg_byte(pattern, at), high = low;

		if (!low || (low == ']' && at != begin))
			break;
		if (pg_byte(pattern, at + 1) == '-' && pg_byte(pattern, at + 2) &&
		    pg_byte(pattern, at + 2) != ']') {
			high = pg_byte(pattern, at + 2);
			at += 2;
		}
		found |= low <= c && c <= high;
		at++;
	}
	*ret_after = at + 1;
	return pg_byte(pattern, at) == ']' && c != '/' && found != negated;
}

/* One step of a match that is not done: PG_GLOB_BEGIN at first. Return: the next state, or PG_GLOB_(NO_)MATCH. */
static __always_inline __u64 pg_glob_step(__u64 state, const struct pg_bytes *pattern,
					  const struct pg_bytes *text)
{
	__u32 p = state & PG_GLOB_FIELD, t = state >> PG_GLOB_BITS & PG_GLOB_FIELD;
	__u32 star = state >> 2 * PG_GLOB_BITS & PG_GLOB_FIELD;
	__u32 from = state >> 3 * PG_GLOB_BITS & PG_GLOB_FIELD, after = p + 1;
	__u8 wanted = pg_byte(pattern, p), c = pg_byte(text, t);
	int fits;

	if (wanted == '*')
		return PG_GLOB_STATE(p + 1, t, p + 1, t);
	if (!c && !wanted)
		return PG_GLOB_MATCH;
	if (wanted == '[')
		fits = c && pg_bracket(pattern, p, c, &after);
	else
		fits = c && (wanted == c || (wanted == '?' && c != '/'));
	if (fits)
		return PG_GLOB_STATE(after, t + 1, star, from);
	/* The last `*` takes one letter more. */
	c = pg_byte(text, from);
	if (star == PG_GLOB_FIELD || !c || c == '/')
		return PG_GLOB_NO_MATCH;
	return PG_GLOB_STATE(star, from + 1, star, from + 1);
}

#endif
