// SPDX-License-Identifier: GPL-2.0-only
/* See agent_owners.h. */
#include "agent_owners.h"

#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "kernel/cgroup.h"
#include "kernel/local.h"
#include "kernel/owners.h"
#include "kernel/sockets.h"
#include "util/address.h"
#include "util/cleanup.h"

#define BELIEVED 10 /* seconds */
#define DESCRIPTORS 8192 /* that are looked at in a second: some ten milliseconds */

void agent_owners_open(struct agent_owners *o, const char *mount,
		       const struct process_cache *processes)
{
	*o = (struct agent_owners){
		.mount = mount, .processes = processes, .budget = DESCRIPTORS, .second = 1
	};
}

static void forget_ports(struct agent_owners *o)
{
	for (size_t i = 0; i < AGENT_OWNERS; i++) {
		process_unref(o->ports[i].process);
		o->ports[i] = (struct agent_owners_port){ .known = false };
	}
}

void agent_owners_close(struct agent_owners *o)
{
	forget_ports(o);
	for (size_t i = 0; i < AGENT_OWNERS; i++)
		process_unref(o->sockets[i].process);
}

void agent_owners_tick(struct agent_owners *o)
{
	forget_ports(o);
	o->budget = DESCRIPTORS;
	o->second++;
}

static struct process *read_holder(struct agent_owners *o, const struct socket_entry *s)
{
	char path[PATH_MAX], directory[PATH_MAX + 1024];
	_cleanup_close_ int dir_fd = -1;
	uint32_t pid = 0;

	if (!s->cgroup || cgroup_path(o->mount, s->cgroup, path, sizeof(path)))
		return NULL;
	(void)snprintf(directory, sizeof(directory), "%s%s", o->mount, path);
	if (s->inode) /* else no process has it */
		dir_fd = owners_one(o->processes->proc, directory, s->inode, &o->budget, &pid);
	return process_of(o->processes, pid, dir_fd, path);
}

static void read_socket(struct agent_owners *o, const struct socket_entry *s,
			struct agent_owners_socket *ret)
{
	bool alone = o->budget == DESCRIPTORS;

	process_unref(ret->process);
	*ret = (struct agent_owners_socket){ .inode = s->inode, .process = read_holder(o, s) };
	/* Where others had used up this second's budget it is looked for again in the next. */
	ret->until = o->second + (o->budget >= OWNERS_PROCESS || alone ? BELIEVED : 0);
}

static struct process *holder_of(struct agent_owners *o, const struct socket_entry *s)
{
	struct agent_owners_socket *place = &o->sockets[s->inode % AGENT_OWNERS];

	if (place->inode != s->inode || o->second > place->until)
		read_socket(o, s, place);
	return process_ref(place->process);
}

static struct process *look_up(struct agent_owners *o, const struct stream_packet *to)
{
	struct socket_entry s;

	if ((to->proto != IPPROTO_TCP && to->proto != IPPROTO_UDP) || !local_is_ours(to->local))
		return NULL;
	return sockets_find(to->proto, to->local, to->port, to->ifindex, &s) ? NULL
									     : holder_of(o, &s);
}

static bool is_same(const struct agent_owners_port *p, const struct stream_packet *to)
{
	return p->known && p->proto == to->proto && p->port == to->port &&
	       p->ifindex == to->ifindex && !memcmp(p->local, to->local, 16);
}

const struct process *agent_owners_find(struct agent_owners *o, const struct stream_packet *to)
{
	struct agent_owners_port *p = &o->ports[to->port % AGENT_OWNERS];

	if (to->scoped && address_is_loopback(to->local))
		return NULL; /* each network namespace has these */
	if (!is_same(p, to)) {
		process_unref(p->process);
		*p = (struct agent_owners_port){ .known = true,
						 .proto = to->proto,
						 .port = to->port,
						 .ifindex = to->ifindex,
						 .process = look_up(o, to) };
		memcpy(p->local, to->local, 16);
	}
	return p->process;
}
