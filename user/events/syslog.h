/* SPDX-License-Identifier: GPL-2.0-only */
/* What goes over syslog's transports: an event's line, of whatever format, as a message of RFC 5424. */
#ifndef PORTGUARD_SYSLOG_H
#define PORTGUARD_SYSLOG_H

#include "events/format.h"

/* @line, with its newline, at the end of @out without it, behind a header unless it has one itself. */
void syslog_message(struct json *out, const struct event_source *source, const struct event *e,
		    const char *line, size_t length);
/* The same behind its length (RFC 5425, RFC 6587: octet counting). */
void syslog_counted(struct json *out, const struct event_source *source, const struct event *e,
		    const char *line, size_t length);

#endif
