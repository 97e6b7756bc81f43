// SPDX-License-Identifier: GPL-2.0-only
/* Local addresses and their devices; see local.h. */
#include "kernel/local.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

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

void local_free(struct ifaddrs **addresses)
{
	if (*addresses)
		freeifaddrs(*addresses);
}
