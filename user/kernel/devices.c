// SPDX-License-Identifier: GPL-2.0-only
/* Devices by rtnetlink (RTM_GETLINK, RTM_GETROUTE), and the choice among them; see devices.h. */
#include "kernel/devices.h"

#include <errno.h>
#include <fnmatch.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "kernel/nl.h"
#include "util/cleanup.h"

void devices_free(struct devices *d)
{
	free(d->list);
	*d = (struct devices){ 0 };
}

static void copy_text(char *to, size_t size, const struct nlattr *a)
{
	size_t n = a ? strnlen(nl_data(a), nl_size(a)) : 0;

	if (n >= size)
		n = size - 1;
	if (n)
		memcpy(to, nl_data(a), n);
	to[n] = '\0';
}

static const struct nlattr *nested(const struct nlattr *in, uint16_t type)
{
	return in ? nl_find(nl_data(in), nl_size(in), type) : NULL;
}

static int add_device(const struct nlmsghdr *m, void *data)
{
	const struct ifinfomsg *info = NLMSG_DATA(m);
	const void *attributes = (const char *)info + NLMSG_ALIGN(sizeof(*info));
	size_t length = m->nlmsg_len - NLMSG_LENGTH(sizeof(*info));
	struct devices *all = data;
	struct device *grown, d = { 0 };

	if (m->nlmsg_type != RTM_NEWLINK || m->nlmsg_len < NLMSG_LENGTH(sizeof(*info)))
		return 0;
	d.index = info->ifi_index;
	d.type = info->ifi_type;
	d.loopback = info->ifi_flags & IFF_LOOPBACK;
	d.up = info->ifi_flags & IFF_UP;
	copy_text(d.name, sizeof(d.name), nl_find(attributes, length, IFLA_IFNAME));
	copy_text(d.kind, sizeof(d.kind),
		  nested(nl_find(attributes, length, IFLA_LINKINFO), IFLA_INFO_KIND));
	d.master = nl_u32(nl_find(attributes, length, IFLA_MASTER));
	if (!nl_find(attributes, length, IFLA_LINK_NETNSID))
		d.lower = nl_u32(nl_find(attributes, length, IFLA_LINK));
	d.xdp_prog = nl_u32(nested(nl_find(attributes, length, IFLA_XDP), IFLA_XDP_PROG_ID));
	grown = reallocarray(all->list, all->count + 1, sizeof(d));
	if (!grown)
		return -ENOMEM;
	all->list = grown;
	all->list[all->count++] = d;
	return 0;
}

static int note_route(const struct nlmsghdr *m, void *data)
{
	const struct rtmsg *route = NLMSG_DATA(m);
	struct devices *all = data;
	uint32_t out;

	if (m->nlmsg_type != RTM_NEWROUTE || m->nlmsg_len < NLMSG_LENGTH(sizeof(*route)) ||
	    route->rtm_dst_len)
		return 0;
	out = nl_u32(nl_find((const char *)route + NLMSG_ALIGN(sizeof(*route)),
			     m->nlmsg_len - NLMSG_LENGTH(sizeof(*route)), RTA_OIF));
	for (size_t i = 0; i < all->count; i++)
		if (all->list[i].index == out)
			all->list[i].default_route = true;
	return 0;
}

int devices_read(struct devices *ret)
{
	struct {
		struct nlmsghdr h;
		struct ifinfomsg info;
	} links = {
		.h = { .nlmsg_len = NLMSG_LENGTH(sizeof(links.info)), .nlmsg_type = RTM_GETLINK },
	};
	struct {
		struct nlmsghdr h;
		struct rtmsg route;
	} routes = {
		.h = { .nlmsg_len = NLMSG_LENGTH(sizeof(routes.route)),
		       .nlmsg_type = RTM_GETROUTE },
	};
	_cleanup_devices_ struct devices all = { 0 };
	int r = nl_dump(NETLINK_ROUTE, &links.h, 1, add_device, &all);

	if (r)
		return r;
	r = nl_dump(NETLINK_ROUTE, &routes.h, 1, note_route, &all);
	if (r)
		return r;
	*ret = all;
	all = (struct devices){ 0 };
	return 0;
}

const struct device *devices_by_index(const struct devices *d, uint32_t index)
{
	for (size_t i = 0; i < d->count; i++)
		if (d->list[i].index == index)
			return &d->list[i];
	return NULL;
}

bool device_is_ethernet(const struct device *d)
{
	return d->type == ARPHRD_ETHER || d->type == ARPHRD_LOOPBACK;
}

bool device_prefers_tc(const struct device *d)
{
	return d->kind[0] || d->loopback || !device_is_ethernet(d);
}

static bool is_kind(const struct device *d, const char *kind)
{
	return !strcmp(d->kind, kind);
}

static bool is_guest_port(const struct device *d)
{
	return is_kind(d, "veth") ||
	       (is_kind(d, "tun") && device_is_ethernet(d)); /* tap is Ethernet tun */
}

/* A bridge, bond or team to which something other than guests is joined. */
static bool has_real_port(const struct devices *all, const struct device *master)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->list[i].master == master->index && !is_guest_port(&all->list[i]))
			return true;
	return false;
}

static bool is_stacked(const struct device *d)
{
	return is_kind(d, "vlan") || is_kind(d, "macvlan") || is_kind(d, "ipvlan");
}

static bool outside_reaches(const struct devices *all, const struct device *d)
{
	static const char *const never[] = { "dummy", "ifb", "nlmon", "vcan" };

	if (d->loopback)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(never); i++)
		if (is_kind(d, never[i]))
			return false;
	if (is_stacked(d) && devices_by_index(all, d->lower))
		return false; /* it is seen at the device below; one whose lower is in another namespace is not */
	if (d->master && devices_by_index(all, d->master) &&
	    !is_kind(devices_by_index(all, d->master), "vrf"))
		return is_kind(d,
			       "vrf"); /* its master is guarded in its place, or is not reached */
	if (is_kind(d, "bridge"))
		return has_real_port(all, d) || d->default_route;
	if (is_guest_port(d))
		return d->default_route; /* a container's own uplink */
	return true;
}

enum attach_choice device_choice(const struct policy *p, const struct devices *all,
				 const struct device *d)
{
	if (d->loopback && p->loopback)
		return ATTACH_TC;
	if (!p->interfaces_said)
		return outside_reaches(all, d) ? p->attach : ATTACH_DEFAULT;
	for (size_t i = 0; i < p->interface_count; i++) {
		const struct interface_choice *choice = &p->interfaces[i];

		if (!fnmatch(choice->pattern, d->name, 0))
			return choice->attach == ATTACH_DEFAULT ? p->attach : choice->attach;
	}
	return ATTACH_DEFAULT;
}
