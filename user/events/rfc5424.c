// SPDX-License-Identifier: GPL-2.0-only
/* See rfc5424.h. */
#include "events/rfc5424.h"

#include <string.h>

#define FACILITY 16 /* local0, section 6.2.1 */
#define HOSTNAME_MAX 255
#define MSGID_MAX 32

/* As severities of section 6.2.1: informational, notice, warning, error, critical, alert. */
static const uint8_t severities[EVENT_SEVERITIES] = { 6, 6, 5, 5, 4, 4, 4, 3, 3, 2, 1 };

unsigned rfc5424_severity(const struct event *e)
{
	return severities[e->severity];
}

static uint64_t priority(const struct event *e)
{
	return FACILITY * 8 + rfc5424_severity(e);
}

/* PRINTUSASCII of section 6: whatever else there is becomes a question mark. */
static void put_word(struct json *out, const char *text, size_t max)
{
	for (; *text && max; text++, max--)
		json_append(out, *text > ' ' && *text < 0x7f ? text : "?", 1);
	json_append(out, " ", 1);
}

void rfc5424_header(struct json *out, const struct event_source *source, const struct event *e)
{
	char time[FORMAT_TIME_SIZE], signature[FORMAT_SIGNATURE_SIZE];

	format_time(e->end_us, time);
	format_signature(e, signature);
	json_append(out, "<", 1);
	json_append_u64(out, priority(e));
	json_append(out, ">1 ", 3);
	json_append_text(out, time);
	json_append(out, " ", 1);
	put_word(out, source->host_name[0] ? source->host_name : "-", HOSTNAME_MAX);
	json_append_text(out, FORMAT_PRODUCT " - ");
	put_word(out, signature, MSGID_MAX);
}

static bool is_ascii(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] >= 0x80)
			return false;
	return true;
}

void rfc5424_end(struct json *out, size_t message)
{
	static const char mark[3] = "\xef\xbb\xbf";
	size_t length = out->length - message;

	if (!json_error(out) && !is_ascii(out->text + message, length)) {
		json_append(out, mark, sizeof(mark));
		if (json_error(out))
			return;
		memmove(out->text + message + sizeof(mark), out->text + message, length);
		memcpy(out->text + message, mark, sizeof(mark));
	}
	json_append(out, "\n", 1);
}
