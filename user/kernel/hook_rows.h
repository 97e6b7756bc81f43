/* SPDX-License-Identifier: GPL-2.0-only */
/* Where each hook is, or ought to be, as status and metrics tell it. */
#ifndef PORTGUARD_HOOK_ROWS_H
#define PORTGUARD_HOOK_ROWS_H

#include "kernel/state.h"

struct hook_row {
	const char *hook;	/* one of the seven, `flows` (egress) or `scopes` (cgroup_mkdir) */
	const char *via;
	char *target;		/* directory of a cgroup, name of a device, tracepoint */
	uint32_t device;	/* index of the device that the target names, or 0 */
	bool attached;
};

struct hook_rows {
	struct hook_row *list;
	size_t count;
};

/* Each hook at each place where it is, or where @p wants it. 0 or -errno. */
int hook_rows_read(const struct state *s, const struct policy *p, struct hook_rows *ret);
void hook_rows_free(struct hook_rows *rows);
#define _cleanup_hook_rows_ __attribute__((cleanup(hook_rows_free)))

#endif
