// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The walk from a socket's cgroup through its scopes, as functions that each program verifies once,
 * however often it calls them, since they take and give numbers alone (Linux 5.6). See lib/owner.h.
 */
#include "lib/owner.h"

/* What is compared is what is used: Linux 5.10 forgets a bound that was found on another form of it. */
#define KEPT(value) asm volatile("" : "+r"(value))
#define SEARCH_STEPS 18 /* halves PG_MAX_SPANS down to one */

/* The number at the front, which goes. */
static __always_inline __u32 take_number(__u64 *near, __u64 *far)
{
	__u32 number = *near & OWNER_MASK;

	*near = *near >> OWNER_BITS | *far << (64 - OWNER_BITS);
	*far >>= OWNER_BITS;
	return number;
}

/* A scope's mode, and << 8 its answers; 0: there is none of that number. */
GLOBAL __u32 pg_scope_is(__u32 index, __u32 number)
{
	struct pg_scope *scope = scope_at(index, number);

	return scope ? scope->mode | (__u32)scope->answers << 8 : 0;
}

GLOBAL __u32 pg_owner_mode(__u64 near, __u64 far, __u32 index)
{
	__u32 i, number, mode;

	for (i = 0; i < PG_OWNERS && (near | far); i++) {
		number = take_number(&near, &far);
		mode = number ? pg_scope_is(index, number) & 0xff : 0;
		if (mode)
			return mode;
	}
	return 0;
}

/* The scope behind @skip others that answer one of @bits. */
static __always_inline __u32 find_scope(__u64 near, __u64 far, __u32 index, __u32 bits, __u32 skip)
{
	__u32 i, number;

	for (i = 0; i < PG_OWNERS && (near | far); i++) {
		number = take_number(&near, &far);
		if (!number || !(pg_scope_is(index, number) >> 8 & bits))
			continue;
		if (!skip)
			return number;
		skip--;
	}
	return 0;
}

GLOBAL __u32 pg_owner_scope(__u64 near, __u64 far, __u32 index, __u32 bits)
{
	return find_scope(near, far, index, bits, 0);
}

/* Two numbers of 32 bits: where a list of spans begins and ends. */
#define SPANS(low, high) ((__u64)(high) << 32 | (__u32)(low))

/* The half of a list that has @port. */
GLOBAL __u64 pg_halve(__u64 spans, __u32 port)
{
	__u32 low = spans, high = spans >> 32, middle = low + (high - low) / 2;
	struct pg_span *span = in_parts(&pg_spans, middle, PG_SPANS_PART);

	return span && span->first <= port ? SPANS(middle, high) : SPANS(low, middle);
}

/* The answer of the span that has @port, or 0; a list is never empty. */
static __always_inline __u32 search(__u32 low, __u32 count, __u32 port)
{
	__u64 spans = SPANS(low, low + count);
	struct pg_span *span;
	__u32 i;

	for (i = 0; i < SEARCH_STEPS && (spans >> 32) - (__u32)spans > 1; i++)
		spans = pg_halve(spans, port);
	span = in_parts(&pg_spans, spans, PG_SPANS_PART);
	return span && span->first <= port && port <= span->last ? span->answer : 0;
}

/* What a scope says of a port of its own tables. @port: OWNER_PORT(). */
static __always_inline __u32 scope_answer(const struct pg_scope *scope, __u32 index, __u32 port)
{
	__u64 place = port >> 16 & 7; /* direction and protocol */
	const struct pg_span_list *list;
	__u32 answer, kind;

	KEPT(place);
	if (place >= PG_PORT_DIRECTIONS * PG_PROTO_COUNT)
		return 0;
	list = &scope->ports[0][0] + place;
	if (!list->count)
		return 0;
	answer = search((index & 1) * PG_MAX_SPANS + list->start, list->count, port & 0xffff);
	kind = PG_ANSWER_KIND(answer);
	if (kind == PG_ANSWER_ALLOW || kind == PG_ANSWER_DENY)
		answer += PG_ANSWER(0, 0, scope->first_rule);
	return answer;
}

GLOBAL __u64 pg_owner_says(__u64 near, __u64 far, __u32 index, __u32 port, __u32 skip)
{
	__u64 direction = port >> 17 & 3;
	struct pg_scope *scope;
	__u32 number;

	KEPT(direction);
	number = find_scope(near, far, index, 1u << direction, skip);
	scope = number ? scope_at(index, number) : 0;
	if (!scope || direction >= PG_DIRECTION_COUNT)
		return 0;
	return OWNER_SAYS(scope_answer(scope, index, port), scope->defaults[direction],
			  scope->inherit, number);
}

/* Deny before allow before none; the first of equals. What must still be asked does not count yet. */
GLOBAL __u32 pg_stronger(__u32 best, __u32 answer, __u64 groups)
{
	__u32 kind = PG_ANSWER_KIND(answer);

	if (kind == PG_ANSWER_ASK) /* conditions of five scopes about one port: refuse */
		return groups >> 48 ? PG_ANSWER(PG_ANSWER_DENY, 0, 0) : best;
	if (kind == PG_ANSWER_DENY && PG_ANSWER_KIND(best) != PG_ANSWER_DENY)
		return answer;
	/* None, too, may say what a port is essential for. */
	return PG_ANSWER_KIND(best) == PG_ANSWER_NONE && answer ? answer : best;
}

GLOBAL __u64 pg_groups_add(__u64 groups, __u32 answer)
{
	if (PG_ANSWER_KIND(answer) != PG_ANSWER_ASK)
		return groups;
	return groups << 16 | (PG_ANSWER_NUMBER(answer) & 0xffff);
}

GLOBAL __u32 pg_either(__u32 a, __u32 b)
{
	return a ? a : b;
}
