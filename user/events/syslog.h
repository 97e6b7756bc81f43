/* SPDX-License-Identifier: GPL-2.0-only */
/* What goes over syslog's transports: messages of RFC 5424, whatever the format. */
#ifndef PORTGUARD_SYSLOG_H
#define PORTGUARD_SYSLOG_H

#include "events/format.h"

/* One message without a newline: the format's line, behind a header unless it has one itself. */
void syslog_message(struct json *out, const struct format *format,
		    const struct event_source *source, const struct event *e);
/* The same with its length before it (RFC 6587, octet counting). */
void syslog_counted(struct json *out, const struct format *format,
		    const struct event_source *source, const struct event *e);

#endif
