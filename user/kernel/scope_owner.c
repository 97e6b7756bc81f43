// SPDX-License-Identifier: GPL-2.0-only
/* Owners by the id of a cgroup; see scope_owner.h. */
#include "kernel/scope_owner.h"

#include <stdio.h>
#include <string.h>

#include "kernel/cgroup.h"

int scope_owners_open(const struct policy *p, struct scope_owners *ret)
{
	struct scope_owners o = { .files = { .files_root = "" } };
	char directory[PATH_MAX];
	size_t skip;
	int r = 0;

	if (p->scope_count && !cgroup_mount(o.mount, sizeof(o.mount)) &&
	    !cgroup_directory(p->cgroup, directory, sizeof(directory), NULL))
		r = owner_patterns(p, &o.patterns);
	if (r)
		return r;
	if (o.patterns.count) {
		skip = strlen(o.mount);
		(void)snprintf(o.root, sizeof(o.root), "%s",
			       strncmp(directory, o.mount, skip) ? "" : directory + skip);
		for (skip = strlen(o.root); skip && o.root[skip - 1] == '/';)
			o.root[--skip] = '\0';
	}
	*ret = o;
	ret->names = (struct owner_names){ .data = &ret->files, .container_name = container_reader_name };
	ret->patterns.names = &ret->names;
	return 0;
}

void scope_owners_close(struct scope_owners *o)
{
	owner_patterns_free(&o->patterns);
	container_reader_free(&o->files);
}

bool scope_owners_find(const struct scope_owners *o, uint64_t cgroup, uint16_t ret[PG_OWNERS])
{
	size_t at = strlen(o->root);
	struct cgroup_owner owner;
	char path[PATH_MAX];
	bool found = false;

	memset(ret, 0, PG_OWNERS * sizeof(*ret));
	if (!o->patterns.count || !cgroup || cgroup_path(o->mount, cgroup, path, sizeof(path)) ||
	    strncmp(path, o->root, at) != 0 || (path[at] && path[at] != '/'))
		return false;
	owner_of_root(&o->patterns, at ? path : "/", at ? at : 1, &owner);
	while (path[at] && path[at + 1]) {
		at += 1 + strcspn(path + at + 1, "/");
		owner_below(&o->patterns, &owner, path, at, &owner);
	}
	memcpy(ret, owner.scope, sizeof(owner.scope));
	for (unsigned i = 0; i < PG_OWNERS; i++)
		found |= ret[i] != 0;
	return found;
}
