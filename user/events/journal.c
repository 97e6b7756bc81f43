// SPDX-License-Identifier: GPL-2.0-only
/*
 * The order of stores is all that matters here: each is atomic and releases those before it. The
 * law is in journal.h.
 */
#include "events/journal.h"

#define RING_SLOT 0 /* the header of the first region */
#define RING_COUNT_BITS 48
#define RING_COUNT_MASK ((1ULL << RING_COUNT_BITS) - 1)

static void store(__u64 *word, uint64_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static uint64_t taken(const struct journal *j)
{
	uint64_t sum = j->reported[RING_SLOT] & RING_COUNT_MASK;

	for (uint32_t i = RING_SLOT + 1; i < j->slots; i++)
		sum += PG_SEEN_IS_ALLOWED(i) ? 0 : j->reported[i];
	return sum;
}

/* The bracket was open: history is the witness of what was told. */
static void close_bracket(struct pg_journal *m, const struct history_tally *past)
{
	uint64_t told = m->pending_count + past->refusals;

	if (m->emitted + m->suppressed == m->pending_count)
		store(&m->emitted, m->emitted + past->lines);
	store(&m->suppressed, told - m->emitted);
	store(&m->pending_seq, 0);
}

void journal_open(struct journal *j, const struct history_tally *past)
{
	struct pg_journal *m = j->memory;
	uint64_t sum = taken(j), told;

	if (m->seq < past->last_seq)
		store(&m->seq, past->last_seq);
	if (m->pending_seq)
		close_bracket(m, past);
	told = m->emitted + m->suppressed;
	if (sum > told && sum - told > m->lost)
		store(&m->lost, sum - told);
	j->first_record = true;
}

void journal_close(struct journal *j)
{
	store((__u64 *)&j->reported[RING_SLOT], j->reported[RING_SLOT] & RING_COUNT_MASK);
}

uint64_t journal_take_slot(struct journal *j, uint32_t slot, uint64_t count)
{
	uint64_t before = j->reported[slot];

	store((__u64 *)&j->reported[slot], count);
	return count > before ? count - before : 0;
}

/* Of 16 bits, never 0, which says "no mark". */
static uint64_t mark_of(const void *record, size_t size)
{
	const uint8_t *bytes = record;
	uint64_t hash = 14695981039346656037ULL;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * 1099511628211ULL;
	hash = (hash ^ hash >> 32) & 0xffffffff;
	hash = (hash ^ hash >> 16) & 0xffff;
	return hash ? hash : 1;
}

bool journal_take_record(struct journal *j, const void *record, size_t size, bool refusal)
{
	uint64_t word = j->reported[RING_SLOT], mark = mark_of(record, size);
	bool again = j->first_record && word >> RING_COUNT_BITS == mark;

	j->first_record = false;
	if (again)
		return false;
	store((__u64 *)&j->reported[RING_SLOT],
	      mark << RING_COUNT_BITS | ((word + refusal) & RING_COUNT_MASK));
	return true;
}

void journal_pass_record(struct journal *j)
{
	j->first_record = false;
}

void journal_lose(struct journal *j, uint64_t refusals)
{
	store(&j->memory->lost, j->memory->lost + refusals);
}

uint64_t journal_begin(struct journal *j)
{
	struct pg_journal *m = j->memory;

	store(&m->pending_count, m->emitted + m->suppressed);
	store(&m->pending_seq, m->seq + 1);
	return m->seq + 1;
}

void journal_end(struct journal *j, uint64_t last_seq, uint64_t lines, uint64_t refusals)
{
	struct pg_journal *m = j->memory;

	store(&m->seq, last_seq);
	store(&m->emitted, m->emitted + lines);
	store(&m->suppressed, m->suppressed + (refusals - lines));
	store(&m->pending_seq, 0);
}
