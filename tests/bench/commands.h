/* SPDX-License-Identifier: GPL-2.0-only */
/* Whole processes: commands.c, elements.c, and consumers.c, which starts some. */
#ifndef PORTGUARD_BENCH_COMMANDS_H
#define PORTGUARD_BENCH_COMMANDS_H

#include "bench/bench.h"

/* --- commands.c --- */

struct cost {
	double wall_us, cpu_us; /* from posix_spawn to wait4, and what wait4 says */
};

/* A command that must succeed; its output goes to @out_fd, or, -1, nowhere. */
struct cost command(char *const argv[], int out_fd);

/* A command that may fail, or not be there; what it complains of goes to @err_fd, or, -1, nowhere. */
bool succeeds(char *const argv[], int err_fd);

#define COMMAND_WORDS 16
struct command_line {
	const char *argv[COMMAND_WORDS];
};

/* portguard --instance @instance WORD… */
struct command_line portguard(const struct world *w, const char *instance,
			      const char *const words[]);

#define WORDS(...) ((const char *[]){ __VA_ARGS__, NULL })

/* The same, run: it must succeed. */
struct cost run_portguard(const struct world *w, const char *instance, const char *const words[]);

/* The same, in the background, until end_process(). */
pid_t start_portguard(const struct world *w, const char *instance, const char *const words[]);
void end_process(pid_t pid);

struct agent {
	pid_t pid;
	double ready_ms; /* from posix_spawn to `portguard: ready` */
};
struct agent agent_start(const struct world *w, const char *instance, const char *const words[]);
void agent_end(const struct agent *a);

struct memory {
	double agent_kib, maps_kib, peers_kib;
};
struct memory memory_of(const struct world *w, const char *instance);

/* --- elements.c --- */

/*
 * A network namespace in which nftables has a set of so many ports. *@ret_missing: why it has none, else it is
 * left alone.
 */
int elements_open(unsigned rules, const char **ret_missing);
/* `nft add element` there, of a port that is then taken out again. */
struct cost elements_add(int namespace);

/* --- consumers.c --- */

/* One source, and 10,000 over 1,000 ports; makes an instance of its own and takes it down. */
void consumers_measure(const struct world *w, unsigned turns, unsigned repeat, size_t round,
		       struct row *one, struct row *spread);

#endif
