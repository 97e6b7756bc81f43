/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The class of an address, found in the lines of pg_peers (abi.h), in one place for the BPF programs and
 * user space: an index by the first bits, then a tree with a line for each step, then the next 32 bits.
 */
#ifndef PORTGUARD_PEER_LINE_H
#define PORTGUARD_PEER_LINE_H

#ifndef __bpf__
#include <stdbool.h>
#endif

#include "portguard/abi.h"

#ifndef __always_inline
#define __always_inline inline __attribute__((always_inline))
#endif
#ifdef __bpf__
#define PG_UNROLLED _Pragma("unroll")
/* One after the other: what clang would do at once takes more registers than there are, and stack. */
#define PG_IN_ORDER(value) asm volatile("" : "+r"(value))
#else
#define PG_UNROLLED
#define PG_IN_ORDER(value)
#endif

/* A search under way: what of the address is not done with, the key first. */
struct pg_peer_search {
	__u64 high, low;
};

/* IPv4 addresses are those of ::ffff:0:0/96. In host byte order. */
static __always_inline __u32 pg_peer_family(const struct pg_peer_search *s)
{
	return !s->high && s->low >> 32 == 0xffff ? PG_PEER_V4 : PG_PEER_V6;
}

static __always_inline __u64 pg_peer_key(const struct pg_peer_search *s)
{
	return s->high >> 32;
}

/* On to the next 32 bits. */
static __always_inline void pg_peer_shift(struct pg_peer_search *s)
{
	s->high = s->high << 32 | s->low >> 32;
	s->low <<= 32;
}

/* @s: the address whole. Return: the place of its word in the index, from the index's first line on. */
static __always_inline __u64 pg_peer_begin(struct pg_peer_search *s, const struct pg_peer_index *index)
{
	if (pg_peer_family(s) == PG_PEER_V4)
		s->high = s->low << 32;
	return pg_peer_key(s) >> (index->shift & 63);
}

/*
 * How many of the last keys, the words 1 to @count - 1, lie below the key: which child, which range has it. Without a
 * branch, since none could be foretold: a difference below zero has a high half of ones, and that is -1. @count: a
 * constant, a power of two.
 */
static __always_inline __u32 pg_peer_below(const union pg_peer_line *line, __u64 key, const __u32 count)
{
	__u64 sum = 0;
	__u32 i;

	PG_UNROLLED for (i = 1; i < count; i++)
	{
		sum -= (line->words[i] - key) >> 32;
		PG_IN_ORDER(sum);
	}
	return sum % count;
}

static __always_inline bool pg_peer_is_leaf(const union pg_peer_line *line)
{
	return line->words[0] & PG_PEER_LEAF;
}

/*
 * One line further. Return: a class, or PG_PEER_MORE and the number of the next line, whose keys are the next 32
 * bits if this was a leaf.
 */
static __always_inline __u32 pg_peer_step(const union pg_peer_line *line, __u64 key)
{
	if (!pg_peer_is_leaf(line))
		return PG_PEER_MORE | (line->words[0] + pg_peer_below(line, key, PG_PEER_WORDS));
	return line->words[PG_PEER_RANGES + pg_peer_below(line, key, PG_PEER_RANGES)];
}

#endif
