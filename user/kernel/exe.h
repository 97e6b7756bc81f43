/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which file a path is, as the kernel tells it: its inode's number and the device of its superblock,
 * which is what a program sees of a process's mm->exe_file. stat() is no witness for either: btrfs gives
 * each subvolume a device of its own, overlayfs shows the inodes of its layers.
 */
#ifndef PORTGUARD_EXE_H
#define PORTGUARD_EXE_H

#include <sys/types.h>

#include "policy/compile.h"

/**
 * exe_identify() - The file that @path is for a process.
 * @pid:  whose root and mounts; 0: our own. Symbolic links never lead out of its root.
 * @path: absolute.
 * Before Linux 5.14 the inode is the one of stat(), as is the device of a mount that cannot be seen from
 * the process's root.
 * Return: 0, -ENOENT (also for what is no regular file, and where the process is gone), or -errno.
 */
int exe_identify(pid_t pid, const char *path, struct exe_identity *ret);

/* Through whose eyes the paths of a scope are to be seen; the data of exe_identities(). */
struct exe_viewers {
	void *data;
	/*
	 * Processes of @scope, one for each mount namespace; 0 is ourselves. At most @max go to @ret; if
	 * all of that was used the rest is not seen. 0 or -errno.
	 */
	int (*viewers)(void *data, const char *scope, pid_t *ret, size_t max, size_t *ret_count);
};

/**
 * exe_identities() - As struct exe_world wants it.
 * @data: struct exe_viewers, or NULL. The host (scope NULL) is always seen through our own eyes; without
 *        viewers all scopes are.
 * A viewer that ends meanwhile sees nothing.
 */
int exe_identities(void *data, const char *scope, const char *path, struct exe_identity *ret,
		   size_t max, size_t *ret_count);

/* Everything seen through our own eyes. */
extern const struct exe_world exe_own_world;

#endif
