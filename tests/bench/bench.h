/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What all parts of the benchmark share; what some do is in packets.h, commands.h, receive.h, calls.h, network.h,
 * workers.h and events.h. Everything is measured in rounds: each round measures every row, and beside it what
 * the row is compared to, so that whatever else the machine does falls on both alike. A row's ratio is the
 * median of the rounds' ratios, not the ratio of two medians.
 *
 *   main.c      the rounds and the rows
 *   world.c     a throw-away machine to measure in, gone afterwards however it ends
 *   packets.c   what a packet costs in a program
 *   idle.c      devices by which nothing comes, for programs that are run by hand
 *   decisions.c what a decision costs in each hook
 *   sizes.c     what grows with the policy, and what does not
 *   events.h    what events take on their way out, and how soon they arrive
 *   consumers.c what a dropped packet costs while all outputs tell of it
 *   sets.c      what a rule costs that asks for a set of addresses
 *   commands.c  what a command costs as a whole process
 *   elements.c  and what nftables' own costs
 *   receive.c   what a packet costs the CPU that receives it
 *   frames.c    packets for it, and the programs that send them
 *   guards.c    what can stand before a receiver: portguard and its peers
 *   busy.c      a machine with much going on
 *   peers.c     which of them is measured with what
 *   calls.c     what bind(), connect() and sendto() take, beside others that guard them
 *   call_guards.c  the others
 *   streams.c   what sockets pay: a TCP stream by the byte, a UDP question by the exchange
 *   pass.c      the same with all of portguard, beside nothing and beside nftables
 *   floor.c     and with empty programs in its place
 *   network.c   the peer and the sockets for it
 *   workers.c   processes that work on command, and their CPU time
 *   table.c     rows, medians, spread, aims
 *   csv.c       the same for programs
 */
#ifndef PORTGUARD_BENCH_H
#define PORTGUARD_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define ROUNDS_MAX 64
#define BENCH_PATH 512

/* Says what failed and ends the process: a benchmark has nothing to go on with. */
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);

/* Sorts @values. */
double median(double *values, size_t count);

/* --- table.c --- */

struct summary {
	double low, middle, high;
	double least, most; /* of the median, with 95 % */
};

struct row {
	const char *section; /* a heading, before its first row */
	const char *name, *unit;
	const char *beside; /* what the row is compared to; NULL: nothing, no ratio */
	double most, most_ratio, least_ratio; /* the aims; 0: none */
	const char *skip; /* why it has no figures */
	bool foreign; /* of a peer: what becomes of it is no matter of ours */
	size_t rounds; /* 0: as many as most rows have */
	double value[ROUNDS_MAX], base[ROUNDS_MAX];
};

/* Return: how many aims were missed. */
int table_print(const struct row *rows, size_t count, size_t rounds);

#define SIZES_MAX 3

/* One thing at several sizes of a policy. */
struct size_row {
	const char *name, *unit;
	double most; /* of the last size; 0: no aim */
	double most_ratio; /* of each size to the first; 0: values are printed, no ratios */
	double value[SIZES_MAX][ROUNDS_MAX];
};

/* @sizes: their names. Return: how many aims were missed. */
int table_print_sizes(const char *heading, const char *const sizes[], size_t size_count,
		      const struct size_row *rows, size_t count, size_t rounds);

/* --- csv.c --- */

struct csv_line {
	const char *section, *name, *size, *unit, *beside, *skip;
	const struct summary *value, *base, *ratio; /* NULL: none */
	double most, most_ratio, least_ratio;
	bool foreign;
};

/* All that is printed from then on. */
void csv_open(const char *path);
void csv_line(const struct csv_line *l);
void csv_close(void);

/* --- world.c --- */

struct world {
	char cgroup[BENCH_PATH]; /* ours; below it guarded_a to _e, and rest: this process */
	char portguard[BENCH_PATH];
};

#define WORLD_DIR "/run/bench" /* a tmpfs that nobody else sees */
#define WORLD_BPFFS WORLD_DIR "/bpf"
#define WORLD_DEVICE_A "bench0"
#define WORLD_DEVICE_B "bench1"

/* Make @cgroup, one of those below w->cgroup, the one of this process. */
void world_enter_cgroup(const struct world *w, const char *cgroup);

/* The same as /proc/PID/cgroup prints it: what patterns of scopes are of. */
void world_cgroup_path(const struct world *w, const char *cgroup, char *to, size_t size);

/* Remove what is below it. */
void world_clear_cgroup(const struct world *w, const char *cgroup);

/**
 * world_run() - Run @body in a process that has its own network, mounts, bpffs and cgroup.
 * Waits for it, or for a signal that ends both, and takes away what outlives processes: the cgroup.
 * Return: the exit code of @body, or 128 and the signal's number.
 */
int world_run(struct world *w, int (*body)(const struct world *w, void *data), void *data);

/* Write a policy of @rules rules (1: port 80 alone) for @device, or several: "a, b". */
void world_policy(const char *path, const char *device, unsigned rules);

/* --- events.c --- */

/* Each round has turns of @events each. */
void events_measure(const struct world *w, size_t rounds, unsigned events);
/* Return: how many aims were missed. */
int events_print(void);

#endif
