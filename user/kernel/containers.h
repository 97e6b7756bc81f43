/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of containers by their ids. A cgroup's path has the id alone; the name stands in the files of the
 * runtime that made it: Docker, Podman, containerd and CRI-O below Kubernetes, where they are run by root
 * and their directories are the usual ones. Each file is read up to 4 MiB, and only if it is a regular
 * file and no symbolic link.
 */
#ifndef PORTGUARD_CONTAINERS_H
#define PORTGUARD_CONTAINERS_H

#include <stddef.h>
#include <sys/stat.h>

#include "kernel/container_files.h"

/* Podman has one file for all containers: it is read again when it is another one. */
struct container_list {
	struct stat seen;
	struct container_listed {
		char *id, *name;
	} *list;			/* sorted by id */
	size_t count;
};

#define CONTAINER_LISTS 2

struct container_reader {
	const char *files_root;		/* what stands before the runtimes' paths; "" on a machine */
	struct container_list lists[CONTAINER_LISTS];
	char name[CONTAINER_NAME];
};

void container_reader_free(struct container_reader *r);
#define _cleanup_container_reader_ __attribute__((cleanup(container_reader_free)))

/**
 * container_reader_name() - The name of a container, as its files have it now.
 * @reader: a struct container_reader, as struct owner_names hands it over.
 * @id:     as its cgroup has it.
 * Return: a name of letters, digits, `_`, `.` and `-`, until the next call; NULL: no file names it (yet).
 */
const char *container_reader_name(void *reader, const char *id);

/* The same once. 0, or -ENOENT: none, or none that @to has room for, which is untouched then. */
int container_name(const char *files_root, const char *id, char *to, size_t size);

/*
 * Containers below the enforcement root, by the names of their cgroups (portguard/place.h): @found for each,
 * until it returns something else than 0. What lies below containers and units is not looked at.
 * @root: a directory. 0, -errno, or what @found said.
 */
int containers_each(const char *root, int (*found)(void *data, const char *id), void *data);

#endif
