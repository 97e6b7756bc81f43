// SPDX-License-Identifier: GPL-2.0-only
#include "events/syslog.h"

#include <stdio.h>
#include <string.h>

#include "events/rfc5424.h"

/* Formats of syslog's own begin with its priority; no other format begins so. */
static bool is_syslog(const char *line)
{
	return line[0] == '<';
}

void syslog_message(struct json *out, const struct event_source *source, const struct event *e,
		    const char *line, size_t length)
{
	if (!is_syslog(line)) {
		rfc5424_header(out, source, e);
		json_append_text(out, "- "); /* no structured data */
	}
	json_append(out, line, length - 1);
}

/* Put "LENGTH " before what lies behind @start. */
static void put_length(struct json *out, size_t start)
{
	char text[24];
	size_t length = out->length - start;
	size_t digits = (size_t)snprintf(text, sizeof(text), "%zu ", length); /* fits */

	json_append(out, text, digits);
	if (json_error(out))
		return;
	memmove(out->text + start + digits, out->text + start, length);
	memcpy(out->text + start, text, digits);
}

void syslog_counted(struct json *out, const struct event_source *source, const struct event *e,
		    const char *line, size_t length)
{
	size_t start = out->length;

	syslog_message(out, source, e, line, length);
	put_length(out, start);
}
