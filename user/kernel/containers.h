/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of containers by their ids. A cgroup's path has the id alone; the name stands in the files of the
 * runtime that made it: Docker, Podman, containerd and CRI-O below Kubernetes, where they are run by root
 * and their directories are the usual ones.
 */
#ifndef PORTGUARD_CONTAINERS_H
#define PORTGUARD_CONTAINERS_H

#include <stddef.h>

/**
 * container_name() - The name of a container.
 * @files_root: what stands before the runtimes' paths; "" on a machine.
 * @id:         as its cgroup has it.
 * @to:         a name of letters, digits, `_`, `.` and `-`; untouched on failure.
 * Each file is read up to 4 MiB, and only if it is a regular file and no symbolic link.
 * Return: 0, -ENOENT: no file names it (yet), -ENOMEM.
 */
int container_name(const char *files_root, const char *id, char *to, size_t size);

#endif
