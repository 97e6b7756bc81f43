// SPDX-License-Identifier: GPL-2.0-only
/* Local addresses and their devices; see local.h. */
#include "kernel/local.h"

#include <ifaddrs.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include "kernel/nl.h"
#include "util/address.h"

static bool read_address(const struct sockaddr *from, uint8_t to[16])
{
	if (from && from->sa_family == AF_INET)
		address_from_v4(to, &((const struct sockaddr_in *)from)->sin_addr);
	else if (from && from->sa_family == AF_INET6)
		memcpy(to, &((const struct sockaddr_in6 *)from)->sin6_addr, 16);
	else
		return false;
	return true;
}

const char *local_device(const struct ifaddrs *addresses, const uint8_t local[16])
{
	uint8_t address[16];

	for (const struct ifaddrs *a = addresses; a; a = a->ifa_next)
		if (read_address(a->ifa_addr, address) && !memcmp(address, local, 16))
			return a->ifa_name;
	return NULL;
}

static int keep_type(const struct nlmsghdr *m, void *data)
{
	const struct rtmsg *route = NLMSG_DATA(m);

	if (m->nlmsg_type == RTM_NEWROUTE && m->nlmsg_len >= NLMSG_LENGTH(sizeof(*route)))
		*(unsigned char *)data = route->rtm_type;
	return 0;
}

bool local_is_ours(const uint8_t address[16])
{
	bool v4 = address_is_v4(address);
	unsigned char type = RTN_UNSPEC;
	struct {
		struct nlmsghdr h;
		struct rtmsg route;
		struct nlattr destination;
		uint8_t address[16];
	} request = {
		.h = { .nlmsg_len = sizeof(request) - (v4 ? 12 : 0), .nlmsg_type = RTM_GETROUTE },
		.route = { .rtm_family = v4 ? AF_INET : AF_INET6, .rtm_dst_len = v4 ? 32 : 128 },
		.destination = { .nla_len = NLA_HDRLEN + (v4 ? 4 : 16), .nla_type = RTA_DST },
	};

	memcpy(request.address, address + (v4 ? 12 : 0), v4 ? 4 : 16);
	if (nl_dump(NETLINK_ROUTE, &request.h, 0, keep_type, &type))
		return false;
	return type == RTN_LOCAL || type == RTN_BROADCAST || type == RTN_MULTICAST;
}

void local_free(struct ifaddrs **addresses)
{
	if (*addresses)
		freeifaddrs(*addresses);
}
