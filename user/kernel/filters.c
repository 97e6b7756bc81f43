// SPDX-License-Identifier: GPL-2.0-only
/* Classic filters; see filters.h. */
#include "kernel/filters.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/attach.h"
#include "kernel/choice.h"
#include "util/cleanup.h"

void filters_free(struct filters *f)
{
	free(f->list);
	*f = (struct filters){ 0 };
}

static uint32_t program_of(const struct filters *f, const struct device *d, bool in)
{
	for (size_t i = 0; i < f->count; i++)
		if (f->list[i].index == d->index && f->list[i].in == in)
			return f->list[i].program;
	return 0;
}

/* @former: one that was there, and is not since somebody has worked under the lock, is missing as others are. */
static int add(struct filters *f, const struct filters *former, const struct paths *paths,
	       const struct device *d, bool in)
{
	enum attach_via via = in ? attached_inbound(paths, d) : attached_outbound(paths, d);
	struct filter one = { .index = d->index, .in = in };
	struct filter *grown;

	if (via == VIA_TC)
		one.program = attached_filter(paths, d->index, in);
	else if (via == VIA_NONE)
		one.program = program_of(former, d, in);
	if (!one.program)
		return 0;
	memcpy(one.device, d->name, sizeof(one.device));
	grown = reallocarray(f->list, f->count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	f->list = grown;
	f->list[f->count++] = one;
	return 0;
}

void filters_find(const struct paths *paths, const struct policy *p, struct filters *f)
{
	_cleanup_filters_ struct filters former = { 0 };
	_cleanup_devices_ struct devices all = { 0 };
	int r = devices_read(&all);

	f->known = false;
	if (r)
		return;
	former = TAKE(*f, (struct filters){ 0 });
	for (size_t i = 0; !r && i < all.count; i++) {
		if (device_choice(p, &all, &all.list[i]) == ATTACH_DEFAULT)
			continue;
		r = add(f, &former, paths, &all.list[i], true);
		r = r ? r : add(f, &former, paths, &all.list[i], false);
	}
	f->known = !r;
}

enum filter_state filter_state(const struct paths *paths, const struct filter *f)
{
	uint32_t program = attached_filter(paths, f->index, f->in);
	char name[IF_NAMESIZE];

	if (program == f->program || !if_indextoname(f->index, name))
		return FILTER_WHOLE;
	return program ? FILTER_REPLACED : FILTER_GONE;
}

int filter_restore(const struct paths *paths, struct filter *f)
{
	_cleanup_devices_ struct devices all = { 0 };
	const struct device *d;
	int r = devices_list(&all);

	d = r ? NULL : devices_by_index(&all, f->index);
	return r ? r : d ? attach_filter_again(paths, d, f->in) : -ENODEV;
}
