/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Patterns of scopes, in one place for the BPF programs and user space: `*` any letters but '/', `?` one of
 * these, `[a-z]` one of those named, `[!a-z]` or `[^a-z]` one of the others, never '/'; all else, the
 * backslash of unit names included, is itself. It is fnmatch(3) with FNM_PATHNAME and FNM_NOESCAPE, of bytes.
 *
 * A match is a number that takes steps, so that the verifier follows one of them, not all: bytes of
 * pattern and text that are done, where both go back to when what follows the last `*` does not fit, and
 * what was found so far between brackets.
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
#define PG_GLOB_BRACKET (1ULL << 48)	/* the pattern is between brackets, */
#define PG_GLOB_FIRST (1ULL << 49)	/* at their first letter, where ']' is one as well, */
#define PG_GLOB_NEGATED (1ULL << 50)
#define PG_GLOB_FOUND (1ULL << 51)
#define PG_GLOB_MATCH (1ULL << 62)
#define PG_GLOB_NO_MATCH (1ULL << 63)
#define PG_GLOB_DONE (PG_GLOB_MATCH | PG_GLOB_NO_MATCH)

static __always_inline __u8 pg_byte(const struct pg_bytes *b, __u32 at)
{
	return b->at + at < b->end ? (__u8)b->bytes[(b->at + at) & b->mask] : 0;
}

/* From '[' on: behind it, and behind the '!' or '^' that negates. */
static __always_inline __u64 pg_glob_open(__u64 state, __u8 next)
{
	if (next == '!' || next == '^')
		return (state + 2) | PG_GLOB_BRACKET | PG_GLOB_FIRST | PG_GLOB_NEGATED;
	return (state + 1) | PG_GLOB_BRACKET | PG_GLOB_FIRST;
}

/* One letter or range between brackets. */
static __always_inline __u64 pg_glob_item(__u64 state, const struct pg_bytes *pattern, __u32 p, __u8 c)
{
	__u8 low = pg_byte(pattern, p), high = pg_byte(pattern, p + 2);
	int is_range = pg_byte(pattern, p + 1) == '-' && high && high != ']';

	state &= ~PG_GLOB_FIRST;
	if (low <= c && c <= (is_range ? high : low))
		state |= PG_GLOB_FOUND;
	return state + (is_range ? 3 : 1);
}

/* One step of a match that is not done: PG_GLOB_BEGIN at first. Return: the next state, or PG_GLOB_(NO_)MATCH. */
static __always_inline __u64 pg_glob_step(__u64 state, const struct pg_bytes *pattern,
					  const struct pg_bytes *text)
{
	__u32 p = state & PG_GLOB_FIELD, t = state >> PG_GLOB_BITS & PG_GLOB_FIELD;
	__u32 star = state >> 2 * PG_GLOB_BITS & PG_GLOB_FIELD;
	__u32 from = state >> 3 * PG_GLOB_BITS & PG_GLOB_FIELD;
	__u8 wanted = pg_byte(pattern, p), c = pg_byte(text, t);
	int fits;

	if (state & PG_GLOB_BRACKET) {
		if (!wanted)
			return PG_GLOB_NO_MATCH;
		if (wanted != ']' || state & PG_GLOB_FIRST)
			return pg_glob_item(state, pattern, p, c);
		fits = c && c != '/' && !(state & PG_GLOB_FOUND) == !!(state & PG_GLOB_NEGATED);
	} else if (wanted == '*') {
		return PG_GLOB_STATE(p + 1, t, p + 1, t);
	} else if (wanted == '[') {
		return pg_glob_open(state, pg_byte(pattern, p + 1));
	} else if (!c && !wanted) {
		return PG_GLOB_MATCH;
	} else {
		fits = c && (wanted == c || (wanted == '?' && c != '/'));
	}
	if (fits)
		return PG_GLOB_STATE(p + 1, t + 1, star, from);
	/* The last `*` takes one letter more. */
	c = pg_byte(text, from);
	if (star == PG_GLOB_FIELD || !c || c == '/')
		return PG_GLOB_NO_MATCH;
	return PG_GLOB_STATE(star, from + 1, star, from + 1);
}

#endif
