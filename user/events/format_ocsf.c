// SPDX-License-Identifier: GPL-2.0-only
/*
 * Open Cybersecurity Schema Framework: a verdict is class 4001, Network Activity, a change 5019, Device
 * Config State Change, health 6002, Application Lifecycle. Each number of an enum has its caption
 * beside it. What the schema has no attribute for is under `unmapped`; what would be null is left out.
 */
#include "events/format.h"

#include <stdio.h>
#include <string.h>

#define OCSF_VERSION "1.4.0" /* the first that has all of this: of a verdict, `policy` */
#define ACTIVITY_OTHER 99

/* A number of an enum. */
struct word {
	unsigned id;
	const char *caption;
};

struct class
{
	unsigned uid;
	const char *caption;
	struct word category;
};

static const struct class classes[EVENT_KIND_COUNT] = {
	[EVENT_VERDICT] = { 4001, "Network Activity", { 4, "Network Activity" } },
	[EVENT_CHANGE] = { 5019, "Device Config State Change", { 5, "Discovery" } },
	[EVENT_HEALTH] = { 6002, "Application Lifecycle", { 6, "Application Activity" } },
};

static const struct word severities[EVENT_SEVERITIES] = {
	{ 1, "Informational" }, { 1, "Informational" }, { 2, "Low" },      { 2, "Low" },
	{ 3, "Medium" },        { 3, "Medium" },        { 3, "Medium" },   { 4, "High" },
	{ 4, "High" },          { 5, "Critical" },      { 5, "Critical" },
};

static const struct word success = { 1, "Success" }, failure = { 2, "Failure" };

/* @name_id and @name: number and caption, as nearly all of OCSF's enums have them. */
static void put_word(struct json *out, const char *id, const char *name, struct word word)
{
	json_member_u64(out, id, word.id);
	json_member_string(out, name, word.caption);
}

static void open_member(struct json *out, const char *name)
{
	json_key(out, name);
	json_object(out);
}

static void put_ms(struct json *out, const char *name, uint64_t us)
{
	json_member_u64(out, name, us / 1000);
}

/* What was tried; that it was refused is told by action_id, and by `Refuse` where a connection was. */
static struct word verdict_activity(const struct event *e)
{
	if (e->hook == PG_HOOK_BIND || e->hook == PG_HOOK_LISTEN)
		return (struct word){ 7, "Listen" };
	if (e->hook == PG_HOOK_SOCKET)
		return (struct word){ ACTIVITY_OTHER, "Raw Socket" };
	if (e->verdict == PG_DENY)
		return (struct word){ 5, "Refuse" };
	return e->hook == PG_HOOK_CONNECT ? (struct word){ 1, "Open" }
					  : (struct word){ 6, "Traffic" };
}

static struct word activity(const struct event *e)
{
	const char *action = e->action ? e->action : "?";

	if (e->kind == EVENT_VERDICT)
		return verdict_activity(e);
	if (e->kind == EVENT_CHANGE)
		return (struct word){ 1, "Log" };
	if (!strcmp(action, "start"))
		return (struct word){ 3, "Start" };
	if (!strcmp(action, "stop"))
		return (struct word){ 4, "Stop" };
	return (struct word){ ACTIVITY_OTHER, action };
}

static void put_class(struct json *out, const struct event *e)
{
	const struct class *class = &classes[e->kind];
	struct word does = activity(e);
	char name[96];

	put_word(out, "category_uid", "category_name", class->category);
	put_word(out, "class_uid", "class_name", (struct word){ class->uid, class->caption });
	put_word(out, "activity_id", "activity_name", does);
	(void)snprintf(name, sizeof(name), "%s: %s", class->caption,
		       does.id == ACTIVITY_OTHER ? "Other" : does.caption); /* fits */
	put_word(out, "type_uid", "type_name", (struct word){ class->uid * 100 + does.id, name });
	put_word(out, "severity_id", "severity", severities[e->severity]);
}

static void put_product(struct json *out, const char *name, const struct event_source *source)
{
	open_member(out, name);
	json_member_string(out, "name", FORMAT_PRODUCT);
	json_member_string(out, "vendor_name", FORMAT_PRODUCT);
	json_member_string(out, "version", source->version);
	json_object_end(out);
}

/* A process is named by its pid, so without one there is no place for its container either. */
static bool has_container(const struct event *e)
{
	return e->kind == EVENT_VERDICT && e->process_known &&
	       (e->container_id || e->container_name);
}

/* The profiles that the attributes below come from. */
static void put_profiles(struct json *out, const struct event *e)
{
	json_key(out, "profiles");
	json_array(out);
	if (e->kind == EVENT_VERDICT)
		json_string(out, "security_control");
	json_string(out, "host");
	if (has_container(e))
		json_string(out, "container");
	json_array_end(out);
}

static void put_metadata(struct json *out, const struct event_source *source, const struct event *e)
{
	char id[FORMAT_ID_SIZE], signature[FORMAT_SIGNATURE_SIZE];

	format_id(source, e->seq, id);
	format_signature(e, signature);
	open_member(out, "metadata");
	json_member_string(out, "version", OCSF_VERSION);
	put_product(out, "product", source);
	json_member_string(out, "uid", id);
	json_member_u64(out, "sequence", e->seq);
	json_member_string(out, "event_code", signature);
	put_profiles(out, e);
	json_object_end(out);
}

static void put_device(struct json *out, const struct event_source *source)
{
	open_member(out, "device");
	json_member_string(out, "hostname", source->host_name);
	json_member_string(out, "uid", source->host_id);
	put_word(out, "type_id", "type", (struct word){ 0, "Unknown" });
	json_object_end(out);
}

static void put_direction(struct json *out, const struct event *e)
{
	struct word direction = { 0, "Unknown" };

	if (event_is_packet(e))
		direction = (struct word){ 1, "Inbound" };
	else if (event_goes_out(e))
		direction = (struct word){ 2, "Outbound" };
	put_word(out, "direction_id", "direction", direction);
}

static void put_connection(struct json *out, const struct event *e)
{
	static const struct word ip4 = { 4, "Internet Protocol version 4 (IPv4)" },
				 ip6 = { 6, "Internet Protocol version 6 (IPv6)" };
	char number[4];

	open_member(out, "connection_info");
	put_direction(out, e);
	if (e->proto) { /* 0: any */
		json_member_string(out, "protocol_name", format_transport(e->proto, number));
		json_member_u64(out, "protocol_num", e->proto);
	}
	put_word(out, "protocol_ver_id", "protocol_ver", e->family == 6 ? ip6 : ip4);
	json_object_end(out);
}

/* Whose address is not known is left out; this machine is still known by its name. */
static void put_endpoint(struct json *out, const char *name, const struct event_source *source,
			 const struct event *e, const struct event_endpoint *end)
{
	bool ip_known = end->known && end->ip_known, is_local = end == &e->local;
	char ip[FORMAT_IP_SIZE];

	if (!ip_known && !is_local)
		return;
	format_ip(end->ip, ip);
	open_member(out, name);
	json_member_string(out, ip_known ? "ip" : "hostname", ip_known ? ip : source->host_name);
	if (end->known && end->port_known)
		json_member_u64(out, "port", end->port);
	format_member(out, "interface_name", is_local ? e->interface : NULL);
	json_object_end(out);
}

static void put_user(struct json *out, uint32_t uid)
{
	char text[FORMAT_NUMBER_SIZE];

	format_number(uid, text);
	open_member(out, "user");
	json_member_string(out, "uid", text);
	json_object_end(out);
}

static void put_file(struct json *out, const char *path)
{
	const char *slash = strrchr(path, '/');

	open_member(out, "file");
	json_member_string(out, "name", slash ? slash + 1 : path);
	json_member_string(out, "path", path);
	put_word(out, "type_id", "type", (struct word){ 1, "Regular File" });
	json_object_end(out);
}

static void put_container(struct json *out, const struct event *e, const char *id_name)
{
	open_member(out, "container");
	format_member(out, id_name, e->container_id);
	format_member(out, "name", e->container_name);
	json_object_end(out);
}

static void put_process(struct json *out, const struct event *e)
{
	if (!e->process_known)
		return;
	open_member(out, "actor");
	open_member(out, "process");
	json_member_u64(out, "pid", e->pid);
	format_member(out, "name", e->comm);
	format_member(out, "cmd_line", e->cmdline);
	if (e->exe)
		put_file(out, e->exe);
	put_user(out, e->uid);
	open_member(out, "parent_process");
	json_member_u64(out, "pid", e->ppid);
	json_object_end(out);
	if (has_container(e))
		put_container(out, e, "uid");
	json_object_end(out);
	json_object_end(out);
}

static void put_named(struct json *out, const char *object, const char *name)
{
	if (!name)
		return;
	open_member(out, object);
	json_member_string(out, "name", name);
	json_object_end(out);
}

/* What is audited passes. */
static void put_verdict(struct json *out, const struct event_source *source, const struct event *e)
{
	bool denied = e->verdict == PG_DENY;
	struct word action = denied ? (struct word){ 2, "Denied" } : (struct word){ 1, "Allowed" };
	struct word disposition = { 1, "Allowed" };

	if (denied)
		disposition = (struct word){ 2, "Blocked" };
	else if (e->verdict == PG_AUDIT)
		disposition = (struct word){ 16, "No Action" };
	put_word(out, "status_id", "status", denied ? failure : success);
	json_member_string(out, "status_code", event_reason_name(e->reason));
	put_word(out, "action_id", "action", action);
	put_word(out, "disposition_id", "disposition", disposition);
	json_member_u64(out, "count", e->count);
	put_ms(out, "start_time", e->start_us);
	put_ms(out, "end_time", e->end_us);
	put_connection(out, e);
	put_endpoint(out, "src_endpoint", source, e, event_asking(e));
	put_endpoint(out, "dst_endpoint", source, e, event_asked(e));
	put_process(out, e);
	put_named(out, "firewall_rule", e->rule);
	put_named(out, "policy", e->scope);
}

static void put_change(struct json *out, const struct event *e)
{
	put_word(out, "status_id", "status", success);
	put_word(out, "state_id", "state", (struct word){ 99, e->action ? e->action : "?" });
	if (!e->actor.known)
		return;
	open_member(out, "actor");
	open_member(out, "process");
	json_member_u64(out, "pid", e->actor.pid);
	format_member(out, "name", e->actor.comm);
	put_user(out, e->actor.uid);
	json_object_end(out);
	json_object_end(out);
}

static void put_health(struct json *out, const struct event_source *source, const struct event *e)
{
	put_word(out, "status_id", "status", e->severity >= EVENT_ALARM ? failure : success);
	put_product(out, "app", source);
}

static void put_unmapped_verdict(struct json *out, const struct event *e)
{
	json_member_string(out, "verdict", event_verdict_name(e->verdict));
	json_member_bool(out, "would_deny", e->verdict == PG_AUDIT);
	json_member_string(out, "mode", event_mode_name(e->mode));
	json_member_string(out, "hook", event_hook_name(e->hook));
	if (e->ports)
		json_member_u64(out, "ports", e->ports);
	format_member(out, "unit", e->unit);
	format_member(out, "cgroup", e->cgroup);
	if (!has_container(e) && (e->container_id || e->container_name))
		put_container(out, e, "id");
}

static void put_unmapped_rest(struct json *out, const struct event *e)
{
	format_member(out, "action", e->action);
	if (e->actor.tty || e->actor.ssh) {
		open_member(out, "actor");
		format_member(out, "tty", e->actor.tty);
		format_member(out, "ssh", e->actor.ssh);
		json_object_end(out);
	}
	format_member(out, "before", e->before);
	format_member(out, "after", e->after);
	format_member(out, "text", e->text);
	if (e->counters_json) {
		json_key(out, "counters");
		json_raw(out, e->counters_json);
	}
}

static void put_unmapped(struct json *out, const struct event_source *source, const struct event *e)
{
	open_member(out, "unmapped");
	json_member_u64(out, "schema", 1);
	json_member_string(out, "kind", event_kind_name(e->kind));
	json_member_string(out, "instance", source->instance);
	json_member_u64(out, "severity", (uint64_t)e->severity);
	if (e->kind == EVENT_VERDICT)
		put_unmapped_verdict(out, e);
	else
		put_unmapped_rest(out, e);
	json_object_end(out);
}

void format_ocsf(struct json *out, const struct event_source *source, const struct event *e)
{
	out->comma = false; /* lines do not belong to one array */
	json_object(out);
	put_ms(out, "time", e->end_us);
	put_class(out, e);
	put_metadata(out, source, e);
	format_message(out, e);
	put_device(out, source);
	if (e->kind == EVENT_VERDICT)
		put_verdict(out, source, e);
	else if (e->kind == EVENT_CHANGE)
		put_change(out, e);
	else
		put_health(out, source, e);
	put_unmapped(out, source, e);
	json_object_end(out);
	json_append(out, "\n", 1);
}
