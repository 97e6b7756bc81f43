/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Addresses, prefixes, peers and device names, as text and as values. An IPv4 address is the same
 * whether it is written 192.0.2.7 or ::ffff:192.0.2.7; IPv6 prefixes never hold IPv4 addresses.
 */
#ifndef PORTGUARD_PEER_H
#define PORTGUARD_PEER_H

#include "policy/policy.h"

#define PREFIX_TEXT 50		/* room for the longest prefix and NUL */
#define SET_NAME_MAX 64
#define PEER_TEXT (SET_NAME_MAX + 2)	/* room for the longest peer and NUL */

/* An IPv4 prefix: below ::ffff:0:0/96. */
bool prefix_is_v4(const struct prefix *p);
bool prefix_holds(const struct prefix *p, const uint8_t address[16]);
/* By their bits alone: ::/0 lies around the IPv4 ones too, although it does not hold their addresses. */
bool prefix_around(const struct prefix *outer, const struct prefix *inner);
/* By address, then length. */
int prefix_compare(const struct prefix *a, const struct prefix *b);
/* 192.0.2.0/24, 2001:db8::1 (no length where it is one address). Return: @text of PREFIX_TEXT. */
char *prefix_print(const struct prefix *p, char *text);

/* Return: 0, or -EINVAL with words in @err (exit 65). Numbers are plain decimal; host bits are a mistake. */
int prefix_parse(const char *text, size_t length, struct prefix *ret, struct pg_error *err);
/* A prefix, or @set; whether there is such a set is policy_check_rule()'s to say. Also -ENOMEM. */
int peer_parse(const char *text, size_t length, struct peer *ret, struct pg_error *err);

void peer_free(struct peer *p);
int peer_copy(const struct peer *from, struct peer *to);
int peer_compare(const struct peer *a, const struct peer *b);
/* As peer_parse() reads it; empty: PEER_ANY. Return: @text of PEER_TEXT. */
char *peer_print(const struct peer *p, char *text);

/* [A-Za-z0-9_.-]{1,64} */
int set_name_check(const char *text, size_t length, struct pg_error *err);
/* As the kernel's dev_valid_name(), and no pattern: 1-15 bytes, no blank, '/' or ':'. */
int device_name_check(const char *text, size_t length, struct pg_error *err);
/* Such a name, or a pattern of such names: up to 63 bytes with *, ? or [ ]. */
bool device_pattern_good(const char *text, size_t length);

#endif
