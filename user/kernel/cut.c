// SPDX-License-Identifier: GPL-2.0-only
/* --cut; see cut.h. Sockets are listed first and closed then: a dump under way does not like to lose them. */
#include "kernel/cut.h"

#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "kernel/local.h"
#include "kernel/sockets.h"
#include "kernel/state.h"
#include "policy/compile.h"
#include "util/address.h"
#include "util/cleanup.h"

#define OPEN_STATES \
	(1u << SOCKET_ESTABLISHED | 1u << SOCKET_SYN_SENT | 1u << SOCKET_SYN_RECV | \
	 1u << SOCKET_CLOSE_WAIT)

struct cut {
	const struct policy *from, *to;
	struct compiled before, after;
	struct ifaddrs *addresses;
	uint8_t listens[PG_PORTS / 8];
	uint16_t first, last; /* ports that the kernel gives to those who go out */
	uint64_t now_ns;
	struct socket_entry *list;
	size_t count, room;
};

static void cut_free(struct cut *c)
{
	compiled_free(&c->before);
	compiled_free(&c->after);
	local_free(&c->addresses);
	free(c->list);
}

static int note_listener(const struct socket_entry *s, void *data)
{
	struct cut *c = data;

	c->listens[s->local_port / 8] |= 1u << s->local_port % 8;
	return 0;
}

static bool came_in(const struct cut *c, const struct socket_entry *s)
{
	if (c->listens[s->local_port / 8] >> s->local_port % 8 & 1)
		return true;
	return s->state != SOCKET_SYN_SENT &&
	       (s->local_port < c->first || s->local_port > c->last);
}

static bool is_refused_now(const struct cut *c, const struct socket_entry *s)
{
	const struct circumstances in = { .interface = local_device(c->addresses, s->local),
					  .now_ns = c->now_ns };
	bool inward = came_in(c, s);
	struct pg_question q = {
		.direction = inward ? PG_IN : PG_OUT,
		.proto = PG_TCP,
		.family = s->family,
		.fresh = PG_FRESH_YES,
		.port = inward ? s->local_port : s->remote_port,
		.remote_port = s->remote_port,
		.uid = s->uid,
	};

	memcpy(q.remote, s->remote, 16);
	memcpy(q.local, s->local, 16);
	return compiled_decide_in(&c->before, c->from, &q, &in).verdict == PG_ALLOW &&
	       compiled_decide_in(&c->after, c->to, &q, &in).verdict == PG_DENY;
}

static bool is_loopback(const struct socket_entry *s)
{
	return address_is_loopback(s->remote) || !memcmp(s->local, s->remote, 16);
}

static int note_connection(const struct socket_entry *s, void *data)
{
	struct cut *c = data;

	if ((is_loopback(s) && (!c->to->loopback || c->to->panic)) || !is_refused_now(c, s))
		return 0;
	if (c->count == c->room) {
		size_t room = c->room ? c->room * 2 : 64;
		struct socket_entry *grown = reallocarray(c->list, room, sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		c->list = grown;
		c->room = room;
	}
	c->list[c->count++] = *s;
	return 0;
}

static void read_range(struct cut *c)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");

	if (!f || fscanf(f, "%hu %hu", &c->first, &c->last) != 2) {
		c->first = 32768; /* the kernel's own default */
		c->last = 60999;
	}
}

static int find_connections(struct cut *c)
{
	int r = sockets_each(IPPROTO_TCP, 1u << SOCKET_LISTEN, note_listener, c);

	if (!r && getifaddrs(&c->addresses))
		r = -errno;
	read_range(c);
	return r ? r : sockets_each(IPPROTO_TCP, OPEN_STATES, note_connection, c);
}

static int cut_failed(int r, struct pg_error *err)
{
	if (r == -EOPNOTSUPP)
		return pg_fail(err, r, PG_EXIT_UNAVAILABLE,
			       "cut: the rules are changed, but this kernel closes no sockets for "
			       "others (it lacks CONFIG_INET_DIAG_DESTROY)");
	return pg_fail(err, r, PG_EXIT_UNAVAILABLE,
		       "cut: the rules are changed, but not all connections are closed: %s",
		       strerror(-r));
}

int cut_connections(const struct policy *from, const struct policy *to, struct pg_error *err)
{
	_cleanup_(cut_free) struct cut c = { .from = from, .to = to, .now_ns = boot_now_ns() };
	int closed = 0, failed = 0, r;

	if (to->mode != PG_MODE_ENFORCE && !to->panic)
		return 0;
	r = policy_compile(from, &c.before, err);
	r = r ? r : policy_compile(to, &c.after, err);
	if (r)
		return r;
	r = find_connections(&c);
	for (size_t i = 0; !r && i < c.count; i++) {
		int done = sockets_close(&c.list[i]);

		closed += done > 0;
		failed = done < 0 ? done : failed;
	}
	r = r ? r : failed;
	return r ? cut_failed(r, err) : closed;
}
