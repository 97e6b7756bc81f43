/* SPDX-License-Identifier: GPL-2.0-only */
/* Processes that work on command, and their CPU time: workers.c. */
#ifndef PORTGUARD_BENCH_WORKERS_H
#define PORTGUARD_BENCH_WORKERS_H

#include "bench/bench.h"

/* --- workers.c --- */

struct worker {
	pid_t pid;
	int orders, answers, clock;
};

/* A process, in the cgroup of this one, that waits for orders; @data must outlive it. */
struct worker worker_start(void (*work)(const void *data, unsigned amount), const void *data);
void worker_end(const struct worker *w);

/* Let it work, and wait until it has. */
void worker_begin(const struct worker *w, unsigned amount);
void worker_wait(const struct worker *w);
/* Both. Return: its CPU time, softirqs in its context included, in ns. */
double worker_run(const struct worker *w, unsigned amount);

/* A clock of all the time for which @pid holds a CPU, and what it says. */
int task_clock(pid_t pid);
double clock_ns(int clock);

#endif
