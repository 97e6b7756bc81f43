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
 * The file of one container -> its name in @to, of CONTAINER_NAME bytes. @text is changed.
 * 0, -ENOENT: it says none, or is no JSON; -ENOMEM.
 */
typedef int (*container_file_fn)(char *text, size_t length, char *to);
/* Docker's config.v2.json. */
int container_file_docker(char *text, size_t length, char *to);
/* The OCI config.json, as containerd and CRI-O write it for Kubernetes. */
int container_file_oci(char *text, size_t length, char *to);

/*
 * containers.json of containers/storage, which Podman uses: @found for each container with a name, until it
 * returns something else than 0. @text is changed. 0, -EINVAL: no JSON; -ENOMEM, or what @found said.
 */
int container_file_list(char *text, size_t length, int (*found)(void *data, const char *id, const char *name),
			void *data);

#endif
