// SPDX-License-Identifier: GPL-2.0-only
#include "events/syslog.h"

#include <stdio.h>
#include <string.h>

#define LOCAL0 16
#define HEADER_SIZE 512

int syslog_level(const struct event *e)
{
	static const int levels[] = { 7, 6, 6, 5, 5, 4, 4, 3, 3, 2, 2 }; /* of severities 0-10 */

	return e->severity < 0 ? 7 : e->severity > 10 ? 2 : levels[e->severity];
}

/* HOSTNAME is printable ASCII without blanks (RFC 5424, 6). */
static void put_host(char *to, const char *name)
{
	(void)snprintf(to, HEADER_SIZE / 2, "%s", *name ? name : "-");
	for (; *to; to++)
		if (*to <= ' ' || *to > '~')
			*to = '?';
}

/* <134>1 TIME HOST portguard - KIND - : what follows is the message. */
static size_t make_header(char header[HEADER_SIZE], const struct event_source *source,
			  const struct event *e)
{
	char time[FORMAT_TIME_SIZE], host[HEADER_SIZE / 2];

	format_time(e->end_us, time);
	put_host(host, source->host_name);
	return (size_t)snprintf(header, HEADER_SIZE, "<%d>1 %s %s portguard - %s - ",
				LOCAL0 * 8 + syslog_level(e), time, host,
				event_kind_name(e->kind)); /* fits */
}

static void insert(struct json *out, size_t at, const char *text, size_t length)
{
	size_t rest = out->length - at;

	json_append(out, text, length);
	if (json_error(out))
		return;
	memmove(out->text + at + length, out->text + at, rest);
	memcpy(out->text + at, text, length);
}

void syslog_message(struct json *out, const struct format *format,
		    const struct event_source *source, const struct event *e)
{
	size_t begin = out->length;
	char header[HEADER_SIZE];

	format->write(out, source, e);
	if (json_error(out) || out->length == begin)
		return;
	if (out->text[out->length - 1] == '\n')
		out->text[--out->length] = '\0';
	if (out->text[begin] != '<')
		insert(out, begin, header, make_header(header, source, e));
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
