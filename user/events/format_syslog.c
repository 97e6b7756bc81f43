// SPDX-License-Identifier: GPL-2.0-only
/*
 * RFC 5424 with the native fields as structured data, and the sentence for people as MSG:
 *
 *   <132>1 2026-11-23T20:05:09.000001Z web1 portguard - bind:no-rule [portguard@32473 schema="1"
 *   kind="verdict" … local_ip="0.0.0.0" local_port="79" …] deny bind 79/tcp at 0.0.0.0 by …
 */
#include "events/format.h"

#include "events/rfc5424.h"
#include "util/escape.h"

/*
 * PARAM-VALUE, section 6.3.3: a backslash before `"`, `\` and `]`, and nothing else may follow one - so
 * that of `\x1b` is escaped, too.
 */
static void put_escape(struct json *out, uint32_t character)
{
	char c = (char)character;

	json_append(out, "\\", 1);
	if (character == '"' || character == '\\' || character == ']')
		json_append(out, &c, 1);
	else
		escape_hex(out, character);
}

static void put_param(struct json *out, const char *name, const char *text)
{
	static const struct escape how = { .special = { '"', '\\', ']' }, .put = put_escape };

	json_append(out, " ", 1);
	json_append_text(out, name);
	json_append(out, "=\"", 2);
	escape_text(out, &how, text);
	json_append(out, "\"", 1);
}

void format_syslog(struct json *out, const struct event_source *source, const struct event *e)
{
	size_t message;

	rfc5424_header(out, source, e);
	json_append_text(out, "[" FORMAT_PRODUCT "@"); /* SD-ID, section 6.3.2 */
	json_append_u64(out, source->number);
	format_fields(out, source, e, put_param);
	json_append(out, "] ", 2);
	message = out->length;
	format_sentence(out, e);
	rfc5424_end(out, message);
}
