/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of the benchmark share. Everything is measured in rounds: each round measures
 * every row, and beside it what the row is compared to, so that whatever else the machine does
 * falls on both alike. A row's ratio is the median of the rounds' ratios, not the ratio of two
 * medians.
 *
 *   main.c      the rounds and the rows
 *   world.c     a throw-away machine to measure in, gone afterwards however it ends
 *   packets.c   what a packet costs in a program
 *   commands.c  what a command costs as a whole process
 *   table.c     rows, medians, spread, aims
 */
#ifndef PORTGUARD_BENCH_H
#define PORTGUARD_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#define ROUNDS_MAX 64
#define BENCH_PATH 512

/* Says what failed and ends the process: a benchmark has nothing to go on with. */
__attribute__((noreturn, format(printf, 1, 2))) void die(const char *format, ...);

/* Sorts @values. */
double median(double *values, size_t count);

/* --- table.c --- */

struct row {
	const char *section; /* a heading, before its first row */
	const char *name, *unit;
	const char *beside; /* what the row is compared to; NULL: nothing, no ratio */
	double most, most_ratio; /* the aims; 0: none */
	double value[ROUNDS_MAX], base[ROUNDS_MAX];
};

/* Return: how many aims were missed. */
int table_print(const struct row *rows, size_t count, size_t rounds);

/* --- world.c --- */

struct world {
	char cgroup
		[BENCH_PATH]; /* ours; below it guarded_a and guarded_b, and rest: this process */
	char portguard[BENCH_PATH];
};

#define WORLD_DIR "/run/bench" /* a tmpfs that nobody else sees */
#define WORLD_BPFFS WORLD_DIR "/bpf"
#define WORLD_DEVICE_A "bench0"
#define WORLD_DEVICE_B "bench1"

/**
 * world_run() - Run @body in a process that has its own network, mounts, bpffs and cgroup.
 * Waits for it, or for a signal that ends both, and takes away what outlives processes: the cgroup.
 * Return: the exit code of @body, or 128 and the signal's number.
 */
int world_run(struct world *w, int (*body)(const struct world *w, void *data), void *data);

/* Write a policy of @rules rules (1: port 80 alone) for @device. */
void world_policy(const char *path, const char *device, unsigned rules);

/* --- packets.c --- */

enum packet_kind { DROP, DROP_SPREAD, ALLOWED, FLOW, SOCKET, PACKET_KINDS };

struct packets {
	int base,
		base_spread; /* programs that do nothing; the second with other sources each time */
	int base_array;
	int inbound, spread, spread_array, outbound;
	int listener, client, server; /* an open TCP connection, for SOCKET */
	unsigned turns, repeat;
};

/* Open the programs of an instance whose pins are in @pins. */
void packets_open(struct packets *p, const char *pins, unsigned turns, unsigned repeat);
void packets_close(struct packets *p);

/**
 * packets_measure() - What a packet of each of the first @kinds takes over an empty program, in ns.
 * Return: what the empty program takes.
 */
double packets_measure(const struct packets *p, size_t kinds, double *ret_ns);

/* --- commands.c --- */

struct cost {
	double wall_us, cpu_us; /* from posix_spawn to wait4, and what wait4 says */
};

/* A command that must succeed; its output goes to @out_fd, or, -1, nowhere. */
struct cost command(char *const argv[], int out_fd);

#define COMMAND_WORDS 16
struct command_line {
	const char *argv[COMMAND_WORDS];
};

/* portguard --instance @instance WORD… */
struct command_line portguard(const struct world *w, const char *instance,
			      const char *const words[]);

struct agent {
	pid_t pid;
	double ready_ms; /* from posix_spawn to `portguard: ready` */
};
struct agent agent_start(const struct world *w, const char *instance, const char *const words[]);
void agent_end(const struct agent *a);

struct memory {
	double agent_kib, maps_kib;
};
struct memory memory_of(const struct world *w, const char *instance);

#endif
