/* SPDX-License-Identifier: GPL-2.0-only */
/* Who listens, between the file that finds it out and those that show it. */
#ifndef PORTGUARD_CMD_PORTS_H
#define PORTGUARD_CMD_PORTS_H

#include <netinet/in.h>

#include "kernel/container_files.h"
#include "kernel/guard.h"
#include "kernel/owners.h"
#include "kernel/sockets.h"
#include "policy/place.h"
#include "policy/policy.h"
#include "util/json.h"
#include "util/services.h"

struct answer {
	struct pg_decision decision; /* depends: what lets some in */
	bool depends;
};

struct port_row {
	struct socket_entry socket;
	uint16_t owner[PG_OWNERS];	/* numbers of the scopes that answer for it, nearest first */
	struct answer bind, in;
	const struct owner_process *process; /* NULL: nobody's */
	uint32_t processes;
	struct place place;
	char container_name[CONTAINER_NAME];	/* empty: none is known */
};

struct ports {
	const struct policy *policy;
	struct services services;
	struct owners owners;
	struct port_row *rows;
	size_t count;
};

static inline enum pg_proto port_proto(const struct socket_entry *s)
{
	return s->protocol == IPPROTO_TCP ? PG_TCP : PG_UDP;
}

/* Of @guard's policy, which outlives *ret. 0, -ENOMEM, -EXDEV and others (69). */
int ports_find(const struct guard *guard, struct ports *ret, struct pg_error *err);
void ports_free(struct ports *p);
#define _cleanup_ports_ __attribute__((cleanup(ports_free)))

/* What is said of a row. */
const char *port_proto_name(const struct socket_entry *s);
const char *port_service(const struct ports *p, const struct socket_entry *s);	/* or NULL */
const char *port_scope(const struct ports *p, const struct port_row *row);
const char *port_verdict(const struct ports *p, const struct port_row *row, const struct answer *a);
char *port_rule(const struct ports *p, const struct answer *a);	/* malloc'ed, or NULL */
/* Packets to loopback addresses are not `in`: what the rules say of them is not asked. */
bool port_is_inner(const struct ports *p, const struct port_row *row);
bool port_is_denied(const struct ports *p, const struct port_row *row);
#define PORT_LOCAL_TEXT 160
/* Address, device and port. Return: @text of PORT_LOCAL_TEXT. */
char *port_local(const struct socket_entry *s, char *text);

/* What `ports --json` has in "ports". */
void ports_array(struct json *j, const struct ports *p);

/* To stdout. 0, -ENOMEM or -EIO (74). */
int ports_json(const struct ports *p, struct pg_error *err);
int ports_text(const struct ports *p, struct pg_error *err);

#endif
