// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether two CPUs keep each other waiting: the same packets by one CPU, then by two at once, by the same
 * programs and maps (BPF_PROG_TEST_RUN). If neither writes a cache line that the other needs, a packet
 * takes what it did. The empty program beside it says what the CPUs share anyway - two that are halves of one
 * core, or a host that is busy. Each CPU has an open connection of its own, as a network card would have it:
 * what the kernel counts in a socket that it has found is written by whoever looks for it.
 *
 * A packet's time is a process's CPU time by its packets. Both wait for each other right before their runs,
 * which last so long that how they begin and end is no matter.
 */
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "bench/bench.h"
#include "bench/packets.h"
#include "bench/receive.h"
#include "bench/workers.h"

#define CPUS 2
#define MOST_RATIO 1.053 /* of a packet's time: then two CPUs do 1.9 times what one does */

enum { EMPTY, KINDS = EMPTY + 1 + PACKET_KINDS };

#define LINE(what)                                                                        \
	{                                                                                 \
		.name = what, .unit = "ns", .beside = "one CPU", .most_ratio = MOST_RATIO \
	}

static struct row rows[KINDS] = {
	[EMPTY] = { .section = "A packet while two CPUs are at work (1.9 times as many: 1.053 x)",
		    .name = "an empty XDP program",
		    .unit = "ns",
		    .beside = "one CPU" },
	[EMPTY + 1 + DROP] = LINE("drop: closed port, one source"),
	[EMPTY + 1 + DROP_SPREAD] = LINE("drop: random sources and ports"),
	[EMPTY + 1 + ALLOWED] = LINE("pass: allowed port"),
	[EMPTY + 1 + FLOW] = LINE("pass: reply of a flow"),
	[EMPTY + 1 + SOCKET] = LINE("pass: open connection, by its socket"),
};
static size_t rounds_done;

/* What the two know of each other. */
struct meeting {
	atomic_uint wanted, come;
	double ns[CPUS];
};

struct task {
	struct meeting *meeting;
	struct packet_order orders[KINDS];
	unsigned index, repeat;
	int cpu;
};

/* @kind: of the packets. */
static void run(const void *data, unsigned kind)
{
	const struct task *t = data;
	const struct packet_order *o = &t->orders[kind];
	uint32_t verdict;

	bind_to(0, t->cpu);
	(void)atomic_fetch_add(&t->meeting->come, 1);
	while (atomic_load(&t->meeting->come) < atomic_load(&t->meeting->wanted))
		;
	t->meeting->ns[t->index] = packet_run(o->program, o->packet, o->size, t->repeat, &verdict);
}

/* @cpus: 1: one after the other; else at once. Return: of both the mean, in ns a packet. */
static double run_by(const struct worker *workers, struct meeting *m, unsigned kind, unsigned cpus)
{
	for (unsigned i = 0; i < CPUS; i += cpus) {
		atomic_store(&m->come, 0);
		atomic_store(&m->wanted, cpus);
		for (unsigned j = i; j < i + cpus; j++)
			worker_begin(&workers[j], kind);
		for (unsigned j = i; j < i + cpus; j++)
			worker_wait(&workers[j]);
	}
	return (m->ns[0] + m->ns[1]) / CPUS;
}

/* Of some turns the one that took least, since what disturbs only adds. */
static void measure(const struct worker *workers, struct meeting *m, size_t round, unsigned turns)
{
	for (unsigned kind = 0; kind < KINDS; kind++) {
		double alone = 0, both = 0;

		for (unsigned turn = 0; turn < turns; turn++) {
			double one = run_by(workers, m, kind, 1),
			       two = run_by(workers, m, kind, CPUS);

			alone = !turn || one < alone ? one : alone;
			both = !turn || two < both ? two : both;
		}
		rows[kind].value[round] = both;
		rows[kind].base[round] = alone;
	}
}

/* Return: whether there are two CPUs. */
static bool find_cpus(int cpus[CPUS])
{
	cpu_set_t ours;
	int cpu = -1;

	if (sched_getaffinity(0, sizeof(ours), &ours))
		die("CPUs: %s", strerror(errno));
	for (unsigned i = 0; i < CPUS; i++) {
		if (!next_cpu(&ours, &cpu))
			return false;
		cpus[i] = cpu;
	}
	return true;
}

static struct task task_of(struct meeting *m, const struct packets *p)
{
	struct task t = { .meeting = m };

	for (unsigned kind = 0; kind < PACKET_KINDS; kind++)
		t.orders[EMPTY + 1 + kind] = packets_order(p, kind);
	t.orders[EMPTY] = t.orders[EMPTY + 1 + DROP];
	t.orders[EMPTY].program = p->base;
	return t;
}

void growth_measure(const char *pins, size_t rounds, unsigned turns, unsigned repeat)
{
	struct meeting *m =
		mmap(NULL, sizeof(*m), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct worker workers[CPUS];
	struct packets packets[CPUS];
	struct task tasks[CPUS];
	int cpus[CPUS];

	if (m == MAP_FAILED)
		die("shared memory: %s", strerror(errno));
	if (!find_cpus(cpus)) {
		(void)fprintf(stderr, "bench: growth: there is one CPU\n");
		return;
	}
	for (unsigned i = 0; i < CPUS; i++) {
		packets_open(&packets[i], pins, &spread_any, turns, repeat);
		tasks[i] = task_of(m, &packets[i]);
		tasks[i].index = i;
		tasks[i].repeat = repeat;
		tasks[i].cpu = cpus[i];
		workers[i] = worker_start(run, &tasks[i]);
	}
	for (size_t round = 0; round < rounds; round++)
		measure(workers, m, round, turns);
	rounds_done = rounds;
	for (unsigned i = 0; i < CPUS; i++) {
		worker_end(&workers[i]);
		packets_close(&packets[i]);
	}
	(void)munmap(m, sizeof(*m));
}

int growth_print(void)
{
	return rounds_done ? table_print(rows, KINDS, rounds_done) : 0;
}
