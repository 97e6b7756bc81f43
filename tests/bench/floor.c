// SPDX-License-Identifier: GPL-2.0-only
/*
 * A host on which each hook that an instance of portguard holds has an empty program: what the kernel's way to
 * any program costs. Which hooks these are is read from the instance's links, so that it is the same ones on
 * every kernel. Those of the whole machine (`listen` by its function, new cgroups) are in everybody's figures.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "bench/bench.h"
#include "bench/network.h"
#include "bench/packets.h"

/* Of Linux 6.6; Debian 12's headers lack it. */
#define LINK_TYPE_TCX 11
#define TCX_NEXT (-1)

struct tcx_info {
	uint32_t ifindex, attach_type;
};

/* For what is at a device all lets pass that says "next", elsewhere what says 1. */
static int attach_like(const struct bpf_link_info *link, enum bpf_prog_type type, int cgroup,
		       unsigned ifindex)
{
	bool is_tcx = link->type == LINK_TYPE_TCX;
	enum bpf_attach_type attach = (enum bpf_attach_type)link->cgroup.attach_type;
	struct tcx_info tcx;
	int program;

	if (is_tcx) {
		memcpy(&tcx, &link->xdp, sizeof(tcx));
		attach = (enum bpf_attach_type)tcx.attach_type;
	}
	program = empty_program(type, attach, is_tcx ? TCX_NEXT : 1);
	return bpf_link_create(program, is_tcx ? (int)ifindex : cgroup, attach, NULL);
}

static enum bpf_prog_type type_of(uint32_t program_id)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(program_id);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &size))
		die("a program of portguard's: %s", strerror(errno));
	(void)close(fd);
	return (enum bpf_prog_type)info.type;
}

/* Return: whether it is a link at a device. */
static bool copy_link(const char *pins, const char *name, int cgroup, unsigned ifindex)
{
	struct bpf_link_info info = { 0 };
	uint32_t size = sizeof(info);
	int fd = pinned(pins, name);
	enum bpf_prog_type type;

	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		die("%s: %s", name, strerror(errno));
	(void)close(fd);
	if (info.type != BPF_LINK_TYPE_CGROUP && info.type != LINK_TYPE_TCX)
		return false;
	type = type_of(info.prog_id);
	if (type != BPF_PROG_TYPE_LSM && attach_like(&info, type, cgroup, ifindex) < 0)
		die("an empty program for %s: %s", name, strerror(errno));
	return info.type == LINK_TYPE_TCX;
}

const char *floor_attach(const char *pins, const char *cgroup, unsigned ifindex)
{
	DIR *d = opendir(pins);
	int root = open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const struct dirent *entry;
	unsigned at_device = 0;

	if (!d || root < 0)
		die("%s, %s: %s", pins, cgroup, strerror(errno));
	while ((entry = readdir(d)))
		if (!strncmp(entry->d_name, "link_", strlen("link_")))
			at_device += copy_link(pins, entry->d_name, root, ifindex);
	(void)closedir(d);
	(void)close(root);
	return at_device ? NULL : "portguard's filters are no links here (before Linux 6.6)";
}
