// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes that do a piece of work on command, and the CPU time that it took. The time is perf's
 * task clock: all that ran while the process held a CPU, softirqs in its context among it, which
 * the clocks of processes leave out where the kernel accounts interrupts apart.
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/workers.h"

static void obey(int orders, int answers, void (*work)(const void *data, unsigned amount),
		 const void *data)
{
	unsigned amount;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (read(orders, &amount, sizeof(amount)) == sizeof(amount)) {
		work(data, amount);
		if (write(answers, "", 1) != 1)
			break;
	}
	_exit(0);
}

int task_clock(pid_t pid)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
					.size = sizeof(attr),
					.config = PERF_COUNT_SW_TASK_CLOCK };
	int fd = (int)syscall(SYS_perf_event_open, &attr, pid, -1, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0)
		die("perf_event_open: %s", strerror(errno));
	return fd;
}

struct worker worker_start(void (*work)(const void *data, unsigned amount), const void *data)
{
	struct worker w;
	int orders[2], answers[2];

	if (pipe(orders) || pipe(answers))
		die("pipe: %s", strerror(errno));
	(void)fflush(stdout);
	w.pid = fork();
	if (w.pid < 0)
		die("fork: %s", strerror(errno));
	if (!w.pid) {
		(void)close(orders[1]);
		(void)close(answers[0]);
		obey(orders[0], answers[1], work, data);
	}
	(void)close(orders[0]);
	(void)close(answers[1]);
	w.orders = orders[1];
	w.answers = answers[0];
	w.clock = task_clock(w.pid);
	return w;
}

void worker_end(const struct worker *w)
{
	(void)kill(w->pid, SIGKILL);
	(void)waitpid(w->pid, NULL, 0);
	(void)close(w->orders);
	(void)close(w->answers);
	(void)close(w->clock);
}

double clock_ns(int clock)
{
	uint64_t ns;

	if (read(clock, &ns, sizeof(ns)) != sizeof(ns))
		die("task clock: %s", strerror(errno));
	return (double)ns;
}

void worker_begin(const struct worker *w, unsigned amount)
{
	if (write(w->orders, &amount, sizeof(amount)) != sizeof(amount))
		die("a worker gave up");
}

void worker_wait(const struct worker *w)
{
	char done;

	if (read(w->answers, &done, 1) != 1)
		die("a worker gave up");
}

double worker_run(const struct worker *w, unsigned amount)
{
	double began = clock_ns(w->clock);

	worker_begin(w, amount);
	worker_wait(w);
	return clock_ns(w->clock) - began;
}
