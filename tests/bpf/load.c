// SPDX-License-Identifier: GPL-2.0-only
/* Programs are loaded by a process for each CPU: all of them are there then, or the start has failed. */
#include <criterion/criterion.h>
#include <errno.h>
#include <sched.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "bpf/lib/guarded.h"
#include "kernel/load.h"
#include "kernel/load_parts.h"
#include "pg_bpf.skel.h"
#include "util/cleanup.h"

/* One of several ways: the kernel may not have it. */
static bool is_optional(const struct bpf_program *program)
{
	return !strcmp(bpf_program__name(program), "pg_listen_lsm") ||
	       !strcmp(bpf_program__name(program), "pg_listen_fmod");
}

static void open_object(struct load_parts *parts, struct pg_bpf **ret)
{
	struct bpf_program *program;

	cr_assert_eq(load_parts_open(parts, 0, ret), 0);
	bpf_object__for_each_program(program, (*ret)->obj)
		if (is_optional(program))
			(void)bpf_program__set_autoload(program, false);
}

static int load(const struct paths *paths, struct load_parts *parts, struct pg_bpf *b)
{
	int r = load_parts_maps(parts, b), ended;

	r = r ? r : load_parts_begin(parts, paths, b, 0);
	ended = load_parts_end(parts);
	return r ? r : ended;
}

static void expect_all_pinned(const struct paths *paths, const struct pg_bpf *b)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, b->obj) {
		_cleanup_close_ int fd = pin_open(paths, bpf_program__name(program));

		cr_assert(is_optional(program) || fd >= 0, "%s", bpf_program__name(program));
	}
}

Test(load, one_process_for_each_cpu_has_its_part)
{
	_cleanup_object_ struct pg_bpf *b = NULL;
	struct load_parts parts;
	struct paths paths;
	cpu_set_t cpus;

	own_pins(&paths);
	open_object(&parts, &b);
	cr_assert_eq(sched_getaffinity(0, sizeof(cpus), &cpus), 0);
	cr_assert_eq(parts.count, CPU_COUNT(&cpus) < LOAD_PARTS ? CPU_COUNT(&cpus) : LOAD_PARTS);
	cr_assert_eq(load(&paths, &parts, b), 0);
	for (unsigned i = 0; parts.count > 1 && i < parts.count; i++)
		cr_assert_neq(parts.list[i].programs, 0);
	expect_all_pinned(&paths, b);
}

Test(load, on_one_cpu_there_is_one_process)
{
	_cleanup_object_ struct pg_bpf *b = NULL;
	struct load_parts parts;
	struct paths paths;

	own_pins(&paths);
	stay_on_one_cpu();
	open_object(&parts, &b);
	cr_assert_eq(parts.count, 1);
	cr_assert_eq(load(&paths, &parts, b), 0);
	expect_all_pinned(&paths, b);
}

/* In the place of the first of a part's programs something is pinned already. */
static void take_place(const struct paths *paths, const struct pg_bpf *b, uint64_t programs)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, b->obj) {
		if (programs & 1)
			break;
		programs >>= 1;
	}
	cr_assert_not_null(program);
	cr_assert_eq(pin_make(paths, bpf_program__name(program), bpf_map__fd(b->maps.pg_meta)), 0);
}

Test(load, another_process_that_fails_is_told)
{
	_cleanup_object_ struct pg_bpf *b = NULL;
	struct load_parts parts;
	struct paths paths;

	own_pins(&paths);
	open_object(&parts, &b);
	cr_assert_eq(load_parts_maps(&parts, b), 0);
	if (parts.count < 2)
		cr_skip_test("one CPU");
	take_place(&paths, b, parts.list[1].programs);
	cr_expect_eq(load_parts_begin(&parts, &paths, b, 0), 0, "ours is loaded");
	cr_expect_eq(load_parts_end(&parts), -EEXIST);
}
