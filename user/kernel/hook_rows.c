// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/hook_rows.h"

#include <errno.h>

#include "kernel/guard.h"
#include "policy/list.h"
#include "util/cleanup.h"
#include "util/names.h"

struct reading {
	const struct state *state;
	struct hook_rows rows;
	int error;
};

static void add(struct reading *r, const char *target, struct hook_row row)
{
	row.target = strdup(target);
	if (!row.target || list_append(&r->rows.list, &r->rows.count, &row, sizeof(row))) {
		free(row.target);
		r->error = -ENOMEM;
	}
}

static void add_of_cgroup(void *data, enum pg_hook hook, bool attached, const char *via)
{
	struct reading *r = data;

	add(r, r->state->meta->cgroup_dir,
	    (struct hook_row){ .hook = hook_names[hook], .via = via, .attached = attached });
}

static void add_of_device(struct reading *r, const struct device *d, const char *hook,
			  enum attach_via via)
{
	add(r, d->name,
	    (struct hook_row){ .hook = hook,
			       .via = attach_via_name(via == VIA_NONE ? VIA_TC : via),
			       .device = d->index,
			       .attached = via != VIA_NONE });
}

static void add_devices(struct reading *r, const struct policy *p, const struct devices *all)
{
	const struct paths *paths = r->state->paths;

	for (size_t i = 0; i < all->count; i++) {
		const struct device *d = &all->list[i];
		enum attach_via in = attached_inbound(paths, d), out = attached_outbound(paths, d);

		if (in == VIA_NONE && out == VIA_NONE && device_choice(p, all, d) == ATTACH_DEFAULT)
			continue;
		add_of_device(r, d, hook_names[PG_HOOK_INBOUND], in);
		add_of_device(r, d, "flows", out);
	}
}

void hook_rows_free(struct hook_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		free(rows->list[i].target);
	free(rows->list);
	*rows = (struct hook_rows){ 0 };
}

int hook_rows_read(const struct state *s, const struct policy *p, struct hook_rows *ret)
{
	_cleanup_devices_ struct devices all = { 0 };
	struct reading reading = { .state = s };
	int r = devices_read(&all);

	if (r)
		return r;
	hooks_each(s->paths, guard_hooks(s), add_of_cgroup, &reading);
	if (p->scope_count)
		add(&reading, "cgroup_mkdir",
		    (struct hook_row){ .hook = "scopes",
				       .via = "raw_tp",
				       .attached = hooks_scopes_attached(s->paths) });
	add_devices(&reading, p, &all);
	if (reading.error) {
		hook_rows_free(&reading.rows);
		return reading.error;
	}
	*ret = reading.rows;
	return 0;
}
