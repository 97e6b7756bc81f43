// SPDX-License-Identifier: GPL-2.0-only
/*
 * The accounts survive a kill at any moment. An agent runs in memory that outlives it, instruction by
 * instruction (PTRACE_SINGLESTEP); after each one that changed what persists, the next agent is tried
 * on a copy of what a kill right there would have left: it must make the sums come out.
 */
#include "events/journal.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "events/stream.h"

#define RING 16
#define LINES 64

/* All that a kill leaves: the pinned maps, the ring, and what reached history. */
struct remains {
	struct pg_journal journal;
	uint64_t reported[PG_SEEN_REGION];
	uint32_t consumed, produced; /* of the ring */
	uint32_t line_count; /* lines that are whole in history */
	struct {
		uint64_t seq, refusals;
	} lines[LINES];
};

struct world {
	struct remains remains;
	struct pg_record_refusal ring[RING];
	struct pg_seen seen[PG_SEEN_REGION];
	struct pg_control control;
	uint64_t handed_in;
};

struct agent {
	struct world *w;
	struct stream *stream;
	struct {
		uint64_t seq, refusals;
	} batch[LINES];
	uint32_t batch_count;
};

static int on_line(void *data, const struct event *e)
{
	struct agent *a = data;

	a->batch[a->batch_count].seq = e->seq;
	a->batch[a->batch_count++].refusals = event_refusals(e);
	return 0;
}

/* As the disk does: one line after the other becomes whole. */
static int on_flush(void *data)
{
	struct agent *a = data;
	struct remains *left = &a->w->remains;

	for (uint32_t i = 0; i < a->batch_count; i++) {
		left->lines[left->line_count].seq = a->batch[i].seq;
		left->lines[left->line_count].refusals = a->batch[i].refusals;
		__atomic_store_n(&left->line_count, left->line_count + 1, __ATOMIC_RELEASE);
	}
	a->batch_count = 0;
	return 0;
}

static struct history_tally tally(const struct remains *left)
{
	struct history_tally t = { 0 };

	for (uint32_t i = 0; i < left->line_count; i++) {
		t.last_seq = left->lines[i].seq;
		if (left->lines[i].seq < left->journal.pending_seq || !left->lines[i].refusals)
			continue;
		t.lines++;
		t.refusals += left->lines[i].refusals;
	}
	return t;
}

static void open_agent(struct agent *a, struct world *w)
{
	struct stream_config config = {
		.memory = { &w->control, w->seen, w->remains.reported, &w->remains.journal },
		.lines_max = 50,
		.sink = on_line,
		.flush = on_flush,
		.data = a,
		.proc = "/nonexistent",
		.past = tally(&w->remains),
	};

	*a = (struct agent){ .w = w };
	if (stream_open(&config, &a->stream))
		abort();
}

/* The ring's consumer: a record is handed over before the position moves on. */
static void consume(struct agent *a)
{
	struct remains *left = &a->w->remains;

	while (left->consumed < left->produced) {
		stream_record(a->stream, &a->w->ring[left->consumed % RING],
			      sizeof(struct pg_record_refusal));
		__atomic_store_n(&left->consumed, left->consumed + 1, __ATOMIC_RELEASE);
	}
}

static void produce(struct world *w, uint16_t port)
{
	struct pg_record_refusal r = {
		.type = PG_RECORD_REFUSAL,
		.hook = PG_HOOK_BIND,
		.verdict = PG_DENY,
		.proto = IPPROTO_TCP,
		.family = 4,
		.local_port = port,
		.pid = 1 + w->remains.produced,
		.time_ns = 1000 + w->remains.produced,
		.comm = "x",
	};

	w->ring[w->remains.produced % RING] = r;
	w->remains.produced++;
	w->handed_in++;
}

static void hit(struct world *w, uint32_t slot, uint64_t packets)
{
	struct pg_seen *s = &w->seen[slot];

	s->seq = 2;
	s->level = PG_SEEN_KIND;
	s->hook = PG_HOOK_INBOUND;
	s->verdict = PG_DENY;
	s->reason = PG_REASON_NO_RULE;
	s->local_port = (uint16_t)slot;
	s->proto = IPPROTO_TCP;
	s->family = 4;
	s->ports_known = 1;
	s->count += packets;
	w->handed_in += packets;
}

/* Everything that has a bracket: lines at once, sums, a batch of several, one that is no verdict. */
static void live(struct agent *a)
{
	consume(a);
	stream_health(a->stream, "beat", "beat", NULL);
	stream_tick(a->stream);
}

static struct world *world_new(void)
{
	struct world *w =
		mmap(NULL, sizeof(*w), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	cr_assert_neq(w, MAP_FAILED);
	w->control.cpus = 1;
	w->control.epoch = 10;
	w->control.drained = 8;
	produce(w, 70);
	produce(w, 70);
	produce(w, 71);
	produce(w, 70);
	hit(w, 3, 5);
	hit(w, 9, 1);
	hit(w, 400, 2);
	return w;
}

static uint64_t told(const struct remains *left)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < left->line_count; i++)
		sum += left->lines[i].refusals;
	return sum;
}

/* The agent died and left @w: the next one must account for all. */
static void expect_next_agent_adds_up(struct world *w, unsigned long step)
{
	struct agent next;

	open_agent(&next, w);
	consume(&next);
	stream_finish(next.stream);
	stream_free(next.stream);
	cr_assert_eq(told(&w->remains) + w->remains.journal.lost, w->handed_in,
		     "killed after %lu: told %lu, lost %lu", step, (unsigned long)told(&w->remains),
		     (unsigned long)w->remains.journal.lost);
	cr_assert_eq(w->remains.journal.emitted + w->remains.journal.suppressed, told(&w->remains),
		     "killed after %lu", step);
	cr_assert_eq(w->remains.journal.pending_seq, 0);
	for (uint32_t i = 1; i < w->remains.line_count; i++)
		cr_assert_gt(w->remains.lines[i].seq, w->remains.lines[i - 1].seq,
			     "killed after %lu", step);
}

static void child(struct world *w, void (*run)(struct agent *a))
{
	struct agent a;

	if (run == live)
		open_agent(&a, w);
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL))
		_exit(2);
	(void)raise(SIGSTOP);
	run(&a);
	_exit(0);
}

/* Single-step @run and try the next agent wherever what persists has changed; returns how often. */
static unsigned long step_through(struct world *w, void (*run)(struct agent *a))
{
	struct remains before = w->remains;
	struct world *copy = malloc(sizeof(*copy));
	unsigned long tried = 0, steps = 0;
	int status;
	pid_t pid = fork();

	if (!pid)
		child(w, run);
	cr_assert(waitpid(pid, &status, 0) == pid);
	if (!WIFSTOPPED(status))
		cr_skip_test("no ptrace here");
	while (!ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) && waitpid(pid, &status, 0) == pid &&
	       WIFSTOPPED(status)) {
		steps++;
		if (!memcmp(&before, &w->remains, sizeof(before)))
			continue;
		before = w->remains;
		*copy = *w;
		expect_next_agent_adds_up(copy, steps);
		tried++;
	}
	cr_expect(WIFEXITED(status) && !WEXITSTATUS(status));
	free(copy);
	return tried;
}

Test(journal, agent_may_be_killed_after_any_instruction, .timeout = 300)
{
	struct world *w = world_new();

	cr_expect_gt(step_through(w, live), 40);
}

static struct world *of_recovery;

static void recover(struct agent *a)
{
	struct history_tally past = tally(&of_recovery->remains);
	struct journal j = { .memory = &of_recovery->remains.journal,
			     .reported = of_recovery->remains.reported,
			     .slots = PG_SEEN_REGION };

	(void)a;
	journal_open(&j, &past);
}

Test(journal, recovery_may_be_killed_after_any_instruction, .timeout = 300)
{
	static const struct pg_journal open_brackets[] = {
		{ .seq = 5, .emitted = 3, .suppressed = 7, .pending_seq = 6, .pending_count = 10 },
		{ .seq = 8, .emitted = 3, .suppressed = 7, .pending_seq = 6, .pending_count = 10 },
		{ .seq = 8, .emitted = 6, .suppressed = 7, .pending_seq = 6, .pending_count = 10 },
		{ .seq = 8, .emitted = 6, .suppressed = 9, .pending_seq = 6, .pending_count = 10 },
	};

	for (size_t i = 0; i < sizeof(open_brackets) / sizeof(*open_brackets); i++) {
		struct world *w = world_new();

		/* Three lines of a batch are written; they stand for five of the 20 that were taken. */
		w->remains.journal = open_brackets[i];
		w->remains.reported[3] = 16;
		w->remains.reported[0] = 4;
		w->remains.consumed = w->remains.produced;
		w->seen[3].count = 16;
		w->handed_in = 20 + 3;
		w->remains.lines[0].seq = 5;
		w->remains.lines[0].refusals = 10;
		for (uint32_t l = 1; l < 4; l++) {
			w->remains.lines[l].seq = 5 + l;
			w->remains.lines[l].refusals = l == 3 ? 3 : 1;
		}
		w->remains.line_count = 4;
		of_recovery = w;
		cr_expect_gt(step_through(w, recover), 0);
		cr_expect_eq(w->remains.journal.emitted, 6);
		cr_expect_eq(w->remains.journal.suppressed, 9);
		cr_expect_eq(w->remains.journal.lost, 5);
		cr_expect_eq(w->remains.journal.seq, 8);
	}
}

Test(journal, numbers_go_on_after_history_where_the_journal_is_new)
{
	struct pg_journal memory = { 0 };
	uint64_t reported[4] = { 0 };
	struct journal j = { .memory = &memory, .reported = reported, .slots = 4 };
	struct history_tally past = { .last_seq = 77, .lines = 3, .refusals = 12 };

	journal_open(&j, &past);
	cr_expect_eq(journal_begin(&j), 78);
	cr_expect_eq(memory.lost, 0);
	cr_expect_eq(memory.emitted, 0);
}

Test(journal, record_that_is_handed_over_again_counts_once)
{
	struct pg_journal memory = { 0 };
	uint64_t reported[4] = { 0 };
	struct journal j = { .memory = &memory, .reported = reported, .slots = 4 };
	struct history_tally past = { 0 };

	journal_open(&j, &past);
	cr_expect(journal_take_record(&j, "one", 3, true));
	cr_expect(journal_take_record(&j, "one", 3, true), "two equal ones of one agent are two");
	journal_open(&j, &past);
	cr_expect_eq(memory.lost, 2);
	cr_expect(!journal_take_record(&j, "one", 3, true));
	cr_expect(journal_take_record(&j, "one", 3, true));
	journal_close(&j);
	journal_open(&j, &past);
	cr_expect_eq(memory.lost, 3);
	cr_expect(journal_take_record(&j, "one", 3, true),
		  "an agent that ended in order left nothing half done");
}
