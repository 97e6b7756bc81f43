// SPDX-License-Identifier: GPL-2.0-only
/* The formats by name. */
#include "events/format.h"

#include <string.h>

#include "util/cleanup.h"

static const struct format formats[] = {
	{ "json", format_json },     { "text", format_text }, { "ecs", format_ecs },
	{ "ocsf", format_ocsf },     { "cef", format_cef },   { "leef", format_leef },
	{ "syslog", format_syslog },
};
_Static_assert(ARRAY_SIZE(formats) <= FORMATS_MAX, "FORMATS_MAX");

const struct format *format_at(size_t i)
{
	return i < ARRAY_SIZE(formats) ? &formats[i] : NULL;
}

const struct format *format_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		if (!strcmp(formats[i].name, name))
			return &formats[i];
	return NULL;
}
