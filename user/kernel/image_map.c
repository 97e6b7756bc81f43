// SPDX-License-Identifier: GPL-2.0-only
/*
 * The image of each slot: the text that it was compiled from, pinned beside it. It is written before
 * its slot comes in force, into a map that is made anew where the text has outgrown it, and a large one
 * is given back when its policy is out of force.
 */
#include "kernel/image_map.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>

#include "kernel/load.h"
#include "kernel/map.h"
#include "policy/image.h"
#include "portguard/abi.h"
#include "util/cleanup.h"

#define SPARE_BYTES (64 * 1024)
#define LEAST_BYTES (SPARE_BYTES + PG_IMAGE_PAGE)

static void image_name(char name[16], uint32_t slot)
{
	(void)snprintf(name, 16, "pg_image%u", slot & 1);
}

int image_map_read(const struct paths *paths, uint32_t slot, struct policy *ret,
		   struct pg_error *err)
{
	struct pg_image *image = NULL;
	char name[16];
	long size;
	int r;

	image_name(name, slot);
	size = map_pinned(paths, name, false, (void **)&image);
	if (size < 0)
		return pg_fail(err, size, PG_EXIT_UNAVAILABLE, "policy in force: %s: %s", name,
			       strerror(-size));
	if (image->length > (size_t)size - sizeof(*image))
		r = pg_fail(err, -EPROTO, PG_EXIT_UNAVAILABLE,
			    "policy in force: its image is damaged");
	else
		r = image_read(image->text, image->length, ret, err);
	map_release(image, size);
	return r;
}

static int make_map(const struct paths *paths, const char *name, size_t bytes)
{
	LIBBPF_OPTS(bpf_map_create_opts, options, .map_flags = BPF_F_MMAPABLE);
	_cleanup_close_ int fd =
		bpf_map_create(BPF_MAP_TYPE_ARRAY, name, sizeof(uint32_t), PG_IMAGE_PAGE,
			       (bytes + PG_IMAGE_PAGE - 1) / PG_IMAGE_PAGE, &options);

	if (fd < 0)
		return -errno;
	pin_drop(paths, name);
	return pin_make(paths, name, fd);
}

void image_map_shrink(const struct paths *paths, uint32_t slot)
{
	struct pg_image *image = NULL;
	char name[16];
	long size;

	image_name(name, slot);
	size = map_pinned(paths, name, false, (void **)&image);
	map_release(image, size);
	if (size > LEAST_BYTES)
		(void)make_map(paths, name, LEAST_BYTES); /* else it stays as it is */
}

int image_map_write(const struct paths *paths, uint32_t slot, const struct policy *p)
{
	struct pg_image *image = NULL;
	_cleanup_free_ char *text = NULL;
	size_t length;
	char name[16];
	long size;
	int r;

	image_name(name, slot);
	text = image_write(p, &length);
	if (!text)
		return -ENOMEM;
	size = map_pinned(paths, name, true, (void **)&image);
	if (size < 0 || length + sizeof(*image) > (size_t)size) {
		map_release(image, size);
		r = make_map(paths, name, sizeof(*image) + length + SPARE_BYTES);
		if (r)
			return r;
		size = map_pinned(paths, name, true, (void **)&image);
		if (size < 0)
			return size;
	}
	image->length = 0;
	memcpy(image->text, text, length);
	image->length = length;
	map_release(image, size);
	return 0;
}
