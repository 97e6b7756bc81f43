// SPDX-License-Identifier: GPL-2.0-only
#include "events/syslog.h"

#include <stdio.h>
#include <string.h>

#include "events/rfc5424.h"
#include "util/cleanup.h"

static void insert(struct json *out, size_t at, const char *text, size_t length)
{
	size_t rest = out->length - at;

	json_append(out, text, length);
	if (json_error(out))
		return;
	memmove(out->text + at + length, out->text + at, rest);
	memcpy(out->text + at, text, length);
}

/* Without structured data: the format's line is the message. */
static void insert_header(struct json *out, size_t at, const struct event_source *source,
			  const struct event *e)
{
	_cleanup_json_ struct json header = JSON_INIT;

	rfc5424_header(&header, source, e);
	json_append(&header, "- ", 2);
	if (json_error(&header))
		out->error = json_error(&header);
	else
		insert(out, at, header.text, header.length);
}

void syslog_message(struct json *out, const struct format *format,
		    const struct event_source *source, const struct event *e)
{
	size_t begin = out->length;

	format->write(out, source, e);
	if (json_error(out) || out->length == begin)
		return;
	if (out->text[out->length - 1] == '\n')
		out->text[--out->length] = '\0';
	if (out->text[begin] != '<')
		insert_header(out, begin, source, e);
}

void syslog_counted(struct json *out, const struct format *format,
		    const struct event_source *source, const struct event *e)
{
	size_t begin = out->length;
	char count[24];

	syslog_message(out, format, source, e);
	insert(out, begin, count,
	       (size_t)snprintf(count, sizeof(count), "%zu ", out->length - begin));
}
