/* SPDX-License-Identifier: GPL-2.0-only */
/* Classic tc filters of ours, where the kernel has no TCX: no link holds them, so they are looked up. */
#ifndef PORTGUARD_FILTERS_H
#define PORTGUARD_FILTERS_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/paths.h"
#include "policy/policy.h"

struct filter {
	uint32_t index, program;	/* program: the id of ours */
	bool in;
	char device[IFNAMSIZ];
};

struct filters {
	struct filter *list;
	size_t count;
	bool known;
};

/*
 * Look up the filters on all guarded devices; on failure @f->known stays false. What @f had and is not there, on a
 * device that is still guarded so, stays in it: it is missing.
 */
void filters_find(const struct paths *paths, const struct policy *p, struct filters *f);
void filters_free(struct filters *f);
#define _cleanup_filters_ __attribute__((cleanup(filters_free)))

enum filter_state { FILTER_WHOLE, FILTER_GONE, FILTER_REPLACED };
/* One on a device that is gone counts as whole. */
enum filter_state filter_state(const struct paths *paths, const struct filter *f);
/* Attach it anew, in the place of what is there. 0 or -errno. */
int filter_restore(const struct paths *paths, struct filter *f);

#endif
