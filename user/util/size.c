// SPDX-License-Identifier: GPL-2.0-only
#include "util/size.h"

#include <inttypes.h>
#include <stdio.h>

char *size_print(uint64_t bytes, char *text)
{
	static const char *const units[] = { "", "K", "M", "G" };
	size_t unit = 0;

	while (unit < 3 && bytes && !(bytes % 1024)) {
		bytes /= 1024;
		unit++;
	}
	(void)snprintf(text, SIZE_TEXT, "%" PRIu64 "%s", bytes, units[unit]); /* fits */
	return text;
}
