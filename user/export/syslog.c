// SPDX-License-Identifier: GPL-2.0-only
#include "export/syslog.h"

#include <stdio.h>
#include <string.h>

#define LOCAL0 16

/* Severities of events, 0 to 10, as those of syslog. */
static const char severities[] = { 7, 6, 6, 5, 5, 4, 4, 3, 3, 2, 2 };

/* RFC 5424 takes printable ASCII without blanks here. */
static void put_host(char *host)
{
	for (; *host; host++)
		if (*host <= ' ' || *host > '~')
			*host = '?';
}

static int header(char *out, size_t size, const struct event_source *source, const struct event *e)
{
	char time[FORMAT_TIME_SIZE], host[sizeof(source->host_name)];

	format_time(e->end_us, time);
	memcpy(host, source->host_name, sizeof(host));
	put_host(host);
	return snprintf(out, size, "<%d>1 %s %s portguard - %s - ",
			LOCAL0 * 8 + severities[e->severity], time, host[0] ? host : "-",
			event_kind_name(e->kind));
}

void syslog_frame(struct json *out, const struct event_source *source, const struct event *e,
		  const char *line, size_t length)
{
	char head[512] = "", size[24];
	int n = line[0] == '<' ? 0 : header(head, sizeof(head), source, e);

	length--; /* the newline */
	json_append(out, size, (size_t)snprintf(size, sizeof(size), "%zu ", (size_t)n + length));
	json_append(out, head, (size_t)n);
	json_append(out, line, length);
}
