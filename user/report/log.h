/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lines of an event log back into events: native JSON, as format_json.c writes it. Names are read by
 * util/json_read.h: what is no plain ASCII in them comes out as '?', and long ones are cut. Pure.
 */
#ifndef PORTGUARD_REPORT_LOG_H
#define PORTGUARD_REPORT_LOG_H

#include "events/event.h"

#define LOG_TEXT 16384	/* bytes of all the strings that are kept of a line; what is left over is null */

struct log_line {
	struct event event;	/* its strings lie in `text` */
	struct event_source source;
	char text[LOG_TEXT];
	size_t used;
	unsigned known;		/* of schema, kind, id, seq, time: they must be there */
};

/* @line: without its newline; changed. 0, -EINVAL: no native event, or -ENOMEM. */
int log_read(char *line, size_t length, struct log_line *ret);

#endif
