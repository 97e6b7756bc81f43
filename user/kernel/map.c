// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/map.h"

#include <errno.h>
#include <sys/mman.h>

#include <bpf/bpf.h>

#include "kernel/load.h"
#include "util/cleanup.h"

long map_bytes(int fd)
{
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		return -errno;
	return (long)(((size_t)info.value_size + 7) / 8 * 8 * info.max_entries);
}

long map_pinned(const struct paths *paths, const char *name, bool write, void **ret)
{
	_cleanup_close_ int fd = pin_open(paths, name);
	long bytes = fd < 0 ? fd : map_bytes(fd);
	void *at;

	if (bytes < 0)
		return bytes;
	at = mmap(NULL, bytes, PROT_READ | (write ? PROT_WRITE : 0), MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	*ret = at;
	return bytes;
}

int map_holds(int outer, uint32_t place, int inner)
{
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info);
	uint32_t id;

	if (bpf_map_lookup_elem(outer, &place, &id) || bpf_obj_get_info_by_fd(inner, &info, &size))
		return -errno;
	return id == info.id ? 0 : -ESTALE;
}

int map_put(int outer, uint32_t place, int inner)
{
	return bpf_map_update_elem(outer, &place, &inner, BPF_ANY) ? -errno : 0;
}

void map_release(void *at, size_t size)
{
	if (at)
		(void)munmap(at, size);
}
