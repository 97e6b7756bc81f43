// SPDX-License-Identifier: GPL-2.0-only
/*
 * For people: one short line an event. What an attacker chose is quoted where it holds anything but
 * plain characters, and escaped, so that no line can be forged and no terminal be driven.
 *
 *   2026-11-23 20:05:09.123 deny bind 79/tcp at 0.0.0.0 by python3[4711] uid 1000: no-rule
 *   2026-11-23 20:05:10.000 deny inbound 23/tcp from 192.0.2.7 on eth0: no-rule, 12 times
 *   2026-11-23 20:05:11.000 deny inbound udp from 192.0.2.7 on eth0: scan of 200 ports, 412 times
 *   2026-11-23 20:05:12.000 change mode by portguard[99] uid 0 on pts/1: enforce -> audit
 */
#include "events/format.h"

#include <string.h>

#include "util/escape.h"

#define COLOR_DENY "\033[31m"
#define COLOR_AUDIT "\033[33m"
#define COLOR_ALLOW "\033[32m"
#define COLOR_OTHER "\033[36m"
#define COLOR_END "\033[0m"

#define CONTAINER_ID_SHOWN 12

static void put(struct json *out, const char *text)
{
	json_append_text(out, text);
}

static void put_escape(struct json *out, uint32_t character)
{
	char itself[2] = { '\\', (char)character };

	if (character == '"' || character == '\\')
		json_append(out, itself, 2);
	else
		escape_hex(out, character);
}

static void put_escaped(struct json *out, const char *text)
{
	static const struct escape how = { .special = { '"', '\\' },
					   .marks = true,
					   .put = put_escape };

	escape_text(out, &how, text);
}

/* Whether a name may stand without quotes: nothing in it that this format uses itself. */
static bool is_plain(const char *text)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./@:+%-";

	return *text && text[strspn(text, plain)] == '\0';
}

static void put_name(struct json *out, const char *before, const char *text)
{
	const char *quote = is_plain(text) ? "" : "\"";

	put(out, before);
	put(out, quote);
	put_escaped(out, text);
	put(out, quote);
}

static void put_number(struct json *out, const char *before, uint64_t number)
{
	put(out, before);
	json_append_u64(out, number);
}

static void put_time(struct json *out, uint64_t us)
{
	char text[FORMAT_TIME_SIZE];

	format_time(us, text);
	text[strcspn(text, "T")] = ' ';
	json_append(out, text, strcspn(text, ".") + 4); /* milliseconds are enough here */
	put(out, " ");
}

static const char *color_of(const struct event *e)
{
	if (e->kind != EVENT_VERDICT)
		return e->severity >= EVENT_ALARM ? COLOR_DENY : COLOR_OTHER;
	if (e->verdict == PG_DENY)
		return COLOR_DENY;
	return e->verdict == PG_AUDIT ? COLOR_AUDIT : COLOR_ALLOW;
}

static void put_ip(struct json *out, const char *preposition, const struct event_endpoint *end)
{
	char ip[FORMAT_IP_SIZE];

	if (!end->known || !end->ip_known)
		return;
	format_ip(end->ip, ip);
	put(out, preposition);
	put(out, ip);
}

static void put_what(struct json *out, const struct event *e)
{
	const struct event_endpoint *asked = event_asked(e);
	bool goes_out = event_goes_out(e);
	char number[4];

	put(out, " ");
	put(out, event_hook_name(e->hook));
	if (asked->known && asked->port_known) {
		put_number(out, " ", asked->port);
		put(out, "/");
	} else {
		put(out, " ");
	}
	put(out, event_proto_name(e->proto, number));
	put_ip(out, goes_out ? " to " : " from ", &e->remote);
	put_ip(out, goes_out ? " from " : " at ", &e->local);
	if (e->interface)
		put_name(out, " on ", e->interface);
}

static void put_id(struct json *out, const char *id)
{
	char start[CONTAINER_ID_SHOWN + 1] = "";

	strncat(start, id, CONTAINER_ID_SHOWN);
	put_name(out, " in container ", start);
}

static void put_process(struct json *out, const struct event *e)
{
	if (e->process_known) {
		put_name(out, event_is_packet(e) ? " for " : " by ",
			 e->exe    ? e->exe
			 : e->comm ? e->comm
				   : "?");
		put_number(out, "[", e->pid);
		put_number(out, "] uid ", e->uid);
	}
	if (e->container_name)
		put_name(out, " in container ", e->container_name);
	else if (e->container_id)
		put_id(out, e->container_id);
	else if (e->unit)
		put_name(out, " in ", e->unit);
}

static void put_why(struct json *out, const struct event *e)
{
	put(out, ": ");
	put(out, event_reason_name(e->reason));
	if (e->rule) {
		put(out, " '");
		put_escaped(out, e->rule);
		put(out, "'");
	}
	if (e->ports) {
		put_number(out, " of ", e->ports);
		put(out, " ports");
	}
	if (e->scope && strcmp(e->scope, "host"))
		put_name(out, ", scope ", e->scope);
	if (e->count > 1) {
		put_number(out, ", ", e->count);
		put(out, " times");
	}
}

static void put_actor(struct json *out, const struct event_actor *actor)
{
	if (actor->known) {
		put_name(out, " by ", actor->comm ? actor->comm : "?");
		put_number(out, "[", actor->pid);
		put_number(out, "] uid ", actor->uid);
	}
	if (actor->tty)
		put_name(out, " on ", actor->tty);
	if (actor->ssh)
		put_name(out, " from ", actor->ssh);
}

static void put_change(struct json *out, const struct event *e)
{
	put_actor(out, &e->actor);
	put(out, ": ");
	if (e->text) {
		put_escaped(out, e->text);
		return;
	}
	put_escaped(out, e->before ? e->before : "");
	put(out, " -> ");
	put_escaped(out, e->after ? e->after : "");
}

static void put_sentence(struct json *out, const struct event *e, const char *color)
{
	put(out, color ? color : "");
	put(out,
	    e->kind == EVENT_VERDICT ? event_verdict_name(e->verdict) : event_kind_name(e->kind));
	put(out, color ? COLOR_END : "");
	if (e->kind == EVENT_VERDICT) {
		put_what(out, e);
		put_process(out, e);
		put_why(out, e);
		return;
	}
	put_name(out, " ", e->action ? e->action : "?");
	if (e->kind == EVENT_CHANGE) {
		put_change(out, e);
	} else {
		put(out, ": ");
		put_escaped(out, e->text ? e->text : "");
	}
}

void format_sentence(struct json *out, const struct event *e)
{
	put_sentence(out, e, NULL);
}

static void write_line(struct json *out, const struct event *e, const char *color)
{
	put_time(out, e->end_us);
	put_sentence(out, e, color);
	put(out, "\n");
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
