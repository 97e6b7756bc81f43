// SPDX-License-Identifier: GPL-2.0-only
/* Sums of a running instance; see sums.h. */
#include "kernel/sums.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>

#include "kernel/load.h"
#include "kernel/map.h"
#include "kernel/peers.h"
#include "util/cleanup.h"

#define BATCH 256 /* entries; no bucket of a hash holds more */
#define KEY_MAX 64
#define VALUE_MAX 16

int image_sum(const struct paths *paths, uint32_t slot, uint64_t *ret, char **ret_text,
	      size_t *ret_length)
{
	struct pg_image *image = NULL;
	char name[16];
	size_t length;
	long size;

	(void)snprintf(name, sizeof(name), "pg_image%u", slot & 1);
	size = map_pinned(paths, name, false, (void **)&image);
	if (size < 0)
		return size;
	length = image->length;
	if (length > (size_t)size - sizeof(*image))
		length = 0; /* damaged: the sum tells */
	*ret = checksum_bytes(0, &image->length, sizeof(image->length)) +
	       checksum_bytes(sizeof(*image), image->text, length);
	if (ret_text) {
		*ret_length = length;
		*ret_text = length ? strndup(image->text, length) : NULL;
	}
	map_release(image, size);
	return 0;
}

int walk_begin(struct walk *w, int fd)
{
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		return -errno;
	if (info.key_size > KEY_MAX || info.value_size > VALUE_MAX)
		return -EINVAL;
	*w = (struct walk){
		.fd = fd,
		.key_size = info.key_size,
		.value_size = info.value_size,
	};
	return 0;
}

static int step_batch(struct walk *w)
{
	char keys[BATCH * KEY_MAX], values[BATCH * VALUE_MAX], next[KEY_MAX];
	__u32 count = BATCH;
	int r = bpf_map_lookup_batch(w->fd, w->begun ? w->at : NULL, next, keys, values, &count,
				     NULL)
			? -errno
			: 0;

	if (r && r != -ENOENT)
		return r;
	for (__u32 i = 0; i < count; i++)
		w->sum += checksum_entry(keys + i * w->key_size, w->key_size,
					 values + i * w->value_size, w->value_size);
	memcpy(w->at, next, sizeof(w->at));
	w->begun = true;
	return r ? 1 : 0;
}

int walk_step(struct walk *w, size_t entries)
{
	int r = 0;

	for (size_t done = 0; !r && done < entries; done += BATCH)
		r = step_batch(w);
	return r;
}

int map_sum(int fd, uint64_t *ret)
{
	struct walk w = { 0 };
	int r = walk_begin(&w, fd);

	while (!r)
		r = walk_step(&w, SIZE_MAX / 2);
	if (r == 1)
		*ret = w.sum;
	return r == 1 ? 0 : r;
}

static void seal(struct state *s, const char *name, __u64 *sum)
{
	_cleanup_close_ int fd = pin_open(s->paths, name);
	uint64_t now;

	if (fd >= 0 && !map_sum(fd, &now))
		*sum = now;
}

void sums_seal_devices(struct state *s)
{
	seal(s, "pg_ifaces", &s->meta->sums.ifaces);
	seal(s, "pg_devices", &s->meta->sums.devices);
}

uint64_t groups_sum(const struct state *s)
{
	return checksum_bytes(0, s->groups, sizeof(*s->groups) * PG_MAX_GROUPS);
}

uint64_t rules_sum(const struct state *s)
{
	return checksum_bytes(0, s->rules, sizeof(*s->rules) * (PG_MAX_RULES + 1));
}

void sums_seal_classes(struct state *s)
{
	_cleanup_close_ int peers = pin_open(s->paths, "pg_peers");

	if (peers >= 0)
		s->meta->sums.peers = peers_sum(peers);
	seal(s, "pg_cases", &s->meta->sums.cases);
	seal(s, "pg_callers", &s->meta->sums.callers);
	s->meta->sums.groups = groups_sum(s);
	s->meta->sums.rules = rules_sum(s);
}
