// SPDX-License-Identifier: GPL-2.0-only
/*
 * Classes of addresses. All prefixes of all peers are sorted, so that a prefix follows the ones that
 * hold it; a walk with a stack then knows for each prefix the peers of the addresses for which it is
 * the longest: its own and those of the prefix around it. Each different list of peers is a class.
 */
#include "policy/classes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/list.h"
#include "policy/peer.h"
#include "util/cleanup.h"

#define NOBODY UINT32_MAX
#define DEPTH 130 /* prefix lengths 0-128 can lie within each other */

static const struct prefix all_v4 = { { [10] = 0xff, [11] = 0xff }, 96 };

struct entry {
	struct prefix prefix;
	uint32_t peer; /* its number, or NOBODY */
};

struct members {
	uint32_t *list; /* numbers of peers, ascending */
	size_t count;
};

struct build {
	struct entry *entries;
	size_t entry_count;
	struct members *classes; /* class 0 has no members */
	size_t class_count;
	uint32_t *hash; /* class numbers, 0: free */
	size_t hash_room; /* a power of two, over twice class_count */
	struct class_table table;
	struct {
		struct prefix prefix;
		uint32_t class;
	} stack[DEPTH];
	size_t depth;
};

static void build_free(struct build *b)
{
	for (size_t i = 0; i < b->class_count; i++)
		free(b->classes[i].list);
	free(b->classes);
	free(b->entries);
	free(b->hash);
	free(b->table.list);
}

static int compare_peers(const void *a, const void *b)
{
	return peer_compare(*(const struct peer *const *)a, *(const struct peer *const *)b);
}

static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = prefix_compare(&x->prefix, &y->prefix);

	return order ? order : (x->peer > y->peer) - (x->peer < y->peer);
}

static int add_entry(struct build *b, const struct prefix *prefix, uint32_t peer)
{
	struct entry entry = { .prefix = *prefix, .peer = peer };

	return list_append(&b->entries, &b->entry_count, &entry, sizeof(entry));
}

static int add_peer(struct build *b, const struct policy *p, const struct peer *peer,
		    uint32_t number)
{
	const struct set *set;

	if (peer->kind == PEER_PREFIX)
		return add_entry(b, &peer->prefix, number);
	set = policy_find_set(p, peer->set);
	for (size_t i = 0; set && i < set->count; i++)
		if (add_entry(b, &set->prefixes[i], number))
			return -ENOMEM;
	return 0;
}

/* IPv6 prefixes hold no IPv4 address: where one lies around them all, they get a prefix of their own. */
static int fence_v4(struct build *b)
{
	for (size_t i = 0; i < b->entry_count; i++)
		if (b->entries[i].prefix.length < all_v4.length &&
		    prefix_around(&b->entries[i].prefix, &all_v4))
			return add_entry(b, &all_v4, NOBODY);
	return 0;
}

static size_t hash_members(const struct members *m)
{
	uint64_t hash = 0xcbf29ce484222325; /* FNV-1a */

	for (size_t i = 0; i < m->count; i++)
		hash = (hash ^ m->list[i]) * 0x100000001b3;
	return (size_t)(hash ^ hash >> 29);
}

static bool same_members(const struct members *a, const struct members *b)
{
	return a->count == b->count && !memcmp(a->list, b->list, a->count * sizeof(*a->list));
}

/* Where the class is or belongs. */
static uint32_t *hash_slot(const struct build *b, const struct members *m)
{
	size_t i = hash_members(m) & (b->hash_room - 1);

	while (b->hash[i] && !same_members(&b->classes[b->hash[i]], m))
		i = (i + 1) & (b->hash_room - 1);
	return &b->hash[i];
}

static int grow_hash(struct build *b)
{
	if (b->hash && b->class_count * 2 < b->hash_room)
		return 0;
	b->hash_room = b->hash_room ? b->hash_room * 2 : 64;
	free(b->hash);
	b->hash = calloc(b->hash_room, sizeof(*b->hash));
	if (!b->hash)
		return -ENOMEM;
	for (uint32_t i = 1; i < b->class_count; i++)
		*hash_slot(b, &b->classes[i]) = i;
	return 0;
}

/* The class with these members, made if it is new. Takes @m over. */
static int intern(struct build *b, struct members *m, uint32_t *ret)
{
	uint32_t *slot;

	*ret = 0;
	if (!m->count)
		return 0;
	if (grow_hash(b))
		return -ENOMEM;
	slot = hash_slot(b, m);
	if (!*slot) {
		if (list_append(&b->classes, &b->class_count, m, sizeof(*m)))
			return -ENOMEM;
		*slot = (uint32_t)b->class_count - 1;
		m->list = NULL;
	}
	*ret = *slot;
	return 0;
}

/* @outer's members and the peers of @count entries, each once, ascending. */
static int unite(const struct members *outer, const struct entry *entries, size_t count,
		 struct members *ret)
{
	size_t i = 0, j = 0;

	ret->count = 0;
	ret->list = reallocarray(NULL, outer->count + count, sizeof(*ret->list));
	if (!ret->list)
		return -ENOMEM;
	while (i < outer->count || j < count) {
		uint32_t peer;

		if (j == count || (i < outer->count && outer->list[i] <= entries[j].peer))
			peer = outer->list[i++];
		else
			peer = entries[j++].peer;
		if (peer != NOBODY && (!ret->count || ret->list[ret->count - 1] != peer))
			ret->list[ret->count++] = peer;
	}
	return 0;
}

/* One prefix, with all its peers. */
static int add_prefix(struct build *b, const struct entry *entries, size_t count)
{
	const struct prefix *prefix = &entries->prefix;
	struct class_prefix out = { .prefix = *prefix };
	uint32_t outer = 0;
	struct members m;
	int r;

	while (b->depth && !prefix_around(&b->stack[b->depth - 1].prefix, prefix))
		b->depth--;
	if (b->depth)
		outer = b->stack[b->depth - 1].class;
	r = unite(&b->classes[prefix_compare(prefix, &all_v4) ? outer : 0], entries, count, &m);
	if (r)
		return r;
	r = intern(b, &m, &out.class);
	free(m.list);
	b->stack[b->depth].prefix = *prefix;
	b->stack[b->depth++].class = out.class;
	if (r || out.class == outer)
		return r;
	return list_append(&b->table.list, &b->table.count, &out, sizeof(out));
}

static int walk(struct build *b)
{
	const struct members none = { .list = NULL };
	int r = list_append(&b->classes, &b->class_count, &none, sizeof(none));

	for (size_t i = 0, next; !r && i < b->entry_count; i = next) {
		for (next = i + 1; next < b->entry_count; next++)
			if (prefix_compare(&b->entries[i].prefix, &b->entries[next].prefix))
				break;
		r = add_prefix(b, &b->entries[i], next - i);
	}
	b->table.classes = (uint32_t)b->class_count;
	return r;
}

/* Turns members by class into classes by peer. */
static int make_index(const struct build *b, struct class_index *index)
{
	size_t total = 0;

	for (size_t c = 0; c < b->class_count; c++)
		total += b->classes[c].count;
	index->first = calloc(index->count + 2, sizeof(*index->first));
	index->ids = calloc(total + 1, sizeof(*index->ids));
	if (!index->first || !index->ids || total > UINT32_MAX)
		return -ENOMEM;
	for (size_t c = 0; c < b->class_count; c++)
		for (size_t i = 0; i < b->classes[c].count; i++)
			index->first[b->classes[c].list[i] + 2]++;
	for (size_t i = 2; i <= index->count; i++)
		index->first[i] += index->first[i - 1];
	/* first[peer + 1] now is where the peer's next class goes, and in the end its end. */
	for (uint32_t c = 0; c < b->class_count; c++)
		for (size_t i = 0; i < b->classes[c].count; i++)
			index->ids[index->first[b->classes[c].list[i] + 1]++] = c;
	return 0;
}

static size_t sort_peers(const struct peer **peers, size_t count)
{
	size_t kept = 0;

	if (count)
		qsort(peers, count, sizeof(*peers), compare_peers);
	for (size_t i = 0; i < count; i++)
		if (!kept || peer_compare(peers[kept - 1], peers[i]))
			peers[kept++] = peers[i];
	return kept;
}

int classes_build(const struct policy *p, const struct peer **peers, size_t count,
		  struct class_table *ret_table, struct class_index *ret_index)
{
	_cleanup_(build_free) struct build b = { .entries = NULL };
	struct class_index index = { .peers = peers, .count = sort_peers(peers, count) };
	int r = 0;

	for (size_t i = 0; !r && i < index.count; i++)
		r = add_peer(&b, p, peers[i], (uint32_t)i);
	r = r ?: fence_v4(&b);
	if (b.entry_count)
		qsort(b.entries, b.entry_count, sizeof(*b.entries), compare_entries);
	r = r ?: walk(&b);
	r = r ?: make_index(&b, &index);
	if (r) {
		index.peers = NULL;
		class_index_free(&index);
		return r;
	}
	*ret_index = index;
	*ret_table = b.table;
	b.table.list = NULL;
	return 0;
}

void class_index_free(struct class_index *index)
{
	free(index->peers);
	free(index->first);
	free(index->ids);
	memset(index, 0, sizeof(*index));
}

size_t class_index_find(const struct class_index *index, const struct peer *peer)
{
	const struct peer **found =
		bsearch(&peer, index->peers, index->count, sizeof(*index->peers), compare_peers);

	return (size_t)(found - index->peers);
}

static const struct class_prefix *find_prefix(const struct class_table *table,
					      const struct prefix *p)
{
	size_t low = 0, high = table->count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = prefix_compare(&table->list[middle].prefix, p);

		if (!order)
			return &table->list[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

uint32_t class_of(const struct class_table *table, const uint8_t address[16])
{
	struct prefix p;

	memcpy(p.address, address, sizeof(p.address));
	for (int length = 128; length >= 0; length--) {
		const struct class_prefix *found;

		if (length < 128)
			p.address[length / 8] &= (uint8_t)(0xff << (8 - length % 8));
		p.length = (uint8_t)length;
		found = find_prefix(table, &p);
		if (found)
			return found->class;
	}
	return 0;
}
