/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Packets, byte by byte: what a test says of one (addresses, ports, tags, fragments, extension
 * headers, bytes that are missing), and the Ethernet frame that it becomes. What is left out is
 * something ordinary: a TCP SYN or a datagram of one host to another, whole, without options.
 */
#ifndef PORTGUARD_TESTS_FRAME_H
#define PORTGUARD_TESTS_FRAME_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_ROOM 9100
#define TAGS_MAX 12
#define EXTENSIONS_MAX 12

enum {
	HOP_BY_HOP = 0,
	ROUTING = 43,
	FRAGMENT = 44,
	AUTHENTICATION = 51,
	NO_NEXT = 59,
	DESTINATION = 60
};
enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16, URG = 32, NO_FLAGS = 0x100 };

/* The two hosts where a test names no others: the peer outside, and the one that is guarded. */
#define PEER4 "192.0.2.10"
#define HERE4 "198.51.100.1"
#define PEER6 "2001:db8::10"
#define HERE6 "2001:db8:1::1"

struct traffic {
	int family; /* 4, 6; 0: as the addresses, and where there are none both */
	const char *from, *to;
	uint8_t proto; /* IPPROTO_* */
	uint16_t sport, dport; /* sport 0: 40000 */
	unsigned flags; /* of TCP; 0: SYN */
	uint8_t type; /* of ICMP; 255: echo request */
	size_t tags; /* VLAN tags, of these ids */
	uint16_t vlans[TAGS_MAX];
	bool group_frame; /* to many stations */
	size_t options; /* bytes of IPv4 options, TCP's likewise below */
	size_t tcp_options;
	uint8_t extensions[EXTENSIONS_MAX]; /* IPv6 headers, in order */
	size_t extension_count;
	uint16_t offset; /* of a fragment, in units of 8 bytes */
	bool more; /* fragments follow; IPv6: a fragment header comes by itself */
	uint32_t id;
	size_t payload; /* bytes behind the ports */
	size_t missing; /* bytes that the IP header leaves off the end … */
	bool padded; /* … but which are in the frame all the same */
	size_t cut; /* bytes that the frame lacks, whatever the IP header says */
	size_t padding; /* bytes behind the datagram */
};

struct frame {
	uint8_t bytes[FRAME_ROOM];
	size_t length;
	size_t ip, transport; /* where these headers begin */
};

#define tcp(...) ((struct traffic){ .proto = IPPROTO_TCP, __VA_ARGS__ })
#define udp(...) ((struct traffic){ .proto = IPPROTO_UDP, __VA_ARGS__ })
#define icmp(...) ((struct traffic){ .proto = IPPROTO_ICMP, .family = 4, __VA_ARGS__ })
#define icmp6(...) ((struct traffic){ .proto = IPPROTO_ICMPV6, .family = 6, __VA_ARGS__ })
#define ip(...) ((struct traffic){ __VA_ARGS__ })

/* The family that a packet is of: 4, 6, or 0 where the test leaves it open. */
int traffic_family(const struct traffic *t);
/* The answer to a packet: hosts and ports exchanged, SYN answered by SYN and ACK. */
struct traffic traffic_reversed(struct traffic t);

/* The frame of a packet whose family is said or follows from its addresses; else IPv4. */
struct frame frame_of(const struct traffic *t);
/* A frame that carries no IP. */
struct frame frame_of_type(uint16_t ethertype, size_t bytes);
/* The same without its Ethernet header, as tunnel devices see it. */
struct frame frame_without_link(const struct frame *f);

#endif
