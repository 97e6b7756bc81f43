// SPDX-License-Identifier: GPL-2.0-only
/*
 * The native format's fields (format_json.c) without its nesting, for formats of names and values.
 */
#include "events/format.h"

struct fields {
	struct json *out;
	format_field_fn put;
};

static void put_text(const struct fields *f, const char *name, const char *text)
{
	if (text)
		f->put(f->out, name, text);
}

static void put_number(const struct fields *f, const char *name, uint64_t number)
{
	char text[FORMAT_NUMBER_SIZE];

	format_number(number, text);
	f->put(f->out, name, text);
}

static void put_time(const struct fields *f, const char *name, uint64_t us)
{
	char text[FORMAT_TIME_SIZE];

	format_time(us, text);
	f->put(f->out, name, text);
}

static void put_common(const struct fields *f, const struct event_source *source,
		       const struct event *e)
{
	char id[FORMAT_ID_SIZE];

	format_id(source, e->seq, id);
	put_number(f, "schema", 1);
	put_text(f, "kind", event_kind_name(e->kind));
	put_text(f, "id", id);
	put_number(f, "seq", e->seq);
	put_time(f, "time", e->end_us);
	put_time(f, "start", e->start_us);
	put_time(f, "end", e->end_us);
	put_text(f, "host_name", source->host_name);
	put_text(f, "host_id", source->host_id);
	put_text(f, "instance", source->instance);
	put_number(f, "severity", (uint64_t)e->severity);
}

static void put_endpoint(const struct fields *f, const char *ip_name, const char *port_name,
			 const struct event_endpoint *end)
{
	char ip[FORMAT_IP_SIZE];

	if (end->known && end->ip_known) {
		format_ip(end->ip, ip);
		put_text(f, ip_name, ip);
	}
	if (end->known && end->port_known)
		put_number(f, port_name, end->port);
}

static void put_process(const struct fields *f, const struct event *e)
{
	if (e->process_known) {
		put_number(f, "pid", e->pid);
		put_number(f, "ppid", e->ppid);
		put_number(f, "uid", e->uid);
	}
	put_text(f, "comm", e->comm);
	put_text(f, "container_id", e->container_id);
	put_text(f, "container_name", e->container_name);
	put_text(f, "unit", e->unit);
	put_text(f, "cgroup", e->cgroup);
	put_text(f, "exe", e->exe);
	put_text(f, "cmdline", e->cmdline);
}

static void put_verdict(const struct fields *f, const struct event *e)
{
	char number[4];

	put_text(f, "verdict", event_verdict_name(e->verdict));
	put_text(f, "mode", event_mode_name(e->mode));
	put_text(f, "hook", event_hook_name(e->hook));
	put_text(f, "reason", event_reason_name(e->reason));
	put_text(f, "proto", event_proto_name(e->proto, number));
	put_text(f, "family", e->family == 6 ? "ipv6" : "ipv4");
	put_endpoint(f, "local_ip", "local_port", &e->local);
	put_endpoint(f, "remote_ip", "remote_port", &e->remote);
	put_text(f, "interface", e->interface);
	put_number(f, "count", e->count);
	if (e->ports)
		put_number(f, "ports", e->ports);
	put_text(f, "scope", e->scope);
	put_text(f, "rule", e->rule);
	put_process(f, e);
}

static void put_change(const struct fields *f, const struct event *e)
{
	put_text(f, "action", e->action);
	if (e->actor.known) {
		put_number(f, "actor_uid", e->actor.uid);
		put_number(f, "actor_pid", e->actor.pid);
	}
	put_text(f, "actor_comm", e->actor.comm);
	put_text(f, "actor_tty", e->actor.tty);
	put_text(f, "actor_ssh", e->actor.ssh);
	put_text(f, "before", e->before);
	put_text(f, "after", e->after);
	put_text(f, "text", e->text);
}

void format_fields(struct json *out, const struct event_source *source, const struct event *e,
		   format_field_fn put)
{
	struct fields f = { .out = out, .put = put };

	put_common(&f, source, e);
	if (e->kind == EVENT_VERDICT) {
		put_verdict(&f, e);
	} else if (e->kind == EVENT_CHANGE) {
		put_change(&f, e);
	} else {
		put_text(&f, "action", e->action);
		put_text(&f, "counters", e->counters_json);
		put_text(&f, "text", e->text);
	}
}
