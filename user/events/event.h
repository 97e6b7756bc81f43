/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An event as a value: what formats turn into text and history keeps. Strings are raw bytes as the
 * kernel or /proc gave them - hostile - and are escaped by the formats alone.
 */
#ifndef PORTGUARD_EVENT_H
#define PORTGUARD_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "portguard/abi.h"

#define EVENT_SEVERITIES 11	/* 0 to 10 */
#define EVENT_ALARM 7		/* from here on it is not as it should be: of health, lost, tamper, degraded */

enum event_kind { EVENT_VERDICT, EVENT_CHANGE, EVENT_HEALTH, EVENT_KIND_COUNT };

struct event_endpoint {
	bool known;		/* false: null */
	bool ip_known;		/* false: ip is null */
	bool port_known;
	uint8_t ip[16];		/* IPv4 as ::ffff:a.b.c.d */
	uint16_t port;
};

/* Who made a change. */
struct event_actor {
	bool known;		/* uid and pid */
	uint32_t uid, pid;
	const char *comm, *tty, *ssh;
};

/* Strings are NUL-terminated or NULL (null); owned by whoever made the event. */
struct event {
	enum event_kind kind;
	uint64_t seq;
	uint64_t start_us, end_us;		/* UTC, microseconds since 1970; `time` is the end */
	int severity;				/* 0-10, see event_severity() */
	/* verdict */
	uint8_t verdict, mode, hook, reason;	/* enum pg_verdict, pg_mode, pg_hook, pg_reason */
	uint8_t proto;				/* IPPROTO_*; 0: any, only in sums ("ip") */
	uint8_t family;				/* 4 or 6 */
	struct event_endpoint local, remote;
	const char *interface;
	bool process_known;			/* pid, ppid, uid */
	uint32_t pid, ppid, uid;
	const char *comm, *exe, *cmdline, *cgroup, *unit;
	const char *container_id, *container_name;	/* both NULL: container is null */
	const char *scope;			/* "host" */
	const char *rule;
	uint64_t count;
	uint32_t ports;				/* 0: null */
	/* change, health */
	const char *action, *text;
	const char *counters_json;		/* health: a JSON object, or NULL */
	struct event_actor actor;		/* change */
	const char *before, *after;		/* change */
};

/* Where this stream of events comes from: the same for all of them. */
struct event_source {
	char boot_id[37], host_name[256], host_id[64], instance[33];
	char version[32];	/* of the portguard that tells */
	uint32_t number;	/* the enterprise number of syslog's structured data */
};

int event_severity(const struct event *e);	/* by kind, hook, verdict, action: design's table */

/* Refusals that the event stands for: its count; 0 for an allowed verdict, a change or health. */
uint64_t event_refusals(const struct event *e);

/* A packet that came, not a call: its process, if known, is the owner of the local port. */
bool event_is_packet(const struct event *e);
/* This machine asks: connect and send. */
bool event_goes_out(const struct event *e);
/* What `--port` asks for, the destination: the remote endpoint of what goes out, else the local one. */
const struct event_endpoint *event_asked(const struct event *e);
/* The other one, the source. */
const struct event_endpoint *event_asking(const struct event *e);

/* The words of the contract; "?" for a number that is none of theirs. */
const char *event_kind_name(enum event_kind kind);
const char *event_verdict_name(uint8_t verdict);
const char *event_mode_name(uint8_t mode);
const char *event_hook_name(uint8_t hook);
const char *event_reason_name(uint8_t reason);
/* A word for an IP protocol, or its number as text in @number. */
const char *event_proto_name(uint8_t proto, char number[4]);

/* Numbers of words, -1 for none. */
int event_hook_by_name(const char *name);
int event_verdict_by_name(const char *name);

/**
 * event_source_fill() - Who and where we are: boot id, host name, machine id, version.
 * @instance: cut to 32 characters.
 * The number is the policy's: the caller sets it.
 * Without a machine id the boot id stands in for it; what cannot be read is "unknown".
 */
void event_source_fill(struct event_source *source, const char *instance);

#endif
