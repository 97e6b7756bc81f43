// SPDX-License-Identifier: GPL-2.0-only
/*
 * Making lines from prefixes. Each 32 bits of an address are a key of their own: the prefixes that end
 * within it cut its values into ranges, and longer ones are the next 32 bits' of one value. The ranges
 * become leaves, eight to a line, and above them lines of sixteen children until one is left. What is
 * looked up first, IPv4 or the first 32 bits of IPv6, has an index before that: about a word for each range.
 */
#include "policy/peer_lines.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/list.h"
#include "policy/peer.h"
#include "portguard/peer_line.h"
#include "util/cleanup.h"

#define KEY_BITS 32
#define KEY_MAX UINT32_MAX
#define INDEX_BITS_MAX 16 /* 256 KiB */
#define V4_KEY 3 /* where in an address IPv4's 32 bits are */

static const struct prefix all_v4 = { { [10] = 0xff, [11] = 0xff }, 96 };

/* Keys up to @last, from the range before on. @value: a class, or PG_PEER_MORE and a line. */
struct range {
	uint32_t last, value;
};

struct ranges {
	struct range *list;
	size_t count;
};

static void ranges_free(struct ranges *r)
{
	free(r->list);
}

/* Prefixes in their order, and the class of what none of them holds. */
struct part {
	const struct class_prefix *list;
	size_t count;
	uint32_t outer;
};

static int add_line(struct peer_lines *l, const union pg_peer_line *line)
{
	return l->count < PG_PEER_LINES ? list_append(&l->list, &l->count, line, sizeof(*line))
					: -E2BIG;
}

/* --- ranges to lines ---------------------------------------------------------------------------- */

static int add_leaf(struct peer_lines *l, const struct range *ranges, size_t count)
{
	union pg_peer_line leaf = { .words = { PG_PEER_LEAF } };

	for (size_t i = 0; i < PG_PEER_RANGES; i++) {
		if (i + 1 < PG_PEER_RANGES)
			leaf.words[1 + i] = i < count ? ranges[i].last : KEY_MAX;
		leaf.words[PG_PEER_RANGES + i] = ranges[i < count ? i : count - 1].value;
	}
	return add_line(l, &leaf);
}

static int add_inner(struct peer_lines *l, size_t first_child, const uint32_t *lasts, size_t count)
{
	union pg_peer_line inner = { .words = { (uint32_t)first_child } };

	for (size_t i = 0; i + 1 < PG_PEER_WORDS; i++)
		inner.words[1 + i] = i < count ? lasts[i] : KEY_MAX;
	return add_line(l, &inner);
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Line by line above @lasts, the last keys of the lines from @first on. Return: 0, and the root is the last line. */
static int add_levels(struct peer_lines *l, size_t first, uint32_t *lasts, size_t count)
{
	int r = 0;

	while (!r && count > 1) {
		size_t above = 0, begin = l->count;

		for (size_t i = 0; !r && i < count; i += PG_PEER_WORDS) {
			size_t n = least(PG_PEER_WORDS, count - i);

			r = add_inner(l, first + i, &lasts[i], n);
			lasts[above++] = lasts[i + n - 1];
		}
		first = begin;
		count = above;
	}
	return r;
}

/* A tree of ranges; one that has a single range is its value. */
static int add_tree(struct peer_lines *l, const struct range *ranges, size_t count, uint32_t *ret)
{
	_cleanup_free_ uint32_t *lasts = calloc(count / PG_PEER_RANGES + 1, sizeof(*lasts));
	size_t first = l->count, leaves = 0;
	int r = lasts ? 0 : -ENOMEM;

	if (r || count == 1) {
		*ret = ranges->value;
		return r;
	}
	for (size_t i = 0; !r && i < count; i += PG_PEER_RANGES) {
		size_t n = least(PG_PEER_RANGES, count - i);

		r = add_leaf(l, &ranges[i], n);
		lasts[leaves++] = ranges[i + n - 1].last;
	}
	r = r ?: add_levels(l, first, lasts, leaves);
	*ret = PG_PEER_MORE | (uint32_t)(l->count - 1);
	return r;
}

/* --- prefixes to ranges ------------------------------------------------------------------------- */

static uint32_t key_of(const struct class_prefix *p, unsigned word)
{
	uint32_t key;

	memcpy(&key, &p->prefix.address[word * sizeof(key)], sizeof(key));
	return ntohl(key);
}

/* The greatest key of a prefix that ends within this word. */
static uint32_t last_key(const struct class_prefix *p, unsigned word)
{
	unsigned bits = p->prefix.length - word * KEY_BITS;

	return bits ? key_of(p, word) | (uint32_t)((1ull << (KEY_BITS - bits)) - 1) : KEY_MAX;
}

/* The ranges so far, and the prefixes around what comes next. */
struct sweep {
	struct ranges *to;
	uint64_t next; /* the first key that has no range */
	struct range around[KEY_BITS + 2];
	size_t depth;
};

/* From the first key without a range to @last: equal neighbours are one range. */
static int extend(struct sweep *s, uint64_t last, uint32_t value)
{
	const struct range range = { (uint32_t)last, value };
	struct ranges *to = s->to;

	if (last + 1 <= s->next)
		return 0;
	s->next = last + 1;
	if (to->count && to->list[to->count - 1].value == value) {
		to->list[to->count - 1].last = (uint32_t)last;
		return 0;
	}
	return list_append(&to->list, &to->count, &range, sizeof(range));
}

/* Prefixes that end before @key go, each with what is left of it. */
static int leave(struct sweep *s, uint64_t key)
{
	int r = 0;

	for (; !r && s->depth && s->around[s->depth - 1].last < key; s->depth--)
		r = extend(s, s->around[s->depth - 1].last, s->around[s->depth - 1].value);
	return !r && key && s->depth ? extend(s, key - 1, s->around[s->depth - 1].value) : r;
}

static int add_word(struct peer_lines *l, const struct part *part, unsigned word, uint32_t *ret);

/* Longer prefixes, of one key: the tree of the next word is the value. Return in @used: how many. */
static int add_longer(struct peer_lines *l, struct sweep *s, const struct part *rest, unsigned word,
		      size_t *used)
{
	uint32_t key = key_of(rest->list, word), value = 0;
	struct part longer = { rest->list, 1, s->around[s->depth - 1].value };
	int r;

	while (longer.count < rest->count && key_of(&rest->list[longer.count], word) == key)
		longer.count++;
	*used = longer.count;
	r = add_word(l, &longer, word + 1, &value);
	return r ?: extend(s, key, value);
}

static int cut(struct peer_lines *l, const struct part *part, unsigned word, struct ranges *to)
{
	struct sweep s = { .to = to, .around = { { KEY_MAX, part->outer } }, .depth = 1 };
	size_t used;
	int r = 0;

	for (size_t i = 0; !r && i < part->count; i += used) {
		const struct class_prefix *p = &part->list[i];
		const struct part rest = { p, part->count - i, 0 };

		used = 1;
		r = leave(&s, key_of(p, word));
		if (!r && p->prefix.length > (word + 1) * KEY_BITS)
			r = add_longer(l, &s, &rest, word, &used);
		else
			s.around[s.depth++] = (struct range){ last_key(p, word), p->class };
	}
	return r ?: leave(&s, KEY_MAX + 1ull);
}

/* The tree of one word of the address, without an index. */
static int add_word(struct peer_lines *l, const struct part *part, unsigned word, uint32_t *ret)
{
	_cleanup_(ranges_free) struct ranges ranges = { 0 };
	int r = cut(l, part, word, &ranges);

	return r ?: add_tree(l, ranges.list, ranges.count, ret);
}

/* --- the indices -------------------------------------------------------------------------------- */

/* About a word for each range, and whole lines. */
static unsigned index_bits(size_t ranges)
{
	unsigned bits = ranges > 1 ? 4 : 0;

	while (bits < INDEX_BITS_MAX && 1u << bits < ranges)
		bits++;
	return bits;
}

/* The ranges of each word's keys, cut at its end, as a tree. Longer prefixes' one key is never all of a word's. */
static int fill_index(struct peer_lines *l, struct ranges *ranges, unsigned shift, uint32_t *words)
{
	size_t at = 0, end;
	int r = 0;

	for (uint64_t word = 0; !r && word < 1ull << (KEY_BITS - shift); word++) {
		uint32_t last = (uint32_t)(((word + 1) << shift) - 1);

		for (end = at; ranges->list[end].last < last;)
			end++;
		r = add_tree(l, &ranges->list[at], end - at + 1, &words[word]);
		at = end + (ranges->list[end].last == last);
	}
	return r;
}

static int add_index(struct peer_lines *l, const struct part *part, unsigned word,
		     struct pg_peer_index *ret)
{
	_cleanup_(ranges_free) struct ranges ranges = { 0 };
	_cleanup_free_ union pg_peer_line *words = NULL;
	size_t count;
	int r = cut(l, part, word, &ranges);

	if (r)
		return r;
	ret->shift = KEY_BITS - index_bits(ranges.count);
	count = ((1ull << (KEY_BITS - ret->shift)) + PG_PEER_WORDS - 1) / PG_PEER_WORDS;
	words = calloc(count, sizeof(*words));
	r = words ? fill_index(l, &ranges, ret->shift, words->words) : -ENOMEM;
	ret->line = (uint32_t)l->count;
	for (size_t i = 0; !r && i < count; i++)
		r = add_line(l, &words[i]);
	return r;
}

/* --- a table ------------------------------------------------------------------------------------ */

/* IPv4 prefixes follow each other; around them there may be prefixes of IPv6. */
static struct part part_of_v4(const struct class_table *t)
{
	struct part v4 = { .list = t->list };

	for (size_t i = 0; i < t->count; i++) {
		const struct prefix *p = &t->list[i].prefix;

		if (prefix_is_v4(p)) {
			v4.list = v4.count ? v4.list : &t->list[i];
			v4.count++;
		} else if (prefix_around(p, &all_v4)) {
			v4.outer = t->list[i].class;
		}
	}
	return v4;
}

static int add_v6(struct peer_lines *l, const struct class_table *t, const struct part *v4,
		  struct pg_peer_index *ret)
{
	_cleanup_free_ struct class_prefix *list = calloc(t->count + 1, sizeof(*list));
	struct part v6 = { list, t->count - v4->count, 0 };
	size_t before = v4->count ? (size_t)(v4->list - t->list) : t->count;

	if (!list)
		return -ENOMEM;
	if (t->count) {
		memcpy(list, t->list, before * sizeof(*list));
		memcpy(list + before, t->list + before + v4->count,
		       (v6.count - before) * sizeof(*list));
	}
	return add_index(l, &v6, 0, ret);
}

static int add_side(struct peer_lines *l, const struct class_table *t, enum pg_peer_side side)
{
	const struct part v4 = part_of_v4(t);
	struct pg_peer_index index[PG_PEER_FAMILIES];
	int r = add_index(l, &v4, V4_KEY, &index[PG_PEER_V4]);

	r = r ?: add_v6(l, t, &v4, &index[PG_PEER_V6]);
	if (!r)
		memcpy(l->list->head.index[side], index, sizeof(index));
	return r;
}

int peer_lines_make(const struct class_table *remote, const struct class_table *local,
		    uint32_t table, struct peer_lines *ret)
{
	_cleanup_peer_lines_ struct peer_lines l = { 0 };
	const union pg_peer_line head = { .head.table = table };
	int r = add_line(&l, &head);

	r = r ?: add_side(&l, remote, PG_PEER_REMOTE);
	r = r ?: add_side(&l, local, PG_PEER_LOCAL);
	if (r)
		return r;
	*ret = TAKE(l, (struct peer_lines){ 0 });
	return 0;
}

void peer_lines_free(struct peer_lines *l)
{
	free(l->list);
	*l = (struct peer_lines){ 0 };
}

uint32_t peer_lines_class(const struct peer_lines *l, enum pg_peer_side side,
			  const uint8_t address[16])
{
	const struct pg_peer_index *index;
	struct pg_peer_search search;
	uint64_t words[2], place;
	uint32_t word;

	memcpy(words, address, sizeof(words));
	search = (struct pg_peer_search){ be64toh(words[0]), be64toh(words[1]) };
	index = &l->list->head.index[side][pg_peer_family(&search)];
	place = pg_peer_begin(&search, index);
	word = l->list[index->line + place / PG_PEER_WORDS].words[place % PG_PEER_WORDS];
	while (word & PG_PEER_MORE) {
		const union pg_peer_line *line = &l->list[word & ~PG_PEER_MORE];

		word = pg_peer_step(line, pg_peer_key(&search));
		if (pg_peer_is_leaf(line))
			pg_peer_shift(&search);
	}
	return word;
}
