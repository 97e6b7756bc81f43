/* SPDX-License-Identifier: GPL-2.0-only */
/* The object that has the programs and maps: opened, fitted to this machine, put over maps that are there. */
#ifndef PORTGUARD_OBJECT_H
#define PORTGUARD_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/paths.h"
#include "policy/policy.h"
#include "util/cleanup.h"

struct pg_bpf;
struct types;

/* Open it. @cast: casts_probe()'s. @types: a file of the kernel's types; NULL: its own. 0 or -errno, as all here. */
int object_open(int cast, const char *types, struct pg_bpf **ret);
void object_free(struct pg_bpf **b);
#define _cleanup_object_ _cleanup_(object_free)

/* Constants, sizes of maps, and which programs are optional. @kernel: the kernel's types. */
int object_fit(struct pg_bpf *b, const struct policy *p, const struct types *kernel);

/* Of the programs for devices, load those of @programs (choice.h) and no others. */
void object_choose(struct pg_bpf *b, unsigned programs);

/* Which of the maps that are pinned already new programs are to use. */
enum load_maps {
	LOAD_ALL_MAPS,		/* every one */
	LOAD_LASTING_MAPS,	/* counters, flows, events: what outlives the layout of a policy's tables */
};
/* Use those of @from that have the same layout. *ret_same: all are there and have. */
int object_use_maps(struct pg_bpf *b, const struct paths *from, enum load_maps which, bool *ret_same);
/* Opened over all maps of an instance of this build, for programs that are to be loaded into it. */
int object_again(const struct paths *paths, const struct types *kernel, int cast, struct pg_bpf **ret);

/* What tells this build's programs from others'. */
uint64_t object_build(void);

/* Pin what was loaded. */
int object_pin_programs(const struct paths *paths, const struct pg_bpf *b);

#endif
