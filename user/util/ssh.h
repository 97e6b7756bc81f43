/* SPDX-License-Identifier: GPL-2.0-only */
/* SSH_CONNECTION, by which sshd tells a login's processes whose they are. Anybody may set it: a hint. */
#ifndef PORTGUARD_SSH_H
#define PORTGUARD_SSH_H

#include <stdint.h>

struct ssh_connection {
	uint8_t client[16];	/* util/address.h */
	uint16_t client_port, server_port;
};

/* "CLIENT PORT SERVER PORT"; a zone (fe80::1%eth0) is left out. Return: 0, or -EINVAL: it is nothing of that kind. */
int ssh_connection_parse(const char *text, struct ssh_connection *ret);

#endif
