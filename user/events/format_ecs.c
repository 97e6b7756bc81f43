// SPDX-License-Identifier: GPL-2.0-only
/*
 * Elastic Common Schema. What it has a field for stands there, and what it has not under `portguard`;
 * a field that would be null is left out. Who asks is `source`, who is asked `destination`: a program
 * that takes a port is only asked.
 */
#include "events/format.h"

#include <string.h>

#include "util/cleanup.h"

#define ECS_VERSION "9.0.0"

/* What a health event is to ECS: event.kind and event.type. */
struct health {
	const char *action, *kind, *type;
};

static const struct health healths[] = {
	{ "start", "event", "start" },
	{ "stop", "event", "end" },
	{ "tamper", "alert", "change" },
	{ "beat", "metric", "info" },
};

static const struct health *health_of(const struct event *e)
{
	static const struct health other = { NULL, "event", "info" };

	for (size_t i = 0; i < ARRAY_SIZE(healths); i++)
		if (e->action && !strcmp(healths[i].action, e->action))
			return &healths[i];
	return &other;
}

static void put_time(struct json *out, const char *name, uint64_t us)
{
	char text[FORMAT_TIME_SIZE];

	format_time(us, text);
	json_member_string(out, name, text);
}

static void open_member(struct json *out, const char *name)
{
	json_key(out, name);
	json_object(out);
}

/* The three fields with closed lists of values; category and type are arrays. */
static void put_categories(struct json *out, const char *kind, const char *category,
			   const char *type, const char *outcome)
{
	json_member_string(out, "kind", kind);
	json_key(out, "category");
	json_array(out);
	json_string(out, category);
	json_array_end(out);
	json_key(out, "type");
	json_array(out);
	json_string(out, type);
	json_array_end(out);
	format_member(out, "outcome", outcome);
}

static void put_what(struct json *out, const struct event *e)
{
	bool denied = e->verdict == PG_DENY; /* what is audited passes */

	if (e->kind == EVENT_VERDICT) {
		put_categories(out, "event", "network", denied ? "denied" : "allowed",
			       denied ? "failure" : "success");
		json_member_string(out, "action", event_hook_name(e->hook));
		json_member_string(out, "reason", event_reason_name(e->reason));
		return;
	}
	if (e->kind == EVENT_CHANGE)
		put_categories(out, "event", "configuration", "change", "success");
	else
		put_categories(out, health_of(e)->kind, "host", health_of(e)->type, NULL);
	format_member(out, "action", e->action);
}

static void put_event(struct json *out, const struct event_source *source, const struct event *e)
{
	char id[FORMAT_ID_SIZE];

	format_id(source, e->seq, id);
	open_member(out, "event");
	put_what(out, e);
	json_member_string(out, "module", FORMAT_PRODUCT);
	json_member_string(out, "provider", FORMAT_PRODUCT);
	json_member_u64(out, "severity", (uint64_t)e->severity);
	json_member_string(out, "id", id);
	json_member_u64(out, "sequence", e->seq);
	put_time(out, "start", e->start_us);
	put_time(out, "end", e->end_us);
	json_object_end(out);
}

static void put_observer(struct json *out, const struct event_source *source, const struct event *e)
{
	open_member(out, "observer");
	json_member_string(out, "vendor", FORMAT_PRODUCT);
	json_member_string(out, "product", FORMAT_PRODUCT);
	json_member_string(out, "type", "firewall");
	json_member_string(out, "version", source->version);
	json_member_string(out, "hostname", source->host_name);
	if (e->interface) {
		open_member(out, event_goes_out(e) ? "egress" : "ingress");
		open_member(out, "interface");
		json_member_string(out, "name", e->interface);
		json_object_end(out);
		json_object_end(out);
	}
	json_object_end(out);
}

static void put_host(struct json *out, const struct event_source *source)
{
	open_member(out, "host");
	json_member_string(out, "name", source->host_name);
	json_member_string(out, "hostname", source->host_name);
	json_member_string(out, "id", source->host_id);
	json_object_end(out);
}

static void put_endpoint(struct json *out, const char *name, const struct event_endpoint *end)
{
	char ip[FORMAT_IP_SIZE];

	if (!end->known || !(end->ip_known || end->port_known))
		return;
	format_ip(end->ip, ip);
	open_member(out, name);
	format_member(out, "ip", end->ip_known ? ip : NULL);
	if (end->port_known)
		json_member_u64(out, "port", end->port);
	json_object_end(out);
}

static void put_network(struct json *out, const struct event *e)
{
	char number[FORMAT_NUMBER_SIZE], word[4];

	open_member(out, "network");
	if (e->proto) { /* 0: any */
		format_number(e->proto, number);
		json_member_string(out, "transport", format_transport(e->proto, word));
		json_member_string(out, "iana_number", number);
	}
	json_member_string(out, "type", e->family == 6 ? "ipv6" : "ipv4");
	if (event_is_packet(e))
		json_member_string(out, "direction", "ingress");
	else if (event_goes_out(e))
		json_member_string(out, "direction", "egress");
	json_object_end(out);
}

static void put_user(struct json *out, uint32_t uid)
{
	char text[FORMAT_NUMBER_SIZE];

	format_number(uid, text);
	open_member(out, "user");
	json_member_string(out, "id", text);
	json_object_end(out);
}

static void put_process(struct json *out, const struct event *e)
{
	if (!e->process_known && !e->comm && !e->exe && !e->cmdline)
		return;
	open_member(out, "process");
	if (e->process_known) {
		json_member_u64(out, "pid", e->pid);
		open_member(out, "parent");
		json_member_u64(out, "pid", e->ppid);
		json_object_end(out);
		put_user(out, e->uid);
	}
	format_member(out, "name", e->comm);
	format_member(out, "executable", e->exe);
	format_member(out, "command_line", e->cmdline);
	json_object_end(out);
}

static void put_container(struct json *out, const struct event *e)
{
	if (!e->container_id && !e->container_name)
		return;
	open_member(out, "container");
	format_member(out, "id", e->container_id);
	format_member(out, "name", e->container_name);
	json_object_end(out);
}

/* The rule, and whose rules decided. */
static void put_rule(struct json *out, const struct event *e)
{
	if (!e->rule && !e->scope)
		return;
	open_member(out, "rule");
	format_member(out, "name", e->rule);
	format_member(out, "ruleset", e->scope);
	json_object_end(out);
}

static void put_rest_of_verdict(struct json *out, const struct event *e)
{
	json_member_string(out, "verdict", event_verdict_name(e->verdict));
	json_member_bool(out, "would_deny", e->verdict == PG_AUDIT);
	json_member_string(out, "mode", event_mode_name(e->mode));
	json_member_u64(out, "count", e->count);
	if (e->ports)
		json_member_u64(out, "ports", e->ports);
	format_member(out, "unit", e->unit);
	format_member(out, "cgroup", e->cgroup);
}

static void put_rest_of_change(struct json *out, const struct event *e)
{
	if (e->actor.tty || e->actor.ssh) {
		open_member(out, "actor");
		format_member(out, "tty", e->actor.tty);
		format_member(out, "ssh", e->actor.ssh);
		json_object_end(out);
	}
	format_member(out, "before", e->before);
	format_member(out, "after", e->after);
}

static void put_rest(struct json *out, const struct event_source *source, const struct event *e)
{
	open_member(out, FORMAT_PRODUCT);
	json_member_u64(out, "schema", 1);
	json_member_string(out, "kind", event_kind_name(e->kind));
	json_member_string(out, "instance", source->instance);
	if (e->kind == EVENT_VERDICT) {
		put_rest_of_verdict(out, e);
	} else {
		put_rest_of_change(out, e);
		format_member(out, "text", e->text);
		if (e->counters_json) {
			json_key(out, "counters");
			json_raw(out, e->counters_json);
		}
	}
	json_object_end(out);
}

static void put_actor(struct json *out, const struct event_actor *actor)
{
	if (!actor->known && !actor->comm)
		return;
	open_member(out, "process");
	if (actor->known) {
		json_member_u64(out, "pid", actor->pid);
		put_user(out, actor->uid);
	}
	format_member(out, "name", actor->comm);
	json_object_end(out);
}

static void put_verdict(struct json *out, const struct event *e)
{
	put_endpoint(out, "source", event_asking(e));
	put_endpoint(out, "destination", event_asked(e));
	put_network(out, e);
	put_process(out, e);
	put_container(out, e);
	put_rule(out, e);
}

void format_ecs(struct json *out, const struct event_source *source, const struct event *e)
{
	out->comma = false; /* lines do not belong to one array */
	json_object(out);
	put_time(out, "@timestamp", e->end_us);
	open_member(out, "ecs");
	json_member_string(out, "version", ECS_VERSION);
	json_object_end(out);
	format_message(out, e);
	put_event(out, source, e);
	put_observer(out, source, e);
	put_host(out, source);
	if (e->kind == EVENT_VERDICT)
		put_verdict(out, e);
	else if (e->kind == EVENT_CHANGE)
		put_actor(out, &e->actor);
	put_rest(out, source, e);
	json_object_end(out);
	json_append(out, "\n", 1);
}
