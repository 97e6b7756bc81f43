/* SPDX-License-Identifier: GPL-2.0-only */
/* An event's line as a message of syslog (RFC 5424), behind its length (RFC 5425, RFC 6587). */
#ifndef PORTGUARD_EXPORT_SYSLOG_H
#define PORTGUARD_EXPORT_SYSLOG_H

#include "events/format.h"

/* @line: with its newline, which is not sent. One that is no syslog message itself gets a header. */
void syslog_frame(struct json *out, const struct event_source *source, const struct event *e, const char *line,
		  size_t length);

#endif
