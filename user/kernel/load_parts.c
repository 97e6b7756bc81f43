// SPDX-License-Identifier: GPL-2.0-only
/* Programs loaded by several processes; see load_parts.h. */
#include "kernel/load_parts.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "kernel/object.h"
#include "pg_bpf.skel.h"
#include "util/child.h"
#include "util/cleanup.h"

/* --- parting ------------------------------------------------------------------------------------ */

static unsigned usable_cpus(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) ? 1 : (unsigned)CPU_COUNT(&set);
}

static struct load_part *lightest(struct load_parts *p)
{
	struct load_part *least = &p->list[0];

	for (unsigned i = 1; i < p->count; i++)
		if (p->list[i].weight < least->weight)
			least = &p->list[i];
	return least;
}

/* The largest program that is still to be loaded by the object itself. *ret_bit: its. */
static struct bpf_program *largest(const struct pg_bpf *b, uint64_t *ret_bit)
{
	struct bpf_program *prog, *most = NULL;
	uint64_t bit = 1;

	bpf_object__for_each_program(prog, b->obj) {
		if (bpf_program__autoload(prog) &&
		    (!most || bpf_program__insn_cnt(prog) > bpf_program__insn_cnt(most))) {
			most = prog;
			*ret_bit = bit;
		}
		bit <<= 1;
	}
	return most;
}

static void part_programs(struct load_parts *p, struct pg_bpf *main)
{
	struct bpf_program *prog;
	uint64_t bit = 0;

	while ((prog = largest(main, &bit))) {
		struct load_part *to = lightest(p);

		to->programs |= bit;
		to->weight += bpf_program__insn_cnt(prog);
		(void)bpf_program__set_autoload(prog, false);
	}
}

/* --- the maps ----------------------------------------------------------------------------------- */

/* A file of no types: who loads no program needs none, and libbpf reads those of the whole kernel (10 ms). */
static int no_types(void)
{
	struct btf *empty = btf__new_empty();
	__u32 size = 0;
	const void *data = empty ? btf__raw_data(empty, &size) : NULL;
	_cleanup_close_ int fd = memfd_create("types", MFD_CLOEXEC);
	bool written = data && fd >= 0 && write(fd, data, size) == (ssize_t)size;

	btf__free(empty);
	return written ? TAKE_FD(fd) : -1;
}

int load_parts_open(struct load_parts *p, int cast, struct pg_bpf **ret)
{
	unsigned cpus = usable_cpus();
	char types[32];

	*p = (struct load_parts){ .count = cpus < LOAD_PARTS ? cpus : LOAD_PARTS, .types_fd = -1 };
	if (p->count > 1)
		p->types_fd = no_types();
	(void)snprintf(types, sizeof(types), "/proc/self/fd/%d", p->types_fd);
	return object_open(cast, p->types_fd < 0 ? NULL : types, ret);
}

int load_parts_maps(struct load_parts *p, struct pg_bpf *main)
{
	if (p->count > 1)
		part_programs(p, main);
	return pg_bpf__load(main);
}

/* --- a part ------------------------------------------------------------------------------------- */

static int use_maps_of(struct pg_bpf *b, const struct pg_bpf *main)
{
	struct bpf_map *map, *same = NULL;
	int r = 0;

	bpf_object__for_each_map(map, b->obj) {
		same = bpf_object__next_map(main->obj, same);
		r = r ? r : bpf_map__reuse_fd(map, bpf_map__fd(same));
	}
	return r;
}

static int load_part(const struct paths *paths, const struct pg_bpf *main, int cast, uint64_t programs)
{
	_cleanup_object_ struct pg_bpf *b = NULL;
	struct bpf_program *prog, *same = NULL;
	int r = object_open(cast, NULL, &b);

	if (r)
		return r;
	bpf_object__for_each_program(prog, b->obj) {
		same = bpf_object__next_program(main->obj, same);
		(void)bpf_program__set_autoload(prog, programs & 1);
		(void)bpf_program__set_flags(prog, bpf_program__flags(same));
		programs >>= 1;
	}
	r = use_maps_of(b, main);
	r = r ? r : pg_bpf__load(b);
	return r ? r : object_pin_programs(paths, b);
}

int load_alone(const struct paths *paths, const struct pg_bpf *main, int cast, const char *name)
{
	struct bpf_program *prog;
	uint64_t bit = 1;

	bpf_object__for_each_program(prog, main->obj) {
		if (!strcmp(bpf_program__name(prog), name))
			return load_part(paths, main, cast, bit);
		bit <<= 1;
	}
	return -ENOENT;
}

/* --- all of them -------------------------------------------------------------------------------- */

struct job {
	const struct paths *paths;
	const struct pg_bpf *main;
	int cast;
	uint64_t programs;
};

static int do_job(void *data)
{
	const struct job *j = data;

	return load_part(j->paths, j->main, j->cast, j->programs);
}

int load_parts_begin(struct load_parts *p, const struct paths *paths, const struct pg_bpf *main,
		     int cast)
{
	uint64_t ours = p->list[0].programs;

	if (p->count < 2)
		return object_pin_programs(paths, main);
	for (unsigned i = 1; i < p->count; i++) {
		struct job job = { paths, main, cast, p->list[i].programs };

		p->list[i].pid = child_begin(do_job, &job);
		if (p->list[i].pid < 0) /* no process is to be had */
			ours |= p->list[i].programs;
	}
	return load_part(paths, main, cast, ours);
}

int load_parts_end(struct load_parts *p)
{
	int r = 0;

	cleanup_close(&p->types_fd);
	for (unsigned i = 1; i < p->count; i++) {
		int ended = p->list[i].pid > 0 ? child_end(p->list[i].pid) : 0;

		r = r ? r : ended;
	}
	return r;
}
