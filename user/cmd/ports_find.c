// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who listens: every socket of this network namespace to which others can come, whose it is, and what the
 * rules in force say of it: may it bind where it is, may packets come in. The kernel is asked as explain
 * asks it; where its answer would depend on who comes, policy/reach.h knows, and the verdict is `depends`.
 *
 * Sockets older than the guard are never closed by it, so this is where those show that are denied now.
 */
#include "cmd/ports.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <string.h>

#include "kernel/ask.h"
#include "kernel/cgroup.h"
#include "kernel/containers.h"
#include "kernel/load.h"
#include "kernel/scope_cgroups.h"
#include "policy/reach.h"
#include "util/address.h"
#include "util/cleanup.h"

void ports_free(struct ports *p)
{
	services_free(&p->services);
	owners_free(&p->owners);
	free(p->rows);
}

/* --- gathering ------------------------------------------------------------------------------ */

static int add_row(const struct socket_entry *s, void *data)
{
	struct ports *p = data;
	struct port_row *grown;

	if (!s->local_port || s->remote_port)
		return 0;
	if (!(p->count & (p->count - 1))) { /* full at each power of two */
		grown = reallocarray(p->rows, p->count ? p->count * 2 : 1, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		p->rows = grown;
	}
	p->rows[p->count++] = (struct port_row){ .socket = *s };
	return s->inode ? owners_add(&p->owners, s->inode) : 0;
}

static int compare_rows(const void *a, const void *b)
{
	const struct socket_entry *x = &((const struct port_row *)a)->socket,
				  *y = &((const struct port_row *)b)->socket;
	int order;

	if (x->local_port != y->local_port)
		return x->local_port < y->local_port ? -1 : 1;
	if (x->protocol != y->protocol)
		return x->protocol < y->protocol ? -1 : 1;
	if (x->family != y->family)
		return x->family < y->family ? -1 : 1;
	order = memcmp(x->local, y->local, 16);
	return order ? order : (x->inode > y->inode) - (x->inode < y->inode);
}

static int find_sockets(struct ports *p)
{
	int r = sockets_each(IPPROTO_TCP, 1u << SOCKET_LISTEN, add_row, p);

	r = r ? r : sockets_each(IPPROTO_UDP, 1u << SOCKET_CLOSE, add_row, p);
	if (r)
		return r;
	r = sockets_each(IPPROTO_UDPLITE, 1u << SOCKET_CLOSE, add_row, p);
	if (r && r != -ENOENT) /* a kernel without UDP-Lite */
		return r;
	if (p->count)
		qsort(p->rows, p->count, sizeof(*p->rows), compare_rows);
	return 0;
}

/* The enforcement root, below which names of cgroups say something. */
static void find_root(const struct state *s, char *to, size_t size)
{
	char mount[PG_PATH];

	if (cgroup_mount(mount, sizeof(mount)) ||
	    cgroup_path(mount, s->control->cgroup_id, to, size))
		(void)snprintf(to, size, "/"); /* it is gone, and nothing is below it */
}

static void find_place(const char *root, struct container_reader *files, struct port_row *row)
{
	const char *name = NULL;

	place_of_cgroup(root, row->process->cgroup, &row->place);
	if (row->place.container_id[0])
		name = container_reader_name(files, row->place.container_id);
	(void)snprintf(row->container_name, sizeof(row->container_name), "%s", name ? name : "");
}

/* Kernel sockets, and those of processes that we may not look into, stay nobody's. */
static int find_processes(struct ports *p, const struct state *s)
{
	_cleanup_container_reader_ struct container_reader files = { .files_root = "" };
	char root[PATH_MAX];
	int r = owners_find(&p->owners, "/proc");

	find_root(s, root, sizeof(root));
	for (size_t i = 0; !r && i < p->count; i++) {
		struct port_row *row = &p->rows[i];

		row->process = owners_of(&p->owners, row->socket.inode, &row->processes);
		if (row->process)
			find_place(root, &files, row);
	}
	return r;
}

/* --- asking --------------------------------------------------------------------------------- */

/* @owner: NULL: the host. */
static int ask_for(int fd, const struct socket_entry *s, const uint16_t *owner,
		   enum pg_direction direction, struct pg_decision *ret)
{
	static const uint8_t nobody_v4[4];
	struct pg_ask ask = {
		.question = { .direction = direction,
			      .proto = port_proto(s),
			      .family = s->family,
			      .fresh = PG_FRESH_PASSED, /* whatever a limit has left at this moment */
			      .port = s->local_port,
			      .uid = s->uid },
	};
	int r;

	if (owner)
		memcpy(ask.owner, owner, sizeof(ask.owner));
	memcpy(ask.question.local, s->local, 16);
	if (s->family == 4)
		address_from_v4(ask.question.remote, nobody_v4);
	r = ask_put(fd, &ask);
	if (!r)
		*ret = ask.decision;
	return r;
}

/* The host denies whoever comes. */
static bool is_denied_by_all(const struct compiled *c, const struct reach_socket *to)
{
	uint32_t answer = compiled_answer(c, PG_IN, to->proto, to->port);

	return PG_ANSWER_KIND(compiled_settle(c, answer, to->now_ns)) == PG_ANSWER_DENY;
}

static int ask_row(int fd, const struct compiled *c, const struct policy *p, struct port_row *row)
{
	const struct socket_entry *s = &row->socket;
	bool any = address_is_any(s->local);
	struct reach_socket to = {
		.proto = port_proto(s),
		.port = s->local_port,
		.v4 = s->family == 4 || (any && !s->v6_only),
		.v6 = s->family == 6,
		.local = any ? NULL : s->local,
		.now_ns = boot_now_ns(),
		.owner = row->owner,
	};
	struct reach reach;
	int r = ask_for(fd, s, row->owner, PG_BIND, &row->bind.decision);

	r = r ? r : ask_for(fd, s, NULL, PG_IN, &row->in.decision);
	if (r || (row->in.decision.verdict == PG_DENY &&
		  row->in.decision.reason == PG_REASON_RULE && is_denied_by_all(c, &to)))
		return r; /* where packets come in the host's deny is final */
	r = ask_for(fd, s, row->owner, PG_IN, &row->in.decision);
	r = r ? r : reach_in(c, p, &to, &reach);
	if (!r && reach.allow && reach.deny)
		row->in = (struct answer){ .decision = reach.allowed, .depends = true };
	return r;
}

static int ask_rows(const struct state *s, struct ports *p, struct pg_error *err)
{
	_cleanup_compiled_ struct compiled compiled = { 0 };
	_cleanup_close_ int fd = ask_open(s->paths), cgroups = pin_open(s->paths, "pg_cgroups");
	int r = fd < 0 ? fd : policy_compile(p->policy, &compiled, err);

	for (size_t i = 0; !r && i < p->count; i++) {
		scope_cgroups_owner(s, cgroups, p->rows[i].socket.cgroup, p->rows[i].owner);
		r = ask_row(fd, &compiled, p->policy, &p->rows[i]);
	}
	if (r && r != -ENOMEM)
		return pg_fail(err, r, PG_EXIT_UNAVAILABLE, "ports: the kernel does not answer: %s",
			       strerror(-r));
	return r;
}

int ports_find(const struct guard *guard, struct ports *ret, struct pg_error *err)
{
	int r = guard_check_netns(guard, err);

	if (r)
		return r;
	*ret = (struct ports){ .policy = &guard->policy };
	r = find_sockets(ret);
	r = r ? r : find_processes(ret, &guard->state);
	r = r ? r : services_read("/etc/services", &ret->services);
	if (r)
		return pg_fail(err, r, PG_EXIT_UNAVAILABLE, "ports: %s", strerror(-r));
	return ask_rows(&guard->state, ret, err);
}
