// SPDX-License-Identifier: GPL-2.0-only
#include "events/published.h"

#include <errno.h>
#include <string.h>

#include "events/outputs.h"
#include "util/cleanup.h"

static int add(void *data, const char *name, const struct spool_figures *f, const char *error)
{
	struct published *p = data;
	struct output_figures *grown = reallocarray(p->list, p->count + 1, sizeof(*grown));
	struct output_figures *o;

	if (!grown)
		return -ENOMEM;
	p->list = grown;
	o = &grown[p->count++];
	*o = (struct output_figures){
		.name = strdup(name),
		.sent = f->sent,
		.filtered = f->filtered,
		.queued = f->queued,
		.lost = f->lost,
		.error = error ? strdup(error) : NULL,
	};
	return o->name && (o->error || !error) ? 0 : -ENOMEM;
}

int published_read(const char *dir, struct published *ret)
{
	_cleanup_published_ struct published p = { 0 };
	int r = outputs_each(dir, add, &p);

	if (!r)
		*ret = TAKE(p, (struct published){ 0 });
	return r;
}

void published_free(struct published *p)
{
	for (size_t i = 0; i < p->count; i++) {
		free(p->list[i].name);
		free(p->list[i].error);
	}
	free(p->list);
	*p = (struct published){ 0 };
}
