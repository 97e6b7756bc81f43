// SPDX-License-Identifier: GPL-2.0-only
/*
 * The native format [contract]: a closed list of fields, one object a line, every field there.
 */
#include "events/format.h"

static void put_time(struct json *out, const char *name, uint64_t us)
{
	char text[FORMAT_TIME_SIZE];

	format_time(us, text);
	json_member_string(out, name, text);
}

static void put_common(struct json *out, const struct event_source *source, const struct event *e)
{
	char id[FORMAT_ID_SIZE];

	format_id(source, e->seq, id);
	json_member_u64(out, "schema", 1);
	json_member_string(out, "kind", event_kind_name(e->kind));
	json_member_string(out, "id", id);
	json_member_u64(out, "seq", e->seq);
	put_time(out, "time", e->end_us);
	put_time(out, "start", e->start_us);
	put_time(out, "end", e->end_us);
	json_key(out, "host");
	json_object(out);
	json_member_string(out, "name", source->host_name);
	json_member_string(out, "id", source->host_id);
	json_object_end(out);
	json_member_string(out, "instance", source->instance);
	json_member_u64(out, "severity", (uint64_t)e->severity);
}

static void put_number(struct json *out, const char *name, bool known, uint64_t number)
{
	if (known)
		json_member_u64(out, name, number);
	else
		json_member_null(out, name);
}

static void put_endpoint(struct json *out, const char *name, const struct event_endpoint *end)
{
	char ip[FORMAT_IP_SIZE];

	if (!end->known) {
		json_member_null(out, name);
		return;
	}
	format_ip(end->ip, ip);
	json_key(out, name);
	json_object(out);
	json_member_string(out, "ip", end->ip_known ? ip : NULL);
	put_number(out, "port", end->port_known, end->port);
	json_object_end(out);
}

static void put_process(struct json *out, const struct event *e)
{
	put_number(out, "pid", e->process_known, e->pid);
	put_number(out, "ppid", e->process_known, e->ppid);
	put_number(out, "uid", e->process_known, e->uid);
	json_member_string(out, "comm", e->comm);
	json_member_string(out, "exe", e->exe);
	json_member_string(out, "cmdline", e->cmdline);
	json_member_string(out, "cgroup", e->cgroup);
	json_member_string(out, "unit", e->unit);
}

static void put_container(struct json *out, const struct event *e)
{
	if (!e->container_id && !e->container_name) {
		json_member_null(out, "container");
		return;
	}
	json_key(out, "container");
	json_object(out);
	json_member_string(out, "id", e->container_id);
	json_member_string(out, "name", e->container_name);
	json_object_end(out);
}

static void put_verdict(struct json *out, const struct event *e)
{
	char number[4];

	json_member_string(out, "verdict", event_verdict_name(e->verdict));
	json_member_string(out, "mode", event_mode_name(e->mode));
	json_member_string(out, "hook", event_hook_name(e->hook));
	json_member_string(out, "reason", event_reason_name(e->reason));
	json_member_string(out, "proto", event_proto_name(e->proto, number));
	json_member_string(out, "family", e->family == 6 ? "ipv6" : "ipv4");
	put_endpoint(out, "local", &e->local);
	put_endpoint(out, "remote", &e->remote);
	json_member_string(out, "interface", e->interface);
	put_process(out, e);
	put_container(out, e);
	json_member_string(out, "scope", e->scope);
	json_member_string(out, "rule", e->rule);
	json_member_u64(out, "count", e->count);
	put_number(out, "ports", e->ports, e->ports);
}

static void put_change(struct json *out, const struct event *e)
{
	json_member_string(out, "action", e->action);
	json_key(out, "actor");
	json_object(out);
	put_number(out, "uid", e->actor.known, e->actor.uid);
	put_number(out, "pid", e->actor.known, e->actor.pid);
	json_member_string(out, "comm", e->actor.comm);
	json_member_string(out, "tty", e->actor.tty);
	json_member_string(out, "ssh", e->actor.ssh);
	json_object_end(out);
	json_member_string(out, "before", e->before);
	json_member_string(out, "after", e->after);
	json_member_string(out, "text", e->text);
}

static void put_health(struct json *out, const struct event *e)
{
	json_member_string(out, "action", e->action);
	json_member_string(out, "text", e->text);
	json_key(out, "counters");
	json_raw(out, e->counters_json ? e->counters_json : "null");
}

void format_json(struct json *out, const struct event_source *source, const struct event *e)
{
	out->comma = false; /* lines do not belong to one array */
	json_object(out);
	put_common(out, source, e);
	if (e->kind == EVENT_VERDICT)
		put_verdict(out, e);
	else if (e->kind == EVENT_CHANGE)
		put_change(out, e);
	else
		put_health(out, e);
	json_object_end(out);
	json_append(out, "\n", 1);
}
