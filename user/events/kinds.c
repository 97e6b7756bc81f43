// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hash table in arrays that are made once, so that counting never fails. The finer levels share
 * KINDS_MAX places; the coarsest has so few possible keys that it has a place for each.
 */
#include "events/kinds.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/random.h>

#include "util/cleanup.h"

#define KINDS_MAX 4096
#define REST_PROTOS 3
#define REST_FAMILIES 2
#define REST_HOOKS (PG_HOOK_COUNT + 1) /* send is asked for calls, and for packets */
#define REST_MAX (REST_HOOKS * PG_VERDICT_COUNT * PG_REASON_COUNT * REST_PROTOS * REST_FAMILIES)
#define PLACES (KINDS_MAX + REST_MAX)
#define CHAINS 8192
#define NONE UINT32_MAX

struct kinds {
	uint64_t seed; /* an attacker chooses keys, but not chains */
	uint64_t clock; /* for kind.since */
	uint32_t chains[CHAINS];
	uint32_t used[PLACES]; /* the places in use, dense */
	uint32_t used_count;
	uint32_t free[PLACES];
	uint32_t free_count;
	uint32_t finer_count; /* kinds that are not KIND_REST */
	size_t waiting_count;
	struct kind *waiting[PLACES]; /* of kinds_list_waiting() */
	struct kind kinds[PLACES];
};

int kinds_new(struct kinds **ret)
{
	/* large, but only pages in use take memory */
	struct kinds *k = calloc(1, sizeof(*k));

	if (!k)
		return -ENOMEM;
	if (getrandom(&k->seed, sizeof(k->seed), GRND_NONBLOCK) < 0)
		k->seed = (uintptr_t)k; /* before the kernel has randomness: what the loader gave */
	memset(k->chains, 0xff, sizeof(k->chains));
	for (uint32_t i = 0; i < PLACES; i++)
		k->free[i] = PLACES - 1 - i;
	k->free_count = PLACES;
	*ret = k;
	return 0;
}

void kinds_free(struct kinds *k)
{
	if (!k)
		return;
	for (uint32_t i = 0; i < k->used_count; i++)
		process_unref(k->kinds[k->used[i]].detail.process);
	free(k);
}

static uint32_t *chain_of(struct kinds *k, const struct kind_key *key)
{
	uint64_t words[sizeof(*key) / 8], hash = k->seed;

	_Static_assert(sizeof(*key) % 8 == 0, "hashed by words");
	memcpy(words, key, sizeof(words));
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		hash = (hash ^ words[i]) * 0x9e3779b97f4a7c15ULL;
		hash ^= hash >> 29;
	}
	return &k->chains[hash % CHAINS];
}

struct kind *kinds_find(struct kinds *k, const struct kind_key *key)
{
	for (uint32_t i = *chain_of(k, key); i != NONE; i = k->kinds[i].next)
		if (!memcmp(&k->kinds[i].key, key, sizeof(*key)))
			return &k->kinds[i];
	return NULL;
}

static struct kind *make(struct kinds *k, const struct kind_key *key)
{
	uint32_t place = k->free[--k->free_count], *chain = chain_of(k, key);
	struct kind *kind = &k->kinds[place];

	*kind = (struct kind){ .key = *key, .next = *chain, .place = k->used_count, .fresh = true };
	*chain = place;
	k->used[k->used_count++] = place;
	k->finer_count += key->level != KIND_REST;
	return kind;
}

static void drop(struct kinds *k, struct kind *kind)
{
	uint32_t place = (uint32_t)(kind - k->kinds), *link = chain_of(k, &kind->key);

	while (*link != place)
		link = &k->kinds[*link].next;
	*link = kind->next;
	k->used[kind->place] = k->used[--k->used_count];
	k->kinds[k->used[kind->place]].place = kind->place;
	k->free[k->free_count++] = place;
	k->finer_count -= kind->key.level != KIND_REST;
	process_unref(kind->detail.process);
	kind->detail.process = NULL;
}

/* The key one level up: what is left out is zero. */
static struct kind_key coarser(const struct kind_key *key)
{
	struct kind_key up = *key;

	memset(up.remote, 0, sizeof(up.remote));
	up.level++;
	if (up.level < KIND_REST)
		return up;
	up.rule = 0;
	up.scope = 0;
	up.port = 0;
	up.has_port = 0;
	up.family = up.family == 6 ? 6 : 4;
	if (up.proto != IPPROTO_TCP && up.proto != IPPROTO_UDP)
		up.proto = 0;
	return up;
}

static struct kind *find_or_make(struct kinds *k, const struct kind_key *wanted)
{
	struct kind_key key = *wanted;
	struct kind *kind;

	for (;;) {
		kind = kinds_find(k, &key);
		if (kind) {
			kind->fresh = false;
			return kind;
		}
		if (key.level == KIND_REST || k->finer_count < KINDS_MAX)
			return make(k, &key);
		key = coarser(&key);
	}
}

static void set_detail(struct kind *kind, const struct kind_detail *detail)
{
	struct kind_detail former = kind->detail;

	kind->detail = *detail;
	(void)process_ref(detail->process);
	if (kind->waiting) {
		if (former.start_us < detail->start_us)
			kind->detail.start_us = former.start_us;
		if (former.end_us > detail->end_us)
			kind->detail.end_us = former.end_us;
		kind->detail.ports += former.ports;
	}
	process_unref(former.process);
}

struct kind *kinds_add(struct kinds *k, const struct kind_key *key,
		       const struct kind_detail *detail, uint64_t refusals)
{
	struct kind *kind = find_or_make(k, key);

	set_detail(kind, detail);
	kind->touched = true;
	if (!kind->waiting && refusals) {
		kind->since = k->clock++;
		k->waiting_count++;
	}
	kind->waiting += refusals;
	return kind;
}

void kinds_told(struct kinds *k, struct kind *kind)
{
	if (!kind->waiting)
		return;
	kind->waiting = 0;
	kind->patience = 0;
	k->waiting_count--;
}

bool kinds_fold(struct kinds *k, struct kind *kind)
{
	struct kind_key up = coarser(&kind->key);

	if (kind->key.level == KIND_REST)
		return false;
	(void)kinds_add(k, &up, &kind->detail, kind->waiting);
	kinds_told(k, kind);
	return true;
}

size_t kinds_waiting(const struct kinds *k)
{
	return k->waiting_count;
}

static int by_since(const void *a, const void *b)
{
	const struct kind *x = *(struct kind *const *)a, *y = *(struct kind *const *)b;

	if (kind_is_refusal(&x->key) != kind_is_refusal(&y->key))
		return kind_is_refusal(&x->key) ? -1 : 1;
	return x->since < y->since ? -1 : x->since > y->since;
}

struct kind **kinds_list_waiting(struct kinds *k, size_t *ret_count)
{
	size_t n = 0;

	for (uint32_t i = 0; i < k->used_count; i++)
		if (k->kinds[k->used[i]].waiting)
			k->waiting[n++] = &k->kinds[k->used[i]];
	qsort(k->waiting, n, sizeof(*k->waiting), by_since);
	*ret_count = n;
	return k->waiting;
}

void kinds_forget_quiet(struct kinds *k)
{
	for (uint32_t i = k->used_count; i-- > 0;) {
		struct kind *kind = &k->kinds[k->used[i]];

		if (!kind->touched && !kind->waiting)
			drop(k, kind);
		else
			kind->touched = false;
	}
}

bool kind_is_refusal(const struct kind_key *key)
{
	return key->verdict != PG_ALLOW;
}

bool kind_keeps_endpoints(const struct kind_key *key)
{
	return !key->packet || (key->reason == PG_REASON_SCAN && key->level == KIND_WHOLE);
}
