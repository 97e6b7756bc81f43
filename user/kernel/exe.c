// SPDX-License-Identifier: GPL-2.0-only
/* Files as the kernel tells them; see exe.h. Sources: proc(5), openat2(2). */
#include "kernel/exe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include <linux/openat2.h>

#include "util/cleanup.h"

#define MAX_VIEWERS 4096

/* As dev_t is within the kernel. */
static uint64_t kernel_device(unsigned major_number, unsigned minor_number)
{
	return (uint64_t)major_number << 20 | minor_number;
}

static FILE *open_proc(pid_t pid, const char *name)
{
	char path[64];

	if (pid)
		(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	else
		(void)snprintf(path, sizeof(path), "/proc/self/%s", name);
	return fopen(path, "re");
}

/* O_PATH: what lies there is not opened, so a device or a FIFO does nothing. */
static int open_in(pid_t pid, const char *path)
{
	const struct open_how how = { .flags = O_PATH | O_CLOEXEC,
				      .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	_cleanup_close_ int root = -1;
	char name[64];
	int fd;

	(void)snprintf(name, sizeof(name), "/proc/%d/root", pid);
	root = open(pid ? name : "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -errno;
	fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
	return fd < 0 ? -errno : fd;
}

/* @ret_inode stays as it is before Linux 5.14. */
static int read_fdinfo(int fd, int *ret_mount, uint64_t *ret_inode)
{
	_cleanup_fclose_ FILE *f = NULL;
	char name[32], line[256];
	unsigned long long inode;

	(void)snprintf(name, sizeof(name), "fdinfo/%d", fd);
	f = open_proc(0, name);
	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f)) {
		(void)sscanf(line, "mnt_id: %d", ret_mount);
		if (sscanf(line, "ino: %llu", &inode) == 1)
			*ret_inode = inode;
	}
	return 0;
}

/* The device of a mount that @pid can see; @ret stays as it is where there is none. */
static int read_mountinfo(pid_t pid, int mount, uint64_t *ret)
{
	_cleanup_fclose_ FILE *f = open_proc(pid, "mountinfo");
	_cleanup_free_ char *line = NULL;
	size_t room = 0;

	if (!f)
		return errno == EINVAL ? -ENOENT : -errno; /* EINVAL: it is about to be gone */
	while (getline(&line, &room, f) > 0) {
		unsigned major_number, minor_number;
		int id;

		if (sscanf(line, "%d %*d %u:%u", &id, &major_number, &minor_number) != 3 ||
		    id != mount)
			continue;
		*ret = kernel_device(major_number, minor_number);
		break;
	}
	return 0;
}

int exe_identify(pid_t pid, const char *path, struct exe_identity *ret)
{
	_cleanup_close_ int fd = open_in(pid, path);
	struct exe_identity found;
	struct stat st;
	int mount = -1, r;

	if (fd == -ENOTDIR || fd == -ESRCH || fd == -ELOOP)
		return -ENOENT;
	if (fd < 0)
		return fd;
	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -ENOENT;
	found.inode = st.st_ino;
	found.device = kernel_device(major(st.st_dev), minor(st.st_dev));
	r = read_fdinfo(fd, &mount, &found.inode);
	r = r ? r : read_mountinfo(pid, mount, &found.device);
	if (!r)
		*ret = found;
	return r;
}

static bool is_known(const struct exe_identity *list, size_t count, const struct exe_identity *file)
{
	for (size_t i = 0; i < count; i++)
		if (list[i].inode == file->inode && list[i].device == file->device)
			return true;
	return false;
}

static int find_viewers(const struct exe_viewers *from, const char *scope, pid_t *list,
			size_t *count)
{
	list[0] = 0;
	*count = 1;
	return scope && from ? from->viewers(from->data, scope, list, MAX_VIEWERS, count) : 0;
}

int exe_identities(void *data, const char *scope, const char *path, struct exe_identity *ret,
		   size_t max, size_t *ret_count)
{
	_cleanup_free_ pid_t *viewers = calloc(MAX_VIEWERS, sizeof(*viewers));
	size_t viewer_count = 0, count = 0;
	int r = viewers ? find_viewers(data, scope, viewers, &viewer_count) : -ENOMEM;

	for (size_t i = 0; !r && i < viewer_count && count < max; i++) {
		r = exe_identify(viewers[i], path, &ret[count]);
		if (!r && !is_known(ret, count, &ret[count]))
			count++;
		if (r == -ENOENT || (viewers[i] && r != -ENOMEM))
			r = 0; /* what a container does to its paths is its own loss */
	}
	if (!r)
		*ret_count = count;
	return r;
}

const struct exe_world exe_own_world = { .identities = exe_identities };
