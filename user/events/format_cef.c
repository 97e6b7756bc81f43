// SPDX-License-Identifier: GPL-2.0-only
/*
 * ArcSight's Common Event Format in RFC 5424:
 *
 *   <132>1 … CEF:0|portguard|portguard|VERSION|bind:no-rule|bind denied|6|rt=1790000000123 dst=…
 *
 * Keys are those of CEF's dictionary; what it has no word for is in its custom strings and numbers,
 * whose labels are the native names. What others chose comes last: a receiver that cuts a line cuts there.
 */
#include "events/format.h"

#include "events/rfc5424.h"
#include "util/escape.h"

/* A backslash is escaped in header and extension, so that of `\x1b`, too. */
static void put_escape(struct json *out, uint32_t character)
{
	char itself = (char)character;

	json_append(out, "\\", 1);
	if (character >= ' ' && character < 0x7f)
		json_append(out, &itself, 1);
	else
		escape_hex(out, character);
}

/* Line ends have a spelling in values, and in values alone. */
static void put_value_escape(struct json *out, uint32_t character)
{
	if (character == '\n' || character == '\r')
		json_append(out, character == '\n' ? "\\n" : "\\r", 2);
	else
		put_escape(out, character);
}

static void put_header(struct json *out, const char *text)
{
	static const struct escape how = { .special = { '|', '\\' }, .put = put_escape };

	escape_text(out, &how, text);
}

static void put_key(struct json *out, const char *key)
{
	json_append(out, " ", 1);
	json_append_text(out, key);
	json_append(out, "=", 1);
}

static void put_text(struct json *out, const char *key, const char *text)
{
	static const struct escape how = { .special = { '=', '\\' }, .put = put_value_escape };

	if (!text)
		return;
	put_key(out, key);
	escape_text(out, &how, text);
}

static void put_number(struct json *out, const char *key, bool known, uint64_t number)
{
	if (!known)
		return;
	put_key(out, key);
	json_append_u64(out, number);
}

/* A custom string, labelled with its native name. */
static void put_custom(struct json *out, const char *key, const char *name, const char *text)
{
	if (!text)
		return;
	json_append(out, " ", 1);
	json_append_text(out, key);
	json_append_text(out, "Label=");
	json_append_text(out, name);
	put_text(out, key, text);
}

static void put_custom_number(struct json *out, const char *key, const char *name, bool known,
			      uint64_t number)
{
	char text[FORMAT_NUMBER_SIZE];

	format_number(number, text);
	put_custom(out, key, name, known ? text : NULL);
}

static void put_endpoint(struct json *out, const char *ip_key, const char *port_key,
			 const struct event_endpoint *end)
{
	char ip[FORMAT_IP_SIZE];

	format_ip(end->ip, ip);
	put_text(out, ip_key, end->known && end->ip_known ? ip : NULL);
	put_number(out, port_key, end->known && end->port_known, end->port);
}

/* The process that owns the local port is the destination's, but for one that connects. */
static void put_process(struct json *out, const struct event *e)
{
	bool goes_out = event_goes_out(e);

	put_number(out, goes_out ? "spid" : "dpid", e->process_known, e->pid);
	put_number(out, goes_out ? "suid" : "duid", e->process_known, e->uid);
	put_custom_number(out, "cn2", "ppid", e->process_known, e->ppid);
	put_text(out, goes_out ? "sproc" : "dproc", e->comm);
}

static void put_verdict(struct json *out, const struct event *e)
{
	char number[4];

	put_endpoint(out, "src", "spt", event_asking(e));
	put_endpoint(out, "dst", "dpt", event_asked(e));
	put_text(out, "proto", event_proto_name(e->proto, number));
	put_text(out, "act", event_verdict_name(e->verdict));
	put_number(out, "cnt", true, e->count);
	put_text(out, "reason", event_reason_name(e->reason));
	put_text(out, event_goes_out(e) ? "deviceOutboundInterface" : "deviceInboundInterface",
		 e->interface);
	put_custom_number(out, "cn1", "ports", e->ports, e->ports);
	put_custom(out, "flexString1", "mode", event_mode_name(e->mode));
	put_custom(out, "cs1", "scope", e->scope);
	put_custom(out, "cs2", "rule", e->rule);
	put_process(out, e);
	put_custom(out, "cs3", "unit", e->unit);
	put_custom(out, "cs4", "container_id", e->container_id);
	put_custom(out, "flexString2", "container_name", e->container_name);
	put_custom(out, "cs5", "cgroup", e->cgroup);
	put_text(out, "filePath", e->exe);
	put_custom(out, "cs6", "cmdline", e->cmdline);
}

static void put_change(struct json *out, const struct event *e)
{
	put_text(out, "act", e->action);
	put_number(out, "spid", e->actor.known, e->actor.pid);
	put_number(out, "suid", e->actor.known, e->actor.uid);
	put_text(out, "sproc", e->actor.comm);
	put_custom(out, "cs1", "actor_tty", e->actor.tty);
	put_custom(out, "cs2", "actor_ssh", e->actor.ssh);
	put_custom(out, "cs3", "before", e->before);
	put_custom(out, "cs4", "after", e->after);
	put_text(out, "msg", e->text);
}

static void put_health(struct json *out, const struct event *e)
{
	put_text(out, "act", e->action);
	put_custom(out, "cs1", "counters", e->counters_json);
	put_text(out, "msg", e->text);
}

static void put_extension(struct json *out, const struct event_source *source,
			  const struct event *e)
{
	char id[FORMAT_ID_SIZE];

	format_id(source, e->seq, id);
	json_append(out, "rt=", 3);
	json_append_u64(out, e->end_us / 1000);
	put_number(out, "start", true, e->start_us / 1000);
	put_number(out, "end", true, e->end_us / 1000);
	put_text(out, "cat", event_kind_name(e->kind));
	put_text(out, "externalId", id);
	put_text(out, "dvchost", source->host_name);
	put_text(out, "deviceExternalId", source->host_id);
	if (e->kind == EVENT_VERDICT)
		put_verdict(out, e);
	else if (e->kind == EVENT_CHANGE)
		put_change(out, e);
	else
		put_health(out, e);
}

static void put_name(struct json *out, const struct event *e)
{
	static const char *const done[PG_VERDICT_COUNT] = { [PG_NONE] = "",
							    [PG_ALLOW] = " allowed",
							    [PG_DENY] = " denied",
							    [PG_AUDIT] = " would be denied" };

	if (e->kind != EVENT_VERDICT) {
		json_append_text(out, event_kind_name(e->kind));
		return;
	}
	json_append_text(out, event_hook_name(e->hook));
	json_append_text(out, done[e->verdict]);
}

void format_cef(struct json *out, const struct event_source *source, const struct event *e)
{
	char signature[FORMAT_SIGNATURE_SIZE];
	size_t message;

	format_signature(e, signature);
	rfc5424_header(out, source, e);
	json_append(out, "- ", 2);
	message = out->length;
	json_append_text(out, "CEF:0|" FORMAT_PRODUCT "|" FORMAT_PRODUCT "|");
	put_header(out, source->version);
	json_append(out, "|", 1);
	put_header(out, signature);
	json_append(out, "|", 1);
	put_name(out, e);
	json_append(out, "|", 1);
	json_append_u64(out, (uint64_t)e->severity);
	json_append(out, "|", 1);
	put_extension(out, source, e);
	rfc5424_end(out, message);
}
