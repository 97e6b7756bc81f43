/* SPDX-License-Identifier: GPL-2.0-only */
/* Any text as a runtime's file: it has no name, or one that is valid. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/container_files.h"
#include "util/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const container_file_fn readers[] = { container_name_docker, container_name_oci,
						     container_name_podman };
	_cleanup_free_ char *text = malloc(size + 1);
	char name[CONTAINER_NAME];

	for (size_t i = 0; text && i < ARRAY_SIZE(readers); i++) {
		memcpy(text, data, size);
		if (!readers[i](text, size, "0123456789ab", name))
			assert(container_name_is_valid(name));
	}
	return 0;
}
