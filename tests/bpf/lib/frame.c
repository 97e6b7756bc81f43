// SPDX-License-Identifier: GPL-2.0-only
/* Building frames; see frame.h. Headers are appended front to back, the lengths filled in at the
 * end. */
#include "bpf/lib/frame.h"

#include <criterion/criterion.h>
#include <string.h>

#include "unit/policy_help.h"

#define ETHERNET_BYTES 14
#define TYPE_IPV4 0x0800
#define TYPE_IPV6 0x86dd
#define TYPE_VLAN 0x8100
#define TYPE_QINQ 0x88a8
#define SOURCE_PORT 40000

int traffic_family(const struct traffic *t)
{
	const char *address = t->from ? t->from : t->to;

	if (t->family || !address)
		return t->family;
	return strchr(address, ':') ? 6 : 4;
}

struct traffic traffic_reversed(struct traffic t)
{
	const char *from = t.from;
	uint16_t sport = t.sport ? t.sport : SOURCE_PORT;

	if (!t.family && !traffic_family(&t))
		cr_assert_fail("a packet whose family is open has no answer");
	t.from = t.to ? t.to : traffic_family(&t) == 6 ? HERE6 : HERE4;
	t.to = from ? from : traffic_family(&t) == 6 ? PEER6 : PEER4;
	t.sport = t.dport;
	t.dport = sport;
	if (t.proto == IPPROTO_TCP && !t.flags)
		t.flags = SYN | ACK;
	return t;
}

static uint8_t *grow(struct frame *f, size_t bytes)
{
	uint8_t *at = f->bytes + f->length;

	cr_assert_leq(f->length + bytes, sizeof(f->bytes));
	f->length += bytes;
	return at;
}

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = value >> 8;
	at[1] = value;
}

static void put_link(struct frame *f, const struct traffic *t, uint16_t ethertype)
{
	uint8_t *ethernet = grow(f, ETHERNET_BYTES);

	ethernet[0] = t->group_frame ? 0x01 : 0x02;
	ethernet[6] = 0x02;
	ethernet[11] = 1;
	for (size_t i = 0; i < t->tags; i++) {
		put16(f->bytes + f->length - 2, i + 1 < t->tags ? TYPE_QINQ : TYPE_VLAN);
		put16(grow(f, 4), t->vlans[i]);
	}
	put16(f->bytes + f->length - 2, ethertype);
}

static void put_address(struct frame *f, const char *text, int family)
{
	uint8_t address[16];

	address_of(text, address);
	if (family == 4)
		memcpy(grow(f, 4), address + 12, 4);
	else
		memcpy(grow(f, 16), address, 16);
}

static void put_ipv4(struct frame *f, const struct traffic *t)
{
	uint8_t *h = grow(f, 12);

	h[0] = 0x45 + t->options / 4;
	put16(h + 4, t->id);
	put16(h + 6, t->offset | (t->more ? 0x2000 : 0));
	h[8] = 64;
	h[9] = t->proto;
	put_address(f, t->from ? t->from : PEER4, 4);
	put_address(f, t->to ? t->to : HERE4, 4);
	memset(grow(f, t->options), 1, t->options); /* no-operation */
}

static void put_fragment_header(uint8_t *h, const struct traffic *t)
{
	put16(h + 2, t->offset << 3 | t->more);
	put16(h + 4, t->id >> 16);
	put16(h + 6, t->id);
}

static void put_extension(struct frame *f, const struct traffic *t, uint8_t kind, uint8_t **next)
{
	/* Authentication counts in units of 4 less 2 (RFC 4302, 2.2): 24 bytes; routing is 24, too.
	 */
	size_t bytes = kind == AUTHENTICATION || kind == ROUTING ? 24 : 8;
	uint8_t *h = grow(f, bytes);

	**next = kind;
	*next = h;
	if (kind == FRAGMENT)
		put_fragment_header(h, t);
	else
		h[1] = kind == AUTHENTICATION ? 4 : bytes / 8 - 1;
}

static void put_ipv6(struct frame *f, const struct traffic *t)
{
	uint8_t *h = grow(f, 8), *next = h + 6;
	bool fragment = t->offset || t->more;

	h[0] = 0x60;
	h[7] = 64;
	put_address(f, t->from ? t->from : PEER6, 6);
	put_address(f, t->to ? t->to : HERE6, 6);
	for (size_t i = 0; i < t->extension_count; i++) {
		fragment &= t->extensions[i] != FRAGMENT;
		put_extension(f, t, t->extensions[i], &next);
	}
	if (fragment)
		put_extension(f, t, FRAGMENT, &next);
	*next = t->proto;
}

static void put_transport(struct frame *f, const struct traffic *t)
{
	uint8_t *h;

	f->transport = f->length;
	if (t->proto == IPPROTO_ICMP || t->proto == IPPROTO_ICMPV6) {
		h = grow(f, 8);
		h[0] = t->type != 255 ? t->type : t->proto == IPPROTO_ICMP ? 8 : 128;
		return;
	}
	h = grow(f, t->proto == IPPROTO_TCP ? 20 + t->tcp_options : 8);
	put16(h, t->sport ? t->sport : SOURCE_PORT);
	put16(h + 2, t->dport);
	if (t->proto == IPPROTO_TCP) {
		h[12] = (5 + t->tcp_options / 4) << 4;
		h[13] = t->flags ? t->flags & 0xff : SYN;
	} else {
		put16(h + 4, 8 + t->payload);
	}
}

struct frame frame_of(const struct traffic *t)
{
	bool v6 = traffic_family(t) == 6;
	struct frame f = { .length = 0 };
	size_t stated;

	put_link(&f, t, v6 ? TYPE_IPV6 : TYPE_IPV4);
	f.ip = f.length;
	if (v6)
		put_ipv6(&f, t);
	else
		put_ipv4(&f, t);
	put_transport(&f, t);
	(void)grow(&f, t->payload);
	stated = f.length - t->missing;
	put16(f.bytes + f.ip + (v6 ? 4 : 2), stated - f.ip - (v6 ? 40 : 0));
	if (!t->padded)
		f.length = stated;
	(void)grow(&f, t->padding);
	f.length -= t->cut;
	return f;
}

struct frame frame_of_type(uint16_t ethertype, size_t bytes)
{
	struct frame f = { .length = 0 };

	put_link(&f, &(struct traffic){ .family = 4 }, ethertype);
	f.ip = f.length;
	(void)grow(&f, bytes);
	return f;
}

struct frame frame_without_link(const struct frame *f)
{
	struct frame bare = { .length = f->length - f->ip, .transport = f->transport - f->ip };

	memcpy(bare.bytes, f->bytes + f->ip, bare.length);
	return bare;
}
