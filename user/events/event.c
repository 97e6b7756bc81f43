// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an event is called and how much it matters: the tables of the contract.
 */
#include "events/event.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/names.h"

static const char *const kind_names[] = { "verdict", "change", "health" };
_Static_assert(ARRAY_SIZE(kind_names) == EVENT_KIND_COUNT, "one name each");

/* Protocols that hosts really see; /etc/protocols is not asked, it may be anybody's. */
static const struct protocol_name {
	uint8_t number;
	const char *name;
} protocol_names[] = {
	{ 0, "ip" },
	{ IPPROTO_ICMP, "icmp" },
	{ IPPROTO_IGMP, "igmp" },
	{ IPPROTO_IPIP, "ipip" },
	{ IPPROTO_TCP, "tcp" },
	{ IPPROTO_EGP, "egp" },
	{ IPPROTO_UDP, "udp" },
	{ IPPROTO_DCCP, "dccp" },
	{ IPPROTO_IPV6, "ipv6" },
	{ IPPROTO_RSVP, "rsvp" },
	{ IPPROTO_GRE, "gre" },
	{ IPPROTO_ESP, "esp" },
	{ IPPROTO_AH, "ah" },
	{ IPPROTO_ICMPV6, "icmpv6" },
	{ IPPROTO_NONE, "ipv6-nonxt" },
	{ 88, "eigrp" },
	{ 89, "ospf" },
	{ 97, "etherip" },
	{ IPPROTO_PIM, "pim" },
	{ IPPROTO_COMP, "ipcomp" },
	{ 112, "vrrp" },
	{ 115, "l2tp" },
	{ IPPROTO_SCTP, "sctp" },
	{ IPPROTO_UDPLITE, "udp" },
	{ IPPROTO_MPLS, "mpls" },
	{ IPPROTO_RAW, "raw" },
};

static const struct action_severity {
	const char *action;
	int severity;
} action_severities[] = {
	{ "beat", 0 }, { "start", 1 },  { "stop", 1 },
	{ "lost", 7 }, { "tamper", 9 }, { "degraded", 9 },
};

#define SEVERITY_CHANGE 5
#define SEVERITY_HEALTH 1 /* of an action that the table does not name */

static const char *name_of(const char *const names[], size_t count, size_t i)
{
	return i < count ? names[i] : "?";
}

const char *event_kind_name(enum event_kind kind)
{
	return name_of(kind_names, ARRAY_SIZE(kind_names), kind);
}

const char *event_verdict_name(uint8_t verdict)
{
	return name_of(verdict_names, ARRAY_SIZE(verdict_names), verdict);
}

const char *event_mode_name(uint8_t mode)
{
	return name_of(mode_names, ARRAY_SIZE(mode_names), mode);
}

const char *event_hook_name(uint8_t hook)
{
	return name_of(hook_names, ARRAY_SIZE(hook_names), hook);
}

const char *event_reason_name(uint8_t reason)
{
	return name_of(reason_names, ARRAY_SIZE(reason_names), reason);
}

const char *event_proto_name(uint8_t proto, char number[4])
{
	for (size_t i = 0; i < ARRAY_SIZE(protocol_names); i++)
		if (protocol_names[i].number == proto)
			return protocol_names[i].name;
	(void)snprintf(number, 4, "%u", (unsigned)proto); /* at most three digits */
	return number;
}

int event_hook_by_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(hook_names); i++)
		if (!strcmp(hook_names[i], name))
			return (int)i;
	return -1;
}

int event_verdict_by_name(const char *name)
{
	for (size_t i = PG_ALLOW; i < ARRAY_SIZE(verdict_names); i++)
		if (!strcmp(verdict_names[i], name))
			return (int)i;
	return -1;
}

static int verdict_severity(const struct event *e)
{
	switch (e->verdict) {
	case PG_DENY:
		return event_is_packet(e) ? 3 : 6;
	case PG_AUDIT:
		return 2;
	default:
		return 1; /* allowed, and asked for by a rule's `log` */
	}
}

int event_severity(const struct event *e)
{
	if (e->kind == EVENT_VERDICT)
		return verdict_severity(e);
	if (e->kind == EVENT_CHANGE)
		return SEVERITY_CHANGE;
	for (size_t i = 0; i < ARRAY_SIZE(action_severities); i++)
		if (e->action && !strcmp(action_severities[i].action, e->action))
			return action_severities[i].severity;
	return SEVERITY_HEALTH;
}

uint64_t event_refusals(const struct event *e)
{
	return e->kind == EVENT_VERDICT && e->verdict != PG_ALLOW ? e->count : 0;
}

bool event_is_packet(const struct event *e)
{
	return e->hook == PG_HOOK_INBOUND || e->hook == PG_HOOK_DELIVER;
}

bool event_goes_out(const struct event *e)
{
	return e->hook == PG_HOOK_CONNECT || e->hook == PG_HOOK_SEND;
}

const struct event_endpoint *event_asked(const struct event *e)
{
	return event_goes_out(e) ? &e->remote : &e->local;
}

const struct event_endpoint *event_asking(const struct event *e)
{
	return event_goes_out(e) ? &e->local : &e->remote;
}

/* The first line of a file of one line; false, and @out untouched, if there is none. */
static bool read_line(const char *path, char *out, size_t size)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	char line[128];
	size_t length;

	if (!f || !fgets(line, sizeof(line), f))
		return false;
	length = strcspn(line, "\n");
	if (!length || length >= size)
		return false;
	memcpy(out, line, length);
	out[length] = '\0';
	return true;
}

void event_source_fill(struct event_source *source, const char *instance)
{
	*source = (struct event_source){ .boot_id = "unknown",
					 .host_name = "unknown",
					 .host_id = "unknown",
					 .version = PG_VERSION };
	/* names have at most 32 */
	(void)snprintf(source->instance, sizeof(source->instance), "%s", instance);
	(void)read_line("/proc/sys/kernel/random/boot_id", source->boot_id,
			sizeof(source->boot_id));
	if (!read_line("/etc/machine-id", source->host_id, sizeof(source->host_id)))
		memcpy(source->host_id, source->boot_id, sizeof(source->boot_id));
	if (gethostname(source->host_name, sizeof(source->host_name)) || !source->host_name[0])
		(void)snprintf(source->host_name, sizeof(source->host_name), "unknown");
	source->host_name[sizeof(source->host_name) - 1] = '\0';
}
