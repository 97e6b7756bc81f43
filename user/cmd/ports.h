/* SPDX-License-Identifier: GPL-2.0-only */
/* What `ports` has found out, between the file that gathers it and the one that prints it. */
#ifndef PORTGUARD_CMD_PORTS_H
#define PORTGUARD_CMD_PORTS_H

#include <netinet/in.h>

#include "kernel/container_files.h"
#include "kernel/owners.h"
#include "kernel/sockets.h"
#include "policy/place.h"
#include "policy/policy.h"
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

/* To stdout. 0, -ENOMEM or -EIO (74). */
int ports_json(const struct ports *p, struct pg_error *err);
int ports_text(const struct ports *p, struct pg_error *err);

#endif
