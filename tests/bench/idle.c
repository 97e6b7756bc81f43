// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices by which nothing comes, and XDP programs that are attached there. The kernel keeps a list of the
 * programs that are attached somewhere; a test run puts its own there and takes it away again, and each of the
 * two lasts a grace period, unless the program is there already.
 */
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <string.h>

#include <bpf/bpf.h>

#include "bench/bench.h"
#include "bench/commands.h"
#include "bench/packets.h"

int idle_attach(int program)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_DRV_MODE);
	char device[16], peer[16];
	int link;

	(void)snprintf(device, sizeof(device), "idle%d", program);
	(void)snprintf(peer, sizeof(peer), "idle%dp", program);
	if (!if_nametoindex(device)) /* else of a program before it that had the same number */
		(void)command((char *[]){ "ip", "link", "add", device, "type", "veth", "peer",
					  "name", peer, NULL },
			      -1);
	link = bpf_link_create(program, (int)if_nametoindex(device), BPF_XDP, &opts);
	if (link < 0)
		die("%s: %s", device, strerror(-link));
	return link;
}
