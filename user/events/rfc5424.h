/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The frame of a syslog message, RFC 5424 section 6:
 *
 *   HEADER = <PRI>1 TIMESTAMP HOSTNAME APP-NAME PROCID MSGID, then STRUCTURED-DATA and MSG
 *
 * CEF and LEEF are such a message's MSG, without structured data.
 */
#ifndef PORTGUARD_RFC5424_H
#define PORTGUARD_RFC5424_H

#include "events/format.h"

/* The event's severity as one of section 6.2.1, 7 (debug) to 0. */
unsigned rfc5424_severity(const struct event *e);

/* The header and the blank behind it. */
void rfc5424_header(struct json *out, const struct event_source *source, const struct event *e);

/**
 * rfc5424_end() - End the line.
 * @message: where in @out its MSG begins.
 * A MSG that is not US-ASCII gets the byte order mark that section 6.4 wants before UTF-8.
 */
void rfc5424_end(struct json *out, size_t message);

#endif
