/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Formats: an event in, one line of text out. A new one is a new file format_NAME.c, its function
 * below, and its line in format_table.c.
 */
#ifndef PORTGUARD_FORMAT_H
#define PORTGUARD_FORMAT_H

#include "events/event.h"
#include "util/json.h"

/* Appends one line with its newline: valid UTF-8, and no other control character. */
typedef void (*format_fn)(struct json *out, const struct event_source *source,
			  const struct event *e);

struct format {
	const char *name;
	format_fn write;
};

void format_json(struct json *out, const struct event_source *source, const struct event *e);
void format_text(struct json *out, const struct event_source *source, const struct event *e);
void format_ecs(struct json *out, const struct event_source *source, const struct event *e);
void format_ocsf(struct json *out, const struct event_source *source, const struct event *e);
void format_cef(struct json *out, const struct event_source *source, const struct event *e);
void format_leef(struct json *out, const struct event_source *source, const struct event *e);
void format_syslog(struct json *out, const struct event_source *source, const struct event *e);
void format_text_color(struct json *out, const struct event_source *source, const struct event *e);

#define FORMATS_MAX 16
/* By name, or NULL. */
const struct format *format_find(const char *name);
/* The i-th format, or NULL past the last: for help, completion and messages. */
const struct format *format_at(size_t i);

/* What formats share. */
#define FORMAT_PRODUCT "portguard"
#define FORMAT_TIME_SIZE 28 /* 2026-11-23T20:05:09.000001Z */
#define FORMAT_ID_SIZE 100 /* boot id, instance, 20 digits */
#define FORMAT_IP_SIZE 48
#define FORMAT_NUMBER_SIZE 24
void format_time(uint64_t us, char out[FORMAT_TIME_SIZE]);
void format_id(const struct event_source *source, uint64_t seq, char out[FORMAT_ID_SIZE]);
void format_ip(const uint8_t ip[16], char out[FORMAT_IP_SIZE]);
void format_number(uint64_t number, char out[FORMAT_NUMBER_SIZE]);

/* What kind of event it is: `bind:no-rule`, `change:mode`; not escaped, and cut where it is long. */
#define FORMAT_SIGNATURE_SIZE 64
void format_signature(const struct event *e, char out[FORMAT_SIGNATURE_SIZE]);
/* The IANA's keyword for a protocol, or its number as text in @number. */
const char *format_transport(uint8_t proto, char number[4]);

/* The line of format_text() without its time and end, as one string for people in other formats. */
void format_sentence(struct json *out, const struct event *e);

/* Of JSON: a name with its value where there is one, nothing for NULL. */
void format_member(struct json *out, const char *name, const char *text);
/* Likewise `message`, the sentence. */
void format_message(struct json *out, const struct event *e);

/**
 * format_fields() - The fields of the native format, one after another, without those that are null.
 * @put: writes one; the name is the native one with `_` for the dot, the text is not escaped.
 * What is short comes first, what others chose last: a receiver that cuts a line cuts there.
 */
typedef void (*format_field_fn)(struct json *out, const char *name, const char *text);
void format_fields(struct json *out, const struct event_source *source, const struct event *e,
		   format_field_fn put);

#endif
