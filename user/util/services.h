/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of ports, by /etc/services; read as a file, since a static glibc cannot load its NSS. */
#ifndef PORTGUARD_SERVICES_H
#define PORTGUARD_SERVICES_H

#include <stdbool.h>
#include <stdint.h>

struct services {
	char **names;	/* of tcp, then of udp; NULL: no file */
};

/* 0 or -ENOMEM; where the file cannot be read no port has a name. */
int services_read(const char *path, struct services *ret);
/* The first name of a port, or NULL. Owned by @s; whoever writes the file chose it. */
const char *services_name(const struct services *s, bool udp, uint16_t port);
void services_free(struct services *s);
#define _cleanup_services_ __attribute__((cleanup(services_free)))

#endif
