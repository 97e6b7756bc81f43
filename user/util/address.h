/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Addresses as abi.h has them: 16 bytes in network order, IPv4 as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2).
 * Pure. Whoever reads an address of the kernel's or of a user's turns it into this shape here.
 */
#ifndef PORTGUARD_ADDRESS_H
#define PORTGUARD_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#define ADDRESS_TEXT 46		/* INET6_ADDRSTRLEN */

/* @v4: 4 bytes in network order. */
void address_from_v4(uint8_t to[16], const void *v4);
bool address_is_v4(const uint8_t address[16]);
/* 127.0.0.0/8 and ::1: what only this host itself can reach. */
bool address_is_loopback(const uint8_t address[16]);
/* 0.0.0.0 and ::. */
bool address_is_any(const uint8_t address[16]);

/* 192.0.2.7, 2001:db8::1, ::ffff:192.0.2.7. Return: 0 or -EINVAL. */
int address_parse(const char *text, uint8_t to[16]);
/* The same as text, IPv4 with dots alone. Return: @text of ADDRESS_TEXT. */
char *address_print(const uint8_t address[16], char *text);

#endif
