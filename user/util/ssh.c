// SPDX-License-Identifier: GPL-2.0-only
#include "util/ssh.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util/address.h"

int ssh_connection_parse(const char *text, struct ssh_connection *ret)
{
	struct ssh_connection c;
	char client[64];

	if (sscanf(text, "%63s %hu %*63s %hu", client, &c.client_port, &c.server_port) != 3)
		return -EINVAL;
	client[strcspn(client, "%")] = '\0';
	if (address_parse(client, c.client))
		return -EINVAL;
	*ret = c;
	return 0;
}
