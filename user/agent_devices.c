// SPDX-License-Identifier: GPL-2.0-only
/* Devices that come and go; see agent_devices.h. */
#include "agent_devices.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "kernel/guard.h"
#include "util/cleanup.h"

int agent_devices_open(struct agent_devices *d)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK,
				       .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_ROUTE |
						    RTMGRP_IPV6_ROUTE };

	d->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	if (d->fd < 0 || bind(d->fd, (struct sockaddr *)&address, sizeof(address)))
		return -errno;
	return 0;
}

void agent_devices_close(struct agent_devices *d)
{
	cleanup_close(&d->fd);
}

void agent_devices_sync(struct agent_devices *d)
{
	_cleanup_guard_ struct guard g = { 0 };
	struct pg_error err = PG_ERROR_INIT;
	int r = guard_open(d->paths, GUARD_WRITE_NOW, &g, &err);

	d->changed = r == -EBUSY; /* a command is at work: again in a second */
	if (d->changed)
		return;
	r = r ? r : guard_sync_devices(&g, true, &err);
	if (!r) {
		if (d->error[0])
			agent_events_recovered(d->events, d->error);
		d->error[0] = '\0';
		return;
	}
	d->changed = true;
	if (strncmp(d->error, err.text, sizeof(d->error) - 1)) { /* said once */
		(void)snprintf(d->error, sizeof(d->error), "%.250s", err.text);
		d->say(d->data, "degraded", err.text);
	}
}

/* News of links, and of default routes, which tell a container's own uplink. */
static bool concerns_devices(const char *buffer, ssize_t size)
{
	const struct nlmsghdr *m = (const void *)buffer;

	for (; NLMSG_OK(m, size); m = NLMSG_NEXT(m, size)) {
		const struct rtmsg *route = NLMSG_DATA(m);

		if (m->nlmsg_type == RTM_NEWLINK || m->nlmsg_type == RTM_DELLINK)
			return true;
		if ((m->nlmsg_type == RTM_NEWROUTE || m->nlmsg_type == RTM_DELROUTE) &&
		    m->nlmsg_len >= NLMSG_LENGTH(sizeof(*route)) && !route->rtm_dst_len)
			return true;
	}
	return false;
}

bool agent_devices_news(struct agent_devices *d)
{
	char buffer[16384];
	bool news = false;

	for (;;) {
		ssize_t n = recv(d->fd, buffer, sizeof(buffer), MSG_DONTWAIT);

		if (n < 0 && errno == ENOBUFS)
			news = true; /* some were lost: look at all */
		else if (n <= 0)
			break;
		else
			news |= concerns_devices(buffer, n);
	}
	return news;
}
