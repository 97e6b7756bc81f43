/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A TCP connection to a name, without blocking but for the look-up: one address after the other, until one
 * answers. The name is looked up anew each time.
 */
#ifndef PORTGUARD_DIAL_H
#define PORTGUARD_DIAL_H

#include <netdb.h>

#include "util/error.h"

struct dial {
	char host[256], port[6];
	struct addrinfo *addresses, *next;
	int fd;			/* being connected; -1: none */
};

#define DIAL_INIT { .fd = -1 }

/* HOST, HOST:PORT or [ADDRESS]:PORT; @port where none is said. */
int dial_parse(struct dial *d, const char *word, const char *port, struct pg_error *err);
/* Look up and begin. 0 or -errno with the words. */
int dial_begin(struct dial *d, struct pg_error *err);
/* d->fd is writable: 1 and it is connected, 0 and the next address is tried, or -errno. */
int dial_go_on(struct dial *d, struct pg_error *err);
void dial_close(struct dial *d);

#endif
