/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The programs, loaded by several processes at once. The verifier takes nearly all of the time of a start, and
 * works for each caller by itself. So on each CPU that we may use a process opens the object anew, with the maps
 * that are there, and loads and pins its part of the programs. Processes, not threads: libbpf needs to know nothing
 * of it, the memory that it took goes with them, and one that fails has changed nothing here.
 */
#ifndef PORTGUARD_LOAD_PARTS_H
#define PORTGUARD_LOAD_PARTS_H

#include <stdint.h>
#include <sys/types.h>

#include "kernel/paths.h"

struct pg_bpf;

#define LOAD_PARTS 4 /* at most: to open the object and to find the kernel's types each has to do by itself */

struct load_part {
	uint64_t programs;	/* a bit for each, by its place in the object */
	uint64_t weight;
	pid_t pid;		/* of whom it was given to, or -errno */
};

struct load_parts {
	struct load_part list[LOAD_PARTS];	/* the first is ours */
	unsigned count;
	int types_fd;
};

/*
 * In this order; each returns 0 or -errno, and load_parts_end() comes last whatever they said. With one CPU for us
 * @main loads all by itself.
 */
/* Open the object that is to have the maps. @cast: object_open()'s. */
int load_parts_open(struct load_parts *p, int cast, struct pg_bpf **ret);
/* Load the maps, and part the programs that @main would have loaded. */
int load_parts_maps(struct load_parts *p, struct pg_bpf *main);
/* Load and pin the programs: ours are there when this returns, … */
int load_parts_begin(struct load_parts *p, const struct paths *paths, const struct pg_bpf *main,
		     int cast);
/* … all when this does. */
int load_parts_end(struct load_parts *p);

/* Load and pin one program with the maps of @main. */
int load_alone(const struct paths *paths, const struct pg_bpf *main, int cast, const char *name);

#endif
