// SPDX-License-Identifier: GPL-2.0-only
/*
 * The object; see object.h. What a kernel lacks is probed, never guessed from its version. No other file has the
 * bytes of the object, which are nearly a megabyte.
 */
#include "kernel/object.h"

#include <errno.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "kernel/casts.h"
#include "kernel/checksum.h"
#include "kernel/choice.h"
#include "kernel/load.h"
#include "kernel/types.h"
#include "pg_bpf.skel.h"
#include "portguard/abi.h"

#ifndef BPF_F_XDP_HAS_FRAGS
#define BPF_F_XDP_HAS_FRAGS (1U << 5)
#endif

void object_free(struct pg_bpf **b)
{
	if (*b)
		pg_bpf__destroy(*b);
}

int object_open(int cast, const char *types, struct pg_bpf **ret)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .btf_custom_path = types);
	_cleanup_object_ struct pg_bpf *b = calloc(1, sizeof(*b));
	_cleanup_free_ void *object = NULL;
	int r = b ? pg_bpf__create_skeleton(b) : -ENOMEM;

	if (r)
		return r;
	if (cast) {
		object = malloc(b->skeleton->data_sz);
		if (!object)
			return -ENOMEM;
		memcpy(object, b->skeleton->data, b->skeleton->data_sz);
		casts_put(object, b->skeleton->data_sz, cast);
		b->skeleton->data = object;
	}
	r = bpf_object__open_skeleton(b->skeleton, &options);
	if (r)
		return r;
	b->skeleton->data = NULL; /* it has been read */
	b->rodata->pg_casts = cast != 0;
	*ret = TAKE_PTR(b);
	return 0;
}

/* From Linux 6.1 on programs of every kind may allocate (struct bpf_mem_alloc): then a map grows as it fills. */
static int cgroups_made_as_needed(struct pg_bpf *b, const struct types *kernel)
{
	if (types_find(kernel, "bpf_mem_alloc", BTF_KIND_STRUCT))
		return bpf_map__set_map_flags(b->maps.pg_cgroups, BPF_F_NO_PREALLOC);
	return 0;
}

int object_fit(struct pg_bpf *b, const struct policy *p, const struct types *kernel)
{
	int cpus = libbpf_num_possible_cpus(), r;
	bool frags = libbpf_probe_bpf_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_xdp_load_bytes, NULL) == 1;
	uint64_t cookie;
	uint32_t inum;

	r = netns_identity(&cookie, &inum);
	if (r)
		return r;
	b->rodata->pg_xdp_load = frags;
	b->rodata->pg_netns_by_inum = !cookie;
	if (frags)
		(void)bpf_program__set_flags(b->progs.pg_in_xdp, BPF_F_XDP_HAS_FRAGS);
	(void)bpf_program__set_autoload(b->progs.pg_listen_lsm, false);
	(void)bpf_program__set_autoload(b->progs.pg_listen_fmod, false);
	r = cgroups_made_as_needed(b, kernel);
	r = r ? r : bpf_map__set_max_entries(b->maps.pg_counts, (cpus + 1) * PG_COUNT_REGION);
	r = r ? r : bpf_map__set_max_entries(b->maps.pg_captured, cpus);
	r = r ? r : bpf_map__set_max_entries(b->maps.pg_seen, cpus * PG_SEEN_REGION);
	r = r ? r : bpf_map__set_max_entries(b->maps.pg_reported, cpus * PG_SEEN_REGION);
	r = r ? r : bpf_map__set_max_entries(b->maps.pg_flows, p->flows_max);
	return r;
}

void object_choose(struct pg_bpf *b, unsigned programs)
{
	for (size_t i = 0; i < DEVICE_PROGRAMS; i++)
		(void)bpf_program__set_autoload(
			bpf_object__find_program_by_name(b->obj, device_programs[i]),
			programs & 1u << i);
}

/* What programs and agents count, and whom they remember, whatever the policy's tables look like. */
static bool is_lasting(const char *name)
{
	static const char *const names[] = {
		"pg_flows",  "pg_fragments", "pg_asked",    "pg_heard",  "pg_devices",
		"pg_counts", "pg_seen",      "pg_reported", "pg_events", "pg_journal",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

/* As large as the policy, or the build that began, wanted them: that holds as long as the instance lives. */
static bool has_its_size(const char *name)
{
	static const char *const names[] = { "pg_flows", "pg_asked", "pg_heard", "pg_events",
					     "pg_cases" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

static bool has_same_layout(const struct bpf_map *map, int fd)
{
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info);

	return !bpf_obj_get_info_by_fd(fd, &info, &size) && info.type == bpf_map__type(map) &&
	       info.key_size == bpf_map__key_size(map) &&
	       info.value_size == bpf_map__value_size(map) &&
	       info.map_flags == bpf_map__map_flags(map) &&
	       (info.max_entries == bpf_map__max_entries(map) || has_its_size(bpf_map__name(map)));
}

int object_use_maps(struct pg_bpf *b, const struct paths *from, enum load_maps which,
		    bool *ret_same)
{
	struct bpf_map *map;
	int r = 0;

	*ret_same = true;
	bpf_object__for_each_map(map, b->obj) {
		_cleanup_close_ int fd = -1;

		if (bpf_map__is_internal(map))
			continue;
		if (which == LOAD_ALL_MAPS || is_lasting(bpf_map__name(map)))
			fd = pin_open(from, bpf_map__name(map));
		if (fd < 0 || !has_same_layout(map, fd))
			*ret_same = false;
		else
			r = r ? r : bpf_map__reuse_fd(map, fd);
	}
	return r;
}

int object_again(const struct paths *paths, const struct types *kernel, int cast, struct pg_bpf **ret)
{
	const struct policy any = { .flows_max = 1 }; /* maps have the sizes that they have */
	_cleanup_object_ struct pg_bpf *b = NULL;
	bool same = true;
	int r = object_open(cast, NULL, &b);

	r = r ? r : object_fit(b, &any, kernel);
	r = r ? r : object_use_maps(b, paths, LOAD_ALL_MAPS, &same);
	if (r || !same)
		return r ? r : -EPROTO;
	*ret = TAKE_PTR(b);
	return 0;
}

int object_pin_programs(const struct paths *paths, const struct pg_bpf *b)
{
	struct bpf_program *prog;
	int r = 0;

	bpf_object__for_each_program(prog, b->obj)
		if (!r && bpf_program__fd(prog) >= 0)
			r = pin_make(paths, bpf_program__name(prog), bpf_program__fd(prog));
	return r;
}

uint64_t object_build(void)
{
	size_t size;
	const void *elf = pg_bpf__elf_bytes(&size);

	return checksum_bytes(0, elf, size);
}
