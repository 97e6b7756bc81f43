// SPDX-License-Identifier: GPL-2.0-only
/*
 * A table of fields: where each lies in JSON, and what takes it. What is not in it - another program's field, or
 * one of a later version - is passed over.
 */
#include "report/log.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "util/address.h"
#include "util/json_read.h"

enum needed {
	NEED_SCHEMA = 1,
	NEED_KIND = 2,
	NEED_ID = 4,
	NEED_SEQ = 8,
	NEED_TIME = 16,
	NEED_ALL = 31
};

struct field {
	const char *path;
	int (*take)(struct log_line *l, const struct field *f, const struct json_value *v);
	size_t offset; /* in struct event */
	unsigned needed;
};

static void *place(struct log_line *l, const struct field *f)
{
	return (char *)&l->event + f->offset;
}

static int number(const struct json_value *v, uint64_t most, uint64_t *ret)
{
	size_t digits = strspn(v->text, "0123456789");
	unsigned long long n;

	if (v->string || !digits || digits > 20 || v->text[digits])
		return -EINVAL;
	errno = 0;
	n = strtoull(v->text, NULL, 10);
	if (errno || n > most)
		return -EINVAL;
	*ret = n;
	return 0;
}

static int take_u64(struct log_line *l, const struct field *f, const struct json_value *v)
{
	return number(v, UINT64_MAX, place(l, f));
}

static int take_u32(struct log_line *l, const struct field *f, const struct json_value *v)
{
	uint64_t n;

	if (number(v, UINT32_MAX, &n))
		return -EINVAL;
	*(uint32_t *)place(l, f) = (uint32_t)n;
	return 0;
}

static int take_pid(struct log_line *l, const struct field *f, const struct json_value *v)
{
	l->event.process_known = true;
	return take_u32(l, f, v);
}

static int take_actor(struct log_line *l, const struct field *f, const struct json_value *v)
{
	l->event.actor.known = true;
	return take_u32(l, f, v);
}

/* A copy that lives as long as the line; NULL where there is no more room. */
static int take_text(struct log_line *l, const struct field *f, const struct json_value *v)
{
	size_t size = strlen(v->text) + 1;

	if (!v->string)
		return -EINVAL;
	if (size > sizeof(l->text) - l->used)
		return 0;
	memcpy(l->text + l->used, v->text, size);
	*(const char **)place(l, f) = l->text + l->used;
	l->used += size;
	return 0;
}

static int take_schema(struct log_line *l, const struct field *f, const struct json_value *v)
{
	uint64_t schema;

	(void)l;
	(void)f;
	return number(v, 1, &schema) || schema != 1 ? -EINVAL : 0;
}

static int take_kind(struct log_line *l, const struct field *f, const struct json_value *v)
{
	(void)f;
	for (enum event_kind kind = 0; kind < EVENT_KIND_COUNT; kind++)
		if (v->string && !strcmp(v->text, event_kind_name(kind))) {
			l->event.kind = kind;
			return 0;
		}
	return -EINVAL;
}

static int take_id(struct log_line *l, const struct field *f, const struct json_value *v)
{
	(void)l;
	(void)f;
	return v->string ? 0 : -EINVAL;
}

/* 2026-11-23T21:32:11.656639Z */
static int take_time(struct log_line *l, const struct field *f, const struct json_value *v)
{
	unsigned long long fraction;
	struct tm tm = { 0 };
	const char *rest = v->string ? strptime(v->text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
	char *end;
	time_t seconds = rest ? timegm(&tm) : -1;

	if (seconds < 0 || *rest != '.' || strspn(rest + 1, "0123456789") != 6)
		return -EINVAL;
	fraction = strtoull(rest + 1, &end, 10);
	if (strcmp(end, "Z"))
		return -EINVAL;
	*(uint64_t *)place(l, f) = (uint64_t)seconds * 1000000 + fraction;
	return 0;
}

typedef const char *(*word_fn)(uint8_t number);

static int take_word(struct log_line *l, const struct field *f, const struct json_value *v,
		     word_fn word, uint8_t count)
{
	for (uint8_t i = 0; v->string && i < count; i++)
		if (!strcmp(v->text, word(i))) {
			*(uint8_t *)place(l, f) = i;
			return 0;
		}
	return -EINVAL;
}

static int take_verdict(struct log_line *l, const struct field *f, const struct json_value *v)
{
	return take_word(l, f, v, event_verdict_name, PG_VERDICT_COUNT);
}

static int take_mode(struct log_line *l, const struct field *f, const struct json_value *v)
{
	return take_word(l, f, v, event_mode_name, PG_MODE_COUNT);
}

static int take_hook(struct log_line *l, const struct field *f, const struct json_value *v)
{
	return take_word(l, f, v, event_hook_name, PG_HOOK_COUNT);
}

static int take_reason(struct log_line *l, const struct field *f, const struct json_value *v)
{
	return take_word(l, f, v, event_reason_name, PG_REASON_COUNT);
}

static int take_proto(struct log_line *l, const struct field *f, const struct json_value *v)
{
	char digits[4];

	(void)f;
	for (unsigned proto = 0; v->string && proto < 256; proto++)
		if (!strcmp(v->text, event_proto_name((uint8_t)proto, digits))) {
			l->event.proto = (uint8_t)proto;
			return 0;
		}
	return -EINVAL;
}

static int take_family(struct log_line *l, const struct field *f, const struct json_value *v)
{
	(void)f;
	l->event.family = v->string && !strcmp(v->text, "ipv6") ? 6 : 4;
	return 0;
}

static int take_ip(struct log_line *l, const struct field *f, const struct json_value *v)
{
	struct event_endpoint *end = place(l, f);

	end->known = end->ip_known = true;
	return v->string ? address_parse(v->text, end->ip) : -EINVAL;
}

static int take_port(struct log_line *l, const struct field *f, const struct json_value *v)
{
	struct event_endpoint *end = place(l, f);
	uint64_t port;

	if (number(v, 65535, &port))
		return -EINVAL;
	end->known = end->port_known = true;
	end->port = (uint16_t)port;
	return 0;
}

static int take_severity(struct log_line *l, const struct field *f, const struct json_value *v)
{
	uint64_t severity;

	(void)f;
	if (number(v, 10, &severity))
		return -EINVAL;
	l->event.severity = (int)severity;
	return 0;
}

static int take_source(char *to, size_t size, const struct json_value *v)
{
	size_t length = strlen(v->text);

	if (!v->string)
		return -EINVAL;
	length = length < size ? length : size - 1;
	memcpy(to, v->text, length);
	to[length] = '\0';
	return 0;
}

static int take_host_name(struct log_line *l, const struct field *f, const struct json_value *v)
{
	(void)f;
	return take_source(l->source.host_name, sizeof(l->source.host_name), v);
}

static int take_host_id(struct log_line *l, const struct field *f, const struct json_value *v)
{
	(void)f;
	return take_source(l->source.host_id, sizeof(l->source.host_id), v);
}

static int take_instance(struct log_line *l, const struct field *f, const struct json_value *v)
{
	(void)f;
	return take_source(l->source.instance, sizeof(l->source.instance), v);
}

#define AT(member) offsetof(struct event, member)

static const struct field fields[] = {
	{ "schema", take_schema, 0, NEED_SCHEMA },
	{ "kind", take_kind, 0, NEED_KIND },
	{ "id", take_id, 0, NEED_ID },
	{ "seq", take_u64, AT(seq), NEED_SEQ },
	{ "start", take_time, AT(start_us), 0 },
	{ "end", take_time, AT(end_us), NEED_TIME },
	{ "severity", take_severity, 0, 0 },
	{ "host.name", take_host_name, 0, 0 },
	{ "host.id", take_host_id, 0, 0 },
	{ "instance", take_instance, 0, 0 },
	{ "verdict", take_verdict, AT(verdict), 0 },
	{ "mode", take_mode, AT(mode), 0 },
	{ "hook", take_hook, AT(hook), 0 },
	{ "reason", take_reason, AT(reason), 0 },
	{ "proto", take_proto, 0, 0 },
	{ "family", take_family, 0, 0 },
	{ "local.ip", take_ip, AT(local), 0 },
	{ "local.port", take_port, AT(local), 0 },
	{ "remote.ip", take_ip, AT(remote), 0 },
	{ "remote.port", take_port, AT(remote), 0 },
	{ "interface", take_text, AT(interface), 0 },
	{ "pid", take_pid, AT(pid), 0 },
	{ "ppid", take_pid, AT(ppid), 0 },
	{ "uid", take_pid, AT(uid), 0 },
	{ "comm", take_text, AT(comm), 0 },
	{ "exe", take_text, AT(exe), 0 },
	{ "cmdline", take_text, AT(cmdline), 0 },
	{ "cgroup", take_text, AT(cgroup), 0 },
	{ "unit", take_text, AT(unit), 0 },
	{ "container.id", take_text, AT(container_id), 0 },
	{ "container.name", take_text, AT(container_name), 0 },
	{ "scope", take_text, AT(scope), 0 },
	{ "rule", take_text, AT(rule), 0 },
	{ "count", take_u64, AT(count), 0 },
	{ "ports", take_u32, AT(ports), 0 },
	{ "action", take_text, AT(action), 0 },
	{ "text", take_text, AT(text), 0 },
	{ "actor.uid", take_actor, AT(actor.uid), 0 },
	{ "actor.pid", take_actor, AT(actor.pid), 0 },
	{ "actor.comm", take_text, AT(actor.comm), 0 },
	{ "actor.tty", take_text, AT(actor.tty), 0 },
	{ "actor.ssh", take_text, AT(actor.ssh), 0 },
	{ "before", take_text, AT(before), 0 },
	{ "after", take_text, AT(after), 0 },
};

static bool is_at(const struct json_value *v, const char *path)
{
	const char *dot = strchr(path, '.');
	size_t first = dot ? (size_t)(dot - path) : strlen(path);

	return v->depth == (dot ? 2 : 1) && strlen(v->path[0]) == first &&
	       !memcmp(v->path[0], path, first) && (!dot || !strcmp(v->path[1], dot + 1));
}

static int take(void *data, const struct json_value *v)
{
	struct log_line *l = data;

	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		const struct field *f = &fields[i];

		if (!is_at(v, f->path))
			continue;
		if (!v->string && !strcmp(v->text, "null"))
			return 0;
		l->known |= f->needed;
		return f->take(l, f, v);
	}
	return 0;
}

int log_read(char *line, size_t length, struct log_line *ret)
{
	struct event *e = &ret->event;
	int r;

	ret->event = (struct event){ 0 };
	ret->source = (struct event_source){ 0 };
	ret->used = 0;
	ret->known = 0;
	r = json_each(line, length, take, ret);
	if (r)
		return r;
	if (ret->known != NEED_ALL || (e->kind == EVENT_VERDICT && e->verdict == PG_NONE))
		return -EINVAL;
	if (!e->start_us)
		e->start_us = e->end_us;
	return 0;
}
