// SPDX-License-Identifier: GPL-2.0-only
/* The law of format_law.h. The table of places is that of docs/events.md. */
#include "unit/lib/format_law.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events/format.h"
#include "unit/lib/parse.h"
#include "util/cleanup.h"
#include "util/utf8.h"

#define PLACE_SIZE 64

enum dialect { JSON, ECS, OCSF, SYSLOG, LEEF, CEF, DIALECTS };

/* Where a native field is; NULL: nowhere. Behind a bar: where it is of what goes out. CEF's cs1 has a label. */
struct place {
	const char *native, *ecs, *ocsf, *cef;
};

static const struct place common_places[] = {
	{ "schema", "portguard.schema", "unmapped.schema", NULL },
	{ "kind", "portguard.kind", "unmapped.kind", "cat" },
	{ "id", "event.id", "metadata.uid", "externalId" },
	{ "seq", "event.sequence", "metadata.sequence", NULL },
	{ "host.name", "host.name", "device.hostname", "dvchost" },
	{ "host.id", "host.id", "device.uid", "deviceExternalId" },
	{ "instance", "portguard.instance", "unmapped.instance", NULL },
	{ "severity", "event.severity", "unmapped.severity", "SEVERITY" },
};

static const struct place verdict_places[] = {
	{ "verdict", "portguard.verdict", "unmapped.verdict", "act" },
	{ "mode", "portguard.mode", "unmapped.mode", "flexString1" },
	{ "hook", "event.action", "unmapped.hook", NULL },
	{ "reason", "event.reason", "status_code", "reason" },
	{ "family", "network.type", NULL, NULL },
	{ "interface", "observer.ingress.interface.name|observer.egress.interface.name", NULL,
	  "deviceInboundInterface|deviceOutboundInterface" },
	{ "comm", "process.name", "actor.process.name", "dproc|sproc" },
	{ "exe", "process.executable", "actor.process.file.path", "filePath" },
	{ "cmdline", "process.command_line", "actor.process.cmd_line", "cs6" },
	{ "pid", "process.pid", "actor.process.pid", "dpid|spid" },
	{ "ppid", "process.parent.pid", "actor.process.parent_process.pid", "cn2" },
	{ "uid", "process.user.id", "actor.process.user.uid", "duid|suid" },
	{ "cgroup", "portguard.cgroup", "unmapped.cgroup", "cs5" },
	{ "unit", "portguard.unit", "unmapped.unit", "cs3" },
	{ "container.id", "container.id", "actor.process.container.uid", "cs4" },
	{ "container.name", "container.name", "actor.process.container.name", "flexString2" },
	{ "scope", "rule.ruleset", "policy.name", "cs1" },
	{ "rule", "rule.name", "firewall_rule.name", "cs2" },
	{ "count", "portguard.count", "count", "cnt" },
	{ "ports", "portguard.ports", "unmapped.ports", "cn1" },
};

static const struct place change_places[] = {
	{ "action", "event.action", "unmapped.action", "act" },
	{ "actor.uid", "process.user.id", "actor.process.user.uid", "suid" },
	{ "actor.pid", "process.pid", "actor.process.pid", "spid" },
	{ "actor.comm", "process.name", NULL, "sproc" },
	{ "actor.tty", "portguard.actor.tty", "unmapped.actor.tty", "cs1" },
	{ "actor.ssh", "portguard.actor.ssh", "unmapped.actor.ssh", "cs2" },
	{ "before", "portguard.before", "unmapped.before", "cs3" },
	{ "after", "portguard.after", "unmapped.after", "cs4" },
	{ "text", "portguard.text", "unmapped.text", "msg" },
};

static const struct place health_places[] = {
	{ "action", "event.action", "unmapped.action", "act" },
	{ "text", "portguard.text", "unmapped.text", "msg" },
};

struct trial {
	const struct event_source *source;
	const struct event *e;
	struct parsed native; /* what format_json() says is there, escapes undone */
	enum dialect dialect;
	struct parsed got;
	char *broken;
};

__attribute__((format(printf, 2, 3))) static bool fail(struct trial *t, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(t->broken, FORMAT_LAW_SIZE, format, ap);
	va_end(ap);
	return false;
}

/* What a reader of this dialect is to see of @text, which has been through utf8 already. */
static char *seen(const char *text, enum dialect dialect)
{
	size_t length = strlen(text), used;
	char *out = malloc(length * 4 + 1), *to = out;

	for (size_t i = 0; i < length; i += used) {
		uint32_t c = utf8_next(text + i, length - i, &used);
		bool kept = dialect <= OCSF || (dialect == CEF && (c == '\n' || c == '\r'));

		if ((utf8_is_control(c) && !kept) || (dialect == LEEF && c == '^')) {
			to += sprintf(to, c < 0x100 ? "\\x%02x" : "\\u%04x", (unsigned)c);
		} else {
			memcpy(to, text + i, used);
			to += used;
		}
	}
	*to = '\0';
	return out;
}

static bool has_value(const struct parsed *p, const char *name)
{
	const struct parsed_field *field = parsed_find(p, name);

	return field && field->type != '0';
}

/* @native at @name, or both are not there. */
static bool is_at(struct trial *t, const char *native, const char *name)
{
	const struct parsed_field *want = parsed_find(&t->native, native),
				  *got = parsed_find(&t->got, name);
	_cleanup_free_ char *value = NULL;

	if (!has_value(&t->native, native))
		return !got || fail(t, "%s is '%s', and %s is null", name, got->value, native);
	if (!got)
		return fail(t, "%s is not there, and %s is '%s'", name, native, want->value);
	value = seen(want->value, t->dialect);
	return !strcmp(value, got->value) ||
	       fail(t, "%s is '%s', and %s '%s'", name, got->value, native, value);
}

/* Custom strings and numbers say what they are. */
static bool is_labelled(struct trial *t, const char *native, const char *key)
{
	const struct parsed_field *label;
	_cleanup_free_ char *want = strdup(native);
	char name[PLACE_SIZE + 8];

	(void)snprintf(name, sizeof(name), "%sLabel", key);
	label = parsed_find(&t->got, name);
	if (!isdigit((unsigned char)key[strlen(key) - 1]))
		return true;
	if (strchr(want, '.'))
		*strchr(want, '.') = '_';
	if (!parsed_find(&t->got, key))
		return !label || fail(t, "%s without %s", name, key);
	return (label && !strcmp(label->value, want)) || fail(t, "%s is not %s", name, want);
}

/* The half of @place that is meant. */
static const char *directed(const struct trial *t, const char *place, char name[PLACE_SIZE])
{
	const char *bar = strchr(place, '|');
	int length = bar && !event_goes_out(t->e) ? (int)(bar - place) : PLACE_SIZE;

	if (bar && event_goes_out(t->e))
		place = bar + 1;
	(void)snprintf(name, PLACE_SIZE, "%.*s", length, place);
	return name;
}

static bool is_in_cef(struct trial *t, const char *native, const char *place)
{
	char name[PLACE_SIZE];

	return !place ||
	       (is_at(t, native, directed(t, place, name)) && is_labelled(t, native, name));
}

static bool is_in_ecs(struct trial *t, const char *native, const char *place)
{
	char name[PLACE_SIZE];

	return !place || is_at(t, native, directed(t, place, name));
}

/* OCSF names a process by its pid; what has none has no place there. */
static bool is_in_ocsf(struct trial *t, const char *native, const char *path)
{
	if (!path || (!strncmp(path, "actor.process", 13) && !t->e->process_known))
		return true;
	return is_at(t, native, path);
}

static bool is_flat(struct trial *t, const char *native)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "%s", native);
	if (strchr(name, '.'))
		*strchr(name, '.') = '_';
	return is_at(t, native, name);
}

static bool is_in_place(struct trial *t, const struct place *place)
{
	switch (t->dialect) {
	case ECS:
		return is_in_ecs(t, place->native, place->ecs);
	case OCSF:
		return is_in_ocsf(t, place->native, place->ocsf);
	case CEF:
		return is_in_cef(t, place->native, place->cef);
	default:
		return is_flat(t, place->native);
	}
}

static bool all_in_place(struct trial *t, const struct place *places, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!is_in_place(t, &places[i]))
			return false;
	return true;
}

/* The endpoints: where the local one is depends on who asks. */
static bool ends_in_place(struct trial *t)
{
	static const char *const places[DIALECTS][4] = {
		[ECS] = { "source.ip", "source.port", "destination.ip", "destination.port" },
		[OCSF] = { "src_endpoint.ip", "src_endpoint.port", "dst_endpoint.ip",
			   "dst_endpoint.port" },
		[LEEF] = { "src", "srcPort", "dst", "dstPort" },
		[CEF] = { "src", "spt", "dst", "dpt" },
	};
	bool out = event_goes_out(t->e);
	const char *const *at = places[t->dialect];
	const char *ips[] = { out ? "local.ip" : "remote.ip", out ? "remote.ip" : "local.ip" };
	const char *ports[] = { out ? "local.port" : "remote.port",
				out ? "remote.port" : "local.port" };

	if (t->dialect == SYSLOG || t->dialect == LEEF)
		for (size_t i = 0; i < 2; i++)
			if (!is_flat(t, ips[i]) || !is_flat(t, ports[i]))
				return false;
	if (t->dialect == SYSLOG)
		return true;
	for (size_t i = 0; i < 2; i++) {
		/* OCSF wants an address or a name: a port alone is no endpoint of others. */
		bool nowhere = t->dialect == OCSF && !has_value(&t->native, ips[i]);

		if (!is_at(t, ips[i], at[2 * i]) ||
		    (!nowhere && !is_at(t, ports[i], at[2 * i + 1])))
			return false;
	}
	return true;
}

static bool values_are_back(struct trial *t)
{
	if (!all_in_place(t, common_places, ARRAY_SIZE(common_places)))
		return false;
	if (t->e->kind == EVENT_CHANGE)
		return all_in_place(t, change_places, ARRAY_SIZE(change_places));
	if (t->e->kind == EVENT_HEALTH)
		return all_in_place(t, health_places, ARRAY_SIZE(health_places));
	return all_in_place(t, verdict_places, ARRAY_SIZE(verdict_places)) && ends_in_place(t);
}

/* One line, its end the only control character, and nothing that is not UTF-8. */
static bool is_clean(struct trial *t, const char *name, const struct json *line)
{
	size_t used, length = line->length;

	if (json_error(line) || !length || line->text[length - 1] != '\n')
		return fail(t, "%s: no line", name);
	for (size_t i = 0; i < length - 1; i += used) {
		uint32_t c = utf8_next(line->text + i, length - i, &used);

		if (utf8_is_control(c) || (c == UTF8_REPLACEMENT && used != 3))
			return fail(t, "%s: byte %zu is %02x", name, i,
				    (unsigned char)line->text[i]);
	}
	line->text[length - 1] = '\0';
	return true;
}

static bool parse(struct trial *t, const char *line)
{
	_cleanup_parsed_ struct parsed frame = { 0 };

	switch (t->dialect) {
	case JSON:
	case ECS:
	case OCSF:
		return parse_json(line, &t->got);
	case SYSLOG:
		return parse_syslog(line, &t->got);
	default:
		if (!parse_syslog(line, &frame))
			return false;
		line = parsed_find(&frame, "MSG")->value;
		return t->dialect == LEEF ? parse_leef(line, &t->got) : parse_cef(line, &t->got);
	}
}

static bool holds_in(struct trial *t, const char *name, enum dialect dialect)
{
	_cleanup_json_ struct json line = JSON_INIT;

	t->dialect = dialect;
	parsed_free(&t->got);
	format_find(name)->write(&line, t->source, t->e);
	if (!is_clean(t, name, &line))
		return false;
	if (!parse(t, line.text))
		return fail(t, "%s: cannot be read: %.400s", name, line.text);
	if (dialect != JSON)
		return values_are_back(t);
	t->native = t->got;
	t->got.count = 0;
	return true;
}

/* Strings of the event as native JSON gives them back: U+FFFD is the only difference there may be. */
static bool is_string(struct trial *t, const char *native, const char *text)
{
	const struct parsed_field *got = parsed_find(&t->native, native);
	size_t length = text ? strlen(text) : 0, used;
	const char *at;

	if (!text)
		return !got || got->type == '0' || fail(t, "json: %s is not null", native);
	if (!got || got->type != 's')
		return fail(t, "json: %s is no string", native);
	at = got->value;
	for (size_t i = 0; i < length; i += used) {
		uint32_t c = utf8_next(text + i, length - i, &used);
		bool bad = c == UTF8_REPLACEMENT;

		if (strncmp(at, bad ? "\xef\xbf\xbd" : text + i, bad ? 3 : used))
			return fail(t, "json: %s is '%s'", native, got->value);
		at += bad ? 3 : used;
	}
	return !*at || fail(t, "json: %s is longer", native);
}

static bool native_is_true(struct trial *t)
{
	const struct event *e = t->e;

	if (e->kind != EVENT_VERDICT)
		return is_string(t, "action", e->action) && is_string(t, "text", e->text) &&
		       is_string(t, "actor.comm", e->kind == EVENT_CHANGE ? e->actor.comm : NULL) &&
		       is_string(t, "before", e->kind == EVENT_CHANGE ? e->before : NULL);
	return is_string(t, "comm", e->comm) && is_string(t, "exe", e->exe) &&
	       is_string(t, "cmdline", e->cmdline) && is_string(t, "cgroup", e->cgroup) &&
	       is_string(t, "unit", e->unit) && is_string(t, "rule", e->rule) &&
	       is_string(t, "scope", e->scope) && is_string(t, "interface", e->interface) &&
	       is_string(t, "container.id", e->container_id) &&
	       is_string(t, "container.name", e->container_name);
}

static bool text_is_clean(struct trial *t)
{
	_cleanup_json_ struct json line = JSON_INIT;

	format_text(&line, t->source, t->e);
	return is_clean(t, "text", &line);
}

const char *format_law(const struct event_source *source, const struct event *e,
		       char broken[FORMAT_LAW_SIZE])
{
	struct trial t = { .source = source, .e = e, .broken = broken };

	*broken = '\0';
	(void)(holds_in(&t, "json", JSON) && native_is_true(&t) && text_is_clean(&t) &&
	       holds_in(&t, "ecs", ECS) && holds_in(&t, "ocsf", OCSF) && holds_in(&t, "cef", CEF) &&
	       holds_in(&t, "leef", LEEF) && holds_in(&t, "syslog", SYSLOG));
	parsed_free(&t.native);
	parsed_free(&t.got);
	return broken;
}
