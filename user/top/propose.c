// SPDX-License-Identifier: GPL-2.0-only
#include "top/propose.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "events/format.h"

static const char *hopeless(const struct top_row *row)
{
	switch (row->reason) {
	case PG_REASON_RULE:
		return "a rule denies it, and a deny wins: see portguard list, and remove";
	case PG_REASON_PANIC:
		return "panic is on: portguard panic off";
	case PG_REASON_RATE:
		return "it is over the rate of its limit: see portguard list";
	case PG_REASON_NO_RULE:
	case PG_REASON_UNENFORCED:
	case PG_REASON_SCAN:
		break;
	default:
		return "no rule about ports lets this in: portguard explain";
	}
	if (!row->port_known)
		return "which port it was is not known: wait for the next attempt";
	if (row->proto != IPPROTO_TCP && row->proto != IPPROTO_UDP && row->proto != IPPROTO_UDPLITE)
		return "its protocol has no ports";
	return NULL;
}

/* A path that is one word of a rule as it is. */
static bool is_plain_path(const char *path)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+-";

	return *path == '/' && !path[strspn(path, plain)];
}

const char *top_propose(const struct top_row *row, char *text)
{
	const char *why_not = hopeless(row), *proto = row->proto == IPPROTO_TCP ? "tcp" : "udp";
	char ip[FORMAT_IP_SIZE];

	text[0] = '\0';
	if (why_not)
		return why_not;
	format_ip(row->ip, ip);
	if (row->key.view == TOP_SOURCES && row->ip_known)
		(void)snprintf(text, PROPOSAL_TEXT, "in %u/%s from %s", row->port, proto, ip);
	else if (row->key.view == TOP_PROGRAMS && row->key.known && is_plain_path(row->program))
		(void)snprintf(text, PROPOSAL_TEXT, "%s %u/%s by exe %s", row->out ? "out" : "bind",
			       row->port, proto, row->program);
	else if (row->key.view == TOP_PROGRAMS && row->key.known)
		(void)snprintf(text, PROPOSAL_TEXT, "%s %u/%s by user %u",
			       row->out ? "out" : "bind", row->port, proto, row->uid);
	else
		(void)snprintf(text, PROPOSAL_TEXT, "%s%u/%s", row->out ? "out " : "", row->port,
			       proto);
	return NULL;
}
