// SPDX-License-Identifier: GPL-2.0-only
/* Loading the programs; see load.h. What a kernel lacks is probed, never guessed from its version. */
#include "kernel/load.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "kernel/casts.h"
#include "kernel/choice.h"
#include "kernel/load_parts.h"
#include "kernel/map.h"
#include "kernel/types.h"
#include "pg_bpf.skel.h"
#include "util/cleanup.h"
#include "util/file.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

typedef struct __user_cap_data_struct capability_sets[_LINUX_CAPABILITY_U32S_3];

static bool has(const capability_sets sets, unsigned capability)
{
	return sets[CAP_TO_INDEX(capability)].effective & CAP_TO_MASK(capability);
}

int check_capabilities(struct pg_error *err)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	capability_sets sets;
	bool admin, bpf, net, perf;

	if (syscall(SYS_capget, &head, sets))
		return pg_fail(err, -EPERM, PG_EXIT_PERMISSION,
			       "permission: the capabilities cannot be read");
	admin = has(sets, CAP_SYS_ADMIN);
	bpf = admin || has(sets, CAP_BPF);
	perf = admin || has(sets, CAP_PERFMON);
	net = has(sets, CAP_NET_ADMIN);
	if (bpf && net && perf)
		return 0;
	(void)pg_fail(err, -EPERM, PG_EXIT_PERMISSION, "permission: missing%s%s%s",
		      bpf ? "" : " CAP_BPF", perf ? "" : " CAP_PERFMON",
		      net ? "" : " CAP_NET_ADMIN");
	return pg_help(err, -EPERM, "run it as root");
}

int netns_identity(uint64_t *ret_cookie, uint32_t *ret_inum)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t size = sizeof(*ret_cookie);
	struct stat st;

	if (fd < 0 || stat("/proc/self/ns/net", &st))
		return -errno;
	*ret_inum = st.st_ino;
	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, ret_cookie, &size))
		*ret_cookie = 0;
	return 0;
}

static int pin_maps(const struct paths *paths, const struct pg_bpf *b)
{
	struct bpf_map *map;
	int r;

	bpf_object__for_each_map(map, b->obj) {
		/* .rodata needs no pin: the programs hold it. */
		if (strncmp(bpf_map__name(map), "pg_", 3) || map == b->maps.pg_control ||
		    bpf_map__is_internal(map))
			continue;
		r = pin_make(paths, bpf_map__name(map), bpf_map__fd(map));
		if (r)
			return r;
	}
	return 0;
}

/* Programs of the BPF LSM load and attach, and never run, where `bpf` is not among the LSMs. */
static bool has_bpf_lsm(void)
{
	_cleanup_free_ char *list = NULL;
	size_t length;
	char *rest;

	if (file_read("/sys/kernel/security/lsm", 4096, &list, &length))
		return false;
	rest = list;
	for (char *name; (name = strsep(&rest, ",\n"));)
		if (!strcmp(name, "bpf"))
			return true;
	return false;
}

/*
 * Some machines refuse whatever hangs on a trampoline. One that would fail anyway, since the first BTF type is no
 * function, tells that at once; to load one of ours the whole object is read again.
 */
static bool refuses_tracing(void)
{
	static const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_MODIFY_RETURN,
		    .attach_btf_id = 1);
	_cleanup_close_ int fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, NULL, "GPL", code,
					       ARRAY_SIZE(code), &options);

	return fd == -EPERM;
}

/* The best way to refuse listen() that this kernel takes; without one it is only seen (sockops). */
static void load_listen(const struct paths *paths, const struct pg_bpf *main, int cast)
{
	if (has_bpf_lsm() && !load_alone(paths, main, cast, "pg_listen_lsm"))
		return;
	if (!refuses_tracing())
		(void)load_alone(paths, main, cast, "pg_listen_fmod");
}

static int load_failed(int r, struct pg_error *err)
{
	struct stat st;

	if (stat("/sys/kernel/btf/vmlinux", &st)) {
		(void)pg_fail(err, r, PG_EXIT_UNAVAILABLE,
			      "load: this kernel has no BTF (/sys/kernel/btf/vmlinux)");
		return pg_help(
			err, r,
			"use a kernel built with CONFIG_DEBUG_INFO_BTF, as distributions' are");
	}
	if (r == -ENOMEM || r == -ENOSPC) {
		(void)pg_fail(err, r, PG_EXIT_UNAVAILABLE,
			      "load: not enough memory for the maps: %s", strerror(-r));
		return pg_help(err, r,
			       "raise the memory or memlock limit, or lower flows: {max: …}");
	}
	if (r == -ECHILD)
		return pg_fail(err, r, PG_EXIT_UNAVAILABLE,
			       "load: a process that was to load a part of the programs was killed");
	if (r == -EPERM)
		return pg_fail(err, r, PG_EXIT_PERMISSION,
			       "load: the kernel refuses BPF to this process (lockdown, "
			       "seccomp, or a user namespace without CAP_BPF in the initial one)");
	(void)pg_fail(err, r, PG_EXIT_UNAVAILABLE,
		      "load: this kernel does not take the programs: %s", strerror(-r));
	return pg_help(
		err, r,
		"portguard needs Linux 5.10 or later; LIBBPF_DEBUG=1 shows the verifier's words");
}

/* What is to be loaded, as a caller of load_programs_over() says it. */
struct wanted {
	const struct paths *paths; /* where it is pinned */
	const struct policy *policy;
	unsigned device_programs;
	const struct paths *from;
	enum load_maps which;
	bool *same;
};

/* All but `listen`, loaded and pinned. *ret: the object that has the maps. */
static int load_object(const struct wanted *w, const struct types *kernel, int cast,
		       struct pg_bpf **ret)
{
	_cleanup_object_ struct pg_bpf *b = NULL;
	struct load_parts parts;
	int r = load_parts_open(&parts, cast, &b), ended;

	r = r ? r : object_fit(b, w->policy, kernel);
	if (!r && w->from)
		r = object_use_maps(b, w->from, w->which, w->same);
	if (!r)
		object_choose(b, w->device_programs);
	r = r ? r : load_parts_maps(&parts, b);
	r = r ? r : pin_maps(w->paths, b);
	r = r ? r : load_parts_begin(&parts, w->paths, b, cast);
	/* To programs pg_cases is another map: it may be replaced. (`bpftool gen object` keeps no initial value.) */
	r = r ? r : map_put(bpf_map__fd(b->maps.pg_case_maps), 0, bpf_map__fd(b->maps.pg_cases));
	ended = load_parts_end(&parts);
	r = r ? r : ended;
	if (!r)
		*ret = TAKE_PTR(b);
	return r;
}

static int load_wanted(const struct wanted *w, int *ret_control_fd, struct pg_error *err)
{
	_cleanup_object_ struct pg_bpf *b = NULL;
	_cleanup_types_ struct types kernel = { .data = NULL };
	int cast, r, fd;

	types_open(&kernel);
	cast = casts_probe(&kernel);
	r = load_object(w, &kernel, cast, &b);
	if (r && cast) { /* a verifier that takes the probe need not take it all */
		cast = 0;
		(void)pins_remove(w->paths);
		r = make_directories(w->paths->pins);
		r = r ? r : load_object(w, &kernel, cast, &b);
	}
	if (r)
		return load_failed(r, err);
	load_listen(w->paths, b, cast);
	fd = fcntl(bpf_map__fd(b->maps.pg_control), F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return -errno;
	*ret_control_fd = fd;
	return 0;
}

int load_programs(const struct paths *paths, const struct policy *p, unsigned programs,
		  int *ret_control_fd, struct pg_error *err)
{
	const struct wanted wanted = { .paths = paths, .policy = p, .device_programs = programs };

	return load_wanted(&wanted, ret_control_fd, err);
}

int load_programs_over(const struct paths *paths, const struct policy *p, const struct paths *from,
		       enum load_maps which, bool *ret_same, int *ret_control_fd,
		       struct pg_error *err)
{
	const struct wanted wanted = { paths, p, DEVICE_PROGRAMS_ALL, from, which, ret_same };

	return load_wanted(&wanted, ret_control_fd, err);
}

/* Maps with locks (pg_buckets) the kernel does not freeze; what commands and agent write stays open. */
void load_freeze(const struct paths *paths)
{
	static const char *const maps[] = { "pg_fragments", "pg_allowances", "pg_packet",
					    "pg_asked",     "pg_admitted",   "pg_counts", "pg_seen" };

	for (size_t i = 0; i < ARRAY_SIZE(maps); i++) {
		_cleanup_close_ int fd = pin_open(paths, maps[i]);

		if (fd >= 0)
			(void)bpf_map_freeze(fd); /* without it they are only less safe */
	}
}
