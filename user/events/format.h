/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Formats: an event in, one line of text out. A new one is a new file format_NAME.c, its function
 * below, and its line in format_table.c.
 */
#ifndef PORTGUARD_FORMAT_H
#define PORTGUARD_FORMAT_H

#include "events/event.h"
#include "util/json.h"

struct format {
	const char *name;
	/* Appends the line with its newline; NULL: known by name, not supported in this version. */
	void (*write)(struct json *out, const struct event_source *source, const struct event *e);
};

void format_json(struct json *out, const struct event_source *source, const struct event *e);
void format_text(struct json *out, const struct event_source *source, const struct event *e);
void format_text_color(struct json *out, const struct event_source *source, const struct event *e);

/* By name, or NULL. */
const struct format *format_find(const char *name);
/* The i-th format, or NULL past the last: for help, completion and messages. */
const struct format *format_at(size_t i);

/* What formats share. */
#define FORMAT_TIME_SIZE 40	/* 2026-11-23T20:05:09.000001Z, with room for any year */
#define FORMAT_ID_SIZE 100	/* boot id, instance, 20 digits */
#define FORMAT_IP_SIZE 48
void format_time(uint64_t us, char out[FORMAT_TIME_SIZE]);
void format_id(const struct event_source *source, uint64_t seq, char out[FORMAT_ID_SIZE]);
void format_ip(const uint8_t ip[16], char out[FORMAT_IP_SIZE]);

#endif
