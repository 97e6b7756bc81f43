/* SPDX-License-Identifier: GPL-2.0-only */
/* The addresses of this network namespace: which device a connection comes by, as its address tells. */
#ifndef PORTGUARD_LOCAL_H
#define PORTGUARD_LOCAL_H

#include <stdbool.h>
#include <stdint.h>

struct ifaddrs;

/*
 * The device that has @local among @addresses (getifaddrs()), or NULL. A packet may come by another one
 * (RFC 1122, 3.3.4.2: the weak model); sockets do not tell.
 */
const char *local_device(const struct ifaddrs *addresses, const uint8_t local[16]);
/* Whether what is sent to an address comes to this machine, in this network namespace, as its routes say. */
bool local_is_ours(const uint8_t address[16]);
/* For _cleanup_(). */
void local_free(struct ifaddrs **addresses);

#endif
