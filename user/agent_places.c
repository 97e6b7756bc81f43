// SPDX-License-Identifier: GPL-2.0-only
/* See agent_places.h. */
#include "agent_places.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define BELIEVED 60 /* seconds */

void agent_places_open(struct agent_places *p, const char *root)
{
	*p = (struct agent_places){ .files = { .files_root = "" } };
	(void)snprintf(p->root, sizeof(p->root), "%s", root);
}

void agent_places_close(struct agent_places *p)
{
	container_reader_free(&p->files);
}

void agent_places_tick(struct agent_places *p)
{
	p->second++;
}

/* Which place of the table has @id, or is to have it. */
static unsigned place_for(struct agent_places *p, const char *id)
{
	for (unsigned i = 0; i < AGENT_PLACES; i++)
		if (!strcmp(p->names[i].id, id))
			return i;
	return p->next++ % AGENT_PLACES;
}

static const char *container_of(struct agent_places *p, const char *id)
{
	unsigned i = place_for(p, id);
	unsigned age = p->second - p->names[i].second;
	const char *name;

	if (strcmp(p->names[i].id, id) || age > (p->names[i].name[0] ? BELIEVED : 0)) {
		name = container_reader_name(&p->files, id);
		(void)snprintf(p->names[i].id, sizeof(p->names[i].id), "%s", id);
		(void)snprintf(p->names[i].name, sizeof(p->names[i].name), "%s", name ? name : "");
		p->names[i].second = p->second;
	}
	return p->names[i].name[0] ? p->names[i].name : NULL;
}

void agent_places_find(struct agent_places *p, const char *cgroup, struct process_place *ret)
{
	place_of_cgroup(p->root, cgroup, &p->last);
	*ret = (struct process_place){ .unit = p->last.unit };
	if (!p->last.container_id[0])
		return;
	ret->container_id = p->last.container_id;
	ret->container_name = container_of(p, p->last.container_id);
}
