// SPDX-License-Identifier: GPL-2.0-only
/* Links; see links.h. */
#include "kernel/links.h"

#include <errno.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "kernel/load.h"
#include "util/cleanup.h"

int link_make(const struct paths *paths, const char *name, const char *program, int target,
	      enum bpf_attach_type type, uint32_t flags)
{
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = flags);
	_cleanup_close_ int prog = pin_open(paths, program);
	_cleanup_close_ int link = -1;

	if (prog < 0)
		return prog;
	link = bpf_link_create(prog, target, type, &options);
	if (link < 0)
		return -errno;
	pin_drop(paths, name); /* of a device that is gone */
	return pin_make(paths, name, link);
}

int link_make_tracepoint(const struct paths *paths, const char *name, const char *program,
			 const char *tracepoint)
{
	_cleanup_close_ int prog = pin_open(paths, program);
	_cleanup_close_ int link = -1;

	if (prog < 0)
		return prog;
	link = bpf_raw_tracepoint_open(tracepoint, prog);
	if (link < 0)
		return -errno;
	pin_drop(paths, name);
	return pin_make(paths, name, link);
}

void link_drop(const struct paths *paths, const char *name)
{
	_cleanup_close_ int fd = pin_open(paths, name);

	if (fd >= 0)
		(void)bpf_link_detach(fd); /* where the kernel cannot, it goes with its last holder */
	pin_drop(paths, name);
}

int link_target(const struct paths *paths, const char *name, uint32_t *ret_type,
		uint32_t *ret_attach)
{
	struct bpf_link_info info = { 0 };
	__u32 size = sizeof(info);
	_cleanup_close_ int fd = pin_open(paths, name);

	if (fd < 0)
		return fd;
	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		return -errno;
	*ret_type = info.type;
	if (ret_attach)
		*ret_attach = info.type == BPF_LINK_TYPE_CGROUP ? info.cgroup.attach_type : 0;
	if (info.type == BPF_LINK_TYPE_CGROUP)
		return info.cgroup.cgroup_id != 0;
	if (info.type == BPF_LINK_TYPE_TRACING || info.type == BPF_LINK_TYPE_RAW_TRACEPOINT)
		return 1; /* as long as there is a link */
	return info.xdp.ifindex; /* TCX has it at the same place */
}
