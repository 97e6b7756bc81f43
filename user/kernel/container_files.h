/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the runtimes' files say of a container's name. Pure. The files are root's, but much in them comes
 * from images and whoever starts containers: only the one place is believed where the runtime itself
 * writes the name, and a name is one or none.
 */
#ifndef PORTGUARD_CONTAINER_FILES_H
#define PORTGUARD_CONTAINER_FILES_H

#include <stdbool.h>
#include <stddef.h>

#define CONTAINER_NAME 256	/* bytes, with the end */

/* Letters, digits, `_`, `.` and `-`; the first is a letter or a digit. */
bool container_name_is_valid(const char *name);

/*
 * Each: @text (changed) of a file -> the name of container @id in @to, of CONTAINER_NAME bytes.
 * 0, -ENOENT: it says none, or is no JSON; -ENOMEM.
 */
typedef int (*container_file_fn)(char *text, size_t length, const char *id, char *to);
/* Docker's config.v2.json of the container. */
int container_name_docker(char *text, size_t length, const char *id, char *to);
/* The OCI config.json of the container, as containerd and CRI-O write it for Kubernetes. */
int container_name_oci(char *text, size_t length, const char *id, char *to);
/* containers.json of containers/storage, which Podman uses: the list of all. */
int container_name_podman(char *text, size_t length, const char *id, char *to);

#endif
