// SPDX-License-Identifier: GPL-2.0-only
/* Places of cgroups; see place.h. */
#include "policy/place.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "portguard/place.h"

_Static_assert(PLACE_ID == PG_ID_MAX + 1, "an id and its end");

/* What is left of @path below @root; all of it where it is not below. */
static const char *below(const char *root, const char *path)
{
	size_t length = strlen(root);

	while (length && root[length - 1] == '/')
		length--;
	if (strncmp(path, root, length) || (path[length] && path[length] != '/'))
		return path;
	return path + length;
}

/* On to the name behind the one that ends at name->end. */
static bool next_name(struct pg_bytes *name)
{
	name->at = name->end + (__u32)strspn(name->bytes + name->end, "/");
	name->end = name->at + (__u32)strcspn(name->bytes + name->at, "/");
	return name->end > name->at;
}

/* Kernels have no names that are too long for @to; texts may. */
static void take(const struct pg_bytes *name, __u32 at, __u32 end, char *to, size_t size)
{
	if (end - at >= size)
		return;
	memcpy(to, name->bytes + at, end - at);
	to[end - at] = '\0';
}

void place_of_cgroup(const char *root, const char *path, struct place *ret)
{
	struct pg_bytes name = { .bytes = below(root ? root : "", path ? path : ""), .mask = ~0u };
	__u8 place = PG_PLACE_SLICE;

	*ret = (struct place){ .unit = "" };
	while (place != PG_PLACE_NONE && next_name(&name)) {
		struct pg_named n = pg_name(place, &name);

		if (n.unit)
			take(&name, n.unit_at, name.end, ret->unit, sizeof(ret->unit));
		if (n.container)
			take(&name, n.id_at, n.id_end, ret->container_id,
			     sizeof(ret->container_id));
		place = n.place;
	}
}
