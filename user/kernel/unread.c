// SPDX-License-Identifier: GPL-2.0-only
/* Carrying accounts over; see unread.h. The word of slot 0 in pg_reported is journal.c's. */
#include "kernel/unread.h"

#include <stdbool.h>
#include <string.h>

#include "kernel/map.h"
#include "portguard/abi.h"

#define COUNT_MASK ((1ULL << 48) - 1) /* above it: a mark of the ring's last record */

struct account {
	const struct pg_seen *seen;
	uint64_t *reported;
	long seen_size, reported_size;
};

static int account_open(const struct paths *paths, bool write, struct account *a)
{
	a->seen_size = map_pinned(paths, "pg_seen", false, (void **)&a->seen);
	if (a->seen_size < 0)
		return a->seen_size;
	a->reported_size = map_pinned(paths, "pg_reported", write, (void **)&a->reported);
	return a->reported_size < 0 ? a->reported_size : 0;
}

static void account_close(struct account *a)
{
	map_release((void *)a->seen, a->seen ? (size_t)a->seen_size : 0);
	map_release(a->reported, a->reported ? (size_t)a->reported_size : 0);
}

#define _cleanup_account_ __attribute__((cleanup(account_close)))

/* All that was refused to packets, reported or not; a region begins with a header. */
static uint64_t refusals(const struct account *a, uint32_t cpus)
{
	size_t count = (size_t)a->seen_size / sizeof(*a->seen), region = count / cpus;
	uint64_t sum = 0;

	for (size_t i = 0; i < count; i++)
		if (i % region && a->seen[i].verdict != PG_ALLOW)
			sum += __atomic_load_n(&a->seen[i].count, __ATOMIC_RELAXED);
	return sum;
}

int unread_carry(const struct paths *from, const struct paths *to, uint32_t cpus)
{
	_cleanup_account_ struct account old = { 0 }, new = { 0 };
	int r = account_open(from, false, &old);
	uint64_t word;

	r = r ? r : account_open(to, true, &new);
	if (r || old.seen_size == new.seen_size || !cpus)
		return r;
	word = old.reported[0];
	/* What a layout from before had carried over itself is in this word already. */
	new.reported[0] =
		(word & ~COUNT_MASK) | (((word & COUNT_MASK) + refusals(&old, cpus)) & COUNT_MASK);
	return 0;
}

/* Readers sum up regions, and the shared one alone has several writers: it takes what all of them had. */
static void add_counts(uint64_t *new, const uint64_t *old, size_t region, uint32_t regions)
{
	size_t ids = region < PG_COUNT_REGION ? region : PG_COUNT_REGION;

	for (size_t i = 0; i < regions; i++)
		for (size_t id = 0; id < ids; id++)
			if (old[i * region + id])
				(void)__atomic_fetch_add(&new[id], old[i * region + id],
							 __ATOMIC_RELAXED);
}

int counts_carry(const struct paths *from, const struct paths *to, uint32_t cpus)
{
	uint32_t regions = cpus + 1;
	void *old = NULL, *new = NULL;
	long old_size = map_pinned(from, "pg_counts", false, &old), new_size = 0;

	if (old_size < 0)
		return old_size;
	if (old_size != (long)(regions * PG_COUNT_REGION * sizeof(uint64_t))) {
		new_size = map_pinned(to, "pg_counts", true, &new);
		if (new_size > 0)
			add_counts(new, old, old_size / sizeof(uint64_t) / regions, regions);
	}
	map_release(old, old_size);
	map_release(new, new_size > 0 ? new_size : 0);
	return new_size < 0 ? new_size : 0;
}
