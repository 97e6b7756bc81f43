// SPDX-License-Identifier: GPL-2.0-only
/*
 * For people: one short line an event. What an attacker chose is quoted where it holds anything but
 * plain characters, and escaped, so that no line can be forged and no terminal be driven.
 *
 *   2026-11-23 20:05:09.123 deny bind 79/tcp at 0.0.0.0 by python3[4711] uid 1000: no-rule
 *   2026-11-23 20:05:10.000 deny inbound 23/tcp from 192.0.2.7 on eth0: no-rule, 12 times
 *   2026-11-23 20:05:11.000 deny inbound udp from 192.0.2.7 on eth0: scan of 200 ports, 412 times
 */
#include "events/format.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "util/utf8.h"

#define COLOR_DENY "\033[31m"
#define COLOR_AUDIT "\033[33m"
#define COLOR_ALLOW "\033[32m"
#define COLOR_OTHER "\033[36m"
#define COLOR_END "\033[0m"

__attribute__((format(printf, 2, 3))) static void put(struct json *out, const char *format, ...)
{
	char text[512]; /* every use below is far shorter */
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (n > 0)
		json_append(out, text, (size_t)n < sizeof(text) ? (size_t)n : sizeof(text) - 1);
}

static void put_character(struct json *out, uint32_t character, const char *bytes, size_t length)
{
	if (character < 0x100 && utf8_is_control(character))
		put(out, "\\x%02x", (unsigned)character);
	else if (utf8_is_control(character) || utf8_turns_text(character))
		put(out, "\\u%04x", (unsigned)character);
	else if (character == UTF8_REPLACEMENT)
		json_append(out, "\xef\xbf\xbd", 3);
	else if (character == '\\' || character == '"')
		put(out, "\\%c", (int)character);
	else
		json_append(out, bytes, length);
}

/* Whether a name may stand without quotes: nothing in it that this format uses itself. */
static bool is_plain(const char *text)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./@:+%-";

	return *text && text[strspn(text, plain)] == '\0';
}

static void put_escaped(struct json *out, const char *text)
{
	size_t length = strlen(text), used;

	for (size_t i = 0; i < length; i += used) {
		uint32_t character = utf8_next(text + i, length - i, &used);

		put_character(out, character, text + i, used);
	}
}

static void put_name(struct json *out, const char *text)
{
	const char *quote = is_plain(text) ? "" : "\"";

	put(out, "%s", quote);
	put_escaped(out, text);
	put(out, "%s", quote);
}

static void put_time(struct json *out, uint64_t us)
{
	char text[FORMAT_TIME_SIZE];

	format_time(us, text);
	text[strcspn(text, "T")] = ' ';
	put(out, "%.*s ", (int)strcspn(text, ".") + 4, text); /* milliseconds are enough here */
}

static const char *color_of(const struct event *e)
{
	if (e->kind != EVENT_VERDICT)
		return COLOR_OTHER;
	if (e->verdict == PG_DENY)
		return COLOR_DENY;
	return e->verdict == PG_AUDIT ? COLOR_AUDIT : COLOR_ALLOW;
}

static void put_word(struct json *out, const char *word, const char *color)
{
	if (color)
		put(out, "%s%s" COLOR_END, color, word);
	else
		put(out, "%s", word);
}

static void put_ip(struct json *out, const char *preposition, const struct event_endpoint *end)
{
	char ip[FORMAT_IP_SIZE];

	if (!end->known || !end->ip_known)
		return;
	format_ip(end->ip, ip);
	put(out, " %s %s", preposition, ip);
}

static void put_what(struct json *out, const struct event *e)
{
	const struct event_endpoint *asked = event_asked(e);
	char number[4];
	const char *proto = event_proto_name(e->proto, number);

	if (asked->known && asked->port_known)
		put(out, " %s %u/%s", event_hook_name(e->hook), asked->port, proto);
	else
		put(out, " %s %s", event_hook_name(e->hook), proto);
	put_ip(out, e->hook == PG_HOOK_INBOUND || e->hook == PG_HOOK_DELIVER ? "from" : "to",
	       &e->remote);
	put_ip(out, e->hook == PG_HOOK_CONNECT || e->hook == PG_HOOK_SEND ? "from" : "at",
	       &e->local);
	if (e->interface) {
		put(out, " on ");
		put_name(out, e->interface);
	}
}

static void put_process(struct json *out, const struct event *e)
{
	if (!e->process_known)
		return;
	put(out, " by ");
	put_name(out, e->exe ? e->exe : e->comm ? e->comm : "?");
	put(out, "[%" PRIu32 "] uid %" PRIu32, e->pid, e->uid);
}

static void put_why(struct json *out, const struct event *e)
{
	put(out, ": %s", event_reason_name(e->reason));
	if (e->rule) {
		put(out, " '");
		put_escaped(out, e->rule);
		put(out, "'");
	}
	if (e->ports)
		put(out, " of %" PRIu32 " ports", e->ports);
	if (e->count > 1)
		put(out, ", %" PRIu64 " times", e->count);
}

static void write_line(struct json *out, const struct event *e, const char *color)
{
	put_time(out, e->end_us);
	if (e->kind == EVENT_VERDICT) {
		put_word(out, event_verdict_name(e->verdict), color);
		put_what(out, e);
		put_process(out, e);
		put_why(out, e);
	} else {
		put_word(out, event_kind_name(e->kind), color);
		put(out, " ");
		put_name(out, e->action ? e->action : "?");
		put(out, ": ");
		put_escaped(out, e->text ? e->text : "");
	}
	json_append(out, "\n", 1);
}

void format_text(struct json *out, const struct event_source *source, const struct event *e)
{
	(void)source; /* people know on which machine they are */
	write_line(out, e, NULL);
}

void format_text_color(struct json *out, const struct event_source *source, const struct event *e)
{
	(void)source;
	write_line(out, e, color_of(e));
}
