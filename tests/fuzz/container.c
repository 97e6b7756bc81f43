/* SPDX-License-Identifier: GPL-2.0-only */
/* Any text as a runtime's file: it has no name, or one that is valid. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/container_files.h"
#include "util/cleanup.h"

static int check(void *data, const char *id, const char *name)
{
	(void)data;
	assert(id[0] && container_name_is_valid(name));
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const container_file_fn readers[] = { container_file_docker, container_file_oci };
	_cleanup_free_ char *text = malloc(size + 1);
	char name[CONTAINER_NAME];

	if (!text)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(readers); i++) {
		memcpy(text, data, size);
		if (!readers[i](text, size, name))
			assert(container_name_is_valid(name));
	}
	memcpy(text, data, size);
	(void)container_file_list(text, size, check, NULL);
	return 0;
}
