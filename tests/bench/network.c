// SPDX-License-Identifier: GPL-2.0-only
/*
 * A peer: a network namespace beside the host's, and cables (veth pairs) between the two. On such a
 * cable the receiver's softirq work is done in the sender's context, so that the CPU time of the
 * process holds all of it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/commands.h"
#include "bench/network.h"

int namespace_open(void)
{
	int fd = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die("/proc/self/ns/net: %s", strerror(errno));
	return fd;
}

void namespace_enter(int namespace)
{
	if (setns(namespace, CLONE_NEWNET))
		die("setns: %s", strerror(errno));
}

/* The peer's kernel then cuts what TCP sends into segments before the cable has it. */
static void end_offload(const char *device)
{
	struct ethtool_value off = { .cmd = ETHTOOL_STSO };
	struct ifreq request = { .ifr_data = (char *)&off };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device);
	if (fd < 0 || ioctl(fd, SIOCETHTOOL, &request))
		die("%s: segmentation offload: %s", device, strerror(errno));
	off.cmd = ETHTOOL_SGSO;
	if (ioctl(fd, SIOCETHTOOL, &request))
		die("%s: segmentation offload: %s", device, strerror(errno));
	(void)close(fd);
}

#define IP(...) ((void)command((char *[]){ "ip", __VA_ARGS__, NULL }, -1))

static void make_cable(const struct network *n, enum cable cable)
{
	char host[16], peer[16], host_address[32], peer_address[32], namespace[64];

	(void)snprintf(host, sizeof(host), "bench%u", 2 * cable + 2);
	(void)snprintf(peer, sizeof(peer), "bench%u", 2 * cable + 3);
	(void)snprintf(host_address, sizeof(host_address), "10.79.%u.1/24", cable);
	(void)snprintf(peer_address, sizeof(peer_address), "10.79.%u.2/24", cable);
	(void)snprintf(namespace, sizeof(namespace), "/proc/%d/fd/%d", (int)getpid(), n->peer);
	IP("link", "add", host, "type", "veth", "peer", "name", peer, "netns", namespace);
	IP("address", "add", host_address, "dev", host);
	IP("link", "set", host, "up");
	namespace_enter(n->peer);
	if (cable == CABLE_NARROW)
		end_offload(peer);
	IP("address", "add", peer_address, "dev", peer);
	IP("link", "set", peer, "up");
	namespace_enter(n->host);
}

void network_make(struct network *n)
{
	n->host = namespace_open();
	if (unshare(CLONE_NEWNET))
		die("namespaces: %s", strerror(errno));
	n->peer = namespace_open();
	namespace_enter(n->host);
	for (enum cable cable = 0; cable < CABLES; cable++)
		make_cable(n, cable);
}

int network_socket(const struct network *n, bool of_peer, int type)
{
	const struct timeval patience = { .tv_sec = 5 }; /* a packet lost is an error, no wait */
	int fd;

	namespace_enter(of_peer ? n->peer : n->host);
	fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	namespace_enter(n->host);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)))
		die("socket: %s", strerror(errno));
	return fd;
}

struct sockaddr_in network_address(enum cable cable, bool of_peer, unsigned port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
				     .sin_port = htons((uint16_t)port),
				     .sin_addr.s_addr =
					     htonl(0x0a4f0000 | cable << 8 | (of_peer ? 2 : 1)) };
}
