/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The headers that programs write, or make up: IPv4 (RFC 791), IPv6 (8200), TCP (9293), ICMP (792, 4443). */
#ifndef PG_BPF_HEADERS_H
#define PG_BPF_HEADERS_H

#include "lib/maps.h"

#define ETHERNET_BYTES 14
#define IPV4_BYTES 20
#define IPV6_BYTES 40
#define TCP_BYTES 20
#define UDP_BYTES 8
#define ICMP_BYTES 8

struct ipv4_header {
	__u8 version_length, tos;
	__be16 length, id, fragment;
	__u8 ttl, proto;
	__be16 checksum;
	__be32 source, target;
};

struct ipv6_header {
	__be32 version;
	__be16 length;
	__u8 next, hops;
	__u64 source[2], target[2];
};

struct tcp_header {
	__be16 source, target;
	__be32 seq, ack;
	__u8 offset, flags;
	__be16 window, checksum, urgent;
};

struct icmp_header {
	__u8 type, code;
	__be16 checksum;
	__be32 unused;
};

#endif
