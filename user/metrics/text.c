// SPDX-License-Identifier: GPL-2.0-only
#include "metrics/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "util/utf8.h"

#define REPLACEMENT "\xef\xbf\xbd"

static void put(struct json *out, const char *text)
{
	json_append(out, text, strlen(text));
}

void metric_begin(struct json *out, const char *name, const char *type, const char *help)
{
	const char *const words[] = {
		"# HELP ", name, " ", help, "\n# TYPE ", name, " ", type, "\n"
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		put(out, words[i]);
}

/* How the next character of a value is written; NULL: as it is. */
static const char *escape(const char *text, size_t length, size_t *ret_used)
{
	uint32_t c = utf8_next(text, length, ret_used);

	switch (c) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	case '\n':
		return "\\n";
	default:
		return c == UTF8_REPLACEMENT || utf8_is_control(c) ? REPLACEMENT : NULL;
	}
}

static void put_value(struct json *out, const char *value)
{
	size_t length = strlen(value), used;

	for (; length; value += used, length -= used) {
		const char *other = escape(value, length, &used);

		if (other)
			put(out, other);
		else
			json_append(out, value, used);
	}
}

bool metric_value_is_exact(const char *value)
{
	size_t length = strlen(value), used;

	for (; length; value += used, length -= used) {
		const char *other = escape(value, length, &used);

		if (other && !strcmp(other, REPLACEMENT))
			return false;
	}
	return true;
}

void metric_sample(struct json *out, const char *name, const struct metric_label *labels,
		   uint64_t value)
{
	char number[24];

	put(out, name);
	for (size_t i = 0; labels && labels[i].name; i++) {
		put(out, i ? "," : "{");
		put(out, labels[i].name);
		put(out, "=\"");
		put_value(out, labels[i].value);
		put(out, "\"");
	}
	(void)snprintf(number, sizeof(number), " %" PRIu64 "\n", value);
	put(out, labels ? "}" : "");
	put(out, number);
}
