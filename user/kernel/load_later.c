// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs for devices that a start has left out, since it knew of no device that wants them: the agent loads them
 * as soon as it has said that it is ready, and whoever works on devices, if they are not there by then.
 */
#include <errno.h>

#include <bpf/libbpf.h>

#include "kernel/casts.h"
#include "kernel/choice.h"
#include "kernel/load.h"
#include "kernel/types.h"
#include "pg_bpf.skel.h"
#include "util/cleanup.h"

static unsigned missing_programs(const struct paths *paths)
{
	unsigned missing = 0;

	for (unsigned i = 0; i < DEVICE_PROGRAMS; i++) {
		_cleanup_close_ int fd = pin_open(paths, device_programs[i]);

		missing |= fd == -ENOENT ? 1u << i : 0;
	}
	return missing;
}

static int load_these(const struct paths *paths, unsigned programs, const struct types *kernel, int cast)
{
	_cleanup_object_ struct pg_bpf *b = NULL;
	struct bpf_program *prog;
	int r = object_again(paths, kernel, cast, &b);

	if (r)
		return r;
	bpf_object__for_each_program(prog, b->obj)
		(void)bpf_program__set_autoload(prog, false);
	object_choose(b, programs);
	r = pg_bpf__load(b);
	return r ? r : object_pin_programs(paths, b);
}

int load_later(const struct paths *paths)
{
	_cleanup_types_ struct types kernel = { .data = NULL };
	unsigned missing = missing_programs(paths);
	int cast, r;

	if (!missing)
		return 0;
	types_open(&kernel);
	cast = casts_probe(&kernel);
	r = load_these(paths, missing, &kernel, cast);
	if (r && cast) /* as at the start: see load.c */
		r = load_these(paths, missing_programs(paths), &kernel, 0);
	return r;
}
