// SPDX-License-Identifier: GPL-2.0-only
/* Reading devices by rtnetlink (RTM_GETLINK, RTM_GETROUTE); see devices.h. */
#include "kernel/devices.h"

#include <errno.h>
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

static uint16_t u16_of(const struct nlattr *a)
{
	uint16_t n = 0;

	if (a && nl_size(a) == sizeof(n))
		memcpy(&n, nl_data(a), sizeof(n));
	return n;
}

/* All IFLA_ALT_IFNAMEs of a list, as far as there is room. */
static void copy_altnames(char to[DEVICE_ALTNAMES], const struct nlattr *list)
{
	const char *at = list ? nl_data(list) : NULL, *end = list ? at + nl_size(list) : NULL;
	const struct nlattr *a;
	size_t used = 0;

	while (list && (a = nl_find(at, (size_t)(end - at), IFLA_ALT_IFNAME))) {
		size_t length = strnlen(nl_data(a), nl_size(a));

		at = (const char *)a + NLA_ALIGN(a->nla_len);
		if (length && used + length + 2 <= DEVICE_ALTNAMES) {
			memcpy(to + used, nl_data(a), length);
			used += length + 1;
		}
		if (at >= end)
			break;
	}
}

static void read_kind(struct device *d, const struct nlattr *linkinfo)
{
	const struct nlattr *data = nested(linkinfo, IFLA_INFO_DATA);

	copy_text(d->kind, sizeof(d->kind), nested(linkinfo, IFLA_INFO_KIND));
	if (device_is(d, "vlan"))
		d->vlan = u16_of(nested(data, IFLA_VLAN_ID));
	else if (device_is(d, "bridge"))
		d->vlan_filtering = nl_u8(nested(data, IFLA_BR_VLAN_FILTERING));
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
	copy_text(d.name, sizeof(d.name), nl_find(attributes, length, IFLA_IFNAME));
	copy_altnames(d.altnames, nl_find(attributes, length, IFLA_PROP_LIST));
	read_kind(&d, nl_find(attributes, length, IFLA_LINKINFO));
	d.master = nl_u32(nl_find(attributes, length, IFLA_MASTER));
	d.link_elsewhere = nl_find(attributes, length, IFLA_LINK_NETNSID) != NULL;
	if (!d.link_elsewhere)
		d.link = nl_u32(nl_find(attributes, length, IFLA_LINK));
	d.xdp_prog = nl_u32(nested(nl_find(attributes, length, IFLA_XDP), IFLA_XDP_PROG_ID));
	grown = reallocarray(all->list, all->count + 1, sizeof(d));
	if (!grown)
		return -ENOMEM;
	all->list = grown;
	all->list[all->count++] = d;
	return 0;
}

static void note_way_out(struct devices *all, uint32_t index)
{
	for (size_t i = 0; i < all->count; i++)
		if (all->list[i].index == index)
			all->list[i].default_route = true;
}

/* Each next hop of a route that has several. */
static void note_next_hops(struct devices *all, const struct nlattr *hops)
{
	size_t left = hops ? nl_size(hops) : 0;
	const char *at = hops ? nl_data(hops) : NULL;
	struct rtnexthop hop;

	while (left >= sizeof(hop)) {
		size_t step;

		memcpy(&hop, at, sizeof(hop));
		step = NLA_ALIGN((size_t)hop.rtnh_len);
		if (hop.rtnh_len < sizeof(hop) || step > left)
			return;
		note_way_out(all, (uint32_t)hop.rtnh_ifindex);
		at += step;
		left -= step;
	}
}

/* 0.0.0.0/0, and what VPNs put before it: 0.0.0.0/1, 128.0.0.0/1, 2000::/3. */
static bool leads_outside(const struct rtmsg *route)
{
	return route->rtm_type == RTN_UNICAST &&
	       route->rtm_dst_len <= (route->rtm_family == AF_INET ? 1 : 3);
}

static int note_route(const struct nlmsghdr *m, void *data)
{
	const struct rtmsg *route = NLMSG_DATA(m);
	const char *attributes = (const char *)route + NLMSG_ALIGN(sizeof(*route));
	size_t length = m->nlmsg_len - NLMSG_LENGTH(sizeof(*route));

	if (m->nlmsg_type != RTM_NEWROUTE || m->nlmsg_len < NLMSG_LENGTH(sizeof(*route)) ||
	    !leads_outside(route))
		return 0;
	note_way_out(data, nl_u32(nl_find(attributes, length, RTA_OIF)));
	note_next_hops(data, nl_find(attributes, length, RTA_MULTIPATH));
	return 0;
}

int devices_list(struct devices *ret)
{
	struct {
		struct nlmsghdr h;
		struct ifinfomsg info;
	} links = {
		.h = { .nlmsg_len = NLMSG_LENGTH(sizeof(links.info)), .nlmsg_type = RTM_GETLINK },
	};
	_cleanup_devices_ struct devices all = { 0 };
	int r = nl_dump(NETLINK_ROUTE, &links.h, 1, add_device, &all);

	if (r)
		return r;
	*ret = TAKE(all, (struct devices){ 0 });
	return 0;
}

int devices_read(struct devices *ret)
{
	struct {
		struct nlmsghdr h;
		struct rtmsg route;
	} routes = {
		.h = { .nlmsg_len = NLMSG_LENGTH(sizeof(routes.route)),
		       .nlmsg_type = RTM_GETROUTE },
	};
	_cleanup_devices_ struct devices all = { 0 };
	int r = devices_list(&all);

	r = r ? r : nl_dump(NETLINK_ROUTE, &routes.h, 1, note_route, &all);
	if (r)
		return r;
	*ret = TAKE(all, (struct devices){ 0 });
	return 0;
}
