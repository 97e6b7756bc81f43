// SPDX-License-Identifier: GPL-2.0-only
/*
 * IBM's Log Event Extended Format 2.0 in RFC 5424:
 *
 *   <132>1 … LEEF:2.0|portguard|portguard|VERSION|bind:no-rule|^|devTime=1790000000123^sev=6^dst=…
 *
 * The attributes that LEEF names come first, then the native fields. The delimiter is a caret: tabs,
 * the default, do not survive syslog servers. LEEF has no escape, so in values a caret becomes \x5e,
 * and in the header a bar \x7c.
 */
#include "events/format.h"

#include "events/rfc5424.h"
#include "util/escape.h"

#define DELIMITER "^"

/* `sev` is 1 to 10. */
static const uint8_t severities[EVENT_SEVERITIES] = { 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };

static void put_header(struct json *out, const char *text)
{
	static const struct escape how = { .special = { '|' }, .put = escape_hex };

	escape_text(out, &how, text);
}

static void put_attribute(struct json *out, const char *name, const char *text)
{
	static const struct escape how = { .special = { DELIMITER[0] }, .put = escape_hex };

	json_append(out, DELIMITER, 1);
	json_append_text(out, name);
	json_append(out, "=", 1);
	escape_text(out, &how, text);
}

static void put_number(struct json *out, const char *name, uint64_t number)
{
	char text[FORMAT_NUMBER_SIZE];

	format_number(number, text);
	put_attribute(out, name, text);
}

static void put_endpoint(struct json *out, const char *ip_name, const char *port_name,
			 const struct event_endpoint *end)
{
	char ip[FORMAT_IP_SIZE];

	if (end->known && end->ip_known) {
		format_ip(end->ip, ip);
		put_attribute(out, ip_name, ip);
	}
	if (end->known && end->port_known)
		put_number(out, port_name, end->port);
}

void format_leef(struct json *out, const struct event_source *source, const struct event *e)
{
	char signature[FORMAT_SIGNATURE_SIZE];
	size_t message;

	format_signature(e, signature);
	rfc5424_header(out, source, e);
	json_append(out, "- ", 2);
	message = out->length;
	json_append_text(out, "LEEF:2.0|" FORMAT_PRODUCT "|" FORMAT_PRODUCT "|");
	put_header(out, source->version);
	json_append(out, "|", 1);
	put_header(out, signature);
	json_append_text(out, "|" DELIMITER "|devTime=");
	json_append_u64(out, e->end_us / 1000);
	put_number(out, "sev", severities[e->severity]);
	if (e->kind == EVENT_VERDICT) {
		put_endpoint(out, "src", "srcPort", event_asking(e));
		put_endpoint(out, "dst", "dstPort", event_asked(e));
	}
	format_fields(out, source, e, put_attribute);
	rfc5424_end(out, message);
}
